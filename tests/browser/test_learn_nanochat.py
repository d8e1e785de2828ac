"""Lessons 5 and 6 in a real browser: every page by doing what it asks, and what their widgets show."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from mri.lessons.catalogue import Catalogue
from mri.paths import LESSONS
from mri.web.server import create_app
from mri.web.services import EXTENSION
from tests.browser.lesson_walker import DRIVERS, set_sliders, walk_lesson
from tests.browser.scanner_page import until
from tests.browser.serving import PHONE, clean_page, served
from tests.browser.test_record import MODEL

BLOCK, NANOCHAT = "5-block", "6-nanochat"
WIDGET = "#learn-widget"


def find_answer(reader):
    """The lowest row in which the word that follows stands in front."""
    rows = reader.page.locator(f"{WIDGET} .learn-lens li")
    for i in reversed(range(rows.count())):
        if rows.nth(i).locator(".learn-lens-word").first.get_attribute("class").endswith("is-next"):
            return reader.press(f"{WIDGET} .learn-lens li:nth-child({i + 1}) button")
    raise AssertionError("the word that follows stands in front of no row")


def make_cold_and_hot(reader):
    for value in (0.1, 2):
        reader.slide(f"{WIDGET} [data-part=temperature] input", value)


def throw_ten_times(reader):
    for _ in range(10):
        reader.press(f"{WIDGET} [data-part=die]")


def play(reader):
    for _ in range(10):
        reader.press(f"{WIDGET} .learn-options button")
        reader.press(f"{WIDGET} [data-part=next]")


def record(reader):
    reader.page.locator(f"{WIDGET} textarea").fill("Mia went")
    reader.press(f"{WIDGET} [data-part=start]")


DRIVERS |= {
    ("block-path", "block-0"): set_sliders(slider=0),
    ("block-writes", "silent-mlp"): lambda reader: reader.press(f"{WIDGET} [data-part=mlp-0]"),
    ("logit-lens", "answer-found"): find_answer,
    ("sampling", "cold-and-hot"): make_cold_and_hot,
    ("sampling", "ten-throws"): throw_ten_times,
    ("guess", "game-over"): play,
    ("own-prompt", "recorded"): record,
}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The app with a tiny model: what a reader records themselves is recorded by the real worker."""
    app = create_app(tmp_path_factory.mktemp("sessions"), MODEL)
    with served(app) as address:
        yield address
    app.server.extensions[EXTENSION].worker.close()


def open_moment(page, lesson_id, moment_id):
    ids = [moment.id for moment in Catalogue(LESSONS).lesson(lesson_id).moments]
    page.goto(f"/learn?lesson={lesson_id}&moment={ids.index(moment_id) + 1}")
    until(page, f"document.querySelector('#learn')?.dataset.ready === '{moment_id}'")


def test_a_block_from_start_to_end(page):
    walk_lesson(page, Catalogue(LESSONS).lesson(BLOCK))


def test_the_whole_nanochat_from_start_to_end(page):
    walk_lesson(page, Catalogue(LESSONS).lesson(NANOCHAT))


def test_a_prompt_of_ones_own_is_followed_within_the_lesson(page):
    open_moment(page, NANOCHAT, "live")
    page.get_by_label("Your beginning").fill("Mia went")
    page.get_by_role("button", name="Record and watch").click()
    expect(page.locator(".live-headline")).to_have_text("Finished")
    until(page, "window.mri?.stage.lanes[0]?.frame?.header.step === window.mri?.player.lastStep")
    assert page.evaluate("window.mri.player.isGrowing") is False
    expect(page.locator("#mri-ribbon")).to_contain_text("Mia went")
    expect(page).to_have_url(re.compile(r"/learn\?lesson=6-nanochat&moment=10&session=\d{8}-"))
    expect(page.locator(".mri-tabs")).not_to_have_class(re.compile("is-locked"))
    page.get_by_role("button", name="New recording").click()
    expect(page.get_by_label("Your beginning")).to_be_focused()
    expect(page.locator("#mri-stage")).to_be_hidden()
    page.get_by_label("Your beginning").fill("")
    page.get_by_role("button", name="Record and watch").click()
    assert page.get_by_label("Your beginning").evaluate(
        "(field) => field.matches(':invalid:focus')"
    )  # the browser says why
    page.locator(".learn-next").click()
    until(page, "window.mri?.session === 'lesson-leo'")


