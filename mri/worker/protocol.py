"""What the worker's child says: one JSON object a line. child.py says it, handle.py hears it."""

from __future__ import annotations

import json
from typing import Any

EVENT_FIELDS: dict[str, dict[str, type]] = {
    "ready": {},
    "started": {"id": str, "max_steps": int},
    "step": {"id": str, "step": int, "text": str},
    "paused": {"id": str, "step": int, "text": str},
    "resumed": {"id": str},
    "finished": {"id": str, "end_reason": str, "response": str},
    "error": {"id": str, "message": str},
    "attribution": {"id": str},
}
"""event -> what it has, beside fields that are only handed on. `say` in mri/worker/child.py is the other side."""


def event_of(line: str) -> dict[str, Any] | None:
    """What a line of the child says; None for one that is no event: a library in the child printed something."""
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        return None
    name = event.get("event") if isinstance(event, dict) else None
    fields = EVENT_FIELDS.get(name) if isinstance(name, str) else None
    if fields is None or not all(isinstance(event.get(field), kind) for field, kind in fields.items()):
        return None
    found: dict[str, Any] = event
    return found
