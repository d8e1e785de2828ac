r"""Token bytes → what a person sees. The only place that decodes them; JavaScript gets finished strings.

What would be invisible or could reorder text is shown as an escape; nothing is left out, so the string says
exactly which bytes the token has. Knows neither tokenizers nor HTML.
"""

from __future__ import annotations

import unicodedata

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
