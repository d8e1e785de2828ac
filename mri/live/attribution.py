"""Gradient × input of one recorded step, as the worker process is asked for it and as the page hears of it.

Reads what the step read and predicted from the session; the gradients themselves are the worker's business.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from mri.errors import ConfigError, SessionNotFound
from mri.store.reader import SessionReader


@dataclass
class Attribution:
    """Where one computation stands. `signed` by position, see mri/nanochat/attribution.py."""

    id: str
    command: dict[str, Any]
    state: Literal["running", "finished", "error"] = "running"
    signed: list[float] = field(default_factory=list)
    logit: float = float("nan")
    message: str = ""

    def to_json(self) -> dict[str, Any]:
        """`status` running, finished (then with `signed` and `logit`) or error; `message` says more."""
        fields = {"status": self.state, "token_id": self.command["token_id"], "message": self.message}
        return fields | ({"signed": self.signed, "logit": self.logit} if self.state == "finished" else {})


def attribution_of_step(reader: SessionReader, step: int, attribution_id: str, model: str | None) -> Attribution:
    """What to ask the worker for: the logit of the token that the step chose (or held most likely), after all tokens
    read up to it. Raises SessionNotFound for a step that is not there, ConfigError where there is no such thing.
    """
    session = reader.session
    if not 0 <= step < reader.num_steps:
        raise SessionNotFound(f"Session {session.id} has {reader.num_steps} steps: there is no step {step}.")
    weights_hash = session.provenance.get("weights_hash")
    frame = reader.frame(step)
    top = frame.arrays.get("logits/token_ids")
    token_id = frame.chosen_id if frame.chosen_id >= 0 or top is None else int(top[0])
    if weights_hash is None or token_id < 0:
        raise ConfigError(
            "This session does not say which weights it was recorded from, or what it predicted: "
            "record it with `python -m mri record` or from the page."
        )
    command = {
        "cmd": "attribute",
        "id": attribution_id,
        "model": model,
        "ids": reader.token_ids()[: frame.pos0 + frame.t_add].tolist(),
        "token_id": token_id,
        "weights_hash": weights_hash,
        "model_path": session.provenance.get("model_path", ""),
    }
    return Attribution(attribution_id, command)
