"""Every page at every width: it scrolls down only, no control is cut, none lies on another, the sentence is whole."""

from pathlib import Path

import pytest

from tests.browser.places import PLACES, copy_sessions, states
from tests.browser.serving import DESKTOP, clean_page
from tests.tiers import sample

SIZES = (
    (320, 568),
    (390, 844),
    (540, 720),
    (640, 360),  # 1280 × 720 at 200 %
    (720, 450),  # 1440 × 900 at 200 %
    (768, 1024),
    (912, 1368),
    (1024, 600),
    (1280, 720),
    (1440, 900),
    (1920, 1080),
    (2560, 1440),
)

SETTLED = """(async () => { for (let i = 0; i < 4; i++) await new Promise(requestAnimationFrame); })()"""
FAULTS = (Path(__file__).parent / "faults.js").read_text("utf-8")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return copy_sessions(tmp_path_factory.mktemp("sessions"))


@pytest.mark.parametrize("place", PLACES)
def test_everything_is_whole_at_every_width(browser, site, place):
    found = []
    with clean_page(browser, site, tolerated="404" if place == "no such page" else "preloaded") as page:
        for state in states(page, place):
            if state.startswith("after "):
                continue
            for width, height in SIZES[:: sample(ci=2, long=1)]:
                page.set_viewport_size({"width": width, "height": height})
                page.evaluate(SETTLED)
                found += [f"{state}, {width} × {height}: {fault}" for fault in page.evaluate(FAULTS)]
            page.set_viewport_size(DESKTOP)
    assert not found, "\n".join(found)
