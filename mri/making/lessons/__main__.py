"""`python -m mri.making.lessons [LEVEL…]` (or `make lessons`): records the lessons' sessions anew."""

import typer

from mri.making.lessons.record import run

if __name__ == "__main__":
    typer.run(run)
