"""The record box: a drawer on every page that asks for a prompt, records it in the worker and opens the result.

Layout and callbacks; the generation worker does the work. Knows no torch: what a preset costs per step is
computed from the checkpoint's meta file.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import dash_bootstrap_components as dbc
from dash import Dash, Input, Output, State, dcc, html, no_update

from mri.errors import ConfigError, ModelError
from mri.format.config import Sampling
from mri.format.hook_points import nanochat_points
from mri.format.layout import Layout
from mri.format.presets import LEAN, PRESETS, config_of_preset, not_shown
from mri.format.token_text import display
from mri.nanochat.disk.describe import read_config
from mri.nanochat.locate import ModelRef
from mri.store.library import SessionInfo
from mri.web.parts import ids
from mri.web.services import services
from mri.worker.request import RecordRequest

PARTS = "open box title model prompt preset start stop progress line text watch current tick goto"
OPEN, BOX, TITLE, MODEL, PROMPT, PRESET, START, STOP, PROGRESS, LINE, TEXT, WATCH, CURRENT, TICK, GOTO = (
    f"record-{part}" for part in PARTS.split()
)
BOX_OPENED = f"{BOX}.is_open {MODEL}.children {PRESET}.options {START}.disabled"
SHOWN = f"""{CURRENT}.data! {TICK}.disabled {START}.disabled! {STOP}.disabled {PROGRESS}.value {PROGRESS}.max
{LINE}.children {TEXT}.children {BOX}.is_open! {GOTO}.href {ids.TOAST}.data!"""

TICK_MS = 300

MEANINGS = {
    "light": "statistics of every hook point",
    "standard": "the strongest neurons of each hook point, attention rows, the prompt token by token",
    "rows": "the same without the MLP's neurons, for texts of any length",
    "everything": "every value of every hook point, and attention rows",
}
LIKELY_ROW = 128
"""Tokens of a text that somebody types, and of its answer."""


def open_button() -> html.Button:
    """The header's button that opens the box."""
    dot = html.Span("●", className="record-dot")
    return html.Button([dot, " Record"], id=OPEN, type="button", className="mri-button record-open")


def record_box() -> html.Div:
    """The drawer, closed, with what it remembers. A recording goes on when the page is closed or loaded anew."""
    title = html.Span("Record a generation", id=TITLE)
    return html.Div(
        [
            dcc.Store(id=CURRENT, storage_type="session"),
            dcc.Interval(id=TICK, interval=TICK_MS, disabled=True),
            dcc.Location(id=GOTO, refresh="callback-nav"),
            dbc.Offcanvas(_form(), id=BOX, title=title, labelledby=TITLE, placement="end", is_open=False),
        ]
    )


def fields(prefix: str) -> list[Any]:
    """What can be said of a recording, in the drawer and on the Live page: prompt, mode, numbers, capture preset.

    Their ids are `<prefix>-prompt`, `-mode`, `-max`, `-temperature`, `-top-k`, `-seed`, `-preset`.
    """
    modes = [{"label": "plain text", "value": "plain"}, {"label": "chat", "value": "chat"}]
    presets = dbc.RadioItems([], "standard", id=f"{prefix}-preset")
    return [
        html.Label("Prompt", htmlFor=f"{prefix}-prompt", className="form-label"),
        dbc.Textarea(id=f"{prefix}-prompt", rows=4, value="Once there was a girl named Mia.", maxlength=20_000),
        dbc.RadioItems(modes, "plain", id=f"{prefix}-mode", inline=True, className="my-2"),
        html.Div(
            [
                _number("Max tokens", f"{prefix}-max", Sampling.max_new_tokens, minimum=1, step=1),
                _number("Temperature", f"{prefix}-temperature", Sampling.temperature, minimum=0, step="any"),
                _number("Top-k", f"{prefix}-top-k", Sampling.top_k, minimum=1, step=1),
                _number("Seed", f"{prefix}-seed", Sampling.seed, minimum=0, step=1),
            ],
            className="record-numbers",
        ),
        html.Fieldset([html.Legend("Capture", className="form-label"), presets], className="my-3"),
    ]


def states(prefix: str) -> list[State]:
    """What was chosen in the `fields`, from mode to preset in their order; the prompt is its page's own."""
    return [State(f"{prefix}-{field}", "value") for field in ("mode", "max", "temperature", "top-k", "seed", "preset")]


def _form() -> list[Any]:
    record = dbc.Button("Record", id=START, color="primary")
    stop = dbc.Button("Stop", id=STOP, color="secondary", outline=True, disabled=True)
    return [
        html.P(id=MODEL, className="record-cost"),
        *fields("record"),
        html.Div([record, stop], className="d-flex gap-2 my-3"),
        html.Progress(id=PROGRESS, value="0", max="1", className="record-progress", title="Progress"),
        html.P("", id=LINE, role="status", className="record-cost"),
        html.Div(id=WATCH, className="record-watch"),
        html.Pre("", id=TEXT, className="record-text"),
    ]


def _number(label: str, component_id: str, value: float | None, *, minimum: int, step: int | str) -> html.Div:
    field = dbc.Input(id=component_id, type="number", value=value, min=minimum, step=step, size="sm")
    return html.Div([html.Label(label, htmlFor=component_id, className="form-label"), field])


