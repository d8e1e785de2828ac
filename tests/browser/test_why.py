"""Why this word: the tab, its words, what is lost, where it looks, the picture of parts, and the way there and back."""

import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from playwright.sync_api import expect

from mri.format.config import Sampling, TraceConfig
from mri.nanochat.checkpoint import load_model
from mri.run.record import record_generation
from tests.browser.scanner_page import open_scanner, step, until, view
from tests.browser.serving import PHONE, clean_page
from tests.browser.test_accessibility import faults

LIST = "red, blue, green, red, blue,"
CAPTURE = TraceConfig(attention_tier="full_row", prefill="stepwise", edu=True, ledger="direct", lens="top")
ADDRESS = "/?session=list&step=11&tab=why"
SENTENCE = (
    "“green” beat “golden” by 14.5: head 5.0 (+9.0) and head 5.1 (+6.1) wrote it, looking at “green”. "
    "With head 3.1 off, nothing of it is left."
)
OVERLAP = """(() => {
  const boxes = [...document.querySelectorAll(".mri-pill")].map((pill) => pill.getBoundingClientRect());
  const isOver = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
  return boxes.some((a, i) => boxes.some((b, j) => i < j && isOver(a, b)));
})()"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    sessions = tmp_path_factory.mktemp("sessions")
    loaded = load_model(device="cpu")
    for name, capture in (("list", CAPTURE), ("old", replace(CAPTURE, ledger="none", lens="none"))):
        record_generation(
            loaded, LIST, sampling=Sampling(14, 0.0), config=capture, sessions=sessions, session_id=name, name=name
        )
    shutil.copy(Path(__file__).parents[1] / "recordings" / "perceptron.h5", sessions)
    with torch.no_grad():
        loaded.model.transformer["h"][4].mlp.c_proj.weight[5, 7] = torch.nan
    record_generation(loaded, LIST, sampling=Sampling(1, 0.0), config=CAPTURE, sessions=sessions, session_id="nan")
    return sessions


def line(page, text):
    expect(page.locator(".mri-sentence-line")).to_have_text(text)


def row(page, name):
    return page.locator(".mri-why-row", has=page.get_by_text(name, exact=True))


def test_by_mouse_from_a_word_to_the_token_that_its_strongest_loss_looks_at(page):
    open_scanner(page, "/?session=list&step=3")
    page.evaluate("window.mri.player.play()")
    page.locator('.mri-token[data-position="12"]').click(modifiers=["Alt"])
    expect(page.locator("#mri-toasts")).to_contain_text("Why “green”: step 11.")
    until(page, "window.mri.player.step === 11 && window.mri.desk.view.tab === 'why'")
    assert page.evaluate("window.mri.player.mode") == "paused", "the clock would leave the step that was asked for"
    line(page, SENTENCE)
    expect(row(page, "head 5.0")).to_contain_text("9.2")  # a chart follows the sentence when there is time
    assert row(page, "head 5.0").inner_text().split() == ["head", "5.0", "+9.0", "9.2"]
    assert row(page, "the difference").inner_text().split() == ["the", "difference", "+14.5"]
    page.get_by_role("button", name="head 3.1: wrote +0.1, lost if off 14.7").click()
    assert {name: view(page)[name] for name in ("part", "layer", "head")} == {"part": "3.1", "layer": 3, "head": 1}
    page.get_by_role("button", name="3.1 looks at blue").first.click()
    until(page, "window.mri.player.step !== 11")
    position = page.evaluate("window.mri.run.tokens.steps.pos0[window.mri.player.step]")
    assert page.evaluate(f"window.mri.run.tokens.text[window.mri.run.tokens.sequence[{position}]]") == " blue"
    page.go_back()
    until(page, "window.mri.desk.view.tab !== 'why'")


def test_by_keyboard(page):
    open_scanner(page, "/?session=list&step=11&tab=neurons")
    page.locator("#tab-neurons").focus()
    page.keyboard.press("y")
    line(page, SENTENCE)
    page.locator(".mri-why-rows button").first.focus()
    until(page, "document.querySelectorAll('.mri-why-rows button').length > 9")
    name = "document.activeElement.getAttribute('aria-label')"
    page.locator(".mri-why-rows button").first.focus()
    until(page, f"{name}?.startsWith('head 3.1')", act=lambda: page.keyboard.press("ArrowDown"))
    page.keyboard.press("Enter")
    assert view(page)["part"] == "3.1"
    page.get_by_role("button", name="3.1 looks at blue").first.focus()
    page.keyboard.press("Enter")
    until(page, "window.mri.player.step !== 11")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("y")
    until(page, "document.querySelector('.mri-why-rows')")


def test_the_address_opens_the_same(page, site):
    open_scanner(page, f"{ADDRESS}&against=643&part=3.1&amount=lost")
    label = page.locator(".mri-why-word.is-against")
    expect(label).to_contain_text("rival")
    expect(page.locator(".mri-pill.is-selected")).to_contain_text("3.1")
    expect(page.locator(".mri-why-switch [aria-pressed=true]")).to_have_text("lost if off")
    expect(page.locator(".mri-sentence-line")).to_contain_text("looking at")
    before = page.locator(".mri-sentence-line").inner_text()
    page.keyboard.press("v")
    until(page, "window.mri.desk.view.token === 643")
    expect(page.locator(".mri-sentence-line")).to_contain_text("was ahead of")
    page.keyboard.press("v")
    expect(page.locator(".mri-sentence-line")).to_have_text(before)
    page.reload()
    until(page, "window.mri?.timings.draw.length > 0")
    expect(page.locator(".mri-sentence-line")).to_contain_text("“green” beat")
    assert (step(page), view(page)["against"], view(page)["part"]) == (11, 643, "3.1")


def test_typing_filters_the_tokens_to_choose_from(page):
    open_scanner(page, ADDRESS)
    line(page, SENTENCE)
    rival = page.locator(".mri-why-word.is-against input")
    rival.focus()
    page.keyboard.type("bro")
    page.keyboard.press("Enter")
    expect(page.locator(".mri-sentence-line")).to_contain_text("“green” beat “brown” by")
    expect(page.get_by_role("combobox", name="rival: brown")).to_be_focused()
    page.keyboard.type("no token is called so")
    page.keyboard.press("Tab")
    expect(page.locator(".mri-sentence-line")).to_contain_text("“green” beat “brown” by")
    expect(rival).to_have_value("brown")


def test_what_is_below_the_rows_stays_where_it_is(page):
    open_scanner(page, ADDRESS)
    line(page, SENTENCE)
    until(page, "document.querySelector('.mri-why circle.is-for')")
    places = (
        "[document.querySelectorAll('.mri-why-rows button').length, document.querySelector('.mri-why-maps').offsetTop]"
    )
    many, below = page.evaluate(places)
    page.evaluate("window.mri.player.seek(0)")
    until(page, f"document.querySelectorAll('.mri-why-rows button').length < {many}")
    assert page.evaluate(places)[1] == below


def test_what_was_recorded_moves_with_the_clock_and_asks_for_nothing(page):
    open_scanner(page, ADDRESS)
    line(page, SENTENCE)
    asked = []
    page.on(
        "request", lambda request: asked.append(request.url) if "/why?" in request.url or "sweep" in request.url else 0
    )
    page.evaluate("window.mri.player.setSpeed(4); window.mri.player.seek(2); window.mri.player.play()")
    until(page, "window.mri.player.step > 8")
    assert asked == []
    page.evaluate("window.mri.player.pause()")


def test_the_picture_of_parts_and_the_usual_one(page):
    open_scanner(page, ADDRESS)
    expect(page.locator(".mri-pill", has_text="5.0")).to_contain_text("+9.0")
    expect(page.locator(".mri-tower-labels:visible .mri-plate-value", has_text="+15.0")).to_have_count(1)
    assert not page.evaluate(OVERLAP)
    page.get_by_role("button", name="lost if off", exact=True).click()
    expect(page.locator(".mri-pill", has_text="3.1")).to_contain_text("14.7")
    assert not page.evaluate(OVERLAP)
    page.get_by_role("button", name="activity").click()
    expect(page.locator(".mri-pills:visible")).to_have_count(0)
    expect(page.locator(".mri-tower-labels:visible .mri-plate-value", has_text="green")).not_to_have_count(
        0
    )  # the lens


def test_a_depth_says_its_strongest_tokens(page):
    open_scanner(page, ADDRESS)
    line(page, SENTENCE)  # all has come: what is pressed while it is drawn anew is not clicked
    page.get_by_role("button", name="after block 5").click()
    expect(page.locator(".mri-why-guesses")).to_contain_text("green")


def test_numbers_and_python_to_take_away(page):
    held = []
    page.route("**/sweep", lambda route: held.append(route))
    open_scanner(page, ADDRESS)
    page.get_by_label("Take away: Why").click()
    until(page, lambda: held)
    held[0].continue_()
    line(page, SENTENCE)  # with what is lost, which came while the menu was open
    with page.expect_download() as found:
        page.get_by_role("button", name="Numbers, CSV", exact=True).locator("visible=true").click()
    expect(row(page, "head 5.0")).to_contain_text("9.2")
    rows = found.value.path().read_text().splitlines()
    assert len(rows) == 33
    assert sum(float(row.split(",")[3]) for row in rows[1:]) == pytest.approx(14.5275, abs=1e-3)
    python = page.request.get("/sessions/list/python?step=11&point=block.0.resid_post&why=1")
    assert "trace.ledger(11, token=554, against=665)" in python.text()
    assert "trace.sweep(11, token=554, against=665)" in python.text()


def test_an_old_recording_says_so_and_is_computed_when_asked(page):
    open_scanner(page, "/?session=old&step=11&tab=why")
    expect(page.locator("#mri-why")).to_contain_text("was not recorded here")
    page.get_by_role("button", name="Compute it").click()
    line(page, SENTENCE)
    expect(row(page, "head 5.0")).to_contain_text("+9.0")


def test_a_recording_of_another_module_has_no_why(page):
    open_scanner(page, "/?session=perceptron&step=2&tab=why")
    expect(page.get_by_role("tab", name="Neurons")).to_have_attribute("aria-selected", "true")
    page.keyboard.press("y")
    expect(page.locator("#mri-toasts")).to_contain_text("of another module than a nanochat model")
    assert view(page)["tab"] == "neurons"


def test_a_refusal_stands_in_its_place(browser, site):
    with clean_page(browser, site, tolerated="status of 400") as page:
        for what in ("**/sweep", "**/why?*"):
            page.route(
                what, lambda route: route.fulfill(status=400, json={"error": "No model with these weights is at hand."})
            )
        open_scanner(page, ADDRESS)
        expect(page.locator(".mri-why-refused")).to_contain_text("No model with these weights is at hand.")
        expect(row(page, "head 5.0")).to_contain_text("+9.0")


def test_the_word_that_comes_next_is_whole_among_the_words(page):
    page.set_viewport_size({"width": 1440, "height": 900})
    open_scanner(page, ADDRESS)
    expect(page.locator(".mri-strip .is-next")).to_have_text(" green")
    room = page.evaluate(
        """(() => { const word = document.querySelector('.mri-strip .is-next'), text = document.createRange();
            text.selectNodeContents(word);
            const padding = parseFloat(getComputedStyle(word).paddingLeft);
            return word.getBoundingClientRect().width - 2 * padding - text.getBoundingClientRect().width; })()"""
    )
    assert room >= 0


def test_logits_that_are_no_numbers_are_explained_by_none(browser, site):
    with clean_page(browser, site, tolerated="status of 400") as page:  # no model has these weights
        open_scanner(page, "/?session=nan&step=5&tab=why")
        expect(page.locator(".mri-sentence-line")).to_have_text(
            re.compile("The lead of “green” over “.+” is no number in this step.")
        )
        expect(page.locator("#mri-why")).to_contain_text("hold NaN or infinity in this step")
        assert page.locator(".mri-why-row, .mri-why svg").count() == 0
        assert "NaN" not in page.locator(".mri-why-pair").inner_text()


def test_on_a_phone_one_stands_under_the_other(browser, site):
    with clean_page(browser, site, PHONE) as page:
        open_scanner(page, ADDRESS)
        line(page, SENTENCE)
        until(page, "document.querySelector('.mri-why circle.is-for')")
        places = [".mri-sentence-line", ".mri-why-rows", ".mri-why-map"]
        tops = [page.locator(place).first.bounding_box()["y"] for place in places]
        assert tops == sorted(tops)
        widths = page.locator(".mri-why-word input").evaluate_all("all => all.map((each) => each.clientWidth)")
        assert min(widths) > 60, "its words can be read"
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        maps = page.locator(".mri-why-map")
        assert maps.nth(1).bounding_box()["y"] > maps.nth(0).bounding_box()["y"] + 50


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_axe_finds_no_fault(browser, site, theme):
    with clean_page(browser, site) as page:
        page.add_init_script(f"try {{ localStorage.setItem('mri-theme', '{theme}'); }} catch {{}}")
        open_scanner(page, f"{ADDRESS}&part=3.1")
        line(page, SENTENCE)
        page.get_by_role("button", name="after block 5").click()
        expect(page.locator(".mri-why-guesses")).to_contain_text("green")
        assert not faults(page)
