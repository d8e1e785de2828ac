"""Lessons 3 and 4 in a real browser: every page by doing what it asks, on their own widgets."""

import time

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from mri.lessons.catalogue import Catalogue
from mri.paths import LESSONS
from mri.server import create_app
from tests.browser.scanner_page import click_bar, shown, until
from tests.browser.serving import PHONE, clean_page, served


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with served(create_app(tmp_path_factory.mktemp("sessions"))) as address:
        yield address


def slide(page, label, value):
    """Set a slider as a hand does, by its label."""
    page.get_by_label(label, exact=True).evaluate(
        "(input, value) => { input.value = value; input.dispatchEvent(new Event('input')); }", str(value)
    )


def type_text(page, text):
    page.get_by_label("Your text").fill(text)
    expect(page.locator(".lw-readout")).to_contain_text(f"{len(text)} characters")


def merge_to_the_end(page):
    while page.get_by_role("button", name="Merge", exact=True).is_enabled():
        page.get_by_role("button", name="Merge", exact=True).click()


def look_up(page, *words):
    for word in words:
        with page.expect_response(f"**/lessons/words/{word}"):
            page.get_by_label("A word").fill(word)
            page.get_by_label("A word").press("Enter")
        expect(page.locator("[data-part='row'] .lw-readout")).to_contain_text("256 values")


def walk_on(page):
    look_up(page, "red")
    page.get_by_role("button", name="white, cosine").click()


def select(page, **fields):
    """By the same command that a click on the picture gives."""
    until(page, "window.mri?.timings.draw.length > 0")
    page.evaluate("(fields) => window.mri.stage.context.onPick(fields)", fields)


def choose_head(page, session, layer, head):
    """By clicks on the chart of all heads, which after a change of session is drawn anew in its own time."""
    until(page, f"window.mri?.session === '{session}' && window.mri.timings.draw.length > 0")
    end = time.monotonic() + 60
    while page.evaluate("[window.mri.view.view.layer, window.mri.view.view.head]") != [layer, head]:
        assert time.monotonic() < end, "no click on the chart chose the head"
        shown(page, "graph-heads")
        click_bar(page, "graph-heads", head, layer)


def ask_as(page, *tokens):
    for token in tokens:
        page.locator(".lw-token").nth(token).click()


def press_heads(page, *heads):
    for layer, head in heads:
        page.locator("[data-part='previous']").get_by_role("button", name=f"Block {layer}, head {head}.").click()


TASKS = {
    "3-words": {
        "own-text": lambda page: type_text(page, "My dog reads newspapers"),
        "merges": merge_to_the_end,
        "whole-word": lambda page: type_text(page, "a beautiful day"),
        "ids": lambda page: page.locator("#mri-ribbon .mri-token").nth(4).click(),
        "row": lambda page: look_up(page, "Mia", "park", "seven"),
        "near": walk_on,
        "norm": lambda page: [slide(page, "Made larger or smaller", gain) for gain in (1, -1)],
        "stream": lambda page: select(page, point="block.5.resid_post"),
        "ledger": lambda page: slide(page, "Block", 5),
    },
    "4-attention": {
        "need": lambda page: choose_head(page, "lesson-dog", 2, 2),
        "query": lambda page: ask_as(page, 0, 2, 4),
        "scores": lambda page: [ask_as(page, 6), page.get_by_role("button", name="Score of red").click()],
        "sum": lambda page: ask_as(page, 5),
        "hands": lambda page: slide(page, "Move both along", 40),
        "distance": lambda page: [slide(page, "Distance in tokens", distance) for distance in (4, 1)],
        "mask": lambda page: [page.get_by_label("Causal mask").set_checked(on) for on in (False, True)],
        "window": lambda page: choose_head(page, "lesson-long", 5, 1),
        "previous": lambda page: press_heads(page, (2, 2), (4, 2)),
        "induction": lambda page: [choose_head(page, "lesson-list", 5, 1), page.keyboard.press("End")],
        "switched-off": lambda page: page.get_by_label("Heads 2.1, 2.2 and 4.2 switched off").check(),
    },
}


@pytest.mark.parametrize("lesson_id", TASKS)
def test_every_page_notices_what_it_asks_for(page, lesson_id):
    lesson = Catalogue(LESSONS).lesson(lesson_id)
    page.goto(f"/learn?lesson={lesson_id}&moment=1")
    for moment in lesson.moments:
        expect(page.locator(".learn-title")).to_have_text(moment.title)
        until(page, f"!{str(bool(moment.widget)).lower()} || document.querySelector('#learn-widget .lw-part')")
        if moment.do:
            expect(page.locator(".learn-task")).not_to_have_class("learn-task is-done")
            TASKS[lesson_id][moment.id](page)
            expect(page.locator(".learn-task")).to_have_class("learn-task is-done")
        if moment.ask:
            right = next(i for i, answer in enumerate(moment.ask["answers"]) if answer["right"])
            page.locator(".learn-answer").nth(right).click()
            expect(page.locator(".learn-answer.is-right")).to_be_visible()
        for part in page.locator("[data-term^='widget.']").evaluate_all("(terms) => terms.map((t) => t.dataset.term)"):
            name = part.removeprefix("widget.")
            assert page.locator(f"#learn-widget [data-part='{name}']").count(), f"{moment.id}: nothing is {part}"
        page.locator(".learn-next").click()
    expect(page.locator(".learn-ends")).to_be_visible()


def test_what_the_checks_say_is_on_the_screen(page):
    page.goto("/learn?lesson=3-words&moment=13")
    page.get_by_label("Your text").fill("Wonderful wonderful")
    expect(page.locator(".lw-readout")).to_have_text("19 characters, 4 tokens")
    page.goto("/learn?lesson=4-attention&moment=14")
    slide(page, "Distance in tokens", 7)
    score = float(page.locator("[data-part='hands'] .lw-readout").inner_text().split()[-1])
    slide(page, "Distance in tokens", 6)
    assert float(page.locator("[data-part='hands'] .lw-readout").inner_text().split()[-1]) < score


def test_a_word_that_is_none_is_said_so(page):
    page.goto("/learn?lesson=3-words&moment=5")
    page.get_by_label("A word").fill("xylophone")
    page.get_by_label("A word").press("Enter")
    expect(page.locator(".lw-problem")).to_contain_text("choose a word from the list")


def test_widgets_fit_a_phone(browser, site):
    with clean_page(browser, site, PHONE) as page:
        for address in ("3-words&moment=11", "4-attention&moment=3", "4-attention&moment=8"):
            page.goto(f"/learn?lesson={address}")
            expect(page.locator("#learn-widget .lw-part").first).to_be_visible()
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), address


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_axe_finds_no_serious_fault_in_the_widgets(browser, site, theme):
    with clean_page(browser, site) as page:
        page.add_init_script(f"try {{ localStorage.setItem('mri-theme', '{theme}'); }} catch {{}}")
        for address in ("3-words&moment=1", "4-attention&moment=3", "4-attention&moment=10"):
            page.goto(f"/learn?lesson={address}")
            expect(page.locator("#learn-widget .lw-part").first).to_be_visible()
            until(
                page,
                "[...document.querySelectorAll('.lw-cells i, .lw-scores button')].every((c) => c.style.background)",
            )
            found = Axe().run(page, "#learn-widget").response["violations"]
            assert [fault for fault in found if fault["impact"] in ("serious", "critical")] == [], address
