"""Simple: the first minute of somebody who has never seen this, by mouse, by keyboard and on a phone."""

import re
import shutil
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from mri.format.config import TraceConfig
from mri.store.library import Library
from mri.web.server import create_app
from mri.web.services import EXTENSION
from mri.worker.handle import GenerationWorker
from tests.browser.places import copy_sessions
from tests.browser.scanner_page import open_scanner, step, until, view
from tests.browser.serving import PHONE, clean_page, served
from tests.browser.test_widths import SETTLED, SIZES
from tests.conftest import FAKE_WORKER, write_random_session
from tests.tiers import sample

WIDE = {"width": 1440, "height": 900}

OVERLAPS = (Path(__file__).parent / "overlaps.js").read_text("utf-8")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    names = ("demo-gift", "pair-gift", "demo-calculator", "demo-story")
    return copy_sessions(tmp_path_factory.mktemp("sessions"), names)


@pytest.fixture
def page(browser, site):
    with clean_page(browser, site, WIDE, full=False) as page:
        yield page


def words(page):
    return page.locator(".simple-words").inner_text()


def rows(page, selector):
    return [row.inner_text().split("\n") for row in page.locator(selector).all()]


def test_a_first_visit_says_what_this_is_and_stands_still(page):
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    open_scanner(page)
    expect(page.locator(".simple-lede")).to_contain_text("the kind inside a chatbot, finishes a sentence")
    assert words(page) == "When Mia and Tom went to the park, Tom gave a ball to Mia"
    expect(page.locator(".simple-blank").first).to_have_text("Mia")
    expect(page.locator(".simple-swap")).to_have_text("If Mia gives the ball, it says Tom: 99.97 %")
    assert [row[:2] for row in rows(page, ".simple-row")] == [
        ["layer 5", "Mia"],
        ["layer 4", "Lily"],
        ["layer 3", "Lily"],
        ["layer 2", "was"],
        ["layer 1", "plant"],
        ["layer 0", "once"],
        ["words in", "to"],
    ]
    labels = [label.inner_text() for label in page.locator(".simple-curve-label").all()]
    assert labels == ["gets 51 % of one look back of layer 5", "gets 48 %", "gets 98 % of one look back of layer 3"]
    shares = rows(page, ".simple-share")
    assert (shares[0], shares[-1][0]) == (["Mia", "99.902 %"], "all 2,044 others together")
    assert f"{sum(float(share.split()[0]) for _, share in shares):.3f}" == "100.000"
    page.wait_for_timeout(700)
    assert (step(page), page.evaluate("window.mri.player.mode")) == (14, "paused")
    assert not [url for url in asked if "plotly" in url]
    assert page.evaluate("!window.Plotly")


def test_it_plays_to_the_end_and_shows_nothing_before_it_is_written(page):
    open_scanner(page)
    page.get_by_label("Shown at").select_option("Infinity")
    page.get_by_role("button", name="Play").click()
    expect(page.locator(".simple-says")).to_have_text("It ends here.")
    assert words(page).endswith("to Mia. Mia smiled at her. the end")
    page.get_by_role("button", name="From the start").click()
    until(page, "window.mri.player.step < 21")
    until(page, "window.mri.player.mode !== 'playing'")
    expect(page.locator(".simple-says")).to_have_text("It ends here.")
    page.keyboard.press("Home")
    expect(page.locator(".simple-words")).to_have_text("When")


def test_a_word_goes_to_the_step_that_chose_it(page):
    open_scanner(page)
    word = page.locator(".simple-word", has_text="park")
    until(page, "window.mri.run.series")
    word.hover()
    assert "likely" in word.get_attribute("title")
    word.click()
    assert step(page) == 7
    expect(page.locator(".simple-blank").first).to_have_text("park")
    expect(page.locator(".simple-says")).to_contain_text("The sentence goes on with “park”")


