"""`python -m mri`."""

from mri.cli import main

if __name__ == "__main__":
    main()
