"""`python -m mri.tracer.lessons [LEVEL…]` (or `make lessons`): records the lessons' sessions anew."""

import typer

from mri.tracer.lessons.record import run

if __name__ == "__main__":
    typer.run(run)
