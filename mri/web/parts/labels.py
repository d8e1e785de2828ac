"""What pages call sessions, as text that is safe to show. Knows no layout and no figures."""

from __future__ import annotations

from mri.format.token_text import display
from mri.store.library import SessionInfo

MOST_TITLE_CHARS = 70


def session_title(info: SessionInfo) -> str:
    """Its name, else the start of its prompt, else its id; control and bidirectional characters as escapes. Others may
    have the same: see apart.py."""
    return excerpt(info.name or info.prompt or info.id, MOST_TITLE_CHARS)


def excerpt(text: str, most_chars: int = 140) -> str:
    """The start of a text that others wrote, with control and bidirectional characters as escapes."""
    shown = display(text[:most_chars].encode("utf-8", "replace"))
    return shown + "…" if len(text) > most_chars else shown
