r"""Token bytes → what a person sees. The only place that decodes them; JavaScript gets finished strings.

What would be invisible or could reorder text is shown as an escape; nothing is left out, so the string says
exactly which bytes the token has. Knows neither tokenizers nor HTML.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

_SHORT = {"\n": "\\n", "\t": "\\t", "\r": "\\r", "\\": "\\\\"}

_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode categories that are escaped: control, format (bidirectional marks among them), surrogates, private,
unassigned, line and paragraph separators."""


def display(token: bytes) -> str:
    r"""Printable text of one token: UTF-8 as it is, spaces kept.

    Control, format and bidirectional characters, and spaces other than U+0020, become escapes (`\n`, `\x1b`,
    `\u202e`), bytes that are not UTF-8 become `\xNN`, a backslash is doubled: different bytes, different strings.
    """
    text = token.decode("utf-8", errors="surrogateescape")
    return "".join(_shown(character) for character in text)


def _shown(character: str) -> str:
    if character in _SHORT:
        return _SHORT[character]
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # surrogateescape: a byte that is not UTF-8
        return f"\\x{code - 0xDC00:02x}"
    category = unicodedata.category(character)
    if category in _INVISIBLE or (category == "Zs" and character != " "):
        return f"\\x{code:02x}" if code < 0x80 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
    return character


_UNIT = re.compile(r"\\\\|\\x([89a-f][0-9a-f])|.", re.DOTALL)


def with_characters(shown: Sequence[str]) -> list[str]:
    """Names of displayed tokens in a row: bytes of one character that are spread over several of them become that
    character and which piece of it this is, `🙂(1/2)`. As `withCharacters` in assets/js/core/token_names.mjs."""
    units = [(place, *_unit(match)) for place, text in enumerate(shown) for match in _UNIT.finditer(text)]
    names, at = [""] * len(shown), 0
    while at < len(units):
        run = units[at : at + _length(units[at][2])]
        character = _character([byte for _, _, byte in run])
        if character is None:
            names[units[at][0]] += units[at][1]
            at += 1
            continue
        places = list(dict.fromkeys(place for place, _, _ in run))
        for part, place in enumerate(places):
            names[place] += f"{character}({part + 1}/{len(places)})"
        at += len(run)
    return names


def _unit(match: re.Match[str]) -> tuple[str, int]:
    """What it shows, and its byte where it is one that is no text by itself, else −1."""
    return match[0], int(match[1], 16) if match[1] else -1


def _length(byte: int) -> int:
    """Of the UTF-8 of a character that begins with this byte."""
    return 1 if byte < 0xC2 or byte > 0xF4 else 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4


def _character(run: Sequence[int]) -> str | None:
    """Of these bytes; None where they are none that is seen."""
    if len(run) < 2 or -1 in run:
        return None
    text = bytes(run).decode("utf-8", errors="replace")
    is_one = len(text) == 1 and text != "\ufffd" and unicodedata.category(text)[0] not in "CZ"
    return text if is_one else None
