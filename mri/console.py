"""What the command line says: on any terminal, in any encoding, into any pipe."""

from __future__ import annotations

import io
import sys

from rich.console import Console

NO_END = 1_000_000
"""Columns where nobody looks: a line stays one line, so that grep and cut find what they search."""


def console() -> Console:
    """Of what stdout is now. Tables and sentences are only broken where a person looks at them."""
    return Console(highlight=False, width=None if sys.stdout.isatty() else NO_END)


def say(sentence: str) -> None:
    """A sentence on stderr, in one line."""
    Console(stderr=True, highlight=False).print(printable(sentence), markup=False, soft_wrap=True)


def replace_what_cannot_be_shown() -> None:
    """A character that the terminal's or the pipe's encoding does not have becomes "?": no reason to fail."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def printable(text: str) -> str:
    """Without what moves a terminal's cursor, changes its colours or turns text around: such characters as escapes."""
    return "".join(c if c.isprintable() or c in "\n\t" else c.encode("unicode_escape").decode() for c in text)
