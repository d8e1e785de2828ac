"""What pages call things: sessions and tokens, as text that is safe to show. Knows no layout and no figures."""

from __future__ import annotations

from mri.format.events import StepFrame
from mri.store.library import SessionInfo
from mri.store.reader import SessionReader
from mri.web.parts.tokens import display

MOST_TITLE_CHARS = 70


def session_title(info: SessionInfo) -> str:
    """Its name, else the start of its prompt, else its id; control and bidirectional characters as escapes. Others may
    have the same: see apart.py."""
    return excerpt(info.name or info.prompt or info.id, MOST_TITLE_CHARS)


def excerpt(text: str, most_chars: int = 140) -> str:
    """The start of a text that others wrote, with control and bidirectional characters as escapes."""
    shown = display(text[:most_chars].encode("utf-8", "replace"))
    return shown + "…" if len(text) > most_chars else shown


def token(reader: SessionReader, token_id: int) -> str:
    """One token with visible spaces; its number where its bytes are not known."""
    if token_id not in reader.token_bytes:
        return f"#{token_id}"
    return display(reader.token_bytes[token_id]).replace(" ", "␣")


def tokens(reader: SessionReader) -> list[str]:
    """The token at every position of the session's sequence."""
    return [token(reader, int(token_id)) for token_id in reader.token_ids()]


def tokens_of_steps(reader: SessionReader) -> list[str]:
    """What each step read: its token, or how many."""
    steps, sequence = reader.steps(), tokens(reader)
    names = []
    for pos0, t_add, phase in zip(steps["pos0"], steps["t_add"], steps["phase"], strict=True):
        one = t_add == 1 and pos0 < len(sequence) and phase != "train"
        names.append(sequence[pos0] if one else f"{t_add} tokens" if phase != "train" else "a batch")
    return names


def how_chosen(reader: SessionReader, frame: StepFrame) -> str:
    """Why the token after this step stands there: read from the prompt, put in by the calculator, or chosen."""
    if frame.pos0 + frame.t_add < reader.session.num_prompt_tokens:
        return "prompt"
    return "calculator" if frame.forced else "chosen"
