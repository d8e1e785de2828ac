"""Several recordings in one tower: two and three by a link, what each lane shows, B − A, words that never overlap."""

import pytest
from playwright.sync_api import expect

from tests.browser.scanner_page import open_scanner, until
from tests.browser.serving import clean_page
from tests.conftest import write_random_session
from tests.true_sessions import write_true_session

KEY = "block.1.resid_post"
LINK = f"/?session=one&lanes=two&step=1&point={KEY}&neuron=0"
WORDS = ".mri-plate-name, .mri-plate-value, .mri-column, .mri-top, .mri-lane-title, .mri-between, .mri-tools button"
OVERLAPS = """(words) => {
  const boxes = [...document.querySelectorAll(`#mri-stage :is(${words})`)]
    .filter((each) => each.textContent && each.getClientRects().length)
    .map((each) => {
      const own = each.getBoundingClientRect();
      const seen = each.closest('.mri-tops')?.getBoundingClientRect() ?? own; // chips without room are left out
      const { left, top } = own;
      return { text: each.textContent, left, top,
               right: Math.min(own.right, seen.right), bottom: Math.min(own.bottom, seen.bottom) }; })
    .filter(({ top, bottom }) => bottom - top > 2);
  const isLeft = (a, b) => a.right <= b.left + 1, isAbove = (a, b) => a.bottom <= b.top + 1;
  const apart = (a, b) => isLeft(a, b) || isLeft(b, a) || isAbove(a, b) || isAbove(b, a);
  const over = (a, i) => boxes.slice(i + 1).filter((b) => !apart(a, b)).map((b) => `${a.text} × ${b.text}`);
  return [boxes.length, boxes.flatMap(over)]; }"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sessions")
    write_true_session(folder, "one", [0, 1, 2, 3, 4], seed=1)
    write_true_session(folder, "two", [0, 1, 2, 6, 4, 5], seed=2)
    write_true_session(folder, "high", [0, 1, 2, 3, 4], seed=3, n_layer=4)
    for seed, name in enumerate(("tall", "taller", "tallest")):
        write_random_session(
            folder, n_layer=20, n_embd=1280, n_head=4, num_steps=12, session_id=name, seed=seed, num_prompt_tokens=4
        )
    return folder


def lanes(page, of):
    return page.evaluate(f"window.mri.stage.lanes.map((lane) => {of})")


def both(page, count=2):
    until(page, f"window.mri.stage.lanes.length === {count} && window.mri.stage.lanes.every(({{ frame }}) => frame)")


def place(page, neuron, lane):
    """Where a neuron of KEY is drawn, in CSS pixels of the page."""
    return page.evaluate(
        f"""(() => {{ const {{ stage }} = window.mri; const box = stage.view.getBoundingClientRect();
            const [x, y] = stage.locate('{KEY}', {neuron}, {lane}); return [box.x + x, box.y + y]; }})()"""
    )


def click_in_lane(page, neuron, lane):
    label = f"{'AB'[lane]} · {KEY} · neuron {neuron}"
    tip = "document.querySelector('#mri-stage .mri-tip:not([hidden]) div')?.textContent"
    until(page, f"{tip} === {label!r}", act=lambda: page.mouse.move(*place(page, neuron, lane)))
    page.mouse.down()
    page.mouse.up()


def test_a_link_shows_two_recordings_in_one_tower_on_one_clock(page):
    open_scanner(page, LINK)
    both(page)
    expect(page.locator(".mri-lane-title")).to_have_text(["A · one", "B · two"])
    assert lanes(page, "lane.frame.header.step") == [1, 1]
    page.keyboard.press("ArrowRight")
    until(page, "window.mri.stage.lanes.every(({ frame }) => frame?.header.step === 2)")
    left, right = (place(page, 0, lane) for lane in (0, 1))
    assert right[0] > left[0] + 50
    assert abs(right[1] - left[1]) < 2, "plates of a hook point stand at one height"
    assert page.evaluate("new Set(window.mri.stage.tower.plates.map(({ lane }) => lane)).size") == 2


def test_three_recordings_stand_in_one_tower(page):
    open_scanner(page, LINK.replace("lanes=two", "lanes=two,high"))
    both(page, 3)
    expect(page.locator(".mri-lane-title")).to_have_text(["A · one", "B · two", "C · high"])
    missing = (
        "window.mri.stage.tower.plates.filter(({ width }) => width === 0).map(({ lane, key }) => `${lane} ${key}`)"
    )
    assert page.evaluate(missing) == [f"{lane} block.{block}.resid_post" for lane in (0, 1) for block in (2, 3)], (
        "a plate that a model lacks stays empty"
    )
    expect(page.locator(".mri-plate-value", has_text="none")).to_have_count(4)


def test_a_click_on_a_lane_selects_its_neuron_and_rings_it_in_both(page):
    open_scanner(page, LINK)
    both(page)
    click_in_lane(page, 5, 1)
    until(page, "window.mri.desk.view.neuron === 5")
    x, y = place(page, 5, 0)
    page.mouse.move(x, y)
    expect(page.locator("#mri-stage .mri-tip div").first).to_have_text(f"A · {KEY} · neuron 5")


def test_b_minus_a_is_one_picture_and_only_where_the_text_is_the_same(page):
    open_scanner(page, f"{LINK}&difference=1")
    until(page, "window.mri.stage.lanes[0].label === 'B − A'")
    values = page.locator(".mri-plate-value")
    expect(values.first).to_contain_text("‖B − A‖ ≥")
    expect(page.locator(".mri-legend")).to_contain_text("B − A ≤ −")
    page.keyboard.press("End")  # they have parted by now
    expect(page.locator(".mri-lane-none")).to_have_text("not matched here: nothing is subtracted")
    page.get_by_role("button", name="Side by side").click()
    until(page, "window.mri.stage.lanes.length === 2")
    expect(page.locator(".mri-lane-title")).to_have_text(["A · one", "B · two"])
    until(page, "!location.search.includes('difference')")


def test_one_switch_says_how_two_are_seen_and_stands_in_link_and_back(page):
    ways = page.get_by_role("group", name="Ways to see them")
    pressed = ways.locator("[aria-pressed=true]")
    for link in (LINK, "/compare?a=one&b=two&align=prefix&step=1"):
        open_scanner(page, link)
        until(page, "window.mri.stage.lanes.length === 2")
        expect(ways.get_by_role("button")).to_have_text(["Side by side", "One tower, B − A", "Flat"])
        expect(pressed).to_have_text("Side by side")
        ways.get_by_role("button", name="One tower, B − A").focus()
        page.keyboard.press("Enter")
        until(page, "window.mri.stage.lanes[0].label === 'B − A' && location.search.includes('difference=1')")
        expect(ways.get_by_role("button", name="One tower, B − A")).to_be_focused()
        page.keyboard.press("t")
        expect(pressed).to_have_text("Flat")
        until(page, "location.search.includes('picture=flat') && !location.search.includes('difference=1')")
        page.reload()
        until(page, "window.mri?.timings.draw.length > 0 && window.mri.stage.lanes.length === 2")
        expect(pressed).to_have_text("Flat")
        page.go_back()
        expect(pressed).to_have_text("One tower, B − A")
        page.go_back()
        expect(pressed).to_have_text("Side by side")


def test_three_cannot_be_subtracted(page):
    open_scanner(page, LINK.replace("lanes=two", "lanes=two,high"))
    both(page, 3)
    expect(page.get_by_role("group", name="Ways to see them").get_by_role("button")).to_have_text(
        ["Side by side", "Flat"]
    )


def test_the_shorter_recording_says_that_it_has_no_such_step(page):
    open_scanner(page, "/?session=two&lanes=one&step=4")
    until(page, "window.mri.stage.lanes.length === 2")
    expect(page.locator(".mri-lane-none").nth(1)).to_have_text("it has 4 steps")


def test_the_flat_picture_has_lanes_too(page):
    open_scanner(page, f"{LINK}&picture=flat")
    both(page)
    until(page, "window.mri.stage.flat.plates.length === 8")
    left, right = (place(page, 0, lane) for lane in (0, 1))
    assert right[0] > left[0]
    assert abs(right[1] - left[1]) < 2
    click_in_lane(page, 3, 1)
    until(page, "window.mri.desk.view.neuron === 3")


def test_a_recording_that_does_not_come_is_asked_for_again(browser, site):
    with clean_page(browser, site, tolerated="Failed to load resource") as page:
        page.route("**/sessions/two/meta", lambda route: route.abort())
        open_scanner(page, LINK)
        again = page.locator("#mri-stage").get_by_role("button", name="Retry")
        expect(again).to_be_visible()
        assert page.evaluate("window.mri.stage.lanes.length") == 1, "the first one is shown meanwhile"
        page.unroute("**/sessions/two/meta")
        again.click()
        both(page)
        expect(again).to_be_hidden()


@pytest.mark.parametrize("size", [(1440, 900), (768, 1024), (390, 844)])
@pytest.mark.parametrize("others", ["", "&lanes=taller", "&lanes=taller,tallest"])
def test_words_never_stand_over_another_at_20_layers_of_1280(page, others, size):
    page.set_viewport_size({"width": size[0], "height": size[1]})
    open_scanner(page, f"/?session=tall{others}&step=9&point=block.7.resid_post&neuron=1")
    both(page, 1 + others.count("tall"))
    until(page, "document.querySelectorAll('.mri-plate-value').length > 0")
    count, overlaps = page.evaluate(OVERLAPS, WORDS)
    assert count > 12
    assert overlaps == []


def test_between_two_plates_stands_how_far_they_are_apart(page):
    page.goto("/compare?a=one&b=two&align=prefix&step=2")
    until(page, "document.querySelectorAll('.mri-between:not([hidden])').length > 2")
    apart = page.locator(".mri-between:not([hidden]) b").all_text_contents()
    of_map = page.evaluate("Object.values(window.mri.panels.map.between(2))")
    assert all(any(abs(float(text) - value) <= 0.0051 for value in of_map) for text in apart)
    page.get_by_label("Show", exact=True).select_option("cosine")  # the map shows something else: nothing is said
    until(page, "document.querySelectorAll('.mri-between:not([hidden])').length === 0")


def test_words_never_stand_over_another_in_a_pair_of_20_layers_of_1280(page):
    page.set_viewport_size({"width": 1440, "height": 1100})
    page.goto("/compare?a=tall&b=tall&align=prefix&step=3&point=block.7.resid_post")
    until(page, "window.mri?.timings.draw.length > 0")
    until(page, "document.querySelectorAll('.mri-between:not([hidden])').length > 5")
    count, overlaps = page.evaluate(OVERLAPS, WORDS)
    assert count > 20
    assert overlaps == []
