"""What an edit puts in: numbers, other sessions' values, directions, words. Each prints as it is written in an edit.

Plain data: what they stand for in a model is sources.py's business.
"""

from __future__ import annotations

import json
from dataclasses import dataclass


def number(value: float) -> str:
    """As few digits as give it back."""
    return f"{value:.0f}" if value == int(value) else repr(value)


@dataclass(frozen=True)
class Positions:
    """Absolute positions `first` … `stop` − 1; None: to the end."""

    first: int
    stop: int | None = None

    def __str__(self) -> str:
        if self.stop is None:
            return f"{self.first}:"
        return f"{self.first}" if self.stop == self.first + 1 else f"{self.first}:{self.stop}"

    def within(self, start: int, stop: int) -> slice:
        """Those of `start` … `stop` − 1, counted from `start`."""
        last = stop if self.stop is None else min(self.stop, stop)
        return slice(max(self.first, start) - start, max(last, start) - start)


@dataclass(frozen=True)
class Mean:
    """The mean over all positions of a session; "" is the one that a fork goes on from."""

    session: str = ""

    def __str__(self) -> str:
        return f"mean({self.session})" if self.session else "mean"


@dataclass(frozen=True)
class Patch:
    """What stood there in a session, at one position."""

    session: str
    position: int

    def __str__(self) -> str:
        return f"patch({self.session}@{self.position})"


@dataclass(frozen=True)
class Word:
    """One token, by its text or its id. As a direction: its row of `lm_head`."""

    token: str | int

    def __str__(self) -> str:
        return f"#{self.token}" if isinstance(self.token, int) else json.dumps(self.token, ensure_ascii=False)


@dataclass(frozen=True)
class Column:
    """What an MLP neuron writes: its column of `mlp.c_proj`."""

    block: int
    neuron: int

    def __str__(self) -> str:
        return f"neuron(block.{self.block}.mlp_act[{self.neuron}])"


@dataclass(frozen=True)
class Diff:
    """The mean of session `a` less the mean of session `b`, at the place of the edit."""

    a: str
    b: str

    def __str__(self) -> str:
        return f"diff({self.a}, {self.b})"


@dataclass(frozen=True)
class File:
    """A vector in a file of numpy; `digest`, the first 16 digits of the file's sha256, once it was read."""

    path: str
    digest: str = ""

    def __str__(self) -> str:
        return f"{self.path}#{self.digest}" if self.digest else self.path


Direction = Word | Column | Diff | File


def _said(direction: Direction) -> str:
    return f"token({direction})" if isinstance(direction, Word) else str(direction)


@dataclass(frozen=True)
class Along:
    """`factor` times a direction."""

    factor: float
    direction: Direction

    def __str__(self) -> str:
        return f"{number(self.factor)} * {_said(self.direction)}"


@dataclass(frozen=True)
class Proj:
    """The share of what is there that points along a direction."""

    direction: Direction

    def __str__(self) -> str:
        return f"proj({_said(self.direction)})"


@dataclass(frozen=True)
class Keys:
    """Positions that may not be looked at, `first` … `stop` − 1."""

    first: int
    stop: int

    def __str__(self) -> str:
        return str(Positions(self.first, self.stop))


@dataclass(frozen=True)
class Off:
    def __str__(self) -> str:
        return "off"


Value = float | Mean | Patch | Along | Proj | Keys | Word | Off
