"""What of a recording is explained: its tokens, the steps asked for, and which two tokens are held against each other.

Reads the session. Knows no torch and no weights, so that a server can refuse what cannot be explained.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mri.arrays import Floats, Ints
from mri.errors import ConfigError
from mri.nanochat.constants import Constants, constants_of
from mri.store.reader import SessionReader, check_step

SAME_LOGITS = 1e-3
"""Logits, softcapped: recomputed ones that are farther off than this are not those of the recording."""


KINDS = ("ablate", "patch", "knockout")
"""Of sweeps: every part off, values of another text put in, looks cut; docs/why.md."""


@dataclass(frozen=True)
class AskedStep:
    """A step of a recording: its last position, whose prediction is explained.

    kept, logits (K,): the strongest predictions as they were recorded, softcapped; both empty where none were
    chosen: the token that followed, the strongest where none was chosen
    """

    step: int
    position: int
    chosen: int
    kept: Ints
    logits: Floats

    def pair(self, token: int | None, against: int | None) -> tuple[int, int]:
        """The token that is explained and its rival: as asked, else the chosen one and the strongest other.
        Raises ConfigError where there is no other, and where both are the same."""
        token = self.chosen if token is None else token
        if against is None:
            against = next((int(i) for i in self.kept if i != token), None)
        if against is None:
            raise ConfigError(f"Step {self.step} kept no other prediction to hold against: name one with against=.")
        if against == token:
            raise ConfigError("A token is held against another one: choose two that differ.")
        return token, against

    def all_ids(self, *asked: int | None) -> list[int]:
        """The kept tokens, the chosen one and those asked for, each once."""
        return list(dict.fromkeys([*map(int, self.kept), self.chosen, *(i for i in asked if i is not None)]))


def explainable(reader: SessionReader) -> None:
    """Raises ConfigError for what no checkpoint answers for: edited or unknown weights."""
    of_known_weights(reader)
    if changes := reader.session.run.changes:
        raise ConfigError(
            f"This session was recorded with edits ({', '.join(changes)}), and without them the weights would give "
            "other numbers: ask the session that it was forked from."
        )


def of_known_weights(reader: SessionReader) -> None:
    """Raises ConfigError for a session that does not say what it was recorded from."""
    if not reader.session.run.hash:
        raise ConfigError(
            "This session does not say which weights it was recorded from, so nothing can be computed from them: "
            "record it with `python -m mri record` or from the page."
        )


def check_kind(kind: str, has_base: bool) -> None:
    """Of a sweep. Raises ConfigError for one that there is not, and where a base is missing or means nothing."""
    if kind not in KINDS:
        raise ConfigError(f"There is no sweep {kind!r}: choose {', '.join(KINDS)}.")
    if kind == "patch" and not has_base:
        raise ConfigError("Whose values are put in? Name the other session: base=.")
    if kind != "patch" and has_base:
        raise ConfigError(f'A base belongs to kind="patch": leave it out of {kind!r}.')


def check_base(reader: SessionReader, base: SessionReader) -> None:
    """Of two recordings, values of `base` put into the other. Raises ConfigError where they are not of one model."""
    of_nanochat(base)
    explainable(base)
    own, other = reader.session.run.model, base.session.run.model
    if own.weights_hash != other.weights_hash or own.constants != other.constants or own.softcap != other.softcap:
        raise ConfigError(
            f"{base.session.id} was recorded with another model than {reader.session.id}: put values of one text into "
            "another that the same model read."
        )


def check_token(token: int | None, n_vocab: int) -> None:
    """Raises ConfigError for an id that the model has not."""
    if token is not None and not 0 <= token < n_vocab:
        raise ConfigError(f"There is no token {token}: ids go from 0 to {n_vocab - 1}.")


def of_nanochat(reader: SessionReader) -> None:
    """Raises ConfigError for a recording of another module."""
    layout = reader.session.layout
    if not layout.n_head or not layout.n_vocab:
        raise ConfigError(
            "This recording is of another module than a nanochat model: what its parts wrote to a prediction is not "
            "known here."
        )


def asked_steps(reader: SessionReader, steps: Sequence[int]) -> list[AskedStep]:
    """Raises SessionNotFound for a step that is not there, ConfigError for one that predicted nothing."""
    found = []
    for step in steps:
        check_step(reader, step)
        frame = reader.frame(step)
        kept = frame.arrays.get("logits/token_ids", np.empty(0, np.uint32)).astype(np.int64)
        logits = frame.arrays.get("logits/values", np.empty(0, np.float32))
        chosen = frame.chosen_id if frame.chosen_id >= 0 else int(kept[0]) if len(kept) else -1
        if chosen < 0:
            raise ConfigError(f"Step {step} kept no prediction that could be explained: record it again.")
        found.append(AskedStep(step, frame.pos0 + frame.t_add - 1, chosen, kept, logits))
    return found


def tokens_read(reader: SessionReader, last: int) -> list[int]:
    """The ids at the positions 0 … `last`."""
    found: list[int] = reader.token_ids()[: last + 1].tolist()
    return found


def refuse_other_logits(step: AskedStep, recomputed: Floats) -> None:
    """Holds the softcapped logits (n_vocab,) that the weights give against what was recorded. Raises ConfigError."""
    if not len(step.kept):
        return
    off = float(np.abs(recomputed[step.kept] - step.logits).max())
    if not off <= SAME_LOGITS:
        raise ConfigError(
            f"Computed again, the predictions of step {step.step} differ from the recorded ones by {off:.2g} (at most "
            f"{SAME_LOGITS:g} is the same): it was recorded in another number type, or by another engine."
        )


def recorded_constants(reader: SessionReader) -> Constants:
    """What the model ran with that its weights do not say: with others they give other logits."""
    model = reader.session.run.model
    return constants_of({"softcap": model.softcap or None, **model.constants})
