"""HTTP routes of what a person takes away from the Scanner: a panel's numbers as CSV, the step as Python.

Reads the address's query into a selection; tables of panels are `mri/panels`', those of files `mri/export`'s. Errors
leave as {"error": sentence}.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from mri.export.files import ALL, file_name, pieces
from mri.export.snippet import step_snippet, why_snippet
from mri.format.checks import whole
from mri.panels import why
from mri.panels.panel import panel_named
from mri.panels.scan import Scan
from mri.panels.selection import Selection
from mri.web.routes.sessions import REVALIDATE
from mri.web.services import services

downloads = Blueprint("downloads", __name__)

BINARY = "application/octet-stream"
MIMETYPES = {"csv": "text/csv", "json": "application/json"}


@downloads.get("/sessions/<session_id>/panels/<kind>.csv")
def panel(session_id: str, kind: str) -> ResponseReturnValue:
    """`?step=&point=&neuron=&layer=&head=&stat=&temperature=`, `points=a,b` for the stage, `watched=a:1,b:2`: as on
    the screen."""
    reader, step = services().library.open(session_id), whole("step", request.args.get("step", ""))
    found, selected = panel_named("scanner", kind), Selection.from_mapping(request.args)
    return sent(lambda: found.csv(Scan(reader, step), selected), "text/csv")


@downloads.get("/sessions/<session_id>/export/<what>.<kind>")
def export(session_id: str, what: str, kind: str) -> ResponseReturnValue:
    """A table (`stats`, `topk`, …) as parquet, csv or json, `all` of them as a zip, or `all.h5`, the session itself.
    Sent while it is made."""
    reader = services().library.open(session_id).as_of_now()
    response = sent(lambda: pieces(reader, what, kind), MIMETYPES.get(kind if what != ALL else "", BINARY))
    response.headers["Content-Disposition"] = f'attachment; filename="{file_name(session_id, what, kind)}"'
    return response


@downloads.get("/sessions/<session_id>/python")
def python(session_id: str) -> ResponseReturnValue:
    """`?step=&point=`: a snippet that opens this session on this machine; with `why=1&token=&against=` of what each
    part wrote."""
    reader = services().library.open(session_id)
    step, point = whole("step", request.args.get("step", "")), request.args.get("point", "")
    reader.session.layout.row(point)  # raises on a hook point that is not there
    if request.args.get("why"):
        token, against = why.pair(Scan(reader, step), Selection.from_mapping(request.args))
        text = why_snippet(reader.path, step, token, against)
    else:
        text = step_snippet(reader.path, step, point)
    response = Response(text, mimetype="text/plain")
    response.headers["Cache-Control"] = REVALIDATE
    return response


def sent(make: Callable[[], Iterator[bytes]], mimetype: str) -> Response:
    """An answer that goes out while it is made, in its turn among all downloads. Raises what `make` raises, before
    anything is sent, and BusyError."""
    end = services().downloads.take()
    try:
        made = make()
        body = _ended_by(end, chain([next(made, b"")], made))
    except BaseException:
        end()
        raise
    response = Response(body, mimetype=mimetype)
    response.call_on_close(end)  # where nobody asked for a single piece
    response.headers["Cache-Control"] = REVALIDATE
    return response


def _ended_by(end: Callable[[], None], body: Iterator[bytes]) -> Iterator[bytes]:
    try:
        yield from body
    finally:
        end()
