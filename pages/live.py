"""The Live page: prompts to record, what is being recorded, and the Scanner following a recording step by step.

Layout, and the list of recordings under way; the stream and all that moves are JavaScript's (assets/js/pages/live.mjs).
The charts are served by the Scanner's callback. No maths, no HDF5.
"""

from __future__ import annotations

from typing import Any

import dash
from dash import Input, Output, callback, dcc, html

from mri.errors import MriError
from mri.measure.series import largest_statistic
from mri.store.library import SessionInfo
from mri.web.parts import components, ids, labels, record, session_rows
from mri.web.services import services

dash.register_page(__name__, path=ids.LIVE_PATH, name="Live", title="Live · nanochat MRI", order=1)

REFRESH_MS = 2000

EXAMPLES = (
    ("A story", "Once there was a girl named Mia.", "plain"),
    ("Who gets the ball?", "When Mia and Tom went to the park, Tom gave a ball to", "plain"),
    ("A sum", "What is 12 plus 7?", "chat"),
    ("A long story", "One day a boy named Tom found a small box.", "plain"),
)
"""label, prompt, mode"""


def layout(session: str | None = None, **_: Any) -> html.Div:
    """Where a recording is begun; with `?session=…` that recording, from its first step."""
    seen = components.scanner(boot_of(session), None, "Live")
    return html.Div(
        [
            html.Div(id=ids.LIVE_BAR, className="live-bar"),
            _start(),
            html.Div(id=ids.LIVE_WAIT, className="mri-state live-wait"),
            seen,
            dcc.Interval(id=ids.LIVE_TICK, interval=REFRESH_MS, disabled=session is not None),
        ],
        id=ids.LIVE,
        className="live is-waiting" if session else "live is-form",
    )


def boot_of(session: str | None) -> dict[str, Any]:
    """What JavaScript is told once: which recording, how far it is by now, whether this server's worker makes it."""
    boot = {"is_live": True, "session": session, "num_steps": 0, "is_steerable": False, "limit": 0.0}
    if session is None:
        return boot
    status = services().worker.status_or_none(session)
    boot["is_steerable"] = status is not None and status["state"] not in ("finished", "error")
    try:
        reader = services().library.open(session)
        boot |= {"num_steps": reader.num_steps, "limit": largest_statistic(reader)}
    except MriError:
        pass  # not begun yet, or not there: the stream says which
    return boot


def _start() -> html.Div:
    """Examples to record, and what is being recorded."""
    examples = [
        record.door(name, {"prompt": prompt, "chat": str(mode == "chat").lower()}) for name, prompt, mode in EXAMPLES
    ]
    dot = html.Span("●", className="record-dot", **components.attributes({"aria-hidden": "true"}))
    write = record.door([dot, " Write a prompt"], id="live-start", className="mri-button btn-primary live-start")
    return html.Div(
        [
            html.Div(
                [
                    html.H1("Watch it write"),
                    html.P(
                        "While the model answers a prompt, every step is measured, kept and shown at once.",
                        className="mri-muted",
                    ),
                    write,
                    html.Div(
                        [html.Span("Try", className="mri-muted"), *examples],
                        className="live-examples",
                        role="group",
                        **components.attributes({"aria-label": "Examples"}),
                    ),
                ],
            ),
            html.Div(id="live-now", className="live-now"),
        ],
        className="mri-page live-form",
    )


@callback(Output("live-now", "children"), Input(ids.LIVE_TICK, "n_intervals"))
def recording_now(_: int | None) -> Any:
    """What is being recorded, here or elsewhere, to watch with one click."""
    infos, _ = services().library.listed(session_rows.LOOK_S)
    running = [info for info in infos if info.state == "recording"]
    if not running:
        return html.P(
            ["What is recorded elsewhere appears here, too: ", html.Code("python -m mri record"), " or a notebook."],
            className="mri-muted",
        )
    return [html.H2("Recording now"), html.Ul([html.Li(_link(info)) for info in running])]


def _link(info: SessionInfo) -> dcc.Link:
    far = f"{info.num_steps:,} step{'' if info.num_steps == 1 else 's'}"
    parts = [html.Span(className="live-dot"), html.B(labels.session_title(info)), html.Span(far)]
    return dcc.Link(parts, href=record.live_address(info.id))
