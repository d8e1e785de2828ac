"""Every empty, missing and broken state has a way on, and the way leads somewhere that works."""

import re

import pytest
from playwright.sync_api import expect

from mri.format.config import TraceConfig
from mri.format.events import TraceSession
from mri.store.writer import SessionWriter
from mri.web.server import ROOT, create_app
from tests.browser.scanner_page import open_scanner, unfold, until
from tests.browser.serving import clean_page, served
from tests.conftest import random_layout, write_random_session
from tests.true_sessions import write_true_session

MISSING = "Failed to load resource"  # what Chromium says of a 404

STATES = {
    "/nowhere": "There is no such page",
    "/?session=gone": "This session cannot be opened",
    "/?session=empty": "This session has no steps",
    "/compare?a=gone&b=one": "These sessions cannot be compared",
    "/compare?a=empty&b=one": "This session has no steps",
    "/neurons?session=gone": "This session cannot be opened",
    "/neurons?session=light": "Only statistics in this session",
    "/learn?lesson=9-nothing": "This lesson cannot be opened",
}
"""Address -> title, where there are recordings."""
STATES_OF_NOTHING = {
    "/": "Nothing recorded yet",
    "/neurons": "Nothing recorded yet",
    "/sessions": "No recordings yet",
    "/learn": "There are no lessons here",
}
"""Address -> title, in an empty folder and without lessons."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sessions")
    write_true_session(folder, "one", [0, 26, 1, 2, 3, 5, 4], seed=1)
    write_random_session(folder, session_id="light", config=TraceConfig(capture_mode="stats"))
    with SessionWriter(folder, TraceSession("empty", random_layout(1, 4, 1, TraceConfig()))):
        pass
    return folder


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """Address of an app with neither recordings nor lessons."""
    with served(create_app(tmp_path_factory.mktemp("none"), lessons=tmp_path_factory.mktemp("lessons"))) as address:
        yield address


def ways_of(page, title):
    """How many ways the state that is shown has."""
    state = page.locator(".mri-state:visible")
    expect(state.get_by_role("heading")).to_have_text(title)
    ways = state.locator(".mri-ways > *")
    assert ways.count()
    return ways


def walk(page, address, title):
    """Try each way of a state: another page that stands, or the record box."""
    page.goto(address)
    for at in range(ways_of(page, title).count()):
        page.goto(address)
        way = ways_of(page, title).nth(at)
        is_record = way.inner_text() == "Record a prompt"
        way.click()
        if is_record:
            expect(page.locator("#record-prompt")).to_be_visible()
            continue
        until(page, "document.querySelector('#mri-content h1, #mri-content .mri-state h2')")
        expect(page.locator(".mri-state-error:visible")).to_have_count(0)
        expect(page.get_by_role("heading", name=title)).to_have_count(0)


@pytest.mark.parametrize("address", STATES)
def test_a_state_leads_on(browser, site, address):
    with clean_page(browser, site, tolerated=MISSING) as page:
        walk(page, address, STATES[address])


@pytest.mark.parametrize("address", STATES_OF_NOTHING)
def test_where_there_is_nothing_something_can_be_begun(browser, bare, address):
    with clean_page(browser, bare, tolerated=MISSING) as page:
        page.goto(address)
        first = ways_of(page, STATES_OF_NOTHING[address]).first
        is_record = first.inner_text() == "Record a prompt"
        first.click()
        if is_record:
            expect(page.locator("#record-prompt")).to_be_visible()
        else:
            page.wait_for_url(re.compile(r"/$"))


def test_every_state_is_walked():
    """Those that pages name; what is walked elsewhere stands here."""
    elsewhere = {"These neurons cannot be grouped", "This session has no steps yet"}
    named = set()
    for path in [*(ROOT / "pages").glob("*.py"), ROOT / "mri/web/parts/states.py"]:
        named |= set(re.findall(r"""\bstate\(\s*"([^"]+)\"""", path.read_text("utf-8")))
    assert named == {*STATES.values(), *STATES_OF_NOTHING.values()} - {"No recordings yet"} | elsewhere


def test_a_search_that_finds_nothing_goes_back_to_everything(page):
    page.goto("/sessions")
    expect(page.locator("#row-one")).to_be_visible()
    page.locator("#sessions-search").fill("no such words")
    ways_of(page, "Nothing matches “no such words”").first.click()
    expect(page.locator("#row-one")).to_be_visible()
    expect(page.locator("#sessions-search")).to_have_value("")


def test_a_filter_that_leaves_nothing_goes_back_to_everything(page):
    open_scanner(page, "/?session=one&step=1")
    unfold(page)
    page.get_by_label("Filter hook points").fill("no such point")
    page.locator(".mri-list-empty").get_by_role("button", name="Show all of them").click()
    expect(page.locator(".mri-row").first).to_be_visible()


def test_what_is_not_live_leads_to_a_new_recording(page):
    page.goto("/live?session=gone")
    page.get_by_role("button", name="New recording").click()
    expect(page.locator("#record-prompt")).to_be_visible()


def test_a_widget_that_does_not_come_can_be_asked_for_again(browser, site):
    with clean_page(browser, site, tolerated="Failed to") as page:
        page.route("**/widgets/perceptron.mjs", lambda route: route.abort())
        page.goto("/learn?lesson=1-perceptron&moment=1")
        again = page.get_by_role("button", name="Load the page again")
        expect(again).to_be_visible()
        page.unroute("**/widgets/perceptron.mjs")
        again.click()
        expect(page.locator("#learn-widget [data-part=x1]")).to_be_visible()


def test_charts_come_once_the_line_is_back(browser, site):
    with clean_page(browser, site, tolerated=MISSING) as page:
        open_scanner(page, "/?session=one&step=1")
        until(page, "document.querySelector('#graph-neurons .js-plotly-plot')?.data?.length")
        page.route("**/_dash-update-component*", lambda route: route.abort())
        page.locator("#tab-statistics").click()
        told = page.locator(".mri-toast-error").filter(has_text="does not answer")
        expect(told).to_be_visible()
        page.unroute("**/_dash-update-component*")
        told.get_by_role("button", name="Try again").click()
        until(page, "document.querySelector('#graph-map .js-plotly-plot')?.data?.length")
        expect(told).to_have_count(0)


@pytest.mark.parametrize("lesson", ["1-perceptron", "4-attention", "6-nanochat", "7-why"])
def test_the_end_of_a_lesson_keeps_its_last_picture(page, lesson):
    page.goto(f"/learn?lesson={lesson}&moment=99")
    until(page, "document.querySelector('#learn')?.dataset.ready === 'end'")
    seen = "#learn-widget:visible > *, .mri-stage:visible .mri-view"
    expect(page.locator(seen).first).to_be_visible()
