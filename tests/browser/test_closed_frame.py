"""A frame that may neither write its address nor keep anything, as a sandboxed one: all works, the address stays."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.scanner_page import colour, open_scanner, shown, step, unfold, until
from tests.true_sessions import write_one_of_each

CLOSED = """(() => {
  const refuse = () => { throw new DOMException("The frame is sandboxed.", "SecurityError"); };
  for (const name of ["pushState", "replaceState"]) History.prototype[name] = refuse;
  for (const name of ["localStorage", "sessionStorage"])
    Object.defineProperty(window, name, { get: refuse, configurable: true });
  IDBFactory.prototype.open = refuse; })()"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sessions")
    write_one_of_each(folder)
    return folder


@pytest.fixture
def page(page):
    page.add_init_script(CLOSED)
    page.emulate_media(reduced_motion="reduce")
    return page


def test_the_frame_refuses(page):
    page.goto("/sessions")
    for act in (
        "history.pushState(null, '', '?a')",
        "localStorage.length",
        "indexedDB.open('a')",
    ):
        assert page.evaluate(f"(() => {{ try {{ {act}; return false; }} catch {{ return true; }} }})()"), act


def test_the_scanner_works_there(page, site):
    address = "/?session=demo-long&step=3&point=block.1.mlp_act&neuron=3&layer=1&head=0&tab=neurons"
    open_scanner(page, address)
    page.keyboard.press("ArrowRight")
    until(page, "window.mri.stage.lanes[0]?.frame.header.step === 4")
    colour(page, "sign")
    expect(page.get_by_label("What the colour of a dot says")).to_have_value("sign")
    unfold(page)
    page.get_by_label("Filter hook points").fill("attn")
    expect(page.locator(".mri-row").first).to_contain_text("attn")
    page.get_by_role("tab", name="Statistics").click()
    shown(page, "graph-map")
    page.locator("#mri-stat").select_option("p99")
    expect(page.locator("#graph-map-title")).to_contain_text("p99")
    theme = page.evaluate("document.documentElement.dataset.bsTheme")
    page.locator("[data-mri-action=theme]").first.click()
    assert page.evaluate("document.documentElement.dataset.bsTheme") != theme
    page.keyboard.press("?")
    page.get_by_role("checkbox", name=re.compile("Letters")).uncheck()
    page.keyboard.press("Escape")
    expect(page.locator("dialog[open]")).to_have_count(0)
    page.keyboard.press("h")
    page.keyboard.press("ArrowRight")
    until(page, "window.mri.stage.lanes[0]?.frame.header.step === 5")
    assert page.evaluate("window.mri.desk.view.head") == 0, "remembered until the page closes"
    page.wait_for_timeout(500)  # the address would be written by now
    assert page.url == site + address
    page.locator("#mri-session").select_option("one")
    until(page, "window.mri?.session === 'one' && window.mri.timings.draw.length > 0")


def test_lessons_comparisons_and_neurons_work_there(page):
    page.goto("/learn?lesson=3-words&moment=1")
    page.locator(".learn[data-ready]").wait_for()
    first = page.locator(".learn").get_attribute("data-ready")
    page.keyboard.press("n")
    until(page, f"![null, undefined, {first!r}].includes(document.querySelector('.learn').dataset.ready)")
    page.goto("/compare?a=one&b=two&align=mapping&step=3")
    until(page, "window.mri?.timings.draw.length > 0")
    page.keyboard.press("ArrowLeft")
    until(page, lambda: step(page) == 2)
    page.locator("#compare-swap").click()
    until(page, "window.mri?.timings.draw.length > 0 && window.mri.pair.boot.a === 'two'")
    page.goto("/neurons?session=one&point=block.1.mlp_out")
    page.locator("#neurons-method").select_option("ward")
    shown(page, "group-map")
