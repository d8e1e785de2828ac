"""The Compare page in a real browser: room at every size, on paper, on a phone, axe."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.pair_page import ALIKE, HEADS, LINK, NEXT, ROWS, map_is_here, open_pair, write_pairs
from tests.browser.scanner_page import shown, until
from tests.browser.serving import PHONE, clean_page


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sessions")
    write_pairs(folder)
    return folder


@pytest.mark.parametrize("width", [1440, 1280, 1181, 1024, 768, 390])
def test_the_scrubber_has_room_at_every_width(page, width):
    page.set_viewport_size({"width": width, "height": 800})
    open_pair(page)
    assert page.locator("#mri-scrubber").bounding_box()["width"] > 180
    assert page.locator("#mri-stage").bounding_box()["height"] > 250


@pytest.mark.parametrize("size", [(1440, 900), (1440, 720), (1280, 720), (1024, 768)])
def test_nothing_lies_on_the_tower_and_no_words_are_cut(page, size):
    page.set_viewport_size({"width": size[0], "height": size[1]})
    open_pair(page)
    map_is_here(page)
    until(page, "document.querySelectorAll('.mri-column').length > 0")
    boxes = page.evaluate(BOXES)
    assert boxes["deck"]["top"] >= boxes["picture"]["bottom"]
    if size[0] > 1180:
        assert max(boxes[name]["bottom"] for name in ("play", "track")) <= size[1], "in sight"
        assert boxes["says"]["height"] < 25, "one line"
        assert boxes["picture"]["height"] > 240
    assert page.evaluate(CUT) == []


BOXES = """(() => { const box = (selector) => document.querySelector(selector).getBoundingClientRect().toJSON();
  return { picture: box('#mri-stage'), deck: box('.mri-deck'), play: box('.mri-play'), track: box('.mri-track'),
    says: box('#compare-map-says') }; })()"""
CUT = """(() => { const ctx = document.createElement('canvas').getContext('2d');
  return [...document.querySelectorAll('#compare-align, #compare-by')].flatMap((select) => {
    const style = getComputedStyle(select);
    ctx.font = style.font;
    const room = select.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
    return [...select.options].map(({ text }) => text).filter((text) => ctx.measureText(text).width > room); }); })()"""
"""What of the selects' choices has no room."""


def test_a_third_recording_joins_them_in_one_tower_at_the_same_step(page):
    open_pair(page)
    third = page.get_by_label("Third lane")
    until(page, lambda: third.locator("option").count() > 1)
    assert third.locator("option").first.text_content() == "+ third lane"
    third.select_option("long")
    expect(page).to_have_url(re.compile(r"/\?session=one&lanes=two(%2C|,)long&step=2"))
    expect(page.locator(".mri-lane-title")).to_have_count(3)
    until(page, "window.mri.stage.lanes.every(({ frame }) => frame?.header.step === 2)")


def test_on_paper_all_words_stand_in_lines(page):
    open_pair(page, "/compare?a=long&b=long")
    map_is_here(page)
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 1032, "height": 730})  # a landscape A4 without its margins
    expect(page.locator("#compare-words")).to_be_hidden()
    ends = page.evaluate(
        "[...document.querySelectorAll('.compare-paper [data-side=a]')].map((e) => e.getBoundingClientRect().right)"
    )
    assert len(ends) == 27
    assert max(ends) <= 1032
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    page.emulate_media(media="screen")
    expect(page.locator("#compare-words")).to_be_visible()
    expect(page.locator(".compare-paper > *")).to_have_count(0)


@pytest.mark.parametrize(("theme", "size"), [("dark", None), ("light", PHONE)])
def test_it_is_accessible_and_fits_a_phone(browser, site, theme, size):
    with clean_page(browser, site, *([size] if size else [])) as page:
        page.add_init_script(f"try {{ localStorage.setItem('mri-theme', '{theme}'); }} catch {{}}")
        for link in (LINK, "/compare"):
            page.goto(link)
            if "a=" in link:
                until(page, "window.mri?.timings.draw.length > 0")
                map_is_here(page)
                for graph in (HEADS, ROWS, NEXT, ALIKE):
                    shown(page, graph)
            else:
                expect(page.get_by_role("button", name="Compare them")).to_be_visible()
            found = Axe().run(page).response["violations"]
            faults = [
                (f["id"], [node["target"] for node in f["nodes"]][:3])
                for f in found
                if f["impact"] in ("serious", "critical")
            ]
            assert not faults
            if size:
                assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
