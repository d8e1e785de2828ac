"""What stands in a page's place where there is nothing to show: what happened, what to do now, and ways that lead on.

Knows the pages' addresses. Refuses a dead end: no state without a way.
"""

from __future__ import annotations

from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from mri.format.events import TraceSession
from mri.web.parts import ids
from mri.web.parts.record import door, live_address

TO_SESSIONS, TO_LESSONS, TO_SCANNER = (
    ("All recordings", ids.SESSIONS_PATH),
    ("Learn how it works", ids.LEARN_PATH),
    ("Open the scan", ids.SCANNER_PATH),
)
"""Text and address of ways that lead on from everywhere."""


def state(title: str, what_now: Any, way: Component, *others: Component, kind: str = "empty") -> html.Div:
    """A designed empty or error state: what happened, what to do now, and the ways on, the best one first."""
    ways = html.Div([way, *others], className="mri-ways")
    return html.Div(
        [html.Div(className="mri-state-mark"), html.H2(title), html.P(what_now), ways],
        className=f"mri-state mri-state-{kind}",
        role="alert" if kind == "error" else "status",
    )


def way(text: str, href: str) -> dcc.Link:
    """To another page."""
    return dcc.Link(text, href=href, className="mri-button")


def way_to_record() -> html.Button:
    """Opens the dialog that records."""
    return door("Record a prompt")


def no_steps(session: TraceSession, is_recording: bool) -> html.Div:
    """Instead of a session in which there is nothing to see."""
    if is_recording:
        live = way("Watch it live", live_address(session.id))
        return state("This session has no steps yet", "It is being recorded.", live, way(*TO_SESSIONS))
    reason = session.end_reason or "its recorder was cut off"
    what = f"It ended before the first one ({reason})."
    return state("This session has no steps", what, way(*TO_SESSIONS), way_to_record())


def nothing_recorded() -> html.Div:
    """Instead of what is made of recordings, where there are none."""
    what = "Record a prompt, and its scan opens here. The lessons bring their own recordings."
    return state("Nothing recorded yet", what, way_to_record(), way(*TO_LESSONS))
