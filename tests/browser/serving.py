"""A real server and a real page that fails a test on any console error, page error or outside request."""

from __future__ import annotations

import random
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from dash import Dash
from playwright.sync_api import Browser, Page, expect
from werkzeug.serving import make_server

PHONE = {"width": 390, "height": 800}
HINTS_SEEN = "try { localStorage.setItem('mri-hints-seen', 'in a test'); } catch {}"
"""For a context's init script: this browser has shown the hints of the first visit."""

FULL = "try { localStorage.getItem('mri-view') ?? localStorage.setItem('mri-view', 'full'); } catch {}"
"""Likewise: in this browser somebody chose Full before."""

DESKTOP = {"width": 1280, "height": 800}


@cache
def usual_port() -> int:
    """One that is free, outside of the range that connections take: a browser keeps what it compiled for an address."""
    return next(port for port in random.sample(range(20_000, 32_000), 100) if _is_free(port))


def usual_address() -> str:
    return f"http://127.0.0.1:{usual_port()}"


def _is_free(port: int) -> bool:
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


@contextmanager
def served(app: Dash) -> Iterator[str]:
    """Address of the app behind werkzeug's threaded server: the usual one, or another while that is taken."""
    port = usual_port() if _is_free(usual_port()) else 0
    server = make_server("127.0.0.1", port, app.server, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


HARNESS = "GPU stall due to ReadPixels"
"""Chromium's software renderer copies each WebGL picture to the page and says that this is slow."""


@contextmanager
def clean_page(
    browser: Browser,
    address: str,
    viewport: dict[str, int] = DESKTOP,
    *,
    first_visit: bool = False,
    full: bool = True,
    tolerated: str = HARNESS,
) -> Iterator[Page]:
    """A new page that starts at no address; on leaving, nothing may have gone wrong in it.

    first_visit: with the hints that a browser shows only once; full: the Scanner's page is Full; tolerated: what the
    console may say.
    """
    page = _new_page(browser, address)
    page.set_viewport_size(viewport)
    if not first_visit:
        page.add_init_script(HINTS_SEEN)
    if full:
        page.add_init_script(FULL)
    page.set_default_timeout(60_000)
    expect.set_options(timeout=60_000)  # a busy machine draws slowly; nothing waits longer than it must
    wrong: list[str] = []
    page.on(
        "console",
        lambda message: (
            message.type in ("error", "warning")
            and HARNESS not in message.text
            and tolerated not in message.text
            and wrong.append(message.text)
        ),
    )
    page.on("pageerror", lambda error: wrong.append(error.stack or error.message))
    page.on(
        "request",
        lambda request: (
            request.url.startswith(("http", "ws"))
            and not request.url.startswith(address)
            and wrong.append(f"outside request: {request.url}")
        ),
    )
    try:
        yield page
        assert not wrong, wrong
    finally:
        page.close()


def _new_page(browser: Browser, address: str) -> Page:
    """At the usual address one of the browser's own profile, which has its compiled scripts and is empty otherwise:
    compiling Plotly and Dash takes more of the processor than most tests do."""
    if address != usual_address() or not browser.contexts:
        return browser.new_page(base_url=address, reduced_motion="reduce", color_scheme="dark")
    page = browser.contexts[0].new_page()
    stored = {"origin": address, "storageTypes": "cookies,indexeddb,local_storage"}
    page.context.new_cdp_session(page).send("Storage.clearDataForOrigin", stored)
    return page
