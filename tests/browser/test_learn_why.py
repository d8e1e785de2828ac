"""Lesson 7 in a real browser: every page by doing what it asks, with a model at hand and without."""

import pytest
from playwright.sync_api import expect

from mri.lessons.catalogue import Catalogue
from mri.paths import LESSONS
from mri.web.server import create_app
from mri.web.services import EXTENSION
from tests.browser.lesson_walker import walk_lesson
from tests.browser.scanner_page import until, view
from tests.browser.serving import PHONE, clean_page, served
from tests.browser.test_accessibility import faults

WHY = "7-why"
RIGHT_MAP = ".mri-why-maps figure:last-child .mri-why-map"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The app with the embedded model: what is lost is measured by the real worker."""
    app = create_app(tmp_path_factory.mktemp("sessions"))
    with served(app) as address:
        yield address
    app.server.extensions[EXTENSION].worker.close()


def open_moment(page, moment_id):
    ids = [moment.id for moment in Catalogue(LESSONS).lesson(WHY).moments]
    page.goto(f"/learn?lesson={WHY}&moment={ids.index(moment_id) + 1}")
    until(page, f"document.querySelector('#learn')?.dataset.ready === '{moment_id}'")


@pytest.mark.parametrize("keyboard", [False, True], ids=["mouse", "keyboard"])
def test_why_this_word_from_start_to_end(page, keyboard):
    walk_lesson(page, Catalogue(LESSONS).lesson(WHY), keyboard=keyboard)
    page.goto("/learn")
    expect(page.locator(f"[data-lesson='{WHY}']")).to_contain_text("✓ 3 of 3 right")
    expect(page.locator("[data-lesson]")).to_have_count(7)
    expect(page.locator("[data-lesson]").last).to_contain_text("Why this word")


def test_the_reader_measures_what_the_text_says(page):
    open_moment(page, "without")
    cell = page.locator(f"{RIGHT_MAP} [aria-label^='head 3.1:']")
    expect(cell).to_have_attribute("aria-label", "head 3.1: lost if off 14.7")
    cell.click()
    expect(page.locator(".learn-done")).to_contain_text(
        "Without head 3.1 14.7 of 14.5 are lost: nothing is left. It wrote +0.1!"
    )
    page.locator(".learn-next").click()
    until(page, "document.querySelector('#learn')?.dataset.ready === 'looks'")
    page.get_by_role("button", name="3.1 looks at blue, position 10").click()
    expect(page.locator(".learn-done")).to_contain_text("blue, with 51% of the weight")
    assert page.evaluate("window.mri.player.step") == 10
    page.go_back()
    until(page, "document.querySelector('#learn')?.dataset.ready === 'without'")


def test_without_a_model_the_page_says_so_and_the_lesson_goes_on(browser, site):
    with clean_page(browser, site, tolerated="status of 400") as page:
        for what in ("**/sweep*", "**/why?*"):
            page.route(what, lambda route: route.fulfill(status=400, json={"error": "No model is at hand."}))
        open_moment(page, "without")
        expect(page.locator("#mri-why")).to_contain_text("No model is at hand.")
        expect(page.locator("#mri-why")).to_contain_text("Ask again")
        page.locator(".mri-why-rows [aria-label^='head 3.1:'], .mri-why-map [aria-label^='head 3.1:']").first.click()
        expect(page.locator(".learn-done")).to_contain_text("14.7 of 14.5 are lost")  # measured when it was recorded


def test_the_key_of_why_is_locked_where_why_is(page):
    page.goto("/learn?lesson=4-attention&moment=1")
    until(page, "document.querySelector('#learn')?.dataset.ready === 'need'")
    page.keyboard.press("y")
    expect(page.locator(".learn-says")).to_contain_text("The Why tab: locked for now")
    assert view(page)["tab"] != "why"


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_it_fits_a_phone_and_is_accessible(browser, site, theme):
    with clean_page(browser, site, PHONE) as page:
        page.add_init_script(f"try {{ localStorage.setItem('mri-theme', '{theme}'); }} catch {{}}")
        for moment_id in ("without", "gift-looks"):
            open_moment(page, moment_id)
            expect(page.locator(".mri-why-rows")).to_be_visible()
            assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], moment_id
            assert not faults(page)
