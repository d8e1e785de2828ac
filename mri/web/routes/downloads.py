"""HTTP routes of what a person takes away from the Scanner: a panel's numbers as CSV, the step as Python.

Reads the address's query into a selection; the tables are `mri/export`'s. Errors leave as {"error": sentence}.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from mri.errors import ConfigError
from mri.export.files import ALL, file_name, pieces
from mri.export.panels import Selection, panel_csv
from mri.export.snippet import step_snippet
from mri.format.checks import whole
from mri.web.routes.sessions import REVALIDATE
from mri.web.services import services

downloads = Blueprint("downloads", __name__)

BINARY = "application/octet-stream"
MIMETYPES = {"csv": "text/csv", "json": "application/json"}


@downloads.get("/sessions/<session_id>/panels/<kind>.csv")
def panel(session_id: str, kind: str) -> ResponseReturnValue:
    """`?step=&point=&neuron=&layer=&head=&stat=&temperature=`, `points=a,b` for the stage, `watched=a:1,b:2`: as on
    the screen."""
    reader = services().library.open(session_id)
    return sent(lambda: panel_csv(reader, kind, _selection()), "text/csv")


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
    """`?step=&point=`: a snippet that opens this session on this machine."""
    reader = services().library.open(session_id)
    selected = _selection()
    reader.session.layout.row(selected.point)  # raises on a hook point that is not there
    response = Response(step_snippet(reader.path, selected.step, selected.point), mimetype="text/plain")
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


def _selection() -> Selection:
    given = request.args
    pairs = [name.rpartition(":") for name in given.get("watched", "").split(",") if name]
    return Selection(
        step=whole("step", given.get("step", "")),
        point=given.get("point", ""),
        neuron=whole("neuron", given.get("neuron", "0")),
        layer=whole("layer", given.get("layer", "0")),
        head=whole("head", given.get("head", "0")),
        stat=given.get("stat", "l2"),
        temperature=_number("temperature", given.get("temperature", "1")),
        points=tuple(name for name in given.get("points", "").split(",") if name),
        watched=tuple((key, whole("watched", neuron)) for key, _, neuron in pairs),
    )


def _number(name: str, value: str) -> float:
    try:
        return float(value)
    except ValueError as error:
        raise ConfigError(f"{name}={value!r} must be a number.") from error
