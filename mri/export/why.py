"""Ledger and lens of a session as columns: what each part wrote to a token, and how it looked at every depth.

Reads what frames have. Refuses to compute what they have not: that takes the model (explained.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from mri.arrays import Floats, Ints
from mri.errors import ConfigError
from mri.export.rows import Coded, Columns, Vocabulary
from mri.format.captured import Captured
from mri.format.events import Array, StepFrame
from mri.format.layout import Layout
from mri.store.reader import SessionReader

LEDGER_UNITS = {"step": "index", "part": "", "block": "index, −1 = none", "head": "index, −1 = none"}
LEDGER_UNITS |= {"logit": "logits, before the softcap"}
LENS_UNITS = {"step": "index", "depth": "", "token_id": "id", "token": "text", "logit": "logits, before the softcap"}
LENS_UNITS |= {"exit_logit": "logits, before the softcap", "rank": "0 = strongest, −1 = not recorded", "prob": "share"}

Token = int | str | None
"""An id, or text that is one token; None: the token that the step chose."""


def parts_of(layout: Layout) -> tuple[list[str], Ints, Ints]:
    """Names of all parts in the order in which the model computes them, and block and head of each (−1: none)."""
    found = [("embed", -1, -1)]
    for block in range(layout.n_layer):
        found += [(f"block.{block}.head.{head}", block, head) for head in range(layout.n_head)]
        found.append((f"block.{block}.mlp", block, -1))
    found.append(("left_over", -1, -1))
    names, blocks, heads = zip(*found, strict=True)
    return list(names), np.array(blocks, np.int64), np.array(heads, np.int64)


def ledger(reader: SessionReader, frames: Iterable[StepFrame], token: Token, against: Token) -> Columns:
    """A row per step and part where both tokens were kept. Raises ConfigError where there is none at all."""
    layout = reader.session.layout
    names, blocks, heads = parts_of(layout)
    wanted, rival = _id(reader, token), _id(reader, against)
    steps: list[int] = []
    amounts: list[Floats] = []
    for frame in frames:
        wrote = Captured(frame, layout).ledger()
        if wrote is None:
            continue
        at = _place(wrote.token_ids, wanted)
        other = None if rival is None else _place(wrote.token_ids, rival)
        if at is None or (rival is not None and other is None):
            continue
        by_block = np.concatenate([wrote.heads, wrote.mlp[:, None]], 1)  # (L, H + 1, K)
        every = np.concatenate([wrote.embed[None], by_block.reshape(-1, by_block.shape[-1]), wrote.left_over[None]])
        steps.append(frame.step)
        amounts.append(every[:, at] - (0 if other is None else every[:, other]))
    if not steps:
        raise ConfigError(_why_none(reader, "ledger", token, against))
    n = len(names)
    return {
        "step": np.repeat(np.array(steps, np.int32), n),
        "part": Coded(np.tile(np.arange(n), len(steps)), names),
        "block": np.tile(blocks, len(steps)).astype(np.int32),
        "head": np.tile(heads, len(steps)).astype(np.int32),
        "logit": np.concatenate(amounts),
    }


def lens(reader: SessionReader, frames: Iterable[StepFrame], token: Token, vocabulary: Sequence[bytes] = ()) -> Columns:
    """A row per step and depth where the token was kept; without a token the chosen one. Raises ConfigError.

    vocabulary: the bytes of every token, where frames have others than the recording knows."""
    layout = reader.session.layout
    depths = ["embed.resid0", *(f"block.{block}.resid_post" for block in range(layout.n_layer))]
    wanted = _id(reader, token)
    parts: list[tuple[Array, ...]] = []
    for frame in frames:
        found = Captured(frame, layout).lens()
        if found is None:
            continue
        at = _place(found.token_ids, wanted)
        if at is None:
            continue
        n = len(depths)
        ranks = np.full(n, -1) if found.ranks is None else found.ranks[:, at]
        probs = np.full(n, np.nan, np.float32) if found.probs is None else found.probs[:, at]
        ids = np.full(n, found.token_ids[at])
        parts.append((np.full(n, frame.step), np.arange(n), ids, found.stream[:, at], found.exit[:, at], ranks, probs))
    if not parts:
        raise ConfigError(_why_none(reader, "lens", token, None))
    step, depth, ids, stream, exit_, rank, prob = (np.concatenate(column) for column in zip(*parts, strict=True))
    return {
        "step": step.astype(np.int32),
        "depth": Coded(depth, depths),
        "token_id": ids,
        "token": Vocabulary(dict(enumerate(vocabulary)) or reader.token_bytes).texts(ids),
        "logit": stream,
        "exit_logit": exit_,
        "rank": rank.astype(np.int32),
        "prob": prob,
    }


def known_id(reader: SessionReader, text: str) -> int | None:
    """The token of the recording that this text is; None where it is none."""
    raw = text.encode()
    return next((token_id for token_id, known in reader.token_bytes.items() if known == raw), None)


def _id(reader: SessionReader, token: Token) -> int | None:
    """Raises ConfigError for a text that is no token of the recording."""
    if not isinstance(token, str):
        return token
    if (found := known_id(reader, token)) is not None:
        return found
    raise ConfigError(
        f"{token!r} is no single token that this recording knows: give one of its predictions (trace.logits() has "
        "them; most begin with a space), or an id."
    )


def _place(ids: Ints, wanted: int | None) -> int | None:
    """Where a token stands among those that were kept; the chosen one is last."""
    if wanted is None:
        return len(ids) - 1
    found = np.flatnonzero(ids == wanted)
    return int(found[0]) if len(found) else None


def _why_none(reader: SessionReader, what: str, token: Token, against: Token) -> str:
    config = reader.session.layout.config
    if (config.ledger if what == "ledger" else config.lens) == "none":
        return (
            f"This recording has no {what}: record it again with the preset standard, or with "
            f'TraceConfig({what}="{"direct" if what == "ledger" else "top"}").'
        )
    asked = " and ".join(repr(each) for each in (token, against) if each is not None)
    kept = f"only the {config.logits_topk} strongest predictions and the chosen token have one"
    return f"No step asked for kept a {what} of {asked or 'its token'}: {kept}."
