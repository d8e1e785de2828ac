"""Every lesson opened in headless Chromium with an empty cache: its text with all numbers, and its first picture."""

from __future__ import annotations

import logging
import statistics
import time

from playwright.sync_api import Browser, sync_playwright
from rich.table import Table

from mri.lessons.catalogue import Catalogue
from mri.paths import LESSONS
from mri.web.server import create_app
from tests.browser.ensure_browser import launch
from tests.browser.scanner_page import until
from tests.browser.serving import served

SIZE = {"width": 1440, "height": 900}
TIMES = 5
GOAL = "≤ 1.5 s"


def table() -> Table:
    out = Table(title=f"Lessons: opened {TIMES} times each at 1440 × 900, empty cache, median", title_justify="left")
    for column in ("lesson", "text and numbers painted", "the page stands, scan and widget too", "goal"):
        out.add_column(column, justify="left" if column in ("lesson", "goal") else "right")
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    catalogue = Catalogue(LESSONS)
    with sync_playwright() as playwright, served(create_app()) as address:
        browser = launch(playwright)
        opened(browser, f"{address}/learn?lesson={catalogue.ids()[0]}")  # the server's and the browser's own first time
        for lesson in catalogue.lessons():
            at = next((i for i, moment in enumerate(lesson.moments, 1) if moment.session), 1)
            address_of = f"{address}/learn?lesson={lesson.id}&moment={at}"
            runs = [opened(browser, address_of) for _ in range(TIMES)]
            text, whole = (statistics.median(column) for column in zip(*runs, strict=True))
            out.add_row(f"{lesson.level} {lesson.title}, page {at}", f"{text:.2f} s", f"{whole:.2f} s", GOAL)
        plain = statistics.median(plain_page(browser, f"{address}/sessions") for _ in range(TIMES))
        out.add_row("for comparison: the list of sessions, which has no scan", f"{plain:.2f} s", "", "")
        browser.close()
    return out


def plain_page(browser: Browser, address: str) -> float:
    """-> seconds until a page of Dash alone is there: what no lesson can undercut."""
    context = browser.new_context(viewport=SIZE)
    page = context.new_page()
    began = time.perf_counter()
    page.goto(address, wait_until="commit")
    until(page, "document.querySelector('table, .mri-state')")
    seconds = time.perf_counter() - began
    context.close()
    return seconds


def opened(browser: Browser, address: str) -> tuple[float, float]:
    """-> seconds from the request to the text, and until the whole page stands."""
    context = browser.new_context(viewport=SIZE, reduced_motion="reduce")
    page = context.new_page()
    began = time.perf_counter()
    page.goto(address, wait_until="commit")
    until(page, "document.querySelector('.learn-prose')?.textContent")
    text = time.perf_counter() - began
    until(page, "document.querySelector('#learn')?.dataset.ready && (!window.mri || window.mri.timings.draw.length)")
    whole = time.perf_counter() - began
    context.close()
    return text, whole
