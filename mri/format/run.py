"""What was run: which model, changed in what, gone on from which session. Its hash is the key of all that is derived.

Plain data, built for every recorder in one place (capture/identity.py) and kept with the session. How tokens were
chosen is beside it (`sampling`): the same run answers every prompt. Knows no torch and no files.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from mri.format.checks import is_number


@dataclass(frozen=True)
class Model:
    """The model as it was in memory, by its contents; "" and None are what is not known.

    weights_hash     sha256 of the weights (nanochat/weights.py); until 2026-11 that of the checkpoint file
    file_hash        sha256 of the checkpoint file, if the weights were still those of the file
    config_hash      sha256 of model_config, era, softcap and constants (`hash_of_config`)
    tokenizer_hash   sha256
    era              of nanochat, E1 to E5
    softcap          c in c · tanh(logit / c); None of a model that has none, or that nobody saw
    constants        of the model's code that are not its era's: {"rotary_base": 5e5}
    device, dtype    of the weights; several are separated by commas
    model_path       the checkpoint that it was loaded from, relative to the project where it lies there
    """

    weights_hash: str = ""
    file_hash: str = ""
    config_hash: str = ""
    tokenizer_hash: str = ""
    era: str = ""
    softcap: float | None = None
    device: str = ""
    dtype: str = ""
    model_path: str = ""
    constants: Mapping[str, float] = field(default_factory=dict)
    unknown: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Only what is known."""
        told = {name: value for name, value in vars(self).items() if name != "unknown" and value not in ("", None, {})}
        return {**self.unknown, **told}

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Model:
        """Inverse of `to_json`. Raises ValueError on a field of another type than its own."""
        known, unknown = parted(cls, told)
        constants = known.get("constants", {})
        if not isinstance(constants, dict) or not all(is_number(value) for value in constants.values()):
            raise ValueError("its constants are no table of numbers")
        for name, value in known.items():
            if name != "constants" and not (
                isinstance(value, str) if name != "softcap" else value is None or is_number(value)
            ):
                raise ValueError(f"its {name} is no {'text' if name != 'softcap' else 'number'}")
        return cls(**known, unknown=unknown)


MODEL_FIELDS = tuple(each.name for each in fields(Model) if each.name != "unknown")


@dataclass(frozen=True)
class Run:
    """edits      changes in force during the recording, as texts; none of the model as it is
    parent     id of the session that this one goes on from, "" of none; `fork_step` its first step that may differ
    group      an id that sessions share which belong together, and this one's place on the group's axis
    unknown    what a later version wrote: kept when the session is written again, and a run of its own
    """

    model: Model = field(default_factory=Model)
    edits: tuple[str, ...] = ()
    parent: str = ""
    fork_step: int = 0
    group: str = ""
    place: float = 0.0
    unknown: Mapping[str, Any] = field(default_factory=dict)

    @property
    def changes(self) -> tuple[str, ...]:
        """Those of the edits that change numbers: where another token is said, only what is read is another."""
        return tuple(edit for edit in self.edits if not edit.startswith("token = "))

    @property
    def hash(self) -> str:
        """sha256 hex of what decides the numbers for given tokens: weights, config, changes. "" of unknown weights."""
        return self._hash_with(self.model.weights_hash)

    @property
    def hash_by_file(self) -> str:
        """`hash` as a session of the same run has it whose weights_hash is that of the checkpoint file."""
        return self._hash_with(self.model.file_hash)

    def _hash_with(self, weights_hash: str) -> str:
        unknown = [self.model.unknown, self.unknown]
        facts = [weights_hash, self.model.config_hash, self.changes, *(unknown if any(unknown) else [])]
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest() if weights_hash else ""

    def to_json(self) -> dict[str, Any]:
        """Only what is not the default; `hash` for who reads the file without this program."""
        told = {each.name: getattr(self, each.name) for each in fields(self) if each.name not in ("model", "unknown")}
        told = {name: value for name, value in told.items() if value != getattr(Run(), name)}
        return {**self.unknown, **told, "model": self.model.to_json(), "hash": self.hash}

    @classmethod
    def from_json(cls, told: object) -> Run:
        """Inverse of `to_json`. Raises ValueError on a field of another type than its own."""
        if not isinstance(told, dict) or not isinstance(told.get("model"), dict):
            raise ValueError("its run is no table of names and values")
        known, unknown = parted(cls, {name: value for name, value in told.items() if name != "hash"})
        edits = known.get("edits", ())
        if not isinstance(edits, list | tuple) or not all(isinstance(edit, str) for edit in edits):
            raise ValueError("the edits of its run are no texts")
        run = cls(**known | {"model": Model.from_json(told["model"]), "edits": tuple(edits), "unknown": unknown})
        is_text = isinstance(run.parent, str) and isinstance(run.group, str)
        if not (is_text and is_number(run.place) and isinstance(run.fork_step, int) and run.fork_step >= 0):
            raise ValueError("a field of its run has another type than its own")
        return run


def parted(cls: type, told: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The fields of a dataclass, and those that it has not: a later version's."""
    names = {each.name for each in fields(cls)} - {"unknown"}
    known = {name: value for name, value in told.items() if name in names}
    return known, {name: value for name, value in told.items() if name not in names}


def hash_of_config(
    model_config: Mapping[str, object], era: str, softcap: float | None, constants: Mapping[str, object] | None = None
) -> str:
    """sha256 hex of what tells a model of these weights from another; `constants`: those that are not the era's."""
    facts: dict[str, object] = {"model_config": model_config, "era": era, "softcap": softcap}
    facts |= {"constants": constants} if constants else {}  # a model without keeps the hash that it always had
    return hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()


def hashes_by_contents(runs: Iterable[Run]) -> dict[str, str]:
    """Hash of a run as told by the checkpoint file -> its hash by the weights, from every run that knows both."""
    return {run.hash_by_file: run.hash for run in runs if run.model.file_hash and run.hash}
