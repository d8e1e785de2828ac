"""The Compare page in a real browser: two known sessions on one clock, every panel, links, keys."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from mri.web.server import create_app
from mri.web.services import EXTENSION
from tests.browser.pair_page import (
    ALIKE,
    HEADS,
    LINK,
    MAP,
    NEXT,
    ROWS,
    map_is_here,
    moment,
    open_pair,
    write_pairs,
)
from tests.browser.scanner_page import click_bar, plot, shown, until
from tests.browser.serving import PHONE, clean_page, served

MODEL = Path(__file__).parents[1] / "golden" / "E5"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sessions")
    write_pairs(folder)
    return folder


def words(page, side, more=""):
    return page.locator(f".compare-columns [data-side={side}]{more}")


def current(page, side):
    return words(page, side, "[aria-current]").get_attribute("data-position")


def click_in_map(page, column, key):
    """A cell of the canvas, where the words' columns and the map's rows say that it is."""
    place = f"""(() => {{ const {{ words, canvas, data }} = {MAP}, box = canvas.getBoundingClientRect();
        const row = data.keys.length - 1 - data.keys.indexOf({key!r}), rowPx = box.height / data.keys.length;
        return [({column} + 0.5) * words.cellPx - words.scroller.scrollLeft, (row + 0.5) * rowPx]; }})()"""
    x, y = page.evaluate(place)
    page.locator(".compare-map").click(position={"x": x, "y": y})


def test_a_link_opens_both_where_they_were(page):
    open_pair(page)
    expect(page.locator("#compare-says")).to_contain_text("They share their first 2 tokens, then A goes on with “b”")
    expect(page.locator("#compare-says")).to_contain_text("5 of 7 moments are matched")
    assert (current(page, "a"), current(page, "b")) == ("2", "3")
    for side, parts in (("a", "b"), ("b", "g")):
        expect(words(page, side, ".is-parting")).to_have_text(parts)
        expect(page.locator(f".is-apart [data-side={side}]").first).to_be_visible()
    rows = page.locator("#compare-list tbody tr")
    expect(rows).not_to_have_count(0)
    map_is_here(page)
    expect(page.locator("#compare-map-says")).to_contain_text("0 the same · 1.41 nothing in common · dashed")
    expect(page.locator("#compare-map-says")).to_contain_text("here block 1 · resid_post:")
    expect(page.locator("#compare-map-says")).to_contain_text("certain:")
    shown(page, HEADS)
    shown(page, ROWS, "plot.data.length === 5")
    shown(page, NEXT)
    expect(page.locator("#compare-kl")).to_contain_text("KL(A‖B) at least")
    shown(page, ALIKE)
    expect(page.locator("#compare-score")).to_contain_text("mean cosine over 12 of 12 hook points")
    expect(page.locator(".compare-tiles dt")).to_have_text(["before they part", "after, block 0", "after, block 1"])


def test_one_clock_moves_both_and_the_address_follows(page):
    open_pair(page)
    page.keyboard.press("ArrowRight")
    until(page, "window.mri.player.step === 4")
    expect(words(page, "b", "[aria-current]")).to_have_attribute("data-position", "4")
    assert current(page, "a") == "3"
    words(page, "b", "[data-position='1']").click()
    until(page, "window.mri.player.step === 1")
    expect(page).to_have_url(re.compile("step=1"))
    page.keyboard.press("ArrowDown")
    expect(page).to_have_url(re.compile("point=block.0.resid_post"))
    page.reload()
    until(page, "window.mri?.timings.draw.length > 0")
    assert moment(page) == 1
    assert page.evaluate("window.mri.desk.view.point") == "block.0.resid_post"
    page.locator("#mri-scrubber").fill("5")
    until(page, "window.mri.player.step === 5")
    page.keyboard.press("Space")
    until(page, "window.mri.player.step === 6 && window.mri.player.mode === 'paused'")


def test_the_next_parting_is_a_press_or_a_key_away(page):
    open_pair(page)
    map_is_here(page)
    assert page.evaluate(f"{MAP}.partings") == [0], "two models that have nothing in common"
    button = page.get_by_role("button", name="Next parting")
    button.click()
    until(page, "window.mri.player.step === 0")
    page.keyboard.press("End")
    page.keyboard.press("n")
    until(page, "window.mri.player.step === 0")
    page.get_by_label("Show", exact=True).select_option("cosine")
    expect(button).to_be_disabled()


def test_what_is_not_matched_is_shown_and_not_subtracted(page):
    open_pair(page, LINK.replace("step=3", "step=5"))
    page.locator("#mri-scrubber").fill("2")  # only B has a step there
    expect(page.locator(".mri-lane-none").first).to_have_text("no step at this moment")
    page.get_by_role("button", name="One tower, B − A").click()
    expect(page.locator(".mri-lane-none")).to_have_text("only one of them has a step here")
    expect(page.locator("#compare-list")).to_contain_text("Where both sides' tokens are matched")
    until(page, f"document.querySelector('#{NEXT}').textContent.includes('Only B has a step')")
    map_is_here(page)
    assert [at for at, value in enumerate(page.evaluate(f"{MAP}.data.values[0]")) if value is None] == [2, 5]
    expect(page.locator("#compare-map-says")).to_contain_text("nothing is subtracted here")
    dashed = page.locator(".compare-columns .is-apart")
    assert [texts.split() for texts in dashed.all_text_contents()] != []


def test_a_click_in_the_map_or_a_chart_selects(page):
    open_pair(page, LINK.replace("resid_post", "mlp_out"))
    map_is_here(page)
    click_in_map(page, 4, "block.0.mlp_out")
    until(page, "window.mri.player.step === 4")
    expect(page).to_have_url(re.compile("point=block.0.mlp_out"))
    expect(page.locator("#compare-list caption")).to_have_text("Differ most in block 0 · mlp_out")
    shown(page, HEADS)
    click_bar(page, HEADS, 1, 0)
    expect(page).to_have_url(re.compile("layer=0&head=1"))
    expect(page.locator(f"#{ROWS}-title")).to_have_text("Where block 0, head 1 looks")
    neuron = page.locator("#compare-list tbody button").first
    neuron.click()
    expect(page).to_have_url(re.compile(f"neuron={neuron.text_content()}"))
    expect(page.locator("#compare-list tbody button[aria-pressed='true']")).to_have_count(1)
    dossier = page.locator("#compare-list tbody a").first
    assert dossier.get_attribute("href") == f"/neurons?session=one&point=block.0.mlp_out&neuron={neuron.text_content()}"
    dossier.click()
    expect(page.locator("#dossier-head")).to_contain_text("block.0.mlp_out")


def test_the_map_stands_under_its_words_and_goes_sideways_with_them(page):
    page.set_viewport_size(PHONE)
    open_pair(page, "/compare?a=long&b=long&step=20&point=block.1.resid_post")
    map_is_here(page)
    expect(page.locator(".compare-columns .is-now .mri-token").first).to_be_in_viewport(ratio=1)
    assert page.evaluate(f"{MAP}.words.scroller.scrollLeft") > 0
    box = page.locator(".compare-columns .is-now").bounding_box()
    click_in_map(page, 21, "block.0.resid_post")
    until(page, "window.mri.player.step === 21")
    assert page.locator(".compare-columns .is-now").bounding_box()["x"] == pytest.approx(box["x"] + box["width"], abs=1)
    for step in (0, 25):
        page.locator("#mri-scrubber").fill(str(step))
        expect(page.locator(".compare-columns .is-now .mri-token").first).to_be_in_viewport(ratio=1)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_the_lines_of_both_stand_over_the_moments(page):
    open_pair(page)
    expect(page.locator(".mri-lane-labels")).to_contain_text(re.compile(r"surprise\S+ · \S+ bits"))
    page.locator("#mri-scrubber").fill("2")  # only B has a step there
    expect(page.locator(".mri-lane-labels b").last).to_have_text(re.compile("^— · "))
    page.locator(".mri-lanes").hover()
    tip = page.locator(".mri-timeline-tip")
    expect(tip).to_contain_text("A surprise")
    expect(tip).to_contain_text("B surprise")
    page.get_by_label("Align by").select_option("prefix")
    expect(page.locator("#compare-says")).to_contain_text("2 of 6 moments are matched")
    expect(page.locator(".mri-lane-labels b").last).to_have_text(re.compile(r"\d · \d"))


def test_shares_stand_as_numbers_beside_their_marks(page):
    open_pair(page)
    shown(page, NEXT)
    shares = plot(page, NEXT, "plot.layout.annotations.map(({ text }) => text)")
    assert len(shares) == 2 * len(plot(page, NEXT, "plot.layout.yaxis.ticktext"))
    assert all(text.endswith("%") for text in shares)


def test_other_measures_and_alignments(page):
    open_pair(page)
    map_is_here(page)
    page.get_by_label("Show", exact=True).select_option("cosine")
    expect(page.locator("#compare-map-says")).to_contain_text("1 the same · 0 nothing in common")
    expect(page).to_have_url(re.compile("by=cosine"))
    page.get_by_label("Show", exact=True).select_option("length")
    expect(page.locator("#compare-map-says")).to_contain_text("orange longer in A")
    page.get_by_label("Align by").select_option("prefix")
    expect(page.locator("#compare-says")).to_contain_text("2 of 6 moments are matched")
    expect(page).to_have_url(re.compile("align=prefix"))
    page.get_by_label("Align by").select_option("pooled")
    expect(page.locator("#compare-says")).to_contain_text("Pooled: means over all steps")
    expect(page.locator("#compare-map-says")).to_contain_text("no step stands for another")


def test_a_session_does_not_differ_from_itself(page):
    open_pair(page, "/compare?a=one&b=one")
    expect(page.locator("#compare-says")).to_contain_text("Both read the same 7 tokens")
    expect(page.locator("#compare-list")).to_have_text("No captured neuron differs.")
    map_is_here(page)
    assert page.evaluate(f"Math.max(...{MAP}.data.values.flat())") == 0
    expect(page.locator("#compare-score .compare-number")).to_have_text("1.000")


def test_other_captures_and_weights_are_said_and_sides_swap(page):
    open_pair(page, "/compare?a=one&b=light")
    expect(page.locator("#compare-notes")).to_contain_text("Their weights differ")
    expect(page.locator("#compare-notes")).to_contain_text("B statistics only")
    expect(page.locator("#compare-map-says")).to_contain_text("statistics only")
    page.get_by_label("Show", exact=True).select_option("length")  # statistics are there of every hook point
    until(page, f"{MAP}.data.by === 'length' && {MAP}.data.values.length > 0")
    page.get_by_role("button", name="Swap A and B").click()
    expect(page).to_have_url(re.compile("a=light&b=one"))
    expect(page.locator("#compare-notes")).to_contain_text("A keeps statistics only")
    page.get_by_label("B recording").select_option("two")
    expect(page).to_have_url(re.compile("a=light&b=two"))
    page.go_back()
    expect(page).to_have_url(re.compile("a=light&b=one"))


def test_panels_can_be_taken_away(page):
    open_pair(page)
    shown(page, NEXT)
    for label, kind, name, start in (
        ("Where they differ", "Numbers, CSV", "map.csv", b"moment,step_a"),
        ("Neurons", "Picture, PNG", "neurons.png", b"\x89PNG"),
        ("What comes next", "Picture, SVG", "predictions.svg", b"<svg"),
    ):
        page.get_by_label(f"Take away: {label}", exact=True).click()
        with page.expect_download() as download:
            page.locator(".mri-menu[open]").get_by_role("button", name=kind).click()
        assert download.value.suggested_filename == f"compare_one_two_moment-3_{name}"
        assert download.value.path().read_bytes().startswith(start)
    page.locator("#compare-tools summary").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Tokens of both, CSV").click()
    assert b"token_a" in download.value.path().read_bytes()


def test_the_start_and_the_sessions_lead_to_a_comparison(page):
    page.goto("/compare")
    expect(page.get_by_role("heading", name="Compare two scans")).to_be_visible()
    page.locator("#compare-first").select_option("two")
    page.locator("#compare-second").select_option("one")
    page.get_by_role("button", name="Compare them").click()
    expect(page).to_have_url(re.compile(r"/compare\?a=two&b=one"))
    page.goto("/sessions")
    page.locator("#row-one").get_by_role("button", name="Compare").click()
    bar = page.locator(".sessions-compare-bar")
    expect(bar).to_contain_text("is A")
    page.get_by_role("button", name="Do not compare").click()
    expect(bar).to_be_hidden()
    page.set_viewport_size({"width": 1280, "height": 300})  # the list is longer than the window
    first = page.locator("#row-one").get_by_role("button", name="Compare")
    first.click()
    expect(first).to_have_attribute("aria-pressed", "true")
    expect(bar).to_be_in_viewport(ratio=1)
    page.locator("#row-two").get_by_role("button", name="Compare").click()
    expect(page).to_have_url(re.compile(r"/compare\?a=one&b=two"))
    until(page, "window.mri?.timings.draw.length > 0")
    page.goto("/compare?a=one&b=nothing")
    expect(page.get_by_text("These sessions cannot be compared")).to_be_visible()


def test_two_prompts_are_recorded_and_compared(browser, tmp_path):
    app = create_app(tmp_path, MODEL)
    with served(app) as address, clean_page(browser, address) as page:
        page.goto("/compare")
        page.get_by_role("button", name="Record two prompts").click()
        page.get_by_label("Prompt A").fill("Mia went")
        page.get_by_label("Prompt B").fill("Tom went")
        page.get_by_label("Words at most").fill("3")
        page.get_by_role("dialog").get_by_role("button", name="Record", exact=True).click()
        expect(page).to_have_url(re.compile(r"/compare\?a=\d{8}-\S+&b=\d{8}-\S+"), timeout=120_000)
        until(page, "window.mri?.timings.draw.length > 0")
        for side, name in (("a", "Mia"), ("b", "Tom")):
            assert f"{name}went" in "".join(words(page, side).all_text_contents())
    app.server.extensions[EXTENSION].worker.close()