def test_a_layer_says_what_it_looks_at_and_keeps_it(page):
    open_scanner(page)
    row = page.locator(".simple-row", has_text="layer 2")
    row.hover()
    expect(page.locator(".simple-curve-label").first).to_have_text("gets 56 % of one look back of layer 2")
    page.mouse.move(2, 2)
    expect(page.locator(".simple-curve-label").first).to_contain_text("layer 5")
    row.click()
    page.mouse.move(2, 2)
    expect(row).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".simple-curve-label").first).to_contain_text("layer 2")
    until(page, "location.search.includes('look=2')")
    page.keyboard.press("ArrowUp")
    expect(page.locator(".simple-row", has_text="layer 3")).to_have_attribute("aria-pressed", "true")
    until(page, "location.search.includes('look=3')")
    page.reload()
    until(page, "window.mri?.timings.draw.length > 0")
    expect(page.locator(".simple-row", has_text="layer 3")).to_have_attribute("aria-pressed", "true")


def test_a_dot_says_its_number(page):
    open_scanner(page)
    x, y = page.evaluate(
        """(() => { const { stage } = window.mri; const box = stage.view.getBoundingClientRect();
            const [x, y] = stage.locate("block.3.resid_post", 129); return [box.x + x, box.y + y]; })()"""
    )
    page.mouse.move(x, y)
    expect(page.locator(".simple-stage .mri-tip")).to_contain_text("number 129 of layer 3: −152")
    expect(page.locator(".simple-stage .mri-tip")).to_contain_text("block.3.resid_post[129] · measured")


def test_simple_and_full_keep_step_and_selection(page):
    open_scanner(page)
    page.locator(".simple-row", has_text="layer 4").click()
    page.keyboard.press("ArrowRight")
    before = view(page)
    assert step(page) == 15
    page.get_by_role("button", name="Full", exact=True).click()
    until(page, "window.mri?.shown.view === 'full' && window.mri.timings.draw.length > 0")
    until(page, "document.querySelector('.js-plotly-plot .main-svg')")
    kept = ("session", "step", "point", "layer", "head", "neuron", "look")
    assert {name: view(page)[name] for name in kept} == {name: before[name] for name in kept}
    expect(page.locator("#mri-ribbon")).to_be_visible()
    page.goto("/")
    until(page, "window.mri?.shown.view === 'full' && window.mri.timings.draw.length > 0")
    page.keyboard.press("f")
    until(page, "window.mri?.shown.view === 'simple' && window.mri.timings.draw.length > 0")
    assert step(page) == 14
    expect(page.locator(".simple-hero")).to_be_visible()
    expect(page.get_by_role("button", name="Simple", exact=True)).to_have_attribute("aria-pressed", "true")


def test_a_link_of_today_opens_full(page):
    open_scanner(page, "/?session=demo-gift&step=3&tab=attention")
    assert page.evaluate("window.mri.shown.view") == "full"


def test_why_opens_full_at_the_same_step_and_back_returns(page):
    open_scanner(page)
    page.get_by_role("button", name="Why “Mia”?").click()
    until(page, "window.mri?.shown.view === 'full' && window.mri.timings.draw.length > 0")
    assert (step(page), view(page)["tab"]) == (14, "why")
    expect(page.locator("#tab-why")).to_have_attribute("aria-selected", "true")
    page.go_back()
    until(page, "window.mri?.shown.view === 'simple' && window.mri.timings.draw.length > 0")
    assert step(page) == 14


def test_call_outs_shrink_to_their_numbers_and_stay_so(page):
    open_scanner(page)
    expect(page.get_by_text("Words go in here,")).to_be_visible()
    page.get_by_role("button", name="Next word").click()
    expect(page.get_by_text("Words go in here,")).to_be_hidden()
    page.get_by_role("button", name="1: Words go in here,").click()
    expect(page.get_by_text("Words go in here,")).to_be_visible()
    page.reload()
    until(page, "window.mri?.timings.draw.length > 0")
    expect(page.get_by_text("Words go in here,")).to_be_hidden()


def test_one_word_changed(page):
    open_scanner(page)
    expect(page.locator(".simple-changed")).to_contain_text("Mia gave a ball to Tom")
    page.get_by_role("button", name="See it there").click()
    until(page, "window.mri?.session === 'pair-gift' && window.mri.timings.draw.length > 0")
    expect(page.locator(".simple-swap")).to_contain_text("If Tom gives the ball, it says Mia: 99.9 %")
    page.get_by_role("button", name="Compare the two").click()
    expect(page).to_have_url(re.compile("/compare.a=demo-gift"))


