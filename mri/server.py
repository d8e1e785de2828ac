"""Puts the web app together: Dash pages, HTTP routes, the guard in front, one place where errors become sentences.

Serves what the library holds and hands recordings to the worker process; never imports torch.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path

import dash
from dash import Dash, set_props
from dash.exceptions import DependencyException
from flask import Flask, Response, jsonify, request
from flask.typing import ResponseReturnValue
from flask_bootstrap import Bootstrap5
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from mri import errors
from mri.analysis.study import Study
from mri.compare_routes import compare_routes
from mri.downloads import downloads
from mri.guard import Guard, content_security_policy, inline_script_hashes
from mri.import_routes import import_routes
from mri.lesson_routes import lesson_routes
from mri.lesson_words_routes import lesson_words_routes
from mri.lessons.catalogue import Catalogue
from mri.live.hub import Hub
from mri.live.transport import SOCKET_OPTIONS, PlainSockets
from mri.live.worker import GenerationWorker
from mri.live_routes import live_routes, sock
from mri.neuron_routes import neuron_routes
from mri.paths import LESSONS, SESSIONS, as_path
from mri.routes import compress, meta_of, routes
from mri.store.library import Library
from mri.ui import components, ids, record_box
from mri.ui.services import EXTENSION, Services
from mri.ui.tokens import display

ROOT = Path(__file__).resolve().parents[1]
MAX_REQUEST_BYTES = 2 << 20
NOT_FOUND_PAGE = "pages.not_found_404"
BOOTSTRAP_CSS = "/bootstrap/static/css/bootstrap.min.css"

STATUS = {
    errors.SessionNotFound: 404,
    errors.LessonError: 404,
    errors.BadSession: 422,
    errors.StoreError: 507,
    errors.WorkerError: 503,
}
"""HTTP status of an error; what is not listed is the request's fault: 400."""

NOT_FOUND = "There is nothing at this address: see docs/architecture.md for those that exist."

HTTP_SENTENCES = {
    400: 'The body of this request is no valid JSON: send an object such as {"prompt": "Once"}.',
    404: NOT_FOUND,
    413: f"This request is larger than {MAX_REQUEST_BYTES:,} bytes: send less.",
    415: "The body of this request is not marked as JSON: send it with the header Content-Type: application/json.",
    500: "The server failed at this request: its terminal has the details.",
}

log = logging.getLogger("mri")


def create_app(
    sessions: Path = SESSIONS,
    model: Path | None = None,
    allow_hosts: Iterable[str] = (),
    debug: bool = False,
    worker: GenerationWorker | None = None,
    lessons: Path = LESSONS,
) -> Dash:
    """The app; `.server` is the WSGI application. Starts nothing: the worker starts when it is first needed,
    unsealed sessions are sealed after the first request, and whenever somebody asks for anything later.

    sessions      folder of recordings, made by the first one
    model         as --model: a nanochat base directory, checkpoint folder or model_*.pt; None: the embedded one
    allow_hosts   host names that the server answers to beside the local ones
    worker        another handle on the generation worker (tests)
    lessons       folder of the lessons; their recordings can be opened by id, and are in no list
    """
    sessions = as_path(sessions).absolute()
    model = as_path(model).absolute() if model else None
    library = Library(sessions, bundled=lessons.glob("*/"))
    worker = worker or GenerationWorker(sessions, model)
    hub = Hub(library, worker, lambda session_id: meta_of(library, session_id), display)
    server = _flask(Services(library, worker, model, hub, Catalogue(lessons), Study(library)))
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
    server.before_request(library.tend)
    server.after_request(_mark_unknown_page)
    csp = content_security_policy(inline_script_hashes(components.INDEX_HTML) + list(app.csp_hashes()))
    server.wsgi_app = Guard(PlainSockets(server.wsgi_app), allow_hosts, csp)  # type: ignore[method-assign]
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
        SOCK_SERVER_OPTIONS=SOCKET_OPTIONS,
        COMPRESS_ZSTD_LEVEL=1,  # frames are mostly noise: more effort gains nothing
    )
    Bootstrap5(server)
    compress.init_app(server)
    server.register_blueprint(routes)
    server.register_blueprint(live_routes)
    server.register_blueprint(downloads)
    server.register_blueprint(compare_routes)
    server.register_blueprint(lesson_routes)
    server.register_blueprint(neuron_routes)
    server.register_blueprint(import_routes)
    server.register_blueprint(lesson_words_routes)
    sock.init_app(server)
    server.register_error_handler(errors.MriError, _answer_mri_error)
    server.register_error_handler(HTTPException, _answer_http_error)
    server.register_error_handler(DependencyException, _answer_unknown_library)
    return server


def _answer_mri_error(error: errors.MriError) -> ResponseReturnValue:
    return jsonify(error=str(error)), STATUS.get(type(error), 400)


def _answer_http_error(error: HTTPException) -> ResponseReturnValue:
    code = error.code or 500
    sentence = HTTP_SENTENCES.get(code, f"The server cannot answer this request ({error.name}): check what it sends.")
    if isinstance(error, MethodNotAllowed):
        others = set(error.valid_methods or ()) - {"GET", "HEAD", "OPTIONS"}  # to Dash every address is one to GET
        allowed = " or ".join(sorted(others)) or "GET"
        sentence = f"The method {request.method} is not for this address: use {allowed}."
    return jsonify(error=sentence), code


def _answer_unknown_library(_: DependencyException) -> ResponseReturnValue:
    return jsonify(error=NOT_FOUND), 404


def _mark_unknown_page(response: Response) -> Response:
    """Dash answers every address that is no route with the app, which then shows "no such page": that is a 404."""
    if request.url_rule is None or request.url_rule.rule != "/<path:path>":
        return response
    path = request.path.strip("/")
    if path in (page["path"].strip("/") for page in dash.page_registry.values() if page["module"] != NOT_FOUND_PAGE):
        return response
    if request.path.startswith(("/sessions/", "/record/", "/live/", "/import/", "/compare/")):
        response = jsonify(error=NOT_FOUND)
    response.status_code = 404
    return response


def show_error(error: Exception) -> None:
    """Any error in a callback becomes a toast; one that is not written for a person also goes to the log."""
    if isinstance(error, errors.MriError):
        text = str(error)
    else:
        log.error("A callback failed", exc_info=error)
        text = f"Something went wrong here ({type(error).__name__}): the server's terminal has the details."
    set_props(ids.TOAST, {"data": {"text": text, "kind": "error"}})
