"""Puts the web app together: Dash pages, HTTP routes, the guard in front, one place where errors become sentences.

Serves what the library holds and hands recordings to the worker process; never imports torch.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterable
from html import escape
from pathlib import Path
from typing import Any

import dash
import flask_bootstrap
import plotly.io._json
from _plotly_utils.optional_imports import get_module
from dash import Dash, set_props
from flask import Flask, Response, jsonify, request

from mri import errors
from mri.format.token_text import display
from mri.lessons.catalogue import Catalogue
from mri.nanochat.locate import Loading
from mri.paths import ASSETS, IS_INSTALLED, LESSONS, ROOT, SESSIONS, as_path
from mri.store.library import Library
from mri.study.study import Study
from mri.study.turns import Turns
from mri.web import answers
from mri.web.assets import Assets
from mri.web.guard import Guard, content_security_policy, inline_script_hashes
from mri.web.live.hub import Hub
from mri.web.live.transport import SOCKET_OPTIONS, PlainSockets
from mri.web.models import Models
from mri.web.parts import components, ids, record, session_rows, simple
from mri.web.routes.checks import check_routes
from mri.web.routes.compare import compare_routes
from mri.web.routes.downloads import downloads
from mri.web.routes.forks import fork_routes
from mri.web.routes.imports import import_routes
from mri.web.routes.lesson_words import lesson_words_routes
from mri.web.routes.lessons import lesson_routes
from mri.web.routes.library import library_routes
from mri.web.routes.live import live_routes, sock
from mri.web.routes.models import model_routes
from mri.web.routes.neurons import neuron_routes
from mri.web.routes.sessions import compress, meta_of, routes
from mri.web.routes.why import why_routes
from mri.web.services import COMPUTATIONS_WAITING, EXTENSION, Services, services
from mri.web.stalls import Stalls
from mri.worker.handle import GenerationWorker

DASH_CALLBACK = "/_dash-update-component"
NOT_FOUND_PAGE = "pages.not_found_404"
BOOTSTRAP = Path(flask_bootstrap.__file__).parent / "static" / "bootstrap5" / "css" / "bootstrap.min.css"

FIRST_MODULES = {"/": "pages/simple", "/live": "pages/live", "/learn": "learn/lesson", "/compare": "pages/pair"}
"""What the first picture of a page needs beside main.mjs, fetched while Dash builds the page."""

UNUSED_SCRIPTS = ("/dash/deps/polyfill@", "/dash/dash_table/")
"""Of Dash's: what browsers that know modules have themselves, and tables, of which there are none here."""

log = logging.getLogger("mri")


def create_app(
    sessions: Path = SESSIONS,
    model: Path | None = None,
    allow_hosts: Iterable[str] = (),
    debug: bool = False,
    worker: GenerationWorker | None = None,
    lessons: Path = LESSONS,
    loading: Loading = Loading(),  # noqa: B008  (it is frozen)
    demos: Iterable[Path] = (),
) -> Dash:
    """The app; `.server` is the WSGI application. Starts nothing: the worker starts when it is first needed,
    unsealed sessions are sealed after the first request, and whenever somebody asks for anything later.

    sessions      folder of recordings, made by the first one
    model         as --model: a nanochat base directory, checkpoint folder or model_*.pt; None: the embedded one
    allow_hosts   host names that the server answers to beside the local ones
    loading       of that model: what no file says, its tokenizer, device and type, as --set, --tokenizer and so on
    worker        another handle on the generation worker (tests)
    lessons       folder of the lessons; their recordings can be opened by id, and are in no list
    demos         files of sessions that are listed whatever the folder
    """
    _mend_plotly()
    sessions = as_path(sessions).absolute()
    models = Models(as_path(model).absolute() if model else None, loading)
    library = Library(sessions, bundled=lessons.glob("*/"), demos=demos)
    worker = worker or GenerationWorker(sessions)
    hub = Hub(library, worker, lambda session_id: meta_of(library, session_id), display)
    computations = Turns(1, "computations", waiting=COMPUTATIONS_WAITING)
    study = Study(library, computations)
    server = _flask(Services(library, worker, models, hub, Catalogue(lessons), study, computations))
    app = App(
        # a module beside which pages/ lies: else Dash names the pages after the folder that one happens to stand in
        "mri.paths" if IS_INSTALLED else "app",
        server=server,  # type: ignore[arg-type]  # dash's annotation forgets Flask
        title="nanochat MRI",
        update_title="",
        use_pages=True,
        pages_folder=str(ROOT / "pages"),
        include_assets_files=False,  # mri/web/assets.py serves them
        index_string=components.INDEX_HTML,
        suppress_callback_exceptions=True,
        on_error=show_error,
    )
    app.layout = components.shell(dash.page_container, simple.view_switch(), record.open_button())
    if debug:
        app.enable_dev_tools(debug=True, dev_tools_hot_reload=False, dev_tools_disable_version_check=True)
    with server.test_request_context():
        server.preprocess_request()  # Dash takes over the pages' callbacks now, so that two apps do not share them
    server.view_functions[DASH_CALLBACK] = answers.refuse_malformed(server.view_functions[DASH_CALLBACK])
    server.before_request(library.tend)
    server.after_request(_mark_unknown_page(first_words(server)))
    csp = content_security_policy(inline_script_hashes(components.INDEX_HTML) + list(app.csp_hashes()))
    server.wsgi_app = Guard(Stalls(PlainSockets(server.wsgi_app)), allow_hosts, csp)  # type: ignore[method-assign]
    return app


