"""Where one recording of the generation worker stands, as the worker tells it and as a page hears it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal


@dataclass
class Recording:
    """One recording, queued, in hand or over. `step` counts from 0; `text` is the response so far."""

    id: str
    command: dict[str, Any]
    state: Literal["queued", "running", "paused", "finished", "error"] = "queued"
    step: int = 0
    max_steps: int = 0
    text: str = ""
    message: str = ""
    loading: str = ""
    """What is being loaded before the first step, in words."""

    @property
    def over(self) -> bool:
        return self.state in ("finished", "error")

    def on_event(self, event: dict[str, Any]) -> None:
        """Takes notice of an event of the worker (see mri/worker/protocol.py)."""
        if self.over:
            return
        match event["event"]:
            case "loading":
                self.loading = f"{event['words'].capitalize()}: {event['done'] // 10} %"
            case "started":
                self.max_steps = event["max_steps"]
            case "step":
                self.step, self.text = event["step"], event["text"]
            case "paused":
                self.state, self.step, self.text = "paused", event["step"], event["text"]
            case "resumed":
                self.state = "running"
            case "finished":
                self.state, self.message, self.text = "finished", event["end_reason"], event["response"]
            case "error":
                self.state, self.message = "error", event["message"]

    def to_json(self, position: int, is_worker_ready: bool) -> dict[str, Any]:
        """JSON of GET /record/<id>; `position` is its place in the queue, 0 when it is running or over."""
        message = self.message
        if self.state == "running" and not self.max_steps:
            message = (self.loading or "Loading the model…") if is_worker_ready else "Starting the generation worker…"
        told = {name: getattr(self, name) for name in ("id", "state", "step", "max_steps", "text")}
        return told | {"position": position, "message": message}