def test_the_lens_is_told_in_words(page):
    open_moment(page, BLOCK, "lens")
    expect(page.locator(".mri-kind-derived").first).to_have_text("derived")
    said = page.locator(f"{WIDGET} .learn-widget-line")
    page.locator(f"{WIDGET} [data-part=depth-12]").click()
    expect(said).to_have_text(re.compile("^the end: ␣Paris 99.8 % · "))
    page.locator(f"{WIDGET} [data-part=depth-11]").click()
    expect(said).to_have_text(re.compile("^block 5, attention added: ␣Paris 98.4 % · "))
    page.get_by_label("Lens", exact=True).select_option("stream")
    page.locator(f"{WIDGET} [data-part=depth-11]").click()
    expect(said).to_have_text(re.compile("^block 5, attention added: ␣Paris 87.2 % · "))
    page.locator(f"{WIDGET} [data-part=depth-13]").click()
    expect(said).to_have_text(re.compile("^the end: ␣Paris 99.8 % · "))
    page.locator(f"{WIDGET} [data-part=word] input").fill("4")
    expect(page.locator(f"{WIDGET} .learn-lens-follows")).to_contain_text("␣is")
    expect(page.locator(f"{WIDGET} [data-part=depth-13] .is-next")).to_have_count(1)


def test_the_same_seed_throws_the_same(page):
    def throws():
        throw = page.get_by_role("button", name="Throw the die")
        for _ in range(3):
            throw.click()
        return page.locator(f"{WIDGET} .learn-throws li").all_inner_texts()

    open_moment(page, NANOCHAT, "die")
    first = throws()
    page.get_by_role("button", name="start again").click()
    assert throws() == first
    page.get_by_label("seed").fill("2")
    page.get_by_label("seed").press("Tab")
    expect(page.locator(f"{WIDGET} .learn-throws li")).to_have_count(0)
    assert throws() != first


def test_the_cache_grows_with_the_clock(page):
    open_moment(page, NANOCHAT, "cache")
    expect(page.locator(f"{WIDGET} .is-new")).to_have_count(9)
    page.keyboard.press("ArrowRight")
    expect(page.locator(f"{WIDGET} .is-kept")).to_have_count(9)
    expect(page.locator(f"{WIDGET} .is-new")).to_have_count(1)
    expect(page.locator(f"{WIDGET} .learn-cache-size")).to_contain_text("10 tokens × 6 blocks = 122,880 bytes")


def test_the_game_counts_both(page):
    open_moment(page, NANOCHAT, "game")
    page.get_by_role("button", name="girl").click()
    expect(page.locator(".learn-score-line")).to_have_text("Round 1 of 10 · you 1, model 0")
    expect(page.locator(f"{WIDGET} .learn-widget-line")).to_contain_text("You are right, the model is not!")
    expect(page.get_by_role("button", name="Next word")).to_be_focused()


PICTURES = (
    (BLOCK, "recipe"),
    (BLOCK, "sizes"),
    (BLOCK, "lens"),
    (NANOCHAT, "cache"),
    (NANOCHAT, "die"),
    (NANOCHAT, "game"),
    (NANOCHAT, "live"),
)


def test_widgets_fit_a_phone_and_are_accessible(browser, site):
    with clean_page(browser, site, PHONE) as page:
        for lesson_id, moment_id in PICTURES:
            open_moment(page, lesson_id, moment_id)
            assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], moment_id
            for theme in ("dark", "light"):
                page.evaluate("(theme) => document.documentElement.setAttribute('data-bs-theme', theme)", theme)
                found = Axe().run(page, context=WIDGET)
                assert found.violations_count == 0, f"{moment_id}, {theme}: {found.generate_report()}"
