"""Sessions that somebody else made: looked at by a limited child, and taken in."""
