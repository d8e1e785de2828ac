"""Lessons 3 and 4 in a real browser: every page by doing what it asks, on their own widgets."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from mri.lessons.catalogue import Catalogue
from mri.paths import LESSONS
from mri.web.server import create_app
from tests.browser.lesson_walker import DRIVERS, walk_lesson
from tests.browser.scanner_page import until
from tests.browser.serving import PHONE, clean_page, served


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with served(create_app(tmp_path_factory.mktemp("sessions"))) as address:
        yield address


def slide(page, label, value):
    """Set a slider by its label."""
    page.get_by_label(label, exact=True).fill(str(value))


def write(text):
    def drive(reader):
        reader.page.get_by_label("Your text").fill(text)

    return drive


def merge_to_the_end(reader):
    button = reader.page.get_by_role("button", name="Merge", exact=True)
    while button.is_enabled():
        button.click()


def look_up(page, *words):
    for word in words:
        with page.expect_response(f"**/lessons/words/{word}"):
            page.get_by_label("A word").fill(word)
            page.get_by_label("A word").press("Enter")
        expect(page.locator("[data-part='row'] .lw-readout")).to_contain_text("256 values")


def walk_on(reader):
    look_up(reader.page, "red")
    reader.page.get_by_role("button", name="white, cosine").click()


def ask_as(*tokens):
    def drive(reader):
        for token in tokens:
            reader.page.locator(".lw-token").nth(token).click()

    return drive


def open_score(reader):
    ask_as(6)(reader)
    reader.page.get_by_role("button", name="Score of red").click()


def press_heads(reader):
    for layer, head in ((2, 2), (4, 2)):
        reader.page.locator("[data-part='previous']").get_by_role("button", name=f"Block {layer}, head {head}.").click()


def moved(label, *values):
    """A slider taken to each of these, one after the other."""

    def drive(reader):
        for value in values:
            slide(reader.page, label, value)

    return drive


def try_the_mask(reader):
    for on in (False, True):
        reader.page.get_by_label("Causal mask").set_checked(on)


DRIVERS |= {
    ("byte-pairs", "typed"): write("My dog reads newspapers"),
    ("byte-pairs", "merged"): merge_to_the_end,
    ("byte-pairs", "long-word"): write("a beautiful day"),
    ("word-rows", "looked-up"): lambda reader: look_up(reader.page, "Mia", "park", "seven"),
    ("word-rows", "walked"): walk_on,
    ("rms-norm", "both-ways"): moved("Made larger or smaller", 1, -1),
    ("notebook", "top"): moved("Block", 5),
    ("one-head", "asked"): ask_as(0, 2, 4),
    ("one-head", "opened-score"): open_score,
    ("one-head", "asked-5"): ask_as(5),
    ("rotary", "moved-both"): moved("Move both along", 40),
    ("rotary", "best-distance"): moved("Distance in tokens", 4, 1),
    ("triangle", "mask-tried"): try_the_mask,
    ("head-scores", "previous-found"): press_heads,
    ("head-scores", "switched"): lambda reader: reader.page.get_by_label("Heads 2.1, 2.2 and 4.2 switched off").check(),
}


@pytest.mark.parametrize("lesson_id", ["3-words", "4-attention"])
def test_from_start_to_end_by_doing_what_the_text_asks(page, lesson_id):
    walk_lesson(page, Catalogue(LESSONS).lesson(lesson_id))


def test_what_the_checks_say_is_on_the_screen(page):
    page.goto("/learn?lesson=3-words&moment=14")
    page.get_by_label("Your text").fill("Wonderful wonderful")
    expect(page.locator(".lw-readout")).to_have_text("19 characters, 4 tokens")
    page.goto("/learn?lesson=4-attention&moment=15")
    slide(page, "Distance in tokens", 7)
    score = float(page.locator("[data-part='hands'] .lw-readout").inner_text().split()[-1])
    slide(page, "Distance in tokens", 6)
    assert float(page.locator("[data-part='hands'] .lw-readout").inner_text().split()[-1]) < score


def test_a_word_that_is_none_is_said_so(page):
    page.goto("/learn?lesson=3-words&moment=5")
    page.get_by_label("A word").fill("xylophone")
    page.get_by_label("A word").press("Enter")
    expect(page.locator(".lw-problem")).to_contain_text("choose a word from the list")


def test_an_answer_that_comes_late_does_not_write_over_what_was_typed_since(page):
    waiting = []
    page.route("**/lessons/words/Mia", lambda route: waiting.append(route))
    page.goto("/learn?lesson=3-words&moment=5")
    field = page.get_by_label("A word")
    field.fill("Mia")
    with page.expect_request("**/lessons/words/Mia"):
        field.press("Enter")
    field.fill("par")
    with page.expect_response("**/lessons/words/Mia"):
        waiting[0].continue_()
    expect(page.locator("[data-part='near'] [aria-busy]")).to_have_count(0)
    expect(field).to_have_value("par")


def test_widgets_fit_a_phone(browser, site):
    with clean_page(browser, site, PHONE) as page:
        for address in ("3-words&moment=12", "4-attention&moment=3", "4-attention&moment=8", "4-attention&moment=13"):
            page.goto(f"/learn?lesson={address}")
            expect(page.locator("#learn-widget .lw-part").first).to_be_visible()
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), address


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_axe_finds_no_serious_fault_in_the_widgets(browser, site, theme):
    with clean_page(browser, site) as page:
        page.add_init_script(f"try {{ localStorage.setItem('mri-theme', '{theme}'); }} catch {{}}")
        for address in ("3-words&moment=1", "3-words&moment=12", "4-attention&moment=13"):
            page.goto(f"/learn?lesson={address}")
            expect(page.locator("#learn-widget .lw-part").first).to_be_visible()
            until(
                page,
                "[...document.querySelectorAll('.lw-cells i, .lw-scores button')].every((c) => c.style.background)",
            )
            found = Axe().run(page, "#learn-widget").response["violations"]
            assert [fault for fault in found if fault["impact"] in ("serious", "critical")] == [], address
