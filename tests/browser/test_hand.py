"""The picture by keyboard alone: a neuron is reached, read, selected, watched, the tower turned; whose the wheel is."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from mri.format.config import TraceConfig
from tests.browser.scanner_page import click_neuron, open_scanner, step, unfold, until, view
from tests.conftest import write_random_session

KEY = "block.1.mlp_out"
LINK = f"/?session=demo&step=20&point={KEY}&neuron=3"
ORBIT = "window.mri.stage.tower.orbit"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sessions")
    config = TraceConfig(attention_tier="full_row", prefill="stepwise", capture_mode="full")
    write_random_session(folder, session_id="demo", num_steps=40, n_embd=64, n_layer=4, config=config)
    return folder


def reach(page, picture="tower"):
    """By Tab alone."""
    open_scanner(page, f"{LINK}&picture={picture}")
    until(
        page,
        "document.activeElement.matches('.mri-view')",
        act=lambda: page.keyboard.press("Tab"),
    )


def said(page):
    return page.locator(".mri-view [role=status]").text_content()


@pytest.mark.parametrize("picture", ["tower", "flat"])
def test_a_neuron_is_reached_read_and_selected(page, picture):
    reach(page, picture)
    assert f"{KEY} · neuron 3" in said(page)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowUp")
    assert "block.2.mlp_out · neuron 5" in said(page)
    assert "rank" in said(page), "its value with what the tip says of it"
    expect(page.locator(".mri-hand")).to_be_visible()
    assert (view(page)["point"], view(page)["neuron"]) == (KEY, 3), "walking selects nothing"
    assert step(page) == 20, "nor does it move the clock"
    page.keyboard.press("Enter")
    assert (view(page)["point"], view(page)["neuron"]) == ("block.2.mlp_out", 5)
    page.keyboard.press("w")
    assert view(page)["watched"] == ["block.2.mlp_out:5"]


def test_escape_gives_the_arrows_back_to_the_clock(page):
    reach(page)
    page.keyboard.press("Escape")
    expect(page.locator(".mri-hand")).to_be_hidden()
    page.keyboard.press("ArrowRight")
    assert step(page) == 21


def test_home_goes_to_the_strongest_neuron(page):
    reach(page)
    page.keyboard.press("Home")
    lanes = "import('/assets/js/stage/lanes.mjs')"
    strongest = page.evaluate(f"async () => (await {lanes}).strongestOf(window.mri.stage.lanes[0], '{KEY}')")
    assert f"neuron {strongest}" in said(page)
    assert "rank 1 of" in said(page)


def test_keys_turn_zoom_and_reset_the_tower(page):
    reach(page)
    home = page.evaluate(ORBIT)
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowUp")
    page.keyboard.press("+")
    turned = page.evaluate(ORBIT)
    assert turned["yaw"] > home["yaw"]
    assert turned["pitch"] > home["pitch"]
    assert turned["zoom"] > home["zoom"]
    page.keyboard.press("0")
    assert page.evaluate(ORBIT) == home
    assert step(page) == 20


def test_who_clicks_keeps_the_clocks_arrows(page):
    open_scanner(page, LINK)
    click_neuron(page, KEY, 9)
    until(page, lambda: view(page)["neuron"] == 9)
    page.keyboard.press("ArrowRight")
    assert step(page) == 21


def test_the_wheel_scrolls_the_page_unless_ctrl_is_held_or_the_tower_has_the_focus(page):
    page.set_viewport_size({"width": 1280, "height": 600})
    open_scanner(page, LINK)
    box = page.locator("canvas.mri-tower").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    before = page.evaluate(f"{ORBIT}.zoom")
    page.mouse.wheel(0, 200)
    until(page, "scrollY > 0")
    assert page.evaluate(f"{ORBIT}.zoom") == before
    expect(page.locator(".mri-hand-hint")).to_contain_text("Ctrl")
    page.keyboard.down("Control")
    page.mouse.wheel(0, -200)
    page.keyboard.up("Control")
    until(page, f"{ORBIT}.zoom > {before}")
    zoomed, scrolled = page.evaluate(f"[{ORBIT}.zoom, scrollY]")
    page.locator(".mri-view").focus()
    page.mouse.wheel(0, -200)
    until(page, f"{ORBIT}.zoom > {zoomed}")
    assert page.evaluate("scrollY") == scrolled


def test_axe_finds_nothing_while_the_hand_is_on_the_picture(page):
    reach(page)
    found = Axe().run(page).response["violations"]
    assert [fault["id"] for fault in found if fault["impact"] in ("serious", "critical")] == []


def test_the_focus_goes_with_the_clock_through_the_tokens(page):
    open_scanner(page, LINK)
    until(page, "document.activeElement.matches('.mri-token')", act=lambda: page.keyboard.press("Tab"))
    page.keyboard.press("ArrowRight")
    until(page, "document.activeElement.ariaCurrent === 'step' && window.mri.player.step === 21")
    expect(page.locator(".mri-tip[popover]")).to_contain_text("read in step 21")


def test_the_reason_of_derived_is_shown_to_the_keyboard(page):
    open_scanner(page, LINK)
    until(page, "document.activeElement.matches('.mri-sentence .mri-kind')", act=lambda: page.keyboard.press("Tab"))
    tip = page.locator(".mri-tip[popover]")
    expect(tip).to_contain_text("Written by fixed rules")
    page.keyboard.press("Escape")
    expect(tip).to_be_hidden()


def test_the_list_names_no_row_that_the_filter_hides(page):
    open_scanner(page, LINK)
    rows = page.get_by_role("listbox", name="Hook points")
    expect(rows).to_have_attribute("aria-activedescendant", f"row-{KEY}")
    unfold(page)
    page.get_by_label("Filter hook points").fill("attn")
    assert rows.get_attribute("aria-activedescendant") is None
    page.get_by_label("Filter hook points").fill("")
    expect(rows).to_have_attribute("aria-activedescendant", f"row-{KEY}")
