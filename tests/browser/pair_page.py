"""The Compare page over known recordings: what its tests share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from mri.format.config import TraceConfig
from tests.browser.scanner_page import until
from tests.true_sessions import write_true_session

A, B = [0, 26, 1, 2, 3, 5, 4], [0, 26, 6, 1, 2, 5, 4]
"""“a bcdfe” and “a gbcfe”, letter by letter: the two part at position 2; five of their six steps each are matched."""
HEADS, ROWS, NEXT, ALIKE = (f"graph-compare-{name}" for name in ("heads", "attention", "predictions", "similarity"))
MAP = "window.mri.panels.map"
LINK = "/compare?a=one&b=two&align=mapping&step=3&point=block.1.resid_post"


def write_pairs(folder: Path) -> None:
    write_true_session(folder, "one", A, seed=1)
    write_true_session(folder, "two", B, seed=2)
    write_true_session(folder, "long", [0, *range(1, 27)], seed=4)
    light = TraceConfig(capture_mode="stats", prefill="stepwise")
    write_true_session(folder, "light", A, seed=3, config=light, weights_hash="other")


def open_pair(page: Page, link: str = LINK) -> None:
    page.goto(link)
    until(page, "window.mri?.timings.draw.length > 0")


def moment(page: Page) -> Any:
    return page.evaluate("window.mri.player.step")


def map_is_here(page: Page) -> None:
    until(page, f"{MAP}.data?.values.length > 0 && {MAP}.between({moment(page)}) !== null")
