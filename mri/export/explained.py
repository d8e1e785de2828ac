"""What takes the model that a recording was made with, as columns: source tokens, neurons, and what ledger and lens of
tokens and steps are that did not keep them.

The arithmetic is that of mri/explain, which needs torch; it is loaded when something is computed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from mri.errors import ConfigError
from mri.explain.asked import check_token
from mri.export.rows import Columns, Vocabulary
from mri.export.why import Token, known_id
from mri.format.events import StepFrame
from mri.store.reader import SessionReader

if TYPE_CHECKING:
    from mri.explain.found import Given, Known

LOGITS = "logits, before the softcap"
SOURCES_UNITS = {"step": "index", "block": "index", "head": "index", "position": "position"}
SOURCES_UNITS |= {"token_id": "id", "token": "text", "stream": LOGITS, "value": LOGITS}
WRITERS_UNITS = {"step": "index", "block": "index", "neuron": "index", "logit": LOGITS}
STEPS_AT_ONCE = 32


def sources(reader: SessionReader, step: int, token: Token, against: Token, model: Given) -> Columns:
    """A row per block, head and token read that the head may see."""
    window, ids = _window(reader, step, token, against, model)
    by_layer = window.all_sources(ids)  # of each block positions (n,), stream and value (H, n)
    heads = reader.session.layout.n_head
    size = [heads * len(positions) for positions, _, _ in by_layer]
    position = np.concatenate([np.tile(positions, heads) for positions, _, _ in by_layer])
    token_ids = reader.token_ids()[position]
    return {
        "step": np.full(len(position), step, np.int32),
        "block": np.repeat(np.arange(len(size)), size).astype(np.int32),
        "head": np.concatenate([np.repeat(np.arange(heads), n // heads) for n in size]).astype(np.int32),
        "position": position.astype(np.int32),
        "token_id": token_ids,
        "token": Vocabulary(reader.token_bytes).texts(token_ids),
        "stream": np.concatenate([stream.ravel() for _, stream, _ in by_layer]),
        "value": np.concatenate([value.ravel() for _, _, value in by_layer]),
    }


def writers(reader: SessionReader, step: int, token: Token, against: Token, model: Given) -> Columns:
    """A row per block and MLP neuron."""
    window, ids = _window(reader, step, token, against, model)
    wrote = window.all_neurons(ids)  # (L, 4 · n_embd)
    blocks, width = wrote.shape
    return {
        "step": np.full(wrote.size, step, np.int32),
        "block": np.repeat(np.arange(blocks), width).astype(np.int32),
        "neuron": np.tile(np.arange(width), blocks).astype(np.int32),
        "logit": wrote.ravel(),
    }


class Recomputed(NamedTuple):
    """Frames of nothing but ledger and lens, as a recording with both would have them, of the kept tokens, those asked
    for, and last the chosen one; these as ids, and the bytes of every token."""

    frames: list[StepFrame]
    token: int | None
    against: int | None
    vocabulary: list[bytes]


def recomputed(reader: SessionReader, steps: Sequence[int], token: Token, against: Token, model: Given) -> Recomputed:
    """Raises ConfigError where the recording cannot be explained."""
    from mri.explain.why import POSITIONS_AT_ONCE, Window

    known, asked = replayed_steps(reader, list(steps), model)
    pair = id_of(reader, known, token), id_of(reader, known, against)
    frames = []
    while asked:
        some = [s for s in asked[:STEPS_AT_ONCE] if s.position - asked[0].position < POSITIONS_AT_ONCE]
        asked = asked[len(some) :]
        fewest = min(len(s.kept) for s in some)
        ids = [[*map(int, s.kept[:fewest]), *(i for i in pair if i is not None), s.chosen] for s in some]
        arrays = Window(known.replay, some).recorded_arrays(ids)
        for i, step in enumerate(some):
            frame = reader.frame(step.step)
            own = {name: array[i] for name, array in arrays.items()}
            frames.append(StepFrame(frame.step, frame.phase, frame.pos0, frame.t_add, own, frame.chosen_id))
    return Recomputed(frames, *pair, known.loaded.tokenizer.vocabulary())


def _window(
    reader: SessionReader, step: int, token: Token, against: Token, model: Given
) -> tuple[Any, tuple[int, int]]:
    from mri.explain.why import Window

    known, asked = replayed_steps(reader, [step], model)
    pair = asked[0].pair(id_of(reader, known, token), id_of(reader, known, against))
    return Window(known.replay, asked), pair


def replayed_steps(reader: SessionReader, steps: list[int], model: Given) -> tuple[Known, list[Any]]:
    from mri.explain.found import replayed

    return replayed(reader, steps, model)


def id_of(reader: SessionReader, known: Known, token: Token) -> int | None:
    """An id as it is; of a text the recording's token, or the tokenizer's. Raises ConfigError."""
    if not isinstance(token, str):
        check_token(token, known.loaded.config.vocab_size)
        return token
    if (found := known_id(reader, token)) is not None:
        return found
    ids = known.loaded.tokenizer.encode(token)
    if len(ids) != 1:
        raise ConfigError(f"{token!r} is no single token of this model: most begin with a space.")
    return ids[0]


def text_of(reader: SessionReader, known: Known, token_id: int) -> str:
    raw = reader.token_bytes.get(token_id) or known.loaded.tokenizer.token_bytes(token_id)
    return raw.decode("utf-8", "replace")
