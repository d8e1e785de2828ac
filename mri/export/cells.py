"""Cells of CSV: texts that others wrote, made safe for a spreadsheet; names of columns with their units; rows as bytes.

One header row, names with their units: `value [activation]`. A captured NaN is `NaN`, a value that was not captured is
an empty cell; where that can happen a column `state` says so in words, and `at_most` has the bound on the magnitude
where there is one: of a missing value, and of a 0 that float16 rounded.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import Any

import numpy as np

Header = list[tuple[str, str]]
"""(name, unit) of each column; no unit is an empty string."""

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def formula_safe(text: str) -> str:
    """A cell that a spreadsheet would calculate gets a leading apostrophe. Only for strings: never for numbers."""
    return "'" + text if text.startswith(FORMULA_STARTS) else text


NO_UNITS = ("", "index", "id", "position", "number")
"""What says only which kind of whole number a column has."""


def column_name(name: str, unit: str) -> str:
    """`value [activation]`: one header row tells both, so that every program reads the numbers below it as numbers."""
    return formula_safe(name if unit in NO_UNITS else f"{name} [{unit}]")


def header(text: str) -> list[tuple[str, str]]:
    """(name, unit) of each column of "step [index]; value [activation]; state"; no unit is an empty string."""
    parts = (column.partition(" [") for column in text.split("; "))
    return [(name, unit.removesuffix("]")) for name, _, unit in parts]


def hex_of_bytes(raw: bytes) -> str:
    """`0x20e2` of two bytes: a text that no spreadsheet takes for a number."""
    return "0x" + raw.hex()


ROWS_AT_ONCE = 1000


def csv_pieces(header: Header, rows: Iterable[list[Any]]) -> Iterator[bytes]:
    """The table as CSV with its header row, in pieces of ROWS_AT_ONCE rows."""
    head: list[list[Any]] = [[column_name(name, unit) for name, unit in header]]
    cells = chain(head, ([_cell(value) for value in row] for row in rows))
    while some := list(islice(cells, ROWS_AT_ONCE)):
        out = io.StringIO()
        csv.writer(out, lineterminator="\n").writerows(some)
        yield out.getvalue().encode()


def _cell(value: Any) -> str:
    """None is an empty cell; floats have all their digits; a text is no formula."""
    if value is None:
        return ""
    if isinstance(value, str):
        return formula_safe(value)
    return "NaN" if isinstance(value, float | np.floating) and np.isnan(value) else str(value)
