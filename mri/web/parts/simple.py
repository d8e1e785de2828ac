"""Simple, the view of the Scanner's page that a newcomer sees: its host, the switch, and what it needs to be told.

JavaScript (assets/js/simple) draws all of it. Knows no session files.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dash import html

from mri.web.parts import compare, components, ids

SWAPS = {"demo-gift": "If Mia gives the ball", "pair-gift": "If Tom gives the ball"}
"""Of a bundled recording with one other word: what is so in its counterpart."""


def section() -> html.Section:
    return html.Section(id=ids.SIMPLE, className="mri-simple", **components.aria("Scan"))


def view_switch() -> html.Div:
    """Simple | Full, for the header; style sheets hide it on other pages, JavaScript says which one is seen."""
    labels = {"simple": "What the model does, in words (F)", "full": "Every number that was measured (F)"}
    buttons = [
        html.Button(
            name.title(),
            type="button",
            title=label,
            **components.attributes({"data-mri-action": f"view-{name}", "aria-pressed": "false"}),
        )
        for name, label in labels.items()
    ]
    return html.Div(buttons, className="mri-views", role="group", **components.aria("How much is shown"))


def counterpart(session_id: str, there: Callable[[str], bool]) -> dict[str, Any] | None:
    """The bundled recording that differs by one word, and where the two are compared; None where there is none."""
    for _, a, b, align, more, _ in compare.pairs():
        if session_id in SWAPS and session_id in (a, b) and there(a) and there(b):
            other = b if session_id == a else a
            return {"session": other, "says": SWAPS[session_id], "compare": compare.address(a, b, align, more)}
    return None
