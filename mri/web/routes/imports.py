"""Taking in a session file over HTTP: it goes to disk as it comes, a child process looks at it, progress is asked for.

The one route that takes more than the server's limit for requests; it has its own limit. Nothing here opens the file.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

from flask import Blueprint, current_app, jsonify, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import ClientDisconnected

from mri.errors import BadSession
from mri.format.token_text import display
from mri.store.files import disk_error
from mri.store.intake.intake import MAX_FILE_BYTES, Importer
from mri.web.routes.sessions import revalidated_json
from mri.web.services import services

import_routes = Blueprint("import_routes", __name__)

EXTENSION = "nanochat-mri-importer"
PIECE_BYTES = 1 << 18
MAX_NAME = 120


@import_routes.post("/import")
def upload() -> ResponseReturnValue:
    """Take in the session file that is the request's body; `?name=` is what it is called in sentences. 202 with the
    import's id."""
    request.max_content_length = MAX_FILE_BYTES
    length = request.content_length
    if length is None:
        return jsonify(error="This upload does not say how long it is: send it with the header Content-Length."), 411
    name = display(request.args.get("name", "").encode("utf-8", "replace"))[:MAX_NAME] or "The file"
    jobs = importer()
    target = jobs.place(length)
    try:
        _receive(target, length)
    except BaseException:
        jobs.give_up(target)
        raise
    return revalidated_json(jobs.start(target, name).to_json()), 202


@import_routes.get("/import/<import_id>")
def status(import_id: str) -> ResponseReturnValue:
    """Where an import stands: waiting, checking, converting, finished (then with `session_id`) or error."""
    return revalidated_json(importer().status(import_id).to_json())


def importer() -> Importer:
    """The running app's."""
    found: Importer = current_app.extensions.setdefault(EXTENSION, Importer(services().library))
    return found


def _receive(target: Path, length: int) -> None:
    """The body, piece by piece. Raises BadSession where it ends early, StoreError."""
    got = 0
    try:
        with open(target, "wb") as file, contextlib.suppress(ClientDisconnected):
            while piece := request.stream.read(PIECE_BYTES):
                got += file.write(piece)
    except OSError as error:
        raise disk_error("write", target.parent, error) from error
    if got != length:
        raise BadSession(f"Only {got:,} of {length:,} bytes arrived: send the file again.")
