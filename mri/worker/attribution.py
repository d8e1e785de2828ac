"""What needs the weights: gradient × input of a recorded step, the tokens that a neuron speaks for; or the weights
themselves, loaded. As the worker process is asked for it and as the page hears of it.

Reads what it needs to know from the session; the arithmetic is the worker's business.
"""

from __future__ import annotations

import time
from base64 import b64decode
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from mri.errors import ConfigError, ModelError
from mri.explain.asked import explainable, of_known_weights, recorded_constants
from mri.nanochat.locate import DTYPES, ModelRef
from mri.store.reader import SessionReader, check_step

DIRECT = ("mlp_act", "mlp_out", "attn_out", "resid_pre", "resid_mid", "resid_post")
"""Hook points of a block that have a direct path to the predictions."""


@dataclass
class Attribution:
    """Where one computation stands. `answer`: what its event says (EVENTS in mri/worker/protocol.py), arrays as bytes.
    `done` of `of` tokens are read or written, where it says so; `doing` is that in words, or of 1,000 what `loading`
    says; `is_refused`: the child itself said that it cannot be."""

    id: str
    command: dict[str, Any]
    state: Literal["running", "finished", "error"] = "running"
    answer: dict[str, Any] = field(default_factory=dict)
    message: str = ""
    done: int = 0
    of: int = 0
    loading: str = ""
    is_refused: bool = False
    doing: str = "Reading the tokens again"
    asked_at: float = field(default_factory=time.monotonic)

    @property
    def is_explaining(self) -> bool:
        """Whether it is asked after again and again until it is there (mri/worker/explaining.py)."""
        return self.command["cmd"] in ("why", "sweep", "control", "costs", "load")

    @property
    def nbytes(self) -> int:
        return len(self.answer.get("blob", b""))

    def on_event(self, event: dict[str, Any]) -> None:
        """Takes notice of an event of the worker (see mri/worker/protocol.py)."""
        match event["event"]:
            case "progress":
                self.done, self.of, self.loading = event["done"], event["of"], ""
            case "loading":
                self.done, self.of, self.loading = event["done"], 1000, event["words"]
            case "error":
                self.state, self.message, self.is_refused = "error", event["message"], True
            case "arrays":
                self.state, self.message, self.answer = "finished", "", {"blob": b64decode(event["blob"])}
            case _:
                self.state, self.message = "finished", ""
                self.answer = {name: value for name, value in event.items() if name not in ("event", "id")}

    def to_json(self, waits_for: str = "") -> dict[str, Any]:
        """`status` running, finished (then with the answer) or error; `message` says more, of one that is running and
        did not say so itself that it `waits_for` something. Arrays are bytes."""
        message = self.message
        if self.state == "running" and self.loading:
            message = f"{self.loading.capitalize()}…"
        elif self.state == "running":
            message = f"{self.doing}: {self.done:,} of {self.of:,}…" if self.of else waits_for
        fields: dict[str, Any] = {"status": self.state, "message": message}
        if self.is_explaining:
            fields |= {"done": self.done, "of": self.of}
        asked = {name: self.command[name] for name in ("token_id", "point", "neuron") if name in self.command}
        return fields | asked | (self.answer if self.state == "finished" else {})


def attribution_of_step(reader: SessionReader, step: int, attribution_id: str, model: ModelRef) -> Attribution:
    """What to ask the worker for: the logit of the token that the step chose (or held most likely), after all tokens
    read up to it. Raises SessionNotFound for a step that is not there, ConfigError where there is no such thing.
    """
    check_step(reader, step)
    frame = reader.frame(step)
    top = frame.arrays.get("logits/token_ids")
    token_id = frame.chosen_id if frame.chosen_id >= 0 or top is None else int(top[0])
    weights = weights_of(reader, model)
    if token_id < 0:
        raise ConfigError("This step predicted nothing: record it with `python -m mri record` or from the page.")
    ids = reader.token_ids()[: frame.pos0 + frame.t_add].tolist()
    command = {"cmd": "attribute", "id": attribution_id, "ids": ids, "token_id": token_id, **weights}
    return Attribution(attribution_id, command)


def tokens_of_neuron(reader: SessionReader, point: str, neuron: int, model: ModelRef) -> Attribution:
    """What to ask the worker for: the tokens that the neuron's direct path promotes and suppresses. The same for every
    session with these weights. Raises ConfigError where the session does not say which they are, UnknownHookPoint.
    """
    if not 0 <= neuron < (width := reader.session.layout.width(point)):
        raise ConfigError(f"{point} has the neurons 0 to {width - 1}, there is no {neuron}.")
    weights = weights_of(reader, model)
    # slashes, so that it can never be a recording's id
    question_id = f"direct/{reader.session.run.hash}/{point}/{neuron}"
    command = {"cmd": "direct", "id": question_id, "point": point, "neuron": neuron, **weights}
    return Attribution(question_id, command)


def loading_of(model: ModelRef) -> Attribution:
    """What to ask the worker for: the model itself, as the file is now. Raises ModelError where it is gone."""
    loading_id = f"load/{model.file}/{changed_ns(model)}/{hash(model.loading)}"
    return Attribution(loading_id, {"cmd": "load", "id": loading_id, "model": model.to_json()})


def changed_ns(model: ModelRef) -> int:
    """When the file was last changed. Raises ModelError where it is gone."""
    try:
        return model.file.stat().st_mtime_ns
    except OSError as error:
        raise ModelError(f"{model.file} is not there any more: choose another model, or put it back.") from error


def has_direct_path(point: str) -> bool:
    """Whether a neuron of this hook point adds to the stream, or is one of its coordinates (mri/nanochat/direct.py)."""
    return point == "final.ln_f" or point.rpartition(".")[2] in DIRECT


def weights_of(reader: SessionReader, model: ModelRef) -> dict[str, Any]:
    """As `of_weights`. Raises ConfigError also where they were run with edits."""
    explainable(reader)
    return of_weights(reader, model)


def of_weights(reader: SessionReader, model: ModelRef) -> dict[str, Any]:
    """The model, and what tells the worker whether the session is of it. Raises ConfigError where the session does not
    say which weights were run."""
    of_known_weights(reader)
    run = reader.session.run
    constants = recorded_constants(reader).over(model.loading.constants)
    dtype = run.model.dtype if run.model.dtype in DTYPES else model.loading.dtype
    model = replace(model, loading=replace(model.loading, constants=constants, dtype=dtype))
    return {"model": model.to_json(), "weights_hash": run.model.weights_hash, "model_path": run.model.model_path}
