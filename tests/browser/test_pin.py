"""A pinned session replays without its server, from this browser's own copy."""

import pytest
from playwright.sync_api import expect

from mri.format.config import TraceConfig
from tests.browser.scanner_page import open_scanner, until
from tests.browser.serving import HINTS_SEEN
from tests.conftest import write_random_session

STEPS = 150  # three windows
LINK = "/?session=demo&step=3&picture=flat"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sessions")
    write_random_session(folder, session_id="demo", num_steps=STEPS, config=TraceConfig(prefill="stepwise"))
    return folder


@pytest.fixture
def page(browser, site):
    """Not `clean_page`: a browser reports every request that was cut off on its console."""
    context = browser.new_context(
        base_url=site, reduced_motion="reduce", color_scheme="dark", viewport={"width": 1280, "height": 800}
    )
    context.add_init_script(HINTS_SEEN)
    page = context.new_page()
    page.set_default_timeout(60_000)
    expect.set_options(timeout=60_000)
    yield page
    context.close()


NUM_WINDOWS = """() => new Promise((done) => { const open = indexedDB.open("mri-pins", 1); open.onsuccess = () => {
    const all = open.result.transaction("windows").objectStore("windows").count();
    all.onsuccess = () => (open.result.close(), done(all.result)); }; })"""


def open_menu(page):
    """The menu that has the pin, if it is not open."""
    if not page.locator("#mri-tools details[open]").count():
        page.locator("#mri-tools summary").click()


def pin(page):
    open_menu(page)
    page.locator(".mri-pin").click()
    until(page, "window.mri.run.source.pin.state === 'pinned'")


def cut_off(page):
    page.route("**/sessions/**", lambda route: route.abort())


def test_every_step_replays_without_the_server(page):
    open_scanner(page, LINK)
    button = page.locator(".mri-pin")
    expect(button).to_contain_text("Pin · about")
    pin(page)
    expect(button).to_have_attribute("aria-pressed", "true")
    expect(button).to_contain_text("Pinned · ")
    cut_off(page)
    page.evaluate("window.mri.run.close()")  # nothing is left in memory
    open_scanner(page, "/?session=demo&step=0&picture=flat")  # meta, tokens and frames are asked for anew
    seen = page.evaluate(
        """async () => { const { mri } = window, seen = [];
            for (let step = 0; step < mri.player.numSteps; step++) {
              mri.player.seek(step); const frame = await mri.run.want(step); seen.push(frame.header.step); }
            return seen; }"""
    )
    assert seen == list(range(STEPS))
    page.evaluate(f"window.mri.player.seek({STEPS - 2})")
    until(page, f"window.mri.stage.lanes[0]?.frame.header.step === {STEPS - 2}")
    expect(page.locator("#mri-offline")).to_contain_text("The server does not answer")
    assert page.locator(".mri-token.is-current").get_attribute("data-position") == str(STEPS - 2)


def test_the_notice_goes_when_the_server_is_back(page):
    open_scanner(page, LINK)
    pin(page)
    expect(page.locator("#mri-offline")).to_be_hidden()
    cut_off(page)
    page.keyboard.press("ArrowRight")
    expect(page.locator("#mri-offline")).to_be_visible()
    page.unroute("**/sessions/**")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#mri-offline")).to_be_hidden()


def test_unpinned_is_gone(page):
    open_scanner(page, LINK)
    pin(page)
    page.reload()
    until(page, "window.mri?.run.source.pin.state === 'pinned'")
    open_menu(page)
    page.locator(".mri-pin").click()
    until(page, "window.mri.run.source.pin.state === 'none'")
    expect(page.locator(".mri-pin")).to_have_attribute("aria-pressed", "false")
    assert page.evaluate(NUM_WINDOWS) == 0


def test_what_was_broken_off_is_no_pin_and_goes(page):
    open_scanner(page, LINK)
    page.route("**/frames?*start=128*", lambda route: None)  # never answered
    open_menu(page)
    page.locator(".mri-pin").click()
    until(page, "window.mri.run.source.pin.numBytes > 0")
    open_scanner(page, LINK)
    until(page, "window.mri.run.source.pin.state === 'none'")
    assert page.evaluate(NUM_WINDOWS) > 0, "another tab may be at it"
    page.add_init_script("const now = Date.now; Date.now = () => now() + 120_000;")
    open_scanner(page, LINK)
    until(page, lambda: page.evaluate(NUM_WINDOWS) == 0)


def test_one_step_of_a_pinned_window_is_answered_alone(page):
    open_scanner(page, LINK)
    pin(page)
    cut_off(page)
    page.evaluate("window.mri.player.seek(70)")
    until(page, "window.mri.stage.lanes[0]?.frame.header.step === 70")
    page.evaluate("window.mri.run.settle([70, 71])")
    page.evaluate("window.mri.run.want(71)")
    assert page.evaluate("[70, 71].map((step) => window.mri.run.frame(step).header.step)") == [70, 71]


def test_a_full_disk_is_one_sentence_and_keeps_nothing(page):
    open_scanner(page, LINK)
    page.evaluate(
        """() => { const put = IDBObjectStore.prototype.put; let writes = 0;
            IDBObjectStore.prototype.put = function (...all) {
              if (++writes > 1) throw new DOMException("full", "QuotaExceededError");
              return put.apply(this, all); }; }"""
    )
    open_menu(page)
    page.locator(".mri-pin").click()
    expect(page.locator(".mri-toast-error")).to_contain_text("no room left")
    assert page.evaluate("window.mri.run.source.pin.state") == "none"


def test_an_older_file_of_the_same_name_does_not_answer(page, folder):
    open_scanner(page, LINK)
    pin(page)
    page.route("**/meta", lambda route: route.fulfill(json={**route.fetch().json(), "version": "newer"}))
    page.reload()
    until(page, "window.mri?.run.source.pin.key === 'demo@newer'")
    page.evaluate("window.mri.run.source.pin.ready")
    assert page.evaluate("window.mri.run.source.pin.state") == "none"


def test_a_session_that_still_grows_or_is_too_large_cannot_be_pinned(page):
    page.route("**/meta", lambda route: route.fulfill(json={**route.fetch().json(), "version": ""}))  # as it grows
    open_scanner(page, LINK)
    expect(page.locator(".mri-pin")).to_be_disabled()
    page.unroute("**/meta")
    open_scanner(page, LINK)
    page.evaluate("window.mri.run.source.pin.meta = { ...window.mri.run.source.pin.meta, num_steps: 1e6 }")
    page.evaluate("window.mri.run.source.pin.onChange()")
    expect(page.locator(".mri-pin")).to_be_disabled()
    expect(page.locator(".mri-pin")).to_have_attribute("title", "More than 64 MB: too large to pin")
