"""Puts the web app together: Dash pages, HTTP routes, the guard in front, one place where errors become sentences.

Serves what the library holds and hands recordings to the worker process; never imports torch.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from pathlib import Path

import dash
from dash import Dash, set_props
from flask import Flask, jsonify
from flask.typing import ResponseReturnValue
from flask_bootstrap import Bootstrap5
from werkzeug.exceptions import HTTPException

from mri import errors
from mri.guard import Guard, content_security_policy, inline_script_hashes
from mri.live.worker import GenerationWorker
from mri.paths import SESSIONS
from mri.routes import compress, routes
from mri.store.library import Library
from mri.ui import components, ids, record_box
from mri.ui.services import EXTENSION, Services

ROOT = Path(__file__).resolve().parents[1]
MAX_REQUEST_BYTES = 2 << 20
BOOTSTRAP_CSS = "/bootstrap/static/css/bootstrap.min.css"

STATUS = {
    errors.SessionNotFound: 404,
    errors.BadSession: 422,
    errors.StoreError: 507,
    errors.WorkerError: 503,
}
"""HTTP status of an error; what is not listed is the request's fault: 400."""

log = logging.getLogger("mri")


def create_app(
    sessions: Path = SESSIONS,
    model: Path | None = None,
    allow_hosts: Iterable[str] = (),
    debug: bool = False,
    worker: GenerationWorker | None = None,
) -> Dash:
    """The app; `.server` is the WSGI application. Starts nothing: the worker starts when it is first needed,
    unsealed sessions are sealed after the first request.

    sessions      folder of recordings, made by the first one
    model         as --model: a nanochat base directory, checkpoint folder or model_*.pt; None: the embedded one
    allow_hosts   host names that the server answers to beside the local ones
    worker        another handle on the generation worker (tests)
    """
    sessions = sessions.absolute()
    model = model.absolute() if model else None
    library = Library(sessions)
    worker = worker or GenerationWorker(sessions, model)
    server = _flask(Services(library, worker, model))
    app = Dash(
        "nanochat-mri",
        server=server,  # type: ignore[arg-type]  # dash's annotation forgets Flask
        title="nanochat MRI",
        update_title="",
        use_pages=True,
        pages_folder=str(ROOT / "pages"),
        assets_folder=str(ROOT / "assets"),
        assets_path_ignore=[r"^js$"],  # modules are imported by boot.js, each once
        external_stylesheets=[BOOTSTRAP_CSS],
        index_string=components.INDEX_HTML,
        suppress_callback_exceptions=True,
        on_error=show_error,
    )
    app.layout = components.shell([dash.page_container, record_box.record_box()], record_box.open_button())
    record_box.register(app)
    if debug:
        app.enable_dev_tools(debug=True, dev_tools_hot_reload=False, dev_tools_disable_version_check=True)
    with server.test_request_context():
        server.preprocess_request()  # Dash takes over the pages' callbacks now, so that two apps do not share them
    server.before_request(_seal_once(library))
    csp = content_security_policy(inline_script_hashes(components.INDEX_HTML) + list(app.csp_hashes()))
    server.wsgi_app = Guard(server.wsgi_app, allow_hosts, csp)  # type: ignore[method-assign]
    return app


def _flask(services: Services) -> Flask:
    server = Flask("nanochat-mri", static_folder=None)
    server.static_url_path = "/static"  # Bootstrap-Flask puts its files under /bootstrap + this
    server.extensions[EXTENSION] = services
    server.config.update(
        MAX_CONTENT_LENGTH=MAX_REQUEST_BYTES,
        BOOTSTRAP_SERVE_LOCAL=True,
        COMPRESS_REGISTER=False,  # only the routes that ask for it: the extension leaves static files open
        COMPRESS_MIMETYPES=["application/json", "application/octet-stream"],
        COMPRESS_ZSTD_LEVEL=1,  # frames are mostly noise: more effort gains nothing
    )
    Bootstrap5(server)
    compress.init_app(server)
    server.register_blueprint(routes)
    server.register_error_handler(errors.MriError, _answer_mri_error)
    server.register_error_handler(HTTPException, _answer_http_error)
    return server


def _answer_mri_error(error: errors.MriError) -> ResponseReturnValue:
    return jsonify(error=str(error)), STATUS.get(type(error), 400)


def _answer_http_error(error: HTTPException) -> ResponseReturnValue:
    return jsonify(error=error.description), error.code or 500


def show_error(error: Exception) -> None:
    """Any error in a callback becomes a toast; one that is not written for a person also goes to the log."""
    if isinstance(error, errors.MriError):
        text = str(error)
    else:
        log.error("A callback failed", exc_info=error)
        text = f"Something went wrong here ({type(error).__name__}): the server's terminal has the details."
    set_props(ids.TOAST, {"data": {"text": text, "kind": "error"}})


def _seal_once(library: Library) -> Callable[[], None]:
    """A before-request function that, once, seals in the background what earlier recordings left unsealed."""
    started = threading.Event()

    def seal() -> None:
        if not started.is_set():
            started.set()
            threading.Thread(target=library.seal_unsealed, name="seal", daemon=True).start()

    return seal
