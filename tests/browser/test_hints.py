"""The hints of the first visit: they come once, can be walked and left, and the scanner goes on beneath them."""

import pytest
from playwright.sync_api import expect

from mri.server import create_app
from tests.browser.scanner_page import open_scanner, step, until
from tests.browser.serving import DESKTOP, PHONE, clean_page, served
from tests.conftest import write_random_session

LINK = "/?session=demo&step=3&picture=flat"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sessions")
    write_random_session(folder, session_id="demo", num_steps=20)
    with served(create_app(folder)) as address:
        yield address


@pytest.fixture
def page(browser, site):
    with clean_page(browser, site, first_visit=True) as page:
        yield page


def hint(page):
    return page.locator(".mri-hint")


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_five_hints_each_beside_what_it_is_about(browser, site, size):
    with clean_page(browser, site, size, first_visit=True) as page:
        open_scanner(page, LINK)
        for count, anchor in enumerate(("#mri-stage", "#mri-ribbon", ".mri-track", "#mri-layers", ".mri-inspector"), 1):
            expect(hint(page)).to_contain_text(f"Hint {count} of 5")
            expect(hint(page)).to_be_in_viewport(ratio=1)
            ring, target = page.locator(".mri-hint-ring").bounding_box(), page.locator(anchor).bounding_box()
            assert ring["x"] == pytest.approx(target["x"], abs=4)
            assert ring["width"] == pytest.approx(target["width"], abs=8)
            assert page.evaluate("document.activeElement.classList.contains('mri-hint-next')")
            page.keyboard.press("Enter")
        expect(hint(page)).to_have_count(0)
        page.reload()
        until(page, "window.mri?.timings.draw.length > 0")
        page.wait_for_timeout(3000)  # longer than the hints wait
        assert hint(page).count() == 0


def test_back_and_skip(page):
    open_scanner(page, LINK)
    expect(page.get_by_role("dialog", name="Every dot is a neuron")).to_be_visible()
    expect(hint(page).get_by_role("button", name="Back")).to_be_disabled()
    hint(page).get_by_role("button", name="Next").click()
    hint(page).get_by_role("button", name="Back").click()
    expect(hint(page)).to_contain_text("Hint 1 of 5")
    hint(page).get_by_role("button", name="Skip").click()
    expect(hint(page)).to_have_count(0)
    assert page.evaluate("localStorage.getItem('mri-hints-seen') !== null")


def test_the_scanner_goes_on_and_escape_ends_them(page):
    open_scanner(page, LINK)
    expect(hint(page)).to_be_visible()
    page.keyboard.press("ArrowRight")
    until(page, "window.mri.player.step === 4")
    page.keyboard.press("Escape")
    expect(hint(page)).to_have_count(0)
    assert step(page) == 4


def test_the_list_of_keys_shows_them_again(browser, site):
    with clean_page(browser, site) as page:
        open_scanner(page, LINK)
        page.keyboard.press("?")
        page.get_by_role("button", name="Show the hints again").click()
        expect(page.get_by_role("dialog", name="Every dot is a neuron")).to_be_visible()
        expect(page.locator("#mri-keys")).to_have_count(0)
        assert page.evaluate("document.activeElement.closest('.mri-hint') !== null")
