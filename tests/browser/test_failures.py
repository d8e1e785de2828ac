"""Answers that come late, too seldom or never, in a real browser: what is seen, and that the page gets over it.

The joints themselves are tried without a browser (tests/js: again, cache, visits, following).
"""

import re

import pytest
from playwright.sync_api import expect

from mri.format.config import TraceConfig
from tests.browser.scanner_page import open_scanner, until
from tests.browser.serving import clean_page
from tests.conftest import write_random_session
from tests.true_sessions import write_true_session

NOTHING_BY_ITSELF = """const soon = setTimeout;
window.setTimeout = (act, ms, ...rest) => soon(act, ms >= 1000 ? 1e9 : ms, ...rest);"""
"""For tests of a button: nothing is asked for again by itself."""
GONE = "The server does not answer: check that it is running, then retry."


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sessions")
    config = TraceConfig(prefill="stepwise")
    write_random_session(folder, session_id="demo-long", num_steps=100, config=config)
    write_random_session(folder, session_id="other", num_steps=12, config=config)
    write_true_session(folder, "one", [0, 26, 1, 2, 3, 5, 4], seed=1)
    write_true_session(folder, "two", [0, 26, 6, 1, 2, 5, 4], seed=2)
    return folder


@pytest.fixture
def page(browser, site):
    """A page whose requests may fail, which Chromium says on the console; nothing else may."""
    with clean_page(browser, site, tolerated="Failed to load resource") as page:
        yield page


class Held:
    """Requests to `pattern` are held from `hold` on, and go on their way at `release`; or they are cut off."""

    def __init__(self, page, pattern):
        self.page, self.pattern, self.held, self.urls, self.mode = page, pattern, [], [], "pass"
        page.route(pattern, self._take)

    def _take(self, route):
        self.urls.append(route.request.url)
        if self.mode == "hold":
            self.held.append(route)
        elif self.mode == "cut":
            route.abort()
        else:
            route.continue_()

    def release(self):
        self.mode = "pass"
        for route in self.held:
            route.continue_()


def failed(page):
    return page.locator("#mri-stage .mri-failed")


def test_a_step_that_failed_is_asked_for_again(page):
    page.add_init_script(NOTHING_BY_ITSELF)
    frames = Held(page, "**/frames?*start=64*")
    frames.mode = "cut"
    open_scanner(page, "/?session=demo-long&step=5")
    page.evaluate("window.mri.player.seek(80)")
    expect(failed(page)).to_contain_text(f"Step 80 did not come{GONE}")
    expect(page.locator("#mri-stage .mri-view")).to_be_hidden()  # it is of another step
    frames.mode = "pass"
    failed(page).get_by_role("button", name="Retry").click()
    until(page, "window.mri.stage.lanes[0]?.frame.header.step === 80")
    expect(failed(page)).to_be_hidden()


def test_a_step_that_failed_is_asked_for_again_where_the_clock_comes_back(page):
    page.add_init_script(NOTHING_BY_ITSELF)
    frames = Held(page, "**/frames?*start=64*")
    frames.mode = "cut"
    open_scanner(page, "/?session=demo-long&step=5")
    page.evaluate("window.mri.player.seek(70)")
    expect(failed(page)).to_be_visible()
    page.evaluate("window.mri.player.seek(6)")
    expect(failed(page)).to_be_hidden()
    asked = len(frames.urls)
    frames.mode = "pass"
    page.evaluate("window.mri.player.seek(70)")
    until(page, "window.mri.stage.lanes[0]?.frame.header.step === 70")
    assert len(frames.urls) == asked + 1


def test_playing_waits_for_the_server_and_goes_on(page):
    frames = Held(page, "**/frames?*start=64*")
    frames.mode = "cut"
    open_scanner(page, "/?session=demo-long&step=62")
    page.keyboard.press("Space")
    expect(failed(page)).to_contain_text("Step 64 did not come")
    assert page.evaluate("window.mri.player.step") == 63
    expect(page.locator("#mri-stage .mri-view")).to_be_visible()  # step 63 is what the clock says
    frames.mode = "pass"
    until(page, "window.mri.player.step >= 65")  # by itself
    expect(failed(page)).to_be_hidden()


def test_a_page_whose_first_steps_or_whose_session_did_not_come_comes_to_stand(page):
    page.add_init_script(NOTHING_BY_ITSELF)
    for pattern, words in (("**/frames?*", "Step 0 did not come"), ("**/sessions/*/meta", "This session did not come")):
        requests = Held(page, pattern)
        requests.mode = "cut"
        page.goto("/?session=other&step=0")
        expect(failed(page)).to_contain_text(words)
        requests.mode = "pass"
        failed(page).get_by_role("button", name="Retry").click()
        until(page, "window.mri?.stage.lanes[0]?.frame?.header.step === 0")
        until(page, "document.querySelector('#graph-neurons .js-plotly-plot')")  # the charts followed
        page.unroute(pattern)


def test_lines_over_all_steps_come_when_the_server_does(page):
    lines = Held(page, "**/series?*")
    lines.mode = "cut"
    open_scanner(page, "/?session=other&step=3")
    expect(page.locator(".mri-toast-error")).to_contain_text("does not answer")
    lines.mode = "pass"
    expect(page.locator(".mri-lane-labels b").first).to_contain_text("bits")
    expect(page.locator(".mri-toast-error")).to_have_count(0)


