"""A real server and a real page that fails a test on any console error, page error or outside request."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from dash import Dash
from playwright.sync_api import Browser, Page, expect
from werkzeug.serving import make_server

PHONE = {"width": 390, "height": 800}
HINTS_SEEN = "try { localStorage.setItem('mri-hints-seen', 'in a test'); } catch {}"
"""For a context's init script: this browser has shown the hints of the first visit."""

DESKTOP = {"width": 1280, "height": 800}


@contextmanager
def served(app: Dash) -> Iterator[str]:
    """Address of the app behind werkzeug's threaded server."""
    server = make_server("127.0.0.1", 0, app.server, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def is_harness(text: str) -> bool:
    """Chromium's software renderer copies each WebGL picture to the page and says that this is slow."""
    return "GPU stall due to ReadPixels" in text


@contextmanager
def clean_page(
    browser: Browser, address: str, viewport: dict[str, int] = DESKTOP, *, first_visit: bool = False
) -> Iterator[Page]:
    """A new page that starts at no address; on leaving, nothing may have gone wrong in it.

    first_visit: with the hints that a browser shows only once.
    """
    context = browser.new_context(viewport=viewport, base_url=address, reduced_motion="reduce")
    if not first_visit:
        context.add_init_script(HINTS_SEEN)
    page = context.new_page()
    page.set_default_timeout(60_000)
    expect.set_options(timeout=60_000)  # a busy machine draws slowly; nothing waits longer than it must
    wrong: list[str] = []
    page.on("console", lambda message: message.type in ("error", "warning") and not is_harness(message.text)
            and wrong.append(message.text))  # fmt: skip
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda request: request.url.startswith(("http", "ws")) and not request.url.startswith(address)
            and wrong.append(f"outside request: {request.url}"))  # fmt: skip
    try:
        yield page
        assert not wrong, wrong
    finally:
        context.close()
