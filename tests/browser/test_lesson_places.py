"""Every moment of every lesson: what it points at is ringed whole, nothing lies on it, and its task stays in view."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page

from mri.lessons.catalogue import Catalogue
from mri.lessons.lesson import Lesson, Moment, walk
from mri.lessons.targets import targets
from mri.paths import LESSONS
from mri.web.server import create_app
from tests.browser.scanner_page import until
from tests.browser.serving import clean_page, served
from tests.tiers import IS_LONG_RUN

SIZES = {"desk": (1440, 900), "tablet": (768, 1024), "phone": (390, 844)}
TEXT_ABOVE_PX = 900
OFTEN = {
    "1-perceptron": ("until",),
    "3-words": ("stream",),
    "4-attention": ("scores", "induction"),
    "6-nanochat": ("cache", "softcap"),
    "7-why": ("wrote", "looks"),
}
"""What `make test` looks at: controls, lists, charts, a column of a table, a page without a target."""

MEASURE = Path(__file__).with_name("lesson_places.js").read_text("utf-8")
"""What is wrong with the moment that is shown, in sentences. `selector`: of its target, or null."""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with served(create_app(tmp_path_factory.mktemp("sessions"))) as address:
        yield address


def moments() -> list[tuple[Lesson, int, Moment]]:
    return [
        (lesson, at, moment)
        for lesson in Catalogue(LESSONS).lessons()
        for at, moment in enumerate(lesson.moments, 1)
        if IS_LONG_RUN or moment.id in OFTEN.get(lesson.id, ())
    ]


def selector_of(name: str) -> str:
    """Of a target that stands in a moment's field."""
    if name in targets():
        return targets()[name].selector.split(",")[0]
    kind, _, argument = name.partition(":")
    by_kind = {"point": f"#mri-layers [data-key='{argument}']", "token": f"#mri-ribbon [data-position='{argument}']"}
    return by_kind.get(kind) or f"#learn-widget [data-part='{name.removeprefix('widget.')}']"


@pytest.mark.parametrize(
    "size", ["phone", *(pytest.param(size, marks=pytest.mark.long) for size in ("desk", "tablet"))]
)
def test_what_is_pointed_at_is_ringed_whole_and_the_task_stays_in_view(browser, site, size):
    width, height = SIZES[size]
    wrong = {}
    with clean_page(browser, site, {"width": width, "height": height}) as page:
        for lesson, at, moment in moments():
            if f"lesson={lesson.id}&" in page.url:
                page.locator(f".learn-dots li:nth-child({at}) button").click()
            else:
                page.goto(f"/learn?lesson={lesson.id}&moment={at}")
            until(page, f"document.querySelector('#learn')?.dataset.ready === '{moment.id}'")
            if found := faults(page, moment, lead=width <= TEXT_ABOVE_PX):
                wrong[f"{lesson.id} {moment.id}"] = found
    assert not wrong, json.dumps(wrong, indent=1, ensure_ascii=False)


def faults(page: Page, moment: Moment, *, lead: bool) -> list[str]:
    """What is still wrong when all has come."""
    place = place_of(moment) if lead else moment.target
    is_term = place is not None and place != moment.target
    selector = selector_of(place) if place and not place.startswith("neuron:") else None
    if selector:
        until(page, f"document.querySelector({selector!r})")
    if lead:
        page.locator(".learn-way").click()
    found: list[str] = ["not looked"]
    for _ in range(40):
        found = [each for each in page.evaluate(MEASURE, selector) if not (is_term and "ring" in each)]
        if not found:
            break
        page.wait_for_timeout(100)
    return found


def place_of(moment: Moment) -> str:
    """Where “Show me where” leads: what the task names first, the target, or the picture."""
    terms = [node["term"] for node in walk(moment.do["text"] if moment.do else []) if "term" in node]
    return terms[0] if terms else moment.target or ("widget" if moment.widget else "stage")


def test_a_phone_leads_to_the_control_and_back(browser, site):
    with clean_page(browser, site, {"width": 390, "height": 844}) as page:
        page.goto("/learn?lesson=4-attention&moment=1")
        way = page.locator(".learn-way")
        way.click()  # before the charts have come
        until(page, "document.querySelector('#graph-heads')?.getBoundingClientRect().bottom < innerHeight")
        until(page, "document.querySelector('.learn-way').textContent.includes('Back')")
        way.click()
        until(page, "document.querySelector('.learn-title').getBoundingClientRect().top >= 0")


def test_a_formula_stands_below_its_paragraph_and_covers_nothing(page):
    page.goto("/learn?lesson=4-attention&moment=1")
    until(page, "document.querySelector('#learn')?.dataset.ready === 'need'")
    number = page.locator(".learn-prose [data-number=weight_5]")
    number.click()
    formula, texts = page.locator(".learn-formula"), page.locator(".learn-prose > p, .learn-task, .learn-note")
    box = formula.bounding_box()
    assert box is not None
    for at in range(texts.count()):
        other = texts.nth(at).bounding_box()
        assert other is not None
        assert other["y"] >= box["y"] + box["height"] or other["y"] + other["height"] <= box["y"]
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.dataset.number") == "weight_5"