def test_of_two_sessions_the_one_that_was_chosen_last_is_shown(page):
    meta = Held(page, "**/sessions/other/meta")
    meta.mode = "hold"
    open_scanner(page, "/?session=demo-long&step=3")
    page.get_by_label("Recording", exact=True).select_option("other")
    until(page, lambda: meta.held)
    page.go_back()
    until(page, "window.mri?.session === 'demo-long' && window.mri.timings.draw.length > 0")
    meta.release()
    page.wait_for_load_state("networkidle")
    assert page.evaluate("window.mri.session") == "demo-long"
    page.keyboard.press("ArrowRight")
    until(page, "window.mri.stage.lanes[0]?.frame.header.step === 4")  # its keys are its own
    assert "session=demo-long" in page.url


def test_who_leaves_while_a_session_is_under_way_is_left_in_peace(page):
    meta = Held(page, "**/sessions/other/meta")
    meta.mode = "hold"
    page.goto("/?session=other")
    until(page, lambda: meta.held)
    page.locator("#nav-recordings").click()
    expect(page.locator(".sessions-table")).to_be_visible()
    meta.release()
    page.wait_for_load_state("networkidle")
    expect(page.locator(".mri-toast")).to_have_count(0)
    assert page.evaluate("window.mri ?? null") is None


def test_a_page_that_was_left_hears_nothing_more(page):
    page.goto("/neurons?session=one")
    expect(page.locator("#neurons-tab-groups")).to_have_attribute("aria-selected", "true")  # it stands
    page.locator("#nav-recordings").click()
    expect(page.locator(".sessions-table")).to_be_visible()
    page.get_by_role("button", name="Switch between dark and light theme").click()
    assert page.locator("html").get_attribute("data-bs-theme") == "light"


def test_of_two_alignments_the_one_that_was_chosen_last_counts(page):
    page.goto("/compare?a=one&b=two&align=prefix&step=0")
    until(page, "window.mri?.timings.draw.length > 0")
    slow = Held(page, "**/compare/alignment?*align=mapping*")
    slow.mode = "hold"
    select = page.get_by_label("Align by")
    select.select_option("mapping")
    until(page, lambda: slow.held)
    select.select_option("pooled")
    expect(page.locator("#compare-says")).to_contain_text("Pooled")
    slow.release()
    page.wait_for_load_state("networkidle")
    expect(page.locator("#compare-says")).to_contain_text("Pooled")
    expect(page).to_have_url(re.compile("align=pooled"))
    slow.mode = "cut"
    select.select_option("mapping")
    expect(page.locator(".mri-toast-error").filter(has_text="does not answer")).to_be_visible()
    expect(select).to_have_value("pooled")


def test_a_moment_of_a_comparison_that_did_not_come_is_asked_for_again(page):
    page.add_init_script(NOTHING_BY_ITSELF)
    frames = Held(page, "**/sessions/two/frames?*")
    frames.mode = "cut"
    page.goto("/compare?a=one&b=two&align=mapping&step=3")
    told = page.locator(".compare .mri-failed")
    expect(told).to_contain_text("Moment 3 did not come")
    frames.mode = "pass"
    told.get_by_role("button", name="Retry").click()
    until(page, "window.mri?.timings.draw.length > 0")
    expect(told).to_be_hidden()


def test_a_widget_whose_module_comes_late_stands_once(page):
    module = Held(page, "**/widgets/byte-pairs.mjs")
    module.mode = "hold"
    page.goto("/learn?lesson=3-words&moment=1")
    until(page, lambda: module.held)
    page.keyboard.press("n")  # the next page has the same one
    expect(page).to_have_url(re.compile("moment=2"))
    module.release()
    page.locator(".learn[data-ready]").wait_for()
    expect(page.locator("#learn-widget textarea, #learn-widget input[type=text]")).to_have_count(1)


def test_escape_closes_what_is_open_and_nothing_else(page):
    open_scanner(page, "/?session=demo-long&step=3&loop=3-9")
    for opened, closed in (
        (lambda: page.locator("#mri-tools summary").click(), ".mri-menu[open]"),
        (lambda: page.evaluate("window.mri.shown.hints.show(0)"), ".mri-hint"),
        (lambda: page.keyboard.press("/"), ".record-dialog[open]"),
        (lambda: page.keyboard.press("?"), "dialog[open]"),
    ):
        opened()
        expect(page.locator(closed)).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.locator(closed)).to_have_count(0)
        assert page.evaluate("window.mri.player.loop") == [3, 9], closed
    page.keyboard.press("Escape")
    until(page, "window.mri.player.loop === null")


def test_a_shader_that_does_not_link_leaves_the_flat_picture(browser, site):
    with clean_page(browser, site, tolerated="at program (") as page:  # for whoever looks for the reason
        page.add_init_script("WebGL2RenderingContext.prototype.getProgramParameter = () => false;")
        page.goto("/?session=other&step=2")
        until(page, "window.mri?.stage.lanes[0]?.frame?.header.step === 2")
        expect(page.locator("#mri-stage")).to_have_class(re.compile("is-flat"))
        expect(page.locator(".mri-stage-note")).to_contain_text("flat picture")
