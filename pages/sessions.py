"""The library of sessions: search, open, rename, import, export, delete. Layout and callbacks."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import dash
import dash_bootstrap_components as dbc
from dash import ALL, ClientsideFunction, Input, Output, State, callback, clientside_callback, ctx, dcc, html, no_update

from mri.export.files import rows_about
from mri.store.imports import MAX_FILE_BYTES
from mri.store.library import SessionInfo
from mri.ui import compare, components, ids, record_box, session_files
from mri.ui.labels import session_title
from mri.ui.services import services
from mri.ui.tokens import display

dash.register_page(__name__, path=ids.SESSIONS_PATH, name="Sessions", title="Sessions · nanochat MRI", order=4)

MOST_ROWS = 200
REFRESH_MS = 2000

STATES = {
    "recording": ("recording", "Being recorded now."),
    "unsealed": ("not packed yet", "Its recorder ended early; every step on disk is here."),
    "finished": ("finished", "Complete, one file."),
    "broken": ("broken", "Cannot be read."),
}
"""state -> words, meaning"""


def layout(**_: Any) -> html.Div:
    return html.Div(
        [
            dcc.Store(id="sessions-target"),
            dcc.Store(id="sessions-exported"),
            dcc.Store(id="sessions-changed"),
            dcc.Interval(id="sessions-tick", interval=REFRESH_MS, disabled=True),
            html.Div(
                [
                    html.H1("Sessions", className="h4 mb-0"),
                    dbc.Input(
                        id="sessions-search", type="search", placeholder="Search name, prompt, model",
                        debounce=False, class_name="sessions-search", html_size="28",
                    ),
                ],
                className="sessions-head",
            ),
            session_files.drop_strip(MAX_FILE_BYTES),
            compare.chooser(),
            html.Div(id="sessions-list"),
            session_files.export_dialog(),
            _rename_dialog(),
            _delete_dialog(),
        ],
        className="sessions",
    )  # fmt: skip


def _rename_dialog() -> dbc.Modal:
    return dbc.Modal(
        [
            dbc.ModalHeader(dbc.ModalTitle("Rename the session", id="sessions-rename-title")),
            dbc.ModalBody(
                [
                    html.Label("Name", htmlFor="sessions-name", className="form-label"),
                    dbc.Input(id="sessions-name", type="text", maxlength=200),
                ]
            ),
            dbc.ModalFooter(dbc.Button("Rename", id="sessions-rename", color="primary")),
        ],
        id="sessions-rename-dialog",
        labelledby="sessions-rename-title",
        is_open=False,
    )


def _delete_dialog() -> dbc.Modal:
    return dbc.Modal(
        [
            dbc.ModalHeader(dbc.ModalTitle("Delete the session?", id="sessions-delete-title")),
            dbc.ModalBody(id="sessions-delete-text"),
            dbc.ModalFooter(
                [
                    dbc.Button("Keep it", id="sessions-keep", color="secondary", outline=True),
                    dbc.Button("Delete", id="sessions-delete", color="danger"),
                ]
            ),
        ],
        id="sessions-delete-dialog",
        labelledby="sessions-delete-title",
        is_open=False,
    )


@callback(
    Output("sessions-list", "children"),
    Output("sessions-tick", "disabled"),
    Input("sessions-search", "value"),
    Input("sessions-changed", "data"),
    Input("sessions-tick", "n_intervals"),
)
def show_list(search: str | None, _changed: Any, _tick: Any) -> tuple[Any, bool]:
    infos = services().library.list()
    found = [info for info in infos if matches(info, search or "")]
    nobody_records = all(info.state != "recording" for info in infos)
    if not infos:
        return components.state(
            "No sessions yet",
            "Press Record above, write a prompt, and the recording appears here; or drop a session file on this page.",
        ), nobody_records  # fmt: skip
    if not found:
        return components.state(
            f"Nothing matches “{search}”", f"Search for less: there are {len(infos)} sessions."
        ), nobody_records  # fmt: skip
    return table(found), nobody_records


@callback(
    Output("sessions-target", "data"),
    Output("sessions-rename-dialog", "is_open"),
    Output("sessions-name", "value"),
    Output("sessions-delete-dialog", "is_open"),
    Output("sessions-delete-text", "children"),
    Input({"type": "session-rename", "id": ALL}, "n_clicks"),
    Input({"type": "session-delete", "id": ALL}, "n_clicks"),
    prevent_initial_call=True,
)
def open_dialog(_rename: list[int | None], _delete: list[int | None]) -> tuple[Any, ...]:
    if not ctx.triggered[0]["value"] or not isinstance(ctx.triggered_id, dict):  # rows came or went, nobody clicked
        return (no_update,) * 5
    session_id = ctx.triggered_id["id"]
    info = services().library.info(session_id)
    if ctx.triggered_id["type"] == "session-rename":
        return session_id, True, info.name, no_update, no_update
    sentence = f"“{session_title(info)}”, {info.num_steps:,} steps, {size(info.bytes_on_disk)}. This cannot be undone."
    return session_id, no_update, no_update, True, sentence


clientside_callback(
    ClientsideFunction("mri", "mountImports"),
    Output("sessions-imports-ready", "data"),
    Input("sessions-imports", "data"),
)


@callback(
    Output("sessions-exported", "data"),
    Output("sessions-export-dialog", "is_open"),
    Output("sessions-export-title", "children"),
    Input({"type": "session-export", "id": ALL}, "n_clicks"),
    prevent_initial_call=True,
)
def open_export(_clicks: list[int | None]) -> tuple[Any, ...]:
    if not ctx.triggered[0]["value"] or not isinstance(ctx.triggered_id, dict):
        return (no_update,) * 3
    info = services().library.info(ctx.triggered_id["id"])
    return info.id, True, f"Export “{session_title(info)}”"


@callback(
    Output("sessions-export-link", "href"),
    Output("sessions-export-link", "download"),
    Output("sessions-export-size", "children"),
    Output("sessions-export-note", "children"),
    Output("sessions-export-what", "class_name"),
    Input("sessions-exported", "data"),
    Input("sessions-export-what", "value"),
    Input("sessions-export-kind", "value"),
    prevent_initial_call=True,
)
def choose_export(session_id: str | None, what: str, kind: str) -> tuple[Any, ...]:
    if not session_id:
        return (no_update,) * 5
    address, name = session_files.address(session_id, what, kind)
    rows = 0 if kind == "h5" else rows_about(services().library.open(session_id).as_of_now(), what)
    words = session_files.size_words(rows, what, kind, name)
    return address, name, words, session_files.NOTES[kind], session_files.choice_class(kind)


@callback(
    Output("sessions-changed", "data"),
    Output("sessions-rename-dialog", "is_open", allow_duplicate=True),
    Input("sessions-rename", "n_clicks"),
    Input("sessions-name", "n_submit"),
    State("sessions-target", "data"),
    State("sessions-name", "value"),
    prevent_initial_call=True,
)
def rename(_click: Any, _enter: Any, session_id: str, name: str | None) -> tuple[Any, bool]:
    services().library.rename(session_id, (name or "").strip())
    return {"renamed": session_id, "name": name}, False


@callback(
    Output("sessions-changed", "data", allow_duplicate=True),
    Output("sessions-delete-dialog", "is_open", allow_duplicate=True),
    Input("sessions-delete", "n_clicks"),
    Input("sessions-keep", "n_clicks"),
    State("sessions-target", "data"),
    prevent_initial_call=True,
)
def delete(_delete: Any, _keep: Any, session_id: str) -> tuple[Any, bool]:
    if ctx.triggered_id == "sessions-keep":
        return no_update, False
    services().library.delete(session_id)
    return {"deleted": session_id}, False


def matches(info: SessionInfo, search: str) -> bool:
    """Whether every word of the search occurs in name, prompt, model or id."""
    text = f"{info.name} {info.prompt} {info.model_id} {info.id}".casefold()
    return all(word in text for word in search.casefold().split())


def table(infos: list[SessionInfo]) -> html.Div:
    """The sessions as a table; on a narrow screen the stylesheet turns its rows into cards."""
    heads = (
        "Session",
        "Model",
        "Steps",
        "Size",
        "Recorded",
        "State",
        html.Span("Actions", className="visually-hidden"),
    )
    body = [_row(info) for info in infos[:MOST_ROWS]]
    more = f"{len(infos) - MOST_ROWS:,} more: search to find them." if len(infos) > MOST_ROWS else ""
    return html.Div(
        [
            html.Table(
                [html.Thead(html.Tr([html.Th(head, scope="col") for head in heads])), html.Tbody(body)],
                className="table table-hover align-middle sessions-table",
            ),
            html.P(more, className="mri-muted"),
        ]
    )


def _row(info: SessionInfo) -> html.Tr:
    words, meaning = STATES[info.state]
    readable = info.state != "broken"
    link = f"{ids.SCANNER_PATH}?{urlencode({'session': info.id})}"
    if info.state == "recording":
        link = record_box.live_address(info.id)
        words = dcc.Link("recording · watch", href=link)
    called = session_title(info)
    name = dcc.Link(called, href=link, className="sessions-name") if readable else html.Span(called)
    prompt = excerpt(info.prompt)
    kinds = ("compare", "export", "rename") if readable else ()
    buttons = [_button(f"session-{kind}", info, kind.capitalize()) for kind in kinds]
    if info.state != "recording":
        buttons.append(_button("session-delete", info, "Delete"))
    cells = [
        [name, html.Div(prompt if prompt != called else "", className="sessions-prompt")],
        info.model_id or "–",
        f"{info.num_steps:,}",
        size(info.bytes_on_disk),
        when(info.start_time),
        html.Span(words, className=f"sessions-state sessions-{info.state}", title=info.error or meaning),
        html.Div(buttons, className="d-flex gap-1 justify-content-end"),
    ]
    return html.Tr([html.Td(cell) for cell in cells], id=f"row-{info.id}")


def _button(kind: str, info: SessionInfo, label: str) -> html.Button:
    return html.Button(
        label,
        id={"type": kind, "id": info.id},
        type="button",
        className="mri-button sessions-button",
        **{"aria-label": f"{label} {session_title(info)}"},
    )


def excerpt(text: str, most_chars: int = 140) -> str:
    """The start of a text that others wrote, with control and bidirectional characters as escapes."""
    shown = display(text[:most_chars].encode("utf-8", "replace"))
    return shown + "…" if len(text) > most_chars else shown


def size(num_bytes: int) -> str:
    """`1.3 MB`, decimal units."""
    if num_bytes < 1000:
        return f"{num_bytes} B"
    for unit, scale in (("KB", 1e3), ("MB", 1e6)):
        if num_bytes < 1000 * scale:
            return f"{num_bytes / scale:.1f} {unit}"
    return f"{num_bytes / 1e9:.1f} GB"


def when(start_time: str) -> str:
    """`2026-07-03 14:05` in the server's time zone, of an ISO 8601 time."""
    try:
        return datetime.fromisoformat(start_time).astimezone().strftime("%Y-%m-%d %H:%M")
    except ValueError:
        return "–"
