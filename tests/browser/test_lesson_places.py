"""Every moment of every lesson: what it points at is ringed whole, nothing lies on it, and its task stays in view."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Page

from mri.lessons.catalogue import Catalogue
from mri.lessons.lesson import Lesson, Moment, walk
from mri.lessons.targets import TARGETS
from mri.paths import LESSONS
from mri.server import create_app
from tests.browser.scanner_page import until
from tests.browser.serving import clean_page, served
from tests.tiers import IS_LONG_RUN

SIZES = {"desk": (1440, 900), "tablet": (768, 1024), "phone": (390, 844)}
TEXT_ABOVE_PX = 900
OFTEN = {
    "1-perceptron": ("until",), "3-words": ("stream",), "4-attention": ("scores", "induction"),
    "6-nanochat": ("cache", "softcap"),
}  # fmt: skip
"""What `make test` looks at: controls, lists, charts, a column of a table, a page without a target."""

MEASURE = """(selector) => {
  const box = (e) => { const b = e.getBoundingClientRect(); return { left: b.left, top: b.top, right: b.right, bottom: b.bottom }; };
  const meet = (a, b) => ({ left: Math.max(a.left, b.left), top: Math.max(a.top, b.top), right: Math.min(a.right, b.right), bottom: Math.min(a.bottom, b.bottom) });
  const isThere = (b) => b.right - b.left > 2 && b.bottom - b.top > 2;
  const holds = (a, b) => a.left <= b.left + 1 && a.top <= b.top + 1 && a.right >= b.right - 1 && a.bottom >= b.bottom - 1;
  const find = (s) => { const e = document.querySelector(s); return e && e.checkVisibility() && isThere(box(e)) ? e : null; };
  const [clock, stay] = [document.getElementById("mri-transport"), document.querySelector(".learn-stay")];
  const room = (e) => {
    let seen = { left: 0, top: 0, right: innerWidth, bottom: innerHeight };
    if (clock && getComputedStyle(clock).position === "fixed" && clock.checkVisibility() && !clock.contains(e)) seen.bottom = box(clock).top;
    if (stay && getComputedStyle(stay).position === "sticky" && box(stay).top <= 0 && !stay.contains(e)) seen.top = box(stay).bottom;
    for (let at = e.parentElement; at && at !== document.body; at = at.parentElement) {
      const { overflowX, overflowY, display } = getComputedStyle(at);
      if (display !== "contents" && (overflowX !== "visible" || overflowY !== "visible")) seen = meet(seen, box(at));
    }
    return seen;
  };
  const wrong = [];
  const [ring, task, note] = [".learn-ring", ".learn-task", ".learn-note"].map(find);
  const target = selector && document.querySelector(selector);
  if (task && !holds(room(task), box(task))) wrong.push("the task is not in view whole");
  if (selector && (!target || !isThere(meet(box(target), room(target))))) return [...wrong, "the target is not in view"];
  if (!target) return wrong;
  const [whole, space, seen] = [box(target), room(target), meet(box(target), room(target))];
  const covers = (size, from, to) => seen[to] - seen[from] >= Math.min(whole[to] - whole[from], 0.85 * (space[to] - space[from])) - 2;
  if (!covers("height", "top", "bottom") || !covers("width", "left", "right")) wrong.push("of the target only a part is in view");
  const hit = document.elementFromPoint((seen.left + seen.right) / 2, (seen.top + seen.bottom) / 2);
  if (target.tagName !== "COL" && !(hit && (target.contains(hit) || hit.contains(target)))) wrong.push(`${hit?.className} lies on the target`);
  if (note && isThere(meet(box(note), seen))) wrong.push("the note lies on the target");
  if (note && task && isThere(meet(box(note), box(task)))) wrong.push("the note lies on the task");
  if (!ring) return [...wrong, "there is no ring"];
  const around = box(ring);
  if (!holds(around, seen)) wrong.push("the ring does not enclose the target");
  if (!holds({ left: seen.left - 12, top: seen.top - 12, right: seen.right + 12, bottom: seen.bottom + 12 }, around)) wrong.push("the ring encloses more than the target");
  const texts = document.createTreeWalker(document.getElementById("learn"), NodeFilter.SHOW_TEXT);
  for (let text = texts.nextNode(); text; text = texts.nextNode()) {
    if (!text.data.trim() || !text.parentElement.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
    const range = document.createRange();
    range.selectNodeContents(text);
    for (const each of range.getClientRects()) {
      const word = meet(each, room(text.parentElement));
      const inner = { left: word.left + 1, top: word.top + 3, right: word.right - 1, bottom: word.bottom - 3 }; // without the line's own air
      if (isThere(inner) && isThere(meet(inner, around)) && !holds(around, inner)) wrong.push(`the ring runs through “${text.data.trim().slice(0, 30)}”`);
    }
  }
  return wrong;
}"""
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
    if name in TARGETS:
        return TARGETS[name].selector.split(",")[0]
    kind, _, argument = name.partition(":")
    by_kind = {"point": f"#mri-layers [data-key='{argument}']", "token": f"#mri-ribbon [data-position='{argument}']"}
    return by_kind.get(kind) or f"#learn-widget [data-part='{name.removeprefix('widget.')}']"


@pytest.mark.parametrize("size", SIZES)
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
        until(page, "document.querySelector('#learn')?.dataset.ready === 'need'")
        way = page.locator(".learn-way")
        way.click()
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