def test_all_of_it_by_keyboard(page):
    open_scanner(page)
    page.keyboard.press("ArrowRight")
    assert step(page) == 15
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowDown")
    expect(page.locator(".simple-row", has_text="layer 5")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("/")
    expect(page.get_by_label("Your own sentence")).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.locator("#mri-keys")).to_contain_text("best guess if it stopped here")
    page.keyboard.press("Escape")
    page.keyboard.press("Space")
    until(page, "window.mri.player.step > 14")
    page.keyboard.press("Space")
    assert page.evaluate("window.mri.player.mode") == "paused"


def test_a_sentence_is_checked_while_it_is_typed(page):
    open_scanner(page)
    field = page.get_by_label("Your own sentence")
    field.fill("When Mia gave a xylophone to")
    expect(page.locator(".simple-own-says")).to_contain_text("New to it, read in pieces: “xylophone”")
    expect(page.locator(".simple-marks u")).to_have_text(" xylophone")
    field.fill("  ")
    field.press("Enter")
    expect(page.locator(".simple-own-says")).to_have_text("Write the beginning of a sentence first.")


def test_a_recording_that_fails_keeps_what_was_typed(browser, tmp_path):
    worker = GenerationWorker(copy_sessions(tmp_path), program=FAKE_WORKER)
    with served(create_app(tmp_path, worker=worker)) as address, clean_page(browser, address, WIDE, full=False) as page:
        open_scanner(page)
        field = page.get_by_label("Your own sentence")
        field.fill("refuse")
        field.press("Enter")
        expect(page.locator(".simple-own-says.is-error")).to_contain_text("512 are the most.")
        expect(field).to_have_value("refuse")
        expect(page.get_by_role("button", name="Scan it")).to_be_visible()
        page.get_by_role("button", name="Settings …").click()  # of this sentence, in the dialog that records
        expect(page.get_by_label("Prompt", exact=True)).to_have_value("refuse")
        page.keyboard.press("Escape")
        field.fill("hang")
        field.press("Enter")
        expect(page.locator(".simple-own-says")).to_contain_text("Word 32 of at most 32")
        expect(page.get_by_role("button", name="Cancel")).to_be_visible()
    worker.close()


def test_a_sentence_of_ones_own_opens_at_its_last_word(browser, tmp_path):
    app = create_app(copy_sessions(tmp_path))
    with served(app) as address, clean_page(browser, address, WIDE, full=False) as page:
        open_scanner(page)
        field = page.get_by_label("Your own sentence")
        field.fill("The opposite of hot is")
        field.press("Enter")
        expect(page).to_have_url(re.compile(r"session=\d{8}.*view=simple"), timeout=120_000)
        until(page, "window.mri?.session !== 'demo-gift' && window.mri.timings.draw.length > 0")
        expect(page.locator(".simple-says")).to_have_text(
            "It has read the sentence up to “is”. Now it chooses the next word."
        )
        assert len(rows(page, ".simple-row")) == 7
        expect(page.locator(".simple-missing")).to_be_hidden()
    app.server.extensions[EXTENSION].worker.close()


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_it_is_accessible(browser, site, theme, size):
    with clean_page(browser, site, size, full=False) as page:
        page.add_init_script(f"try {{ localStorage.setItem('mri-theme', '{theme}'); }} catch {{}}")
        open_scanner(page)
        expect(page.locator(".simple-swap")).not_to_be_empty()
        found = Axe().run(page).response["violations"]
        assert [(each["id"], [node["html"] for node in each["nodes"]][:3]) for each in found] == []


