"""What goes on from a recording: forks, what they changed and cost, what random changes of that size do.

The part of a Trace that runs a model; mri/run has the arithmetic, and needs torch when something is computed.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd

from mri.edit.text import Edit
from mri.edit.values import Positions
from mri.errors import BadSession
from mri.export.frames import frame_of, organs
from mri.export.rows import Coded, Columns, Vocabulary
from mri.format.checks import is_whole
from mri.paths import DATA, SESSIONS, as_path
from mri.run.fork import Scope, fork_again, fork_of
from mri.store.library import whole_library
from mri.store.opening import open_session
from mri.store.reader import SessionReader

if TYPE_CHECKING:
    from mri.explain.found import Given

EDITS_UNITS = {"step": "index", "position": "position", "hook_point": "", "neurons": "", "head": "index, −1 = none"}
CONTROL_UNITS = {"what": "", "draw": "index, −1 = none", "bits": "bits", "parts_at": "position, −1 = nowhere"}
TEXTS = ("edit", "hook_point", "neurons")
COSTS_UNITS = {"position": "position", "token_id": "id", "token": "text", "before": "bits", "after": "bits"}


class Forks:
    """Of one session."""

    _reader: SessionReader

    def __init__(self, reader: SessionReader) -> None:
        self._reader = reader

    def fork(
        self,
        step: int,
        *,
        edits: Edit | str | Iterable[Edit | str] = (),
        token: int | str | None = None,
        scope: Scope = "from_here",
        temperature: float | None = None,
        top_k: int | None = None,
        seed: int | None = None,
        max_new_tokens: int | None = None,
        model: Given = None,
        name: str = "",
        sessions: Path | str | None = None,
    ) -> Self:
        """A recording that goes on from this one at `step`: what was read before is read again, then something is
        changed, by `edits` (docs/edits.md), another `token` said there, or another way of choosing.

        scope       "from_here": nothing before the step is touched; "as_if_always": all is read again under the edits
        None        as this one was recorded: sampling, capture and chunks, too; top_k 0 chooses among all
        model       the one that it was recorded from: a path, or what `load_model` gave; None: the embedded one
        sessions    the folder to write to; None: where this one lies, or one's own where it came with the project

        Steps keep their numbers; `trace.run` has parent, fork_step and all edits, those of this one first. Without a
        change it is the same recording in every bit, given the same device, type, threads and torch. Raises
        IndexError, ConfigError, PromptError, UnknownHookPoint, SessionNotFound, ModelError, StoreError, all with
        nothing left on disk.

            trace.fork(11, edits="block.3.head.1 = 0").session.response
        """
        from mri.explain.found import model_of
        from mri.run.record import record_fork

        told = {"temperature": temperature, "top_k": top_k, "seed": seed, "max_new_tokens": max_new_tokens}
        num_steps = self._reader.num_steps
        if not -num_steps <= step < num_steps:
            raise IndexError(f"There is no step {step}: this session has {num_steps}.")
        planned = fork_of(self._reader, step % num_steps, edits=edits, token=token, scope=scope, **told)  # type: ignore[arg-type]
        loaded = model_of(self._reader, model).loaded
        folder = self._folder if sessions is None else as_path(sessions)
        recording = record_fork(loaded, planned, sessions=folder, name=name)
        if recording.problem:
            warnings.warn(recording.problem, RuntimeWarning, stacklevel=2)
        return type(self)(open_session(recording.path))

    def edits(self) -> pd.DataFrame:
        """Every value that was edited, one row per step, position and hook point. Columns: step, position, hook_point,
        neurons (ranges, "" is all), head (−1: none), edit (its text). Where another token was said there is none: the
        step is `forced`.
        """
        listed = self._reader.session.facts.get("edited", [])
        if not isinstance(listed, list) or not all(_is_place(each) for each in listed):
            raise BadSession(f"{self._reader.path} does not say what was edited as this program does: record it again.")
        steps = self._reader.steps()
        rows: list[tuple[Any, ...]] = []
        for step, (pos0, t_add) in enumerate(zip(steps["pos0"], steps["t_add"], strict=True)):
            for each in listed:
                at = Positions(each["first"], each["stop"]).within(int(pos0), int(pos0 + t_add))
                place = each["hook_point"], each["neurons"], each["head"], each["edit"]
                rows += [(step, int(pos0) + i, *place) for i in range(at.start, at.stop)]
        units = EDITS_UNITS | {"edit": ""}
        columns: Columns = {name: np.array([row[i] for row in rows], object) for i, name in enumerate(units)}
        frame = frame_of(self._reader, columns, units)
        numbers = dict.fromkeys(("step", "position", "head"), "int32")
        return frame.astype({**numbers, "hook_point": "category", "edit": "category"})

    def control(self, *, draws: int = 20, seed: int = 0, model: Given = None) -> pd.DataFrame:
        """Of a fork: whether a random change of the same size, at the same place, does it as well. One row for the
        base gone on with, one for the fork, one for each draw.

        Columns: what ("base", "fork", "random"), draw, bits (surprise at the base's word of the fork's step), parts_at
        (position at which the text first differs from the base's, −1: nowhere), text (from the fork's step on). What
        heads and MLP neurons change is measured, and pushed, in the stream that they write to. `attrs` has also
        draws, parted (the draws whose text differs from the base's no later than the fork's; None where the fork's
        does not differ). Raises ConfigError for what is no fork, and for edits that have no size: organs, words.
        """
        from mri.run.draws import control

        loaded = self._model(model)
        found = control(loaded, fork_again(self._reader), whole_library(self._folder), draws=draws, seed=seed)
        texts = [loaded.tokenizer.decode(int(i) for i in row if i >= 0) for row in found["tokens"]]
        parts_at, num = found["parts_at"], len(found["bits"])
        columns: Columns = {
            "what": Coded(np.minimum(np.arange(num), 2), ["base", "fork", "random"]),
            "draw": np.maximum(np.arange(num) - 2, -1).astype(np.int32),
            "bits": found["bits"],
            "parts_at": parts_at,
            "text": np.array(texts, object),
        }
        frame = frame_of(self._reader, columns, CONTROL_UNITS | {"text": ""})
        pushed = parts_at[2:]
        parted = int(((pushed >= 0) & (pushed <= parts_at[1])).sum())
        frame.attrs |= {"draws": draws, "parted": parted if parts_at[1] >= 0 else None}
        return frame

    def costs(self, *, model: Given = None) -> pd.DataFrame:
        """Of a fork: what its base's words now cost, read as they are. One row for each from the fork's step on.
        Columns: position, token_id, token, before (bits, as the base is), after (bits, edited). Raises ConfigError for
        what is no fork, SessionNotFound where the base is gone.
        """
        from mri.run.draws import costs

        planned = fork_again(self._reader)
        library, base = whole_library(self._folder), self._opened(planned.parent)
        ids = base.token_ids()
        found = costs(self._model(model), planned, ids.tolist(), library)
        at = found["positions"] + 1
        columns: Columns = {"position": at, "token_id": ids[at], "token": Vocabulary(base.token_bytes).texts(ids[at])}
        return frame_of(self._reader, columns | {name: found[name] for name in ("before", "after")}, COSTS_UNITS)

    def organs(self, text: str | None = None, *, model: Given = None) -> pd.DataFrame:
        """What nanochat's own parts (smear, backout, x0, windows, softcap, value embeddings) are worth here: each
        switched off for all of the text, which is read as it is.

        Columns: organ, bits (more for each token that was written), first_changed (position of the first of these
        before which another prediction is strongest, −1: nowhere), was and now (these two predictions), text_bits (the
        same of every token of `text`), note. `attrs` has bits_before, tokens; of a text text_bits_before, text_tokens.
        """
        return organs(self._reader, text, model)

    def _model(self, model: Given) -> Any:
        from mri.explain.found import model_of

        return model_of(self._reader, model).loaded

    def _opened(self, session_id: str) -> SessionReader:
        """Another session, from where this one lies or came with the project. Raises SessionNotFound, BadSession."""
        return whole_library(self._folder).open(session_id)

    @property
    def _folder(self) -> Path:
        path = self._reader.path.absolute()
        return SESSIONS if path.is_relative_to(DATA) else path.parent


def _is_place(each: object) -> bool:
    """Of a file that may lie, too."""
    if not isinstance(each, dict) or not all(isinstance(each.get(name), str) for name in TEXTS):
        return False
    stop = each.get("stop")
    return (
        isinstance(each.get("head"), int)
        and is_whole(each.get("first"), 0, 1 << 40)
        and (stop is None or is_whole(stop, 0, 1 << 40))
    )
