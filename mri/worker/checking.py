"""A check of a model (mri/proof) as the worker process is asked for it and as the page hears of it: line by line."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field, replace
from typing import Any

from mri.nanochat.locate import ModelRef
from mri.worker.attribution import Attribution


@dataclass
class Checking(Attribution):
    """lines   JSON of each Line so far (mri/proof/report.py); `answer` is what the Report says of them"""

    lines: list[dict[str, Any]] = field(default_factory=list)

    @property
    def is_explaining(self) -> bool:
        return True  # who closes the page does not want it any more

    def on_event(self, event: dict[str, Any]) -> None:
        if event["event"] == "line":
            self.lines.append(event["line"])
        else:
            super().on_event(event)

    def to_json(self, waits_for: str = "") -> dict[str, Any]:
        told = super().to_json(waits_for)
        if self.state == "running" and self.lines:
            told |= {"message": f"{self.lines[-1]['name']} is done…", "done": 0, "of": 0}
        unknown = {"is_right": False, "verdict": "", "text": ""}
        return unknown | told | {"id": self.id.removeprefix(PREFIX), "lines": self.lines}


PREFIX = "check/"
"""Of a question's id: with a slash it can never be a recording's."""


def checking_of(model: ModelRef, dtype: str) -> Checking:
    """What to ask the worker for; "" leaves the number type to the model as it is offered. Raises ConfigError."""
    loading = replace(model.loading, dtype=dtype or model.loading.dtype)
    check_id = f"{PREFIX}{uuid.uuid4().hex}"
    command = {"cmd": "check", "id": check_id, "model": replace(model, loading=loading).to_json()}
    return Checking(check_id, command)
