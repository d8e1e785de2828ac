"""Simple in headless Chromium with software WebGL: pictures a second while a sentence plays at its usual pace."""

from __future__ import annotations

import logging
import shutil
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright
from rich.table import Table

from benchmarks.scanner import LEAST_PIXELS, PLAY_S, SIZE
from mri.paths import SESSIONS
from mri.web.server import create_app
from tests.browser.ensure_browser import launch
from tests.browser.scanner_page import open_scanner, until
from tests.browser.serving import HINTS_SEEN, served

SUBJECTS = {"/": "the sentence of a first visit", "/?session=demo-story&view=simple": "a story of 80 steps"}
DEVICE_SCALE = 1.14
"""Makes the drawing buffer large enough."""
COUNT = "[window.mri.stage.tower.numPainted, performance.now()]"
FRAMES = """(ms) => new Promise((resolve) => { const began = performance.now(); let frames = 0;
    const tick = (now) => { frames++;
      now - began < ms ? requestAnimationFrame(tick) : resolve(frames / (now - began) * 1000); };
    requestAnimationFrame(tick); })"""


def table() -> Table:
    out = Table(title="Simple: a sentence plays, 1440 × 900, software WebGL", title_justify="left")
    for column in ("recording", "what", "measured", "goal"):
        out.add_column(column, justify="right" if column == "measured" else "left")
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        for name in ("demo-gift", "demo-story", "pair-gift"):
            shutil.copy(SESSIONS / f"{name}.h5", folder)
        with served(create_app(Path(folder))) as address:
            browser = launch(playwright)
            context = browser.new_context(viewport=SIZE, device_scale_factor=DEVICE_SCALE, base_url=address)
            context.add_init_script(HINTS_SEEN)
            empty = context.new_page()
            empty.goto("/assets/scales.json")
            out.add_row("an empty page", "frames that the browser asks for a second", f"{frames(empty):.0f}", "")
            empty.close()
            for where, name in SUBJECTS.items():
                page = context.new_page()
                open_scanner(page, where)
                pixels = page.evaluate("window.mri.stage.tower.canvas.width * window.mri.stage.tower.canvas.height")
                assert pixels >= LEAST_PIXELS, f"the drawing buffer has {pixels} pixels only"
                out.add_row(name, "drawing buffer", f"{pixels / 1e6:.2f} MP", f"≥ {LEAST_PIXELS / 1e6:.2f} MP")
                for is_on in (False, True):
                    painted, tier = play(page, is_on)
                    governor = f"governor on, tier {tier} of 2" if is_on else "everything on"
                    out.add_row(name, f"pictures a second, {governor}", f"{painted:.0f}", "60")
                page.close()
            browser.close()
    return out


def frames(page: Page) -> float:
    """What there is to have on this machine now: frames a second of a page that draws nothing."""
    return float(page.evaluate(FRAMES, 1000 * PLAY_S / 2))


def play(page: Page, governed: bool) -> tuple[float, int]:
    """In a loop for PLAY_S, at 3 words a second.  -> pictures a second; tier of quality"""
    page.evaluate(
        """(isOn) => { const { player, stage } = window.mri;
            Object.assign(stage.tower.quality, { isOn, tier: 2 });
            player.setPace(3); player.setLoop([0, player.lastStep]); player.play(); }""",
        governed,
    )
    until(page, "window.mri.player.step > 1")
    page.wait_for_timeout(2000)  # what it had to fetch and compile is not counted
    painted, began = page.evaluate(COUNT)
    page.wait_for_timeout(1000 * PLAY_S)
    painted_after, ended = page.evaluate(COUNT)
    tier = page.evaluate("window.mri.stage.tower.quality.tier")
    page.evaluate("window.mri.player.pause()")
    return (painted_after - painted) / (ended - began) * 1000, tier