class App(Dash):
    """Dash, with our style sheet and modules in the page's head and boot.js before its renderer starts."""

    assets = Assets(ASSETS, {"css/bootstrap.css": BOOTSTRAP})

    def interpolate_index(self, **parts: str) -> str:  # type: ignore[override]
        first = FIRST_MODULES.get(request.path)
        tree = self.assets.now()
        begin, later = (["js/main.mjs"], [f"js/{first}.mjs"]) if first else (["js/shell/shell.mjs"], [])
        parts["metas"] += _session_to_come() if request.path == ids.SCANNER_PATH else ""
        parts["css"] = f'<script src="{tree.address("boot.js")}"></script>\n' + tree.tags(begin, later) + parts["css"]
        tags = parts["scripts"].splitlines()
        parts["scripts"] = "\n".join(tag for tag in tags if not any(unused in tag for unused in UNUSED_SCRIPTS))
        return str(super().interpolate_index(**parts))  # type: ignore[no-untyped-call]


def _session_to_come() -> str:
    """Tells which session the Scanner is about to show, if it can, so that its data can be asked for at once."""
    library, asked = services().library, request.args.get("session")
    try:
        infos = [library.info(asked)] if asked else session_rows.readable(library)
    except errors.MriError:
        return ""
    readable = [*filter(session_rows.is_readable, infos)]
    return f'<meta name="mri-session" content="{escape(session_rows.first_session(readable).id)}">' if readable else ""


def _flask(these: Services) -> Flask:
    server = Flask("nanochat-mri", static_folder=None)
    server.extensions[EXTENSION] = these
    server.config.update(
        MAX_CONTENT_LENGTH=answers.MAX_REQUEST_BYTES,
        COMPRESS_REGISTER=False,  # only the routes that ask for it: the extension leaves static files open
        COMPRESS_MIMETYPES=["application/json", "application/octet-stream"],
        SOCK_SERVER_OPTIONS=SOCKET_OPTIONS,
        COMPRESS_ZSTD_LEVEL=1,  # frames are mostly noise: more effort gains nothing
    )
    App.assets.serve(server)
    compress.init_app(server)
    ours = routes, live_routes, downloads, compare_routes, lesson_routes, neuron_routes, import_routes
    more = lesson_words_routes, library_routes, why_routes, model_routes, check_routes, fork_routes
    for blueprint in (*ours, *more):
        server.register_blueprint(blueprint)
    sock.init_app(server)
    answers.register(server)
    return server


def _mend_plotly() -> None:
    """While it writes JSON, Plotly looks for pandas among the modules that are there, and breaks over one that another
    thread (the first export) is just importing: it shall wait for the whole of it."""

    def whole_module(name: str, should_load: bool = True) -> Any:
        return get_module(name) if should_load or name in sys.modules else None

    plotly.io._json.get_module = whole_module


def our_rules(server: Flask) -> list[str]:
    """Addresses of this package's routes, as `/sessions/<session_id>/meta`; Dash's are not ours."""
    views = server.view_functions
    return [rule.rule for rule in server.url_map.iter_rules() if views[rule.endpoint].__module__.startswith("mri.")]


def first_words(server: Flask) -> set[str]:
    """`sessions` of `/sessions/<session_id>/meta`: what lies below these is data, and no page."""
    return {rule.split("/")[1] for rule in our_rules(server)}


def _mark_unknown_page(data: set[str]) -> Callable[[Response], Response]:
    """Dash answers every address that is no route with the app, which then shows "no such page": that is a 404.
    Below `data` it is a sentence."""

    def mark(response: Response) -> Response:
        if request.url_rule is None or request.url_rule.rule != "/<path:path>":
            return response
        pages = (page["path"] for page in dash.page_registry.values() if page["module"] != NOT_FOUND_PAGE)
        path = request.path.strip("/")
        if path in (page.strip("/") for page in pages):
            return response
        if path.split("/")[0] in data:
            response = jsonify(error=answers.NOT_FOUND)
        response.status_code = 404
        return response

    return mark


def show_error(error: Exception) -> None:
    """Any error in a callback becomes a toast; one that is not written for a person also goes to the log."""
    if isinstance(error, errors.MriError):
        text = str(error)
    else:
        log.error("A callback failed", exc_info=error)
        text = f"Something went wrong here ({type(error).__name__}): the server's terminal has the details."
    set_props(ids.TOAST, {"data": {"text": text, "kind": "error"}})
