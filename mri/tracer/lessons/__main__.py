"""`python -m mri.tracer.lessons [LEVEL…]` (or `make lessons`): records the lessons' sessions anew."""

from mri.tracer.lessons.record import run

if __name__ == "__main__":
    run()
