"""The model that a recording was made with, where it is at hand, and its tokens read once more.

For who explains a recording in this process; a server has its worker for that.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mri.errors import ConfigError
from mri.explain.asked import (
    AskedStep,
    asked_steps,
    explainable,
    of_known_weights,
    of_nanochat,
    recorded_constants,
    tokens_read,
)
from mri.explain.replay import Replay
from mri.nanochat.checkpoint import LoadedModel, load_model
from mri.nanochat.locate import Loading, ModelRef, find_checkpoint
from mri.store.reader import SessionReader

Given = LoadedModel | Path | str | None
"""A model as people name it; None: the embedded one."""


@dataclass(frozen=True, eq=False)
class Known:
    """A loaded model, which recordings it made as far as was asked, and what it read last."""

    key: tuple[Path, int, Loading] | LoadedModel
    loaded: LoadedModel
    replay: Replay
    recorded: set[str]  # hashes by which sessions name these weights


_known: list[Known] = []
"""The model asked for last, so that step after step loads it once and reads the tokens once."""


def model_of(reader: SessionReader, model: Given) -> Known:
    """Raises ConfigError where the recording does not say its weights, or has others than `model`."""
    of_nanochat(reader)
    of_known_weights(reader)
    told = reader.session.run.model
    if isinstance(model, LoadedModel):
        key: tuple[Path, int, Loading] | LoadedModel = model
    else:
        ref = find_checkpoint(model, Loading(recorded_constants(reader)))
        key = (ref.file, ref.file.stat().st_mtime_ns, ref.loading)
    if not _known or _known[0].key != key:
        _known.clear()  # two large models need not fit at once
        loaded = model if isinstance(model, LoadedModel) else load_model(ref)
        _known.append(Known(key, loaded, Replay(loaded.model), set()))
    [known] = _known
    if told.weights_hash not in known.recorded or isinstance(model, LoadedModel):
        if not known.loaded.has_weights(told.weights_hash):
            raise ConfigError(_other_weights(told.weights_hash, told.model_path, known.loaded.ref, model))
        known.recorded.add(told.weights_hash)
    return known


def replayed(reader: SessionReader, steps: list[int], model: Given) -> tuple[Known, list[AskedStep]]:
    """The steps, their tokens at hand in the model's replay. Raises as `model_of`; ConfigError where the model was
    edited, SessionNotFound."""
    of_nanochat(reader)
    explainable(reader)
    known = model_of(reader, model)
    asked = asked_steps(reader, steps)
    known.replay.read(tokens_read(reader, max(step.position for step in asked)))
    return known, asked


def _other_weights(recorded: str, path: str, ref: ModelRef, model: Given) -> str:
    which = f"the model {ref.asked or ref.file}" if model is not None else "the embedded model"
    return (
        f"This session was recorded with other weights ({recorded[:8]}) than {which} has: give the one that it was "
        f"recorded from, model={path or '…'!r}."
    )
