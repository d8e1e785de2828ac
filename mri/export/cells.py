"""Texts that others wrote, made safe for a spreadsheet. Knows nothing of tables."""

from __future__ import annotations

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def formula_safe(text: str) -> str:
    """A cell that a spreadsheet would calculate gets a leading apostrophe. Only for strings: never for numbers."""
    return "'" + text if text.startswith(FORMULA_STARTS) else text


def hex_of_bytes(raw: bytes) -> str:
    """`0x20e2` of two bytes: a text that no spreadsheet takes for a number."""
    return "0x" + raw.hex()