def test_the_tower_leaves_call_outs_and_guesses_their_room(page):
    open_scanner(page)
    places = """(() => { const { stage, run } = window.mri, box = stage.view.getBoundingClientRect();
      const keys = [...run.layout.rows.keys()].filter((key) => /resid_post|resid0/.test(key));
      const dots = keys.flatMap((key) => Array.from({ length: 256 }, (_, i) => box.x + stage.locate(key, i)[0]));
      const boxes = (all) => [...document.querySelectorAll(all)].map((each) => each.getBoundingClientRect());
      const callouts = boxes(".simple-callout").filter(({ top }) => top < box.bottom - 60).map(({ right }) => right);
      const guesses = boxes(".simple-row").map(({ left }) => left);
      return [Math.max(0, ...callouts), Math.min(...dots), Math.max(...dots), Math.min(...guesses)]; })()"""
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        page.evaluate(SETTLED)
        page.evaluate(SETTLED)
        callouts, left, right, guesses = page.evaluate(places)
        assert callouts < left < right < guesses, f"{width} × {height}"


CUT = """[...document.querySelectorAll(".simple-row > b, .simple-share > b")].filter((word) => word.checkVisibility()
    && word.scrollWidth > word.clientWidth + 1).map((word) => `“${word.textContent}” is cut`)"""


def test_no_guess_is_cut_at_any_width(page):
    """Also the longest: marks of a chat, and words of many letters."""
    for name in ("demo-calculator", "demo-story"):
        open_scanner(page, f"/?session={name}&view=simple")
        found = set()
        for width, height in SIZES:
            page.set_viewport_size({"width": width, "height": height})
            for at in range(0, page.evaluate("window.mri.player.numSteps"), sample(ci=12, long=3)):
                page.evaluate(f"window.mri.player.seek({at})")
                page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
                found |= {f"{width}: {fault}" for fault in page.evaluate(CUT)}
        assert not found, "\n".join(sorted(found))


@pytest.mark.parametrize(
    "address", ["/", "/?session=demo-calculator&view=simple", "/?session=demo-story&view=simple&step=70"]
)
def test_no_text_lies_on_another_at_any_width(page, address):
    open_scanner(page, address)
    found = []
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        page.evaluate(SETTLED)
        page.evaluate(SETTLED)
        found += [f"{width} × {height}: {fault}" for fault in page.evaluate(OVERLAPS)]
    assert not found, "\n".join(found)


def test_any_recording_can_be_seen(browser, tmp_path):
    """Earlier forms of the format, other captures, networks without words, NaN, and twenty layers."""
    for path in (Path(__file__).parents[1] / "recordings").glob("*.h5"):
        shutil.copy(path, tmp_path)
    deep = TraceConfig(attention_tier="full_row", prefill="stepwise", lens="top")
    write_random_session(tmp_path, session_id="deep", n_layer=20, n_head=4, config=deep)
    names = [info.id for info in Library(tmp_path).list()]
    assert len(names) > 10
    with served(create_app(tmp_path)) as address, clean_page(browser, address, WIDE, full=False) as page:
        for name in names:
            open_scanner(page, f"/?session={name}&view=simple")
            for key in ("Home", "End", "ArrowLeft", "ArrowDown"):
                page.keyboard.press(key)
            page.evaluate(SETTLED)
            view_of = "full" if name == "perceptron" else "simple"
            assert page.evaluate("window.mri.shown.view") == view_of, name
            if name == "perceptron":
                continue
            assert page.evaluate(OVERLAPS) == [], name
            expect(page.locator(".simple-says")).not_to_be_empty()


def test_a_phone_has_clock_and_menu_in_reach(browser, site):
    with clean_page(browser, site, PHONE, full=False) as page:
        open_scanner(page)
        for name in ("Play", "Your sentence"):
            box = page.get_by_role("button", name=name).bounding_box()
            assert box["y"] + box["height"] <= PHONE["height"]
            assert box["height"] >= 44
        page.locator(".simple-next").click()
        assert step(page) == 15
        page.get_by_role("button", name="Your sentence").click()
        expect(page.get_by_label("Your own sentence")).to_be_focused()
        page.get_by_role("button", name="Close").click()
        expect(page.get_by_label("Your own sentence")).to_be_hidden()
        page.get_by_text("More", exact=True).click()
        expect(page.get_by_role("link", name="Recordings").last).to_be_visible()
        page.get_by_role("navigation").get_by_label("Recording", exact=True).select_option("demo-story")
        until(page, "window.mri?.session === 'demo-story' && window.mri.timings.draw.length > 0")
        assert page.evaluate("window.mri.shown.view") == "simple"
