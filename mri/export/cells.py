"""Texts that others wrote, made safe for a spreadsheet; names of columns with their units. Knows nothing of tables."""

from __future__ import annotations

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