def register(app: Dash) -> None:
    """Add the box's callbacks to the app."""

    @app.callback(ids.outputs(BOX_OPENED), Input(OPEN, "n_clicks"), prevent_initial_call=True)
    def open_box(_: int) -> tuple[Any, ...]:
        try:
            line, options = describe_model(services().model)
        except ModelError as error:
            return True, str(error), [], True
        services().worker.warm()  # torch loads while the prompt is being written
        return True, line, options, no_update

    asked = [State(PROMPT, "value"), *states("record")]

    @app.callback(Output(CURRENT, "data"), Input(START, "n_clicks"), asked, prevent_initial_call=True)
    def start(
        _: int, prompt: str, mode: str, max_new_tokens: int, temperature: float, top_k: int, seed: int, preset: str
    ) -> str:
        request = RecordRequest(
            max_new_tokens, temperature, top_k, seed, prompt=prompt or "", chat=mode == "chat", preset=preset
        )
        session_id = services().library.new_id()
        services().worker.submit(session_id, request, services().model)
        return session_id

    @app.callback(Output(WATCH, "children"), Input(CURRENT, "data"))
    def offer_to_watch(session_id: str | None) -> Any:
        return dcc.Link("Watch it on the Live page", href=live_address(session_id)) if session_id else None

    @app.callback(Input(STOP, "n_clicks"), State(CURRENT, "data"), prevent_initial_call=True)
    def stop(_: int, session_id: str | None) -> None:
        if session_id:
            services().worker.stop(session_id)

    timed = [Input(TICK, "n_intervals"), Input(CURRENT, "data")]

    @app.callback(ids.outputs(SHOWN), timed, State(BOX, "is_open"), prevent_initial_call="initial_duplicate")
    def show_progress(_: int, session_id: str | None, is_open: bool) -> tuple[Any, ...]:
        return progress(session_id, is_open)


def progress(session_id: str | None, is_open: bool) -> tuple[Any, ...]:
    """The outputs of one tick: current, tick off, start off, stop off, value, max, line, text, open, href, toast.

    A finished recording is opened while the box is open; who closed it is told, and stays where they are.
    """
    if not session_id:
        return no_update, True, no_update, True, *[no_update] * 7
    status = services().worker.status_or_none(session_id)
    if status is None:  # from before the server was started anew
        return None, True, False, True, 0, 1, "", "", *[no_update] * 3
    total = max(status["max_steps"], 1)
    text = "\n".join(display(line.encode()) for line in status["text"].split("\n"))
    match status["state"]:
        case "queued":
            line = f"Waiting: place {status['position']} in the queue."
        case "running" | "paused":
            line = status["message"] or f"Step {status['step'] + 1} of at most {status['max_steps']}."
        case "error":
            toast = {"text": status["message"], "kind": "error"}
            return None, True, False, True, 0, 1, status["message"], text, no_update, no_update, toast
        case "finished":
            href = f"{ids.SCANNER_PATH}?{urlencode({'session': session_id})}" if is_open else no_update
            text = "Recorded. Here it is." if is_open else "The recording is finished: it is first among the sessions."
            return None, True, False, True, total, total, "", "", False, href, {"text": text, "kind": "info"}
    done = status["step"] + 1 if status["max_steps"] else 0
    return no_update, False, True, False, done, total, line, text, *[no_update] * 3


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
        return None  # the box says why
    if shown.model_id == ref.id:
        return None
    said = html.Span(["Loaded: ", html.B(ref.title), f". This recording is of {display(shown.model_id.encode())}."])
    way = dcc.Link("Record with the loaded model", href=ids.LIVE_PATH, className="mri-button")
    return html.P([said, way], className="mri-loaded")


def describe_model(ref: ModelRef) -> tuple[str, list[dict[str, Any]]]:
    """A line about the model, and the preset options with what a step of each costs. Raises ModelError."""
    config = read_config(ref)
    points = nanochat_points(config.n_layer, config.n_embd, config.vocab_size)
    options = []
    sizes = {"n_layer": config.n_layer, "n_head": config.n_head}
    sizes |= {"n_ctx": config.sequence_len, "n_vocab": config.vocab_size}
    for name in PRESETS:
        try:
            preset = config_of_preset(name, points, longest_row=LIKELY_ROW, **sizes)
            layout = Layout.plan(points, preset, **sizes)
        except ConfigError as error:
            options.append({"label": _option(name, str(error)), "value": name, "disabled": True})
            continue
        at_most = "" if preset.attention_tier == "summary" else "at most "
        cost = f"{at_most}{layout.most_bytes_per_step / 1000:,.1f} KB a step"
        keeps = "the strongest neurons of each hook point" if preset == LEAN else MEANINGS[name]
        lacks = not_shown(preset)
        not_kept = f" · will not show {', '.join(lacks)}" if lacks else ""
        options.append({"label": _option(name, f"{keeps} · {cost}{not_kept}"), "value": name})
    line = (
        f"Model {ref.title}: {config.n_layer} layers × {config.n_embd}, "
        f"{config.n_head} heads, context {config.sequence_len:,} tokens."
    )
    return line, options


def _option(name: str, what: str) -> html.Span:
    return html.Span([html.B(name), " ", html.Span(what, className="record-cost")])
