"""What the server and its worker's child say to one another: one JSON object a line, in both directions.

handle.py says COMMANDS and hears EVENTS, child.py the other way round; neither writes or reads a line of its own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Any


@dataclass(frozen=True)
class Messages:
    """The messages of one direction. `fields`: all that a message has, by the name that it has under `key`."""

    key: str
    fields: Mapping[str, Mapping[str, type | UnionType]]

    def line_of(self, message: Mapping[str, Any]) -> str:
        """Raises ValueError on what is no message of this direction."""
        if not self._has(message):
            raise ValueError(f"There is no such message as {message!r}: see mri/worker/protocol.py.")
        return json.dumps(message)

    def message_of(self, line: str) -> dict[str, Any] | None:
        """None for a line that is no message: a library in the child printed something."""
        try:
            message = json.loads(line)
        except (ValueError, RecursionError):
            return None
        return message if isinstance(message, dict) and self._has(message) else None

    def _has(self, message: Mapping[str, Any]) -> bool:
        name = message.get(self.key)
        fields = self.fields.get(name) if isinstance(name, str) else None
        if fields is None or set(message) != {self.key, *fields}:
            return False
        return all(isinstance(message[field], kind) for field, kind in fields.items())


_RECORDED = {"id": str, "model": dict, "weights_hash": str, "model_path": str}
"""A model, and what the session says of the one that it was recorded from (mri/worker/attribution.py)."""

_EXPLAINED = {"path": str, "token": int | NoneType, "against": int | NoneType}
"""The session's place, and the tokens that are held against each other (None: as recorded)."""

CANCELLED = "Cancelled before it began."
"""Of a recording that was called off while it waited, or while its model loaded."""
COMMANDS = Messages(
    "cmd",
    {
        "record": {
            "id": str,
            "model": dict,
            "prompt": str | list,
            "chat": bool,
            "config": str | dict,
            "sampling": dict,
        },
        "fork": {**_RECORDED, "session": str, "wanted": dict},
        "check": {"id": str, "model": dict},
        "attribute": {**_RECORDED, "ids": list, "token_id": int},
        "direct": {**_RECORDED, "point": str, "neuron": int},
        "why": {**_RECORDED, **_EXPLAINED, "start": int, "stop": int},
        "sweep": {**_RECORDED, **_EXPLAINED, "step": int, "kind": str, "base": str},
        "control": {**_RECORDED, "session": str, "draws": int, "seed": int},
        "costs": {**_RECORDED, "session": str, "base": str},
        "load": {"id": str, "model": dict},
        "stop": {"id": str},
        "pause": {"id": str},
        "resume": {"id": str},
        "step": {"id": str},
        "quit": {},
    },
)
"""`model` is a ModelRef; `id` a session's, of what is computed the question's (`stop`: it is not wanted any more);
`session` and `base` are ids of sessions (of a sweep the place of one, "": of none), `wanted` the fields of a
ForkRequest."""

EVENTS = Messages(
    "event",
    {
        "ready": {},
        "started": {"id": str, "max_steps": int},
        "step": {"id": str, "step": int, "text": str},
        "paused": {"id": str, "step": int, "text": str},
        "resumed": {"id": str},
        "finished": {"id": str, "end_reason": str, "response": str},
        "error": {"id": str, "message": str},
        "line": {"id": str, "line": dict},
        "checked": {"id": str, "is_right": bool, "verdict": str, "text": str},
        "attribution": {"id": str, "signed": list, "logit": float},
        "direct": {"id": str, "promoted": list, "suppressed": list, "factor": float},
        "progress": {"id": str, "done": int, "of": int},
        "loading": {"id": str, "words": str, "done": int},
        "loaded": {"id": str, "device": str, "dtype": str, "devices": list, "notes": list, "alarm": str},
        "arrays": {"id": str, "blob": str},
    },
)
"""`text` is the response so far. `signed`, `logit`: see mri/nanochat/attribution.py. `promoted`, `suppressed`: [token
id, its bytes as hex, logits per unit], the strongest first; `factor`: what of one unit reaches the last norm. `done`
of `of` tokens read, `loading`: of 1,000, what in `words`; `blob`: arrays in the wire format, as base64. `line`: JSON of
a Line; `is_right`, `verdict`, `text`: what the Report of all of them says (mri/proof/report.py). `loaded`: where and as
what the model runs, what runs here, and what is said of its files."""
