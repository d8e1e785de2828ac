"""One look: whatever is seen on a page, in both themes, has a colour of the theme, and none of Bootstrap's."""

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe

from mri.panels.theme import THEMES
from tests.browser.places import PLACES, copy_sessions, states
from tests.browser.serving import clean_page

PAPER = ("bg", "bg-high", "panel", "line", "not-captured")
INK = (
    "text",
    "muted",
    "accent",
    "accent-high",
    "on-accent",
    "violet",
    "amber",
    "danger",
    "side-a",
    "side-b",
    "selected",
)

OTHERS = (Path(__file__).parent / "others.js").read_text("utf-8")


HEADING = """() => { const title = document.querySelector("h1"), style = getComputedStyle(title);
    return [title.getBoundingClientRect().left, style.fontSize, style.fontWeight, style.color]; }"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return copy_sessions(tmp_path_factory.mktemp("sessions"))


@pytest.mark.parametrize("place", PLACES)
def test_every_colour_is_one_of_the_theme(browser, site, place):
    with clean_page(browser, site, tolerated="404" if place == "no such page" else "preloaded") as page:
        found = []
        for state in states(page, place):
            for theme in THEMES:
                page.evaluate("(theme) => { document.documentElement.dataset.bsTheme = theme; }", theme)
                found += [f"{state}, {theme}: {other}" for other in page.evaluate(OTHERS, [*PAPER, *INK])]
        assert not found, "\n".join(found)


@pytest.mark.parametrize("theme", THEMES)
def test_the_style_sheets_and_plotly_have_the_same_colours(browser, site, theme):
    with clean_page(browser, site) as page:
        page.goto("/sessions")
        page.evaluate("(theme) => { document.documentElement.dataset.bsTheme = theme; }", theme)
        names = {name: name.replace("_", "-") for name in THEMES[theme] if name not in ("plot", "zero", "bar")}
        read = (
            "(names) => names.map((name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`))"
        )
        assert dict(zip(names, page.evaluate(read, list(names.values())), strict=True)) == {
            name: THEMES[theme][name] for name in names
        }


@pytest.mark.parametrize("width", [1440, 390])
def test_pages_have_one_left_edge_and_one_kind_of_heading(browser, site, width):
    headings = {}
    with clean_page(browser, site, {"width": width, "height": 844}, tolerated="preloaded") as page:
        for place in ("live", "pairs", "course", "sessions", "a neuron"):
            next(states(page, place))
            headings[place] = page.evaluate(HEADING)
        edge = page.evaluate("parseFloat(getComputedStyle(document.documentElement).getPropertyValue('--edge'))")
    assert headings["course"][0] == edge
    del headings["course"]  # the title of a book
    assert {tuple(heading) for heading in headings.values()} == {(edge, *headings["live"][1:])}, headings


@pytest.mark.parametrize("place", ["live", "pairs", "compare", "course", "a neuron", "no such page", "sessions"])
def test_text_stands_out_from_its_ground(browser, site, place):
    with clean_page(browser, site, tolerated="404" if place == "no such page" else "preloaded") as page:
        for state in states(page, place):
            for theme in THEMES:
                page.evaluate("(theme) => { document.documentElement.dataset.bsTheme = theme; }", theme)
                found = Axe().run(page, options={"runOnly": ["color-contrast"]}).response["violations"]
                faults = [node["failureSummary"] for fault in found for node in fault["nodes"]]
                assert not faults, (state, theme, faults)
