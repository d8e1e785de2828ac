"""The Live page: a form that has a prompt recorded, and the Scanner following the recording step by step.

Layout, and the callbacks that fill the form; the stream and all that moves are JavaScript's (assets/js/pages/live.mjs).
The charts are served by the Scanner's callback. No maths, no HDF5.
"""

from __future__ import annotations

from typing import Any

import dash
import dash_bootstrap_components as dbc
from dash import ALL, ClientsideFunction, Input, Output, State, callback, clientside_callback, ctx, dcc, html, no_update

from mri.errors import ModelError, MriError
from mri.measure.series import largest_statistic
from mri.store.library import SessionInfo
from mri.web.parts import components, ids, labels, record_box, session_rows
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
    """The form; with `?session=…` that recording, from its first step."""
    seen = components.scanner(boot_of(session), None, "Live")
    return html.Div(
        [
            html.Div(id=ids.LIVE_BAR, className="live-bar"),
            _form(),
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


def _form() -> html.Div:
    models = [{"label": ref.label, "value": model_id} for model_id, ref in services().models.offers().items()]
    examples = [
        html.Button(name, type="button", id={"type": "live-example", "index": i}, className="mri-button")
        for i, (name, _, _) in enumerate(EXAMPLES)
    ]
    return html.Div(
        [
            html.Div(
                [
                    html.H1("Watch it write"),
                    html.P(
                        "Write a prompt. While the model answers, every step is measured, kept and shown at once.",
                        className="mri-muted",
                    ),
                    html.Div(
                        [html.Span("Try", className="mri-muted"), *examples],
                        className="live-examples",
                        role="group",
                        **components.attributes({"aria-label": "Examples"}),
                    ),
                    *record_box.fields("live"),
                    html.Label("Model", htmlFor="live-model", className="form-label"),
                    dbc.Select(
                        id="live-model", options=models, value=models[0]["value"] if models else None, size="sm"
                    ),
                    html.P(id="live-model-line", className="record-cost"),
                    html.Div(
                        [
                            html.Div(id="live-shown"),
                            dbc.Checkbox(id="live-start-paused", label="start paused", value=False, class_name="mb-0"),
                        ],
                        className="live-shown",
                    ),
                    dbc.Button("Start recording", id="live-start", color="primary", className="live-start"),
                    dcc.Store(id="live-started"),
                ],
            ),
            html.Div(id="live-now", className="live-now"),
        ],
        className="mri-page live-form",
    )


clientside_callback(
    ClientsideFunction("mri", "record"),
    Output("live-started", "data"),
    Input("live-start", "n_clicks"),
    [State("live-prompt", "value"), *record_box.states("live"), State("live-model", "value")],
    prevent_initial_call=True,
)


@callback(ids.outputs("live-model-line.children live-preset.options live-start.disabled"), Input("live-model", "value"))
def describe(model_id: str | None) -> tuple[Any, ...]:
    """What the chosen model is, and what a step of each preset costs with it."""
    try:
        line, options = record_box.describe_model(services().models.chosen(model_id or ""))
    except ModelError as error:
        return str(error), [], True
    services().worker.warm()  # torch loads while the prompt is being written
    return line, options, False


CHOSEN = Input({"type": "live-example", "index": ALL}, "n_clicks")


@callback(ids.outputs("live-prompt.value live-mode.value"), CHOSEN, prevent_initial_call=True)
def take_example(_: list[int | None]) -> tuple[Any, Any]:
    if not ctx.triggered[0]["value"] or not isinstance(ctx.triggered_id, dict):
        return no_update, no_update
    _, prompt, mode = EXAMPLES[ctx.triggered_id["index"]]
    return prompt, mode


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
    return dcc.Link(parts, href=record_box.live_address(info.id))
