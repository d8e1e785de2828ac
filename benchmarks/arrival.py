"""A first visit with an empty cache: when the first picture stands, and when its charts do; near, and over a slow line.

MRI_BENCH_AGAINST names a commit whose checkout is measured in the same run, before and after by turns.
"""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright
from rich.table import Table

from mri.paths import DATA
from tests.browser.ensure_browser import launch
from tests.browser.scanner_page import until
from tests.browser.serving import HINTS_SEEN

ROOT = DATA.parent
VISITS = 5
SLOW_LINE = {"offline": False, "latency": 150, "downloadThroughput": 1.6e6 / 8, "uploadThroughput": 0.75e6 / 8}
"""1.6 Mbit/s and 150 ms: what browsers' own tools call a slow 4G."""
VIEWS = ("simple", "full")
GOALS = {
    "localhost": {"simple": ("≤ 1.0 s", ""), "full": ("≤ 1.2 s", "")},
    "1.6 Mbit/s, 150 ms": {"simple": ("≤ 4 s", ""), "full": ("≤ 6 s", "≤ 11 s")},
}
PICTURE = "window.mri?.timings?.draw.length > 0"
CHARTS = "document.querySelector('.js-plotly-plot .main-svg') !== null"
WATCH = f"""const arrived = window.arrived = {{}};
(function look() {{
  if (!arrived.picture && {PICTURE}) arrived.picture = performance.now();
  if (!arrived.charts && {CHARTS}) arrived.charts = performance.now();
  if (!arrived.picture || !arrived.charts) requestAnimationFrame(look);
}})();"""


def table() -> Table:
    out = Table(title=f"Arrival: a first visit of /, empty cache, median of {VISITS}", title_justify="left")
    measured = ("first picture (s)", "goal", "charts (s)", "goal", "megabytes", "requests")
    for column in ("line", "commit", "view", *measured):
        out.add_column(column, justify="right" if column in measured else "left")
    against = os.environ.get("MRI_BENCH_AGAINST")
    with checkout_of(against) as old, sync_playwright() as playwright:
        browser = launch(playwright)
        trees = {against: old, "this": ROOT} if against else {"this": ROOT}
        for line in GOALS:
            # a checkout of before Simple takes no notice of `view`
            seen = [
                (name, tree, view) for name, tree in trees.items() for view in VIEWS if view == "full" or tree == ROOT
            ]
            visits: dict[tuple[str, str], list[tuple[float, ...]]] = {(str(name), view): [] for name, _, view in seen}
            for turn in range(VISITS):
                for name, tree, view in seen if turn % 2 else reversed(seen):
                    with app_of(tree) as address:
                        visits[str(name), view].append(visit(browser, address, view, is_slow=line != "localhost"))
            for (name, view), times in visits.items():
                picture, charts, megabytes, requests = (
                    statistics.median(column) for column in zip(*times, strict=True)
                )
                of_picture, of_charts = GOALS[line][view]
                shown = f"{charts:.2f}" if view == "full" else "none"
                cells = (f"{picture:.2f}", of_picture, shown, of_charts, f"{megabytes:.2f}", f"{requests:.0f}")
                out.add_row(line, name, view, *cells)
        browser.close()
    return out


def visit(browser: Browser, address: str, view: str, *, is_slow: bool) -> tuple[float, float, float, int]:
    """Seconds to the first picture and to the first chart (Simple has none: 0), megabytes over the line, requests."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    context.add_init_script(HINTS_SEEN + WATCH)
    page = context.new_page()
    cdp = context.new_cdp_session(page)
    cdp.send("Network.enable")
    if is_slow:
        cdp.send("Network.emulateNetworkConditions", SLOW_LINE)
    sizes: list[float] = []
    cdp.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    page.goto(address + ("/?view=full" if view == "full" else ""), wait_until="commit")
    until(page, f"window.arrived?.{'charts' if view == 'full' else 'picture'} > 0", deadline_s=120)
    arrived = page.evaluate("window.arrived")
    context.close()
    return arrived["picture"] / 1e3, arrived.get("charts", 0) / 1e3, sum(sizes) / 1e6, len(sizes)


@contextmanager
def app_of(tree: Path) -> Iterator[str]:
    """Address of `python app.py` of a checkout."""
    server = subprocess.Popen([sys.executable, "app.py", "--port", "0"], cwd=tree, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    try:
        match = re.search(r"http://\S+", server.stdout.readline())
        assert match, "the server did not start"
        yield match.group()
    finally:
        server.terminate()
        server.wait()


@contextmanager
def checkout_of(commit: str | None) -> Iterator[Path]:
    """A folder with the files of `commit`."""
    with tempfile.TemporaryDirectory() as folder:
        if commit:
            archive = subprocess.run(["git", "archive", commit], cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout
            subprocess.run(["tar", "x", "-C", folder], input=archive, check=True)
        yield Path(folder)
