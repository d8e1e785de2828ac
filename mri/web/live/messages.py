"""The JSON text messages of the live stream, as docs/live.md describes them. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from mri.web.live.buffer import Drops
from mri.web.live.tail import End


def message(kind: str, **fields: Any) -> str:
    """One text message."""
    return json.dumps({"type": kind, **fields}, ensure_ascii=False, separators=(",", ":"))


def hello(meta: Mapping[str, Any], state: str, start: int) -> str:
    """What GET /sessions/<id>/meta says, where the recording stands, and the first step that will be sent."""
    return message("hello", **meta, state=state, **{"from": start})


def text(display_of_id: Mapping[int, str]) -> str:
    """Display strings of token ids that the next frames name for the first time on this socket."""
    return message("text", text={str(token_id): shown for token_id, shown in display_of_id.items()})


def dropped(drops: Drops) -> str:
    """What the next frames lack: counts, and the steps as ranges [first, last]."""
    return message(
        "dropped",
        payloads=len(drops.payload_steps),
        frames=len(drops.frame_steps),
        payload_steps=ranges(drops.payload_steps),
        frame_steps=ranges(drops.frame_steps),
    )


def end(over: End, response: str, payloads: int, frames: int) -> str:
    """The last message. `payloads` and `frames` are all that was dropped on this socket."""
    return message(
        "end",
        reason=over.sentence,
        end_reason=over.reason,
        num_steps=over.num_steps,
        text=response,
        dropped={"payloads": payloads, "frames": frames},
    )


def ranges(steps: Iterable[int]) -> list[list[int]]:
    """Ascending steps as [first, last] pairs: 3 4 5 8 -> [[3, 5], [8, 8]]."""
    found: list[list[int]] = []
    for step in steps:
        if found and found[-1][1] == step - 1:
            found[-1][1] = step
        else:
            found.append([step, step])
    return found
