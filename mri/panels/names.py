"""What tokens and steps of a session are called, as text that is safe to show. Knows no layout and no figures."""

from __future__ import annotations

from mri.format.events import StepFrame
from mri.format.token_text import display, with_characters
from mri.store.reader import SessionReader


def token(reader: SessionReader, token_id: int) -> str:
    """One token with visible spaces; its number where its bytes are not known."""
    if token_id not in reader.token_bytes:
        return f"#{token_id}"
    return display(reader.token_bytes[token_id]).replace(" ", "␣")


def tokens(reader: SessionReader) -> list[str]:
    """The token at every position of the session's sequence; pieces of one character are named by it."""
    return with_characters([token(reader, int(token_id)) for token_id in reader.token_ids()])


MOST_BESIDE = 3
"""Tokens that a character may be spread over beside one of them."""


def next_name(reader: SessionReader, frame: StepFrame, token_id: int) -> str:
    """What may come after this step by its name: bytes with which the text has a character are named by it, as in the
    text; others stay as they are. As `nextName` in assets/js/core/token_names.mjs."""
    ids, end, own = reader.token_ids(), frame.pos0 + frame.t_add, token(reader, token_id)
    if "\\x" not in own:
        return own
    before = [token(reader, int(each)) for each in ids[max(0, end - MOST_BESIDE) : end]]
    follows = end < len(ids) and int(ids[end]) == token_id
    after = [token(reader, int(each)) for each in ids[end + 1 : end + 1 + MOST_BESIDE]] if follows else []
    return with_characters([*before, own, *after])[len(before)]


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


def text(reader: SessionReader, token_id: int) -> str:
    """A token as a table has it: its text as it is, "" where its bytes are not known."""
    return reader.token_bytes.get(token_id, b"").decode("utf-8", "replace")


def texts(reader: SessionReader) -> list[str]:
    """The text at every position."""
    return [text(reader, int(token_id)) for token_id in reader.token_ids()]


def texts_of_steps(reader: SessionReader) -> list[str]:
    """What each step read, as text; of a training step nothing is known."""
    steps, sequence = reader.steps(), texts(reader)
    return [
        "".join(sequence[pos0 : pos0 + t_add]) if phase != "train" else ""
        for pos0, t_add, phase in zip(steps["pos0"], steps["t_add"], steps["phase"], strict=True)
    ]
