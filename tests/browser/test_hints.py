"""The call-outs of the first visit: they come once, cover nothing that is read, and nothing plays meanwhile."""

import pytest
from playwright.sync_api import expect

from mri.web.server import create_app
from tests.browser.scanner_page import open_scanner, step, until
from tests.browser.serving import DESKTOP, PHONE, clean_page, served
from tests.conftest import write_random_session

LINK = "/?session=demo&step=3"
PARTS = ("#mri-stage", "#mri-ribbon", "#mri-transport", "#mri-layers", ".mri-inspector")
NEVER_COVERED = ("#mri-sentence", "#mri-transport > *", "#mri-stage", "#mri-ribbon")
SIZES = {
    "desktop": {"width": 1440, "height": 900},
    "laptop": {"width": 1280, "height": 720},
    "tablet": {"width": 768, "height": 1024},
    "phone": {"width": 390, "height": 844},
}


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


def covered(page):
    """What of NEVER_COVERED has more than a pixel in common with the call-out."""
    return page.evaluate(
        """(selectors) => { const card = document.querySelector(".mri-hint").getBoundingClientRect();
            const isCovered = (part) => { const { left, right, top, bottom, width } = part.getBoundingClientRect();
              const [x, y] = [[left, card.left, right, card.right], [top, card.top, bottom, card.bottom]];
              const common = ([from, alsoFrom, to, alsoTo]) => Math.min(to, alsoTo) - Math.max(from, alsoFrom);
              return width > 0 && common(x) > 1 && common(y) > 1; };
            return selectors.filter((each) => [...document.querySelectorAll(each)].some(isCovered)); }""",
        list(NEVER_COVERED),
    )


@pytest.mark.parametrize(
    "size", ["desktop", "phone", *(pytest.param(size, marks=pytest.mark.long) for size in ("laptop", "tablet"))]
)
def test_five_call_outs_that_cover_neither_picture_nor_sentence_nor_clock(browser, site, size):
    with clean_page(browser, site, SIZES[size], first_visit=True) as page:
        open_scanner(page, LINK)
        until(page, "document.querySelector('.mri-next-row')")
        for count, anchor in enumerate(PARTS, 1):
            expect(hint(page)).to_contain_text(f"Hint {count} of 5")
            expect(hint(page)).to_be_in_viewport(ratio=1)
            assert covered(page) == [], count
            ring, target = page.locator(".mri-hint-ring").bounding_box(), page.locator(anchor).bounding_box()
            assert ring["x"] == pytest.approx(target["x"], abs=4)
            assert ring["width"] == pytest.approx(target["width"], abs=8)
            assert page.evaluate("document.activeElement.classList.contains('mri-hint')")
            page.keyboard.press("Enter")
        expect(hint(page)).to_have_count(0)
        assert page.evaluate("scrollY") == 0, "the page is where it was"
        page.reload()
        until(page, "window.mri?.timings.draw.length > 0")
        page.wait_for_timeout(3000)  # longer than the hints wait
        assert hint(page).count() == 0


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_they_speak_of_what_is_there(browser, site, size):
    with clean_page(browser, site, size, first_visit=True) as page:
        open_scanner(page, LINK)
        expect(hint(page)).to_contain_text("Tap a dot" if size is PHONE else "Point at a dot")
        for _ in range(2):
            page.keyboard.press("Enter")
        expect(hint(page)).to_contain_text("large button plays" if size is PHONE else "Space plays and pauses")


def test_back_and_skip(page):
    open_scanner(page, LINK)
    expect(page.get_by_role("dialog", name="Every dot is a number")).to_be_visible()
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


def test_space_plays_and_has_done_with_them(page):
    open_scanner(page, LINK)
    expect(hint(page)).to_be_visible()
    assert page.evaluate("window.mri.player.mode") == "paused"
    page.keyboard.press("Space")
    until(page, "window.mri.player.step > 3")
    expect(hint(page)).to_have_count(0)
    assert page.evaluate("localStorage.getItem('mri-hints-seen') !== null")


def test_while_a_recording_plays_they_wait(page):
    page.emulate_media(reduced_motion="no-preference")
    open_scanner(page, "/?session=demo&loop=0-19")
    until(page, "window.mri.player.step >= 14")  # after 3.5 s: longer than they wait at rest
    assert hint(page).count() == 0
    page.keyboard.press("Space")
    expect(hint(page)).to_contain_text("Hint 1 of 5")


def test_the_list_of_keys_shows_them_again_and_pauses(browser, site):
    with clean_page(browser, site) as page:
        open_scanner(page, "/?session=demo&step=0")
        page.keyboard.press("Space")
        page.keyboard.press("?")
        page.get_by_role("button", name="Show the hints again").click()
        expect(page.get_by_role("dialog", name="Every dot is a number")).to_be_visible()
        expect(page.locator("#mri-keys")).to_have_count(0)
        assert page.evaluate("document.activeElement.closest('.mri-hint') !== null")
        assert page.evaluate("window.mri.player.mode") == "paused"
