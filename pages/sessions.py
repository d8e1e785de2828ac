"""The library of sessions: search, open, rename, import, export, delete. Layout and the callbacks of the dialogs.

The list itself is JavaScript's (assets/js/pages/sessions.mjs): Dash would take seconds to draw two hundred lines.
"""

from __future__ import annotations

from typing import Any

import dash
import dash_bootstrap_components as dbc
from dash import ClientsideFunction, Input, Output, State, callback, clientside_callback, ctx, dcc, html, no_update

from mri.export.files import rows_about
from mri.store.intake.copied import copy_session
from mri.store.intake.intake import MAX_FILE_BYTES
from mri.web.parts import ids, session_files, session_rows
from mri.web.parts.apart import title_in
from mri.web.services import services

dash.register_page(__name__, path=ids.SESSIONS_PATH, name="Recordings", title="Recordings · nanochat MRI", order=4)

ASKED = "sessions-asked"
Asked = dict[str, Any]
"""What the list (assets/js/pages/sessions.mjs) says of a pressed button: what, id, at (which makes each press news);
of several sessions `ids`."""


SEARCH: dict[str, Any] = {"placeholder": "Search name, prompt, model, date", "class_name": "sessions-search"}
SEARCH |= {"html_size": "32", "maxlength": 200}


CHECK = "Prove on a model that what is recorded of it is true"


def layout(**_: Any) -> html.Div:
    return html.Div(
        [
            dcc.Store(id="sessions-target"),
            dcc.Store(id="sessions-exported"),
            dcc.Store(id="sessions-changed"),
            dcc.Store(id=ASKED),
            dcc.Store(id="sessions-boot", data=True),
            dcc.Store(id="sessions-mounted"),
            html.Div(
                [
                    html.H1("Recordings"),
                    html.Button(
                        "Check a model", id="sessions-check", type="button", className="mri-button", title=CHECK
                    ),
                    dbc.Input(id="sessions-search", type="search", **SEARCH),
                ],
                className="sessions-head",
            ),
            session_files.drop_strip(MAX_FILE_BYTES),
            html.Div(id="sessions-list"),
            session_files.export_dialog(),
            _rename_dialog(),
            _delete_dialog(),
        ],
        className="mri-page sessions",
    )


def _rename_dialog() -> dbc.Modal:
    return dbc.Modal(
        [
            dbc.ModalHeader(dbc.ModalTitle("Rename the recording", id="sessions-rename-title")),
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
            dbc.ModalHeader(dbc.ModalTitle("Delete?", id="sessions-delete-title")),
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


clientside_callback(
    ClientsideFunction("mri", "mountSessions"),
    Output("sessions-mounted", "data"),
    Input("sessions-boot", "data"),
    Input("sessions-changed", "data"),
)


@callback(
    Output("sessions-target", "data"),
    Output("sessions-rename-dialog", "is_open"),
    Output("sessions-name", "value"),
    Output("sessions-delete-dialog", "is_open"),
    Output("sessions-delete-text", "children"),
    Input(ASKED, "data"),
    prevent_initial_call=True,
)
def open_dialog(asked: Asked) -> tuple[Any, ...]:
    if asked["what"] not in ("rename", "delete"):
        return (no_update,) * 5
    library, chosen = services().library, asked.get("ids") or [asked["id"]]
    infos = [library.info(each) for each in chosen if len(chosen) == 1 or not library.info(each).is_bundled]
    for info in infos or [library.info(chosen[0])]:
        library.own_path(info.id)  # else says why not
    if asked["what"] == "rename":
        return chosen, True, infos[0].name, no_update, no_update
    title = f"“{title_in(library, infos[0])}”" if len(infos) == 1 else f"{len(infos)} recordings"
    steps, num_bytes = sum(info.num_steps for info in infos), sum(info.bytes_on_disk for info in infos)
    stay = f" {len(chosen) - len(infos)} of the chosen came with nanochat MRI and stay." * (len(infos) < len(chosen))
    sentence = f"{title}, {steps:,} steps, {session_rows.size(num_bytes)}. For an hour it can be undone.{stay}"
    return [info.id for info in infos], no_update, no_update, True, sentence


@callback(Output("sessions-changed", "data", allow_duplicate=True), Input(ASKED, "data"), prevent_initial_call=True)
def copy_or_restore(asked: Asked) -> Any:
    """One callback for both: Dash takes two of the same output and input for one."""
    if asked["what"] == "copy":
        return {"copied": copy_session(services().library, asked["id"])}
    if asked["what"] != "restore":
        return no_update
    for each in asked["ids"]:
        services().library.restore(each)
    return {"restored": asked["ids"]}


clientside_callback(
    ClientsideFunction("mri", "mountImports"),
    Output("sessions-imports-ready", "data"),
    Input("sessions-imports", "data"),
)


@callback(
    Output("sessions-exported", "data"),
    Output("sessions-export-dialog", "is_open"),
    Output("sessions-export-title", "children"),
    Input(ASKED, "data"),
    prevent_initial_call=True,
)
def open_export(asked: Asked) -> tuple[Any, ...]:
    if asked["what"] != "export":
        return (no_update,) * 3
    info = services().library.info(asked["id"])
    return info.id, True, f"Export “{title_in(services().library, info)}”"


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
def rename(_click: Any, _enter: Any, chosen: list[str], name: str | None) -> tuple[Any, bool]:
    services().library.rename(chosen[0], (name or "").strip())
    return {"renamed": chosen[0], "name": name}, False


@callback(
    Output("sessions-changed", "data", allow_duplicate=True),
    Output("sessions-delete-dialog", "is_open", allow_duplicate=True),
    Input("sessions-delete", "n_clicks"),
    Input("sessions-keep", "n_clicks"),
    State("sessions-target", "data"),
    prevent_initial_call=True,
)
def delete(_delete: Any, _keep: Any, chosen: list[str]) -> tuple[Any, bool]:
    if ctx.triggered_id == "sessions-keep":
        return no_update, False
    for each in chosen:
        services().library.delete(each)
    return {"deleted": chosen}, False
