"""The doors to the dialog that records (assets/js/record), and to what is being recorded.

Layout only: a press on what carries `data-mri-action="record"` opens the dialog, with the prompt that stands beside it.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from dash import html

from mri.errors import ModelError
from mri.format.token_text import display
from mri.store.library import SessionInfo
from mri.web.parts import components, ids
from mri.web.services import services

OPEN = "record-open"


def open_button() -> html.Button:
    """The header's."""
    dot = html.Span("●", className="record-dot", **components.attributes({"aria-hidden": "true"}))
    return door([dot, " Record"], id=OPEN, className="mri-button record-open")


def door(children: Any, data: dict[str, str] | None = None, **more: Any) -> html.Button:
    """A button that opens the dialog. data: `prompt` and `chat` that it begins with, `prompt-of` the field of this id,
    `pair` for two prompts that are compared."""
    given = {f"data-mri-{name}": value for name, value in (data or {}).items()}
    named = components.attributes({"data-mri-action": "record"} | given)
    return html.Button(children, type="button", **{"className": "mri-button", **more, **named})


def live_address(session_id: str) -> str:
    """Where a recording under way is watched."""
    return f"{ids.LIVE_PATH}?{urlencode({'session': session_id})}"


def loaded_line(shown: SessionInfo) -> Any:
    """Of the model given with --model, where `shown` was recorded from another one; else None."""
    if services().models.asked is None:
        return None
    try:
        ref = services().model
    except ModelError:
        return None  # the dialog says why
    if shown.model_id == ref.id:
        return None
    said = html.Span(["Loaded: ", html.B(ref.title), f". This recording is of {display(shown.model_id.encode())}."])
    return html.P([said, door("Record with the loaded model")], className="mri-loaded")
