"""The Scanner in headless Chromium: drawing one scrub step from memory, key to paint, requests while scrubbing."""

from __future__ import annotations

import logging
import statistics
import time

from playwright.sync_api import Page, sync_playwright
from rich.table import Table

from mri.web.server import create_app
from tests.browser.ensure_browser import launch
from tests.browser.scanner_page import open_scanner, until
from tests.browser.serving import served

SIZE = {"width": 1440, "height": 900}
NUM_KEYS = 300


def table() -> Table:
    out = Table(
        title=f"Screen: {NUM_KEYS} scrub steps of a demo session at 1440 × 900, software rendering",
        title_justify="left",
    )
    for column in ("what", "measured", "goal"):
        out.add_column(column, justify="left" if column == "what" else "right")
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    with sync_playwright() as playwright, served(create_app()) as address:
        browser = launch(playwright)
        page = browser.new_page(viewport=SIZE)
        page.emulate_media(reduced_motion="reduce")  # no playing by itself
        requests: list[str] = []
        page.on("request", lambda request: requests.append(request.url))
        began = time.perf_counter()
        open_scanner(page, f"{address}/?session=demo-story&step=0")
        first_paint = time.perf_counter() - began
        num_steps = page.evaluate("window.mri.player.numSteps")
        page.evaluate("window.mri.run.want(window.mri.player.lastStep)")
        page.wait_for_load_state("networkidle")
        requests.clear()
        draw, key_to_paint = scrub(page, num_steps)
        asked = list(requests)
        browser.close()
    out.add_row("page opened → first picture", f"{first_paint:.2f} s", "")
    for name, times, goal in (
        ("drawing one step from memory", draw, "≤ 8 ms"),
        ("key press → painted", key_to_paint, ""),
    ):
        out.add_row(f"{name}, median", f"{statistics.median(times):.2f} ms", "")
        out.add_row(f"{name}, 95th percentile", f"{percentile(times, 95):.2f} ms", goal)
    out.add_row("requests for frames while scrubbing", str(sum("/frames" in url for url in asked)), "0")
    out.add_row("callbacks while scrubbing, per step (they serve a clock at rest)", f"{len(asked) / len(draw):.3f}", "")
    return out


def scrub(page: Page, num_steps: int) -> tuple[list[float], list[float]]:
    """Press → (← at the end) NUM_KEYS times, each after the last was painted. -> ms of each draw and key to paint."""
    draw, key_to_paint = [], []
    page.evaluate("window.mri.timings.draw.length = window.mri.timings.keyToPaint.length = 0")
    for i in range(NUM_KEYS):
        page.keyboard.press("ArrowRight" if i // (num_steps - 1) % 2 == 0 else "ArrowLeft")
        until(page, "window.mri.timings.keyToPaint.length > 0")
        draw += page.evaluate("window.mri.timings.draw.splice(0)")
        key_to_paint += page.evaluate("window.mri.timings.keyToPaint.splice(0)")
    return draw, key_to_paint


def percentile(values: list[float], percent: int) -> float:
    return statistics.quantiles(values, n=100)[percent - 1]
