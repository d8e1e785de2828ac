"""One meaning for a colour inside pictures, as the browser computes it; and what is left of a page on paper."""

import pytest

from mri.panels.theme import THEMES
from tests.browser.places import copy_sessions
from tests.browser.serving import clean_page

SCAN = "/?session=demo-gift&view=full&step=14&point=block.3.resid_post&neuron=129&tab=predictions&flow=tokens"

SAYS = {
    ".mri-token.is-next": ("outlineColor", "violet"),
    ".mri-says-next b": ("color", "violet"),
    ".mri-following b": ("color", "violet"),
    ".mri-mark-l2": ("::before backgroundColor", "text"),
    ".mri-mark-p99": ("::before backgroundColor", "muted"),
    ".mri-mark-sparsity": ("::before backgroundColor", "muted"),
}
FILM = {".mri-plate-name.is-selected": ("color", "#ffffff"), ".mri-column.is-read": ("color", "#ffffff")}
COMPUTED = """([selector, property]) => {
    const [name, pseudo] = property.split(" ").reverse();
    return getComputedStyle(document.querySelector(selector), pseudo)[name]; }"""
PAGES = {
    "scan": SCAN,
    "pair": "/compare?a=demo-gift&b=pair-gift&align=mapping&step=14",
    "recordings": "/sessions",
    "course": "/learn",
}
ON_PAPER = """() => {
    const seen = (node) => node.checkVisibility() && node.getBoundingClientRect().width > 1;
    const fixed = [...document.querySelectorAll("body *")].filter((node) =>
        seen(node) && ["fixed", "sticky"].includes(getComputedStyle(node).position));
    const elsewhere = "svg, .mri-stage, select, .visually-hidden"; // what clips its own picture
    const cut = [...document.querySelectorAll(".mri-main *")].filter((node) => seen(node) && !node.closest(elsewhere)
        && node.clientHeight > 0 && node.scrollHeight > node.clientHeight + 2
        && !["visible", "clip"].includes(getComputedStyle(node).overflowY));
    const { backgroundColor: ground, color: ink } = getComputedStyle(document.body);
    const names = (nodes) => nodes.map((node) => node.className);
    return { ground, ink, fixed: names(fixed), cut: names(cut), header: seen(document.querySelector(".mri-header")) };
}"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return copy_sessions(tmp_path_factory.mktemp("sessions"))


def rgb(colour):
    return f"rgb({', '.join(str(int(colour[i : i + 2], 16)) for i in (1, 3, 5))})"


@pytest.mark.parametrize("theme", THEMES)
def test_a_colour_says_the_same_wherever_it_is(browser, site, theme):
    with clean_page(browser, site) as page:
        page.goto(SCAN)
        for selector in [*SAYS, *FILM]:
            page.locator(selector).first.wait_for(state="attached")
        page.evaluate("(theme) => { document.documentElement.dataset.bsTheme = theme; }", theme)
        page.wait_for_timeout(300)  # colours may move to the other theme
        found = {selector: page.evaluate(COMPUTED, [selector, of]) for selector, (of, _) in {**SAYS, **FILM}.items()}
        wanted = {selector: rgb(THEMES[theme][name]) for selector, (_, name) in SAYS.items()}
        assert found == wanted | {selector: rgb(colour) for selector, (_, colour) in FILM.items()}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_on_paper_is_whole_on_white_and_nothing_lies_on_it(browser, site, name):
    with clean_page(browser, site, tolerated="preloaded") as page:
        page.goto(PAGES[name])
        page.locator(".mri-main canvas, .mri-main table, .learn-course, h1").first.wait_for(state="attached")
        page.wait_for_load_state("networkidle")
        page.emulate_media(media="print")
        page.set_viewport_size({"width": 740, "height": 1047})
        paper = page.evaluate(ON_PAPER)
        assert paper == {
            "ground": "rgb(255, 255, 255)",
            "ink": rgb(THEMES["light"]["text"]),
            "fixed": [],
            "cut": [],
            "header": False,
        }
