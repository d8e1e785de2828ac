"""A panel's table: named columns with their units. What CSV writes, and what a figure's traces name.

Knows numpy and cells of CSV; no sessions and no figures.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from mri.arrays import Bools
from mri.errors import ConfigError
from mri.export.cells import Header, csv_pieces
from mri.format.events import F16_ZERO

Values = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Column:
    """values     of a shape that numpy stretches to the table's
    unit       as `activation`, or what kind of whole number it is: see export/cells.py
    known      False where a cell is empty; None: nowhere
    words      what CSV writes for False and True
    """

    values: Values
    unit: str = ""
    known: Bools | None = None
    words: tuple[str, str] | None = None


@dataclass(frozen=True, eq=False)
class Table:
    """shape     of the columns, as figures want them: (rows,), (layers, heads), …; CSV has a row for each cell
    columns   in order, name -> column
    drawn     what figures need beside: places, words and limits that follow from the columns
    title     of the panel now; "" where it is always the same
    missing   why there is nothing to draw; "" where there is
    says      of the numbers, in words
    rows      (shape) which cells are rows of CSV; None: all
    """

    shape: tuple[int, ...]
    columns: dict[str, Column]
    drawn: Mapping[str, Any] = field(default_factory=dict)
    title: str = ""
    missing: str = ""
    rows: Bools | None = None
    says: tuple[str, ...] = ()

    def __contains__(self, name: str) -> bool:
        return name in self.drawn or name in self.columns

    def __getitem__(self, name: str) -> Any:
        """What is drawn under this name: a column in the table's shape, NaN where a number is not known."""
        if name in self.drawn:
            return self.drawn[name]
        column = self.columns[name]
        values = column.values
        if column.known is not None and values.dtype.kind == "f":
            values = np.where(column.known, values, np.float32(np.nan))
        return np.broadcast_to(values, self.shape)

    def header(self) -> Header:
        return [(name, column.unit) for name, column in self.columns.items()]

    def cells(self) -> Iterator[list[Any]]:
        """Rows of CSV in turn; None is an empty cell."""
        for part in range(self.shape[0]) if len(self.shape) > 1 else (slice(None),):
            shown = None if self.rows is None else self.rows[part].ravel()
            yield from zip(*(self._part(column, part, shown) for column in self.columns.values()), strict=True)

    def csv(self) -> Iterator[bytes]:
        """In pieces, with a header row. Raises ConfigError where there is nothing to tell."""
        if not self.columns:
            raise ConfigError(self.missing.replace("<br>", " "))
        return csv_pieces(self.header(), self.cells())

    def _part(self, column: Column, part: Any, shown: Bools | None) -> Iterator[Any]:
        def cut(array: Values) -> Values:
            found: Values = np.broadcast_to(array, self.shape)[part].ravel()
            if shown is not None:
                found = found[shown]
            return found

        values = cut(column.values)
        if column.words:
            return (column.words[int(value)] for value in values)  # a word takes six times the room of a number
        if column.known is None:
            return iter(values)
        return (value if known else None for value, known in zip(values, cut(column.known), strict=True))


def column(values: Any, unit: str = "", known: Bools | None = None) -> Column:
    """Of anything that numpy takes."""
    return Column(np.asarray(values), unit, known)


def valued(
    values: Values, known: Bools, bounds: Values, unit: str, name: str = "value", quantization: str = ""
) -> dict[str, Column]:
    """The three columns that tell a value, a captured NaN and a missing value apart; of a missing value, and of a 0
    that float16 rounded, the most that its magnitude can be."""
    is_zero = known & (values == 0) & (quantization == "f16")
    most = np.where(is_zero, np.float32(F16_ZERO), bounds)
    return {
        name: Column(values, unit, known),
        "state": Column(known, words=("not captured", "captured")),
        "at_most": Column(most, unit if unit == "probability" else f"|{unit}|", is_zero | (~known & ~np.isnan(bounds))),
    }
