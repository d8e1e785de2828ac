"""The tower in headless Chromium with software WebGL: pictures a second, scrubbing, memory; the ordinary way."""

from __future__ import annotations

import logging
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import BrowserContext, CDPSession, Page, sync_playwright
from rich.console import Console
from rich.table import Table

from benchmarks.screen import percentile, scrub
from mri.paths import SESSIONS
from mri.web.server import create_app
from tests.browser.ensure_browser import launch
from tests.browser.scanner_page import open_scanner, until
from tests.browser.serving import HINTS_SEEN, served
from tests.conftest import write_random_session

SIZE = {"width": 1440, "height": 900}
DEVICE_SCALE = 1.4  # makes the drawing buffer large enough
LEAST_PIXELS = 550_000
PLAY_S = 10
STEPS_PER_S = 4  # at 1×
LOOP_MINUTES = 10
NUM_CALLBACKS = 30
LANES = ("demo-gift", "pair-gift")
SUBJECTS = {"demo-story": ("embedded model, 6 × 256", 50, 40), "synthetic": ("synthetic, 24 × 1536", 24, 60)}
CALLBACK = """async (step) => {
  const graph = () => document.querySelector("#graph-neurons .js-plotly-plot");
  const before = performance.now();
  const late = (_, reject) => setTimeout(() => reject(new Error("the callback drew nothing in 20 s")), 20_000);
  const drawn = Promise.race([new Promise((resolve) => graph().once("plotly_afterplot", resolve)), new Promise(late)]);
  const data = { ...window.mri.desk.view, step, theme: "dark" };
  window.dash_clientside.set_props("mri-view", { data });
  await drawn;
  return performance.now() - before; }"""


def table() -> Table:
    out = Table(title="Scanner: the tower at 1440 × 900, software WebGL", title_justify="left")
    for column in ("session", "what", "measured", "goal"):
        out.add_column(column, justify="right" if column == "measured" else "left")
    progress = Console(stderr=True)
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        for session in ("demo-story", *LANES):
            shutil.copy(SESSIONS / f"{session}.h5", folder)
        write_random_session(Path(folder), n_layer=24, n_embd=1536, n_head=12, num_steps=200, session_id="synthetic")
        with served(create_app(Path(folder))) as address:
            browser = launch(playwright)
            context = browser.new_context(viewport=SIZE, device_scale_factor=DEVICE_SCALE, base_url=address)
            context.add_init_script(HINTS_SEEN)
            for session, (name, fps_goal, scrub_goal) in SUBJECTS.items():
                page = context.new_page()
                for what, measured, goal in rows(page, session, fps_goal, scrub_goal):
                    out.add_row(name, what, measured, goal)
                    progress.print(f"{name}: {what}: {measured}")  # it takes a quarter of an hour
                page.close()
            out.add_row(
                "two lanes, 6 × 256", "frames per second, everything on, at 1×", f"{two_lanes(context):.0f}", "≥ 45"
            )
            browser.close()
    return out


def two_lanes(context: BrowserContext) -> float:
    """Frames per second of two recordings side by side."""
    page = context.new_page()
    session, beside = LANES
    open_scanner(page, f"/?session={session}&lanes={beside}&step=0&tab=neurons")
    until(page, "window.mri.stage.lanes.length === 2")
    return play(page, speed=1)


def rows(page: Page, session: str, fps_goal: int, scrub_goal: int) -> Iterator[tuple[str, str, str]]:
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    open_scanner(page, f"/?session={session}&step=0&tab=neurons")
    until(page, "document.querySelector('#graph-neurons .main-svg')")
    pixels = page.evaluate("window.mri.stage.tower.canvas.width * window.mri.stage.tower.canvas.height")
    assert pixels >= LEAST_PIXELS, f"the drawing buffer has {pixels} pixels only"
    yield "drawing buffer", f"{pixels / 1e6:.2f} MP", f"≥ {LEAST_PIXELS / 1e6:.2f} MP"
    yield "frames per second, everything on, at 1×", f"{play(page, speed=1):.0f}", f"≥ {fps_goal}"
    requests.clear()
    yield "frames per second, everything on, at 8×", f"{play(page, speed=8):.0f}", ""
    frames = sum("/frames" in url for url in requests)
    yield "requests for frames per 100 steps at 8×", f"{100 * frames / (STEPS_PER_S * 8 * PLAY_S):.1f}", "≤ 2"
    fps = play(page, speed=1, governed=True)
    tier = page.evaluate("window.mri.stage.tower.quality.tier")
    yield "frames per second, governor on", f"{fps:.0f} at tier {tier} of 2", ""
    page.evaluate("window.mri.player.pause(); window.mri.player.seek(0)")
    _, key_to_paint = scrub(page, page.evaluate("window.mri.player.numSteps"))
    fast = percentile(key_to_paint, 95)
    yield "key press → painted, 95th percentile", f"{fast:.0f} ms", f"≤ {scrub_goal} ms"
    slow = percentile([page.evaluate(CALLBACK, step) for step in range(NUM_CALLBACKS)], 95)
    yield "the same by callback and Plotly, 95th percentile", f"{slow:.0f} ms = {slow / fast:.1f} times", ""
    if session == "demo-story":
        yield f"JavaScript heap after {LOOP_MINUTES} minutes of looping", f"{heap_growth(page):+.1f} MB", "≤ 5 MB"


def play(page: Page, *, speed: int, governed: bool = False) -> float:
    """Play in a loop for PLAY_S.  -> frames per second"""
    page.evaluate(
        """([speed, isOn]) => { const { player, stage } = window.mri;
            Object.assign(stage.tower.quality, { isOn, tier: 2 });
            player.setLoop([0, player.lastStep]); player.setSpeed(speed); player.play(); }""",
        [speed, governed],
    )
    page.wait_for_timeout(2000)  # what it had to fetch and compile is not counted
    count = "[window.mri.stage.tower.numPainted, performance.now()]"
    painted, began = page.evaluate(count)
    page.wait_for_timeout(1000 * PLAY_S)
    painted_after, ended = page.evaluate(count)
    page.evaluate("window.mri.player.pause()")
    return (painted_after - painted) / (ended - began) * 1000


def heap_growth(page: Page) -> float:
    """MB by which the collected heap grows over LOOP_MINUTES of playing in a loop, after one minute of the same."""
    cdp = page.context.new_cdp_session(page)
    page.evaluate("window.mri.player.setLoop([0, window.mri.player.lastStep]); window.mri.player.play()")
    page.wait_for_timeout(60_000)
    before = used_mb(cdp)
    end = time.monotonic() + 60 * LOOP_MINUTES
    while time.monotonic() < end:
        page.wait_for_timeout(5000)
    after = used_mb(cdp)
    page.evaluate("window.mri.player.pause()")
    return after - before


def used_mb(cdp: CDPSession) -> float:
    for _ in range(3):
        cdp.send("HeapProfiler.collectGarbage")
    return float(cdp.send("Runtime.getHeapUsage")["usedSize"]) / 1e6
