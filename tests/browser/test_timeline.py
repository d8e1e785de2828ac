"""Timeline, loop and sentence in a real browser."""

import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from playwright.sync_api import expect

import mri
from mri.format.config import TraceConfig
from mri.format.events import TraceSession
from mri.format.layout import PAYLOADS
from mri.measure.series import series_over_steps
from mri.store.opening import open_session
from mri.store.seal import seal
from mri.store.writer import SessionWriter
from tests.browser.scanner_page import open_scanner, step, until, view
from tests.browser.serving import PHONE, clean_page
from tests.conftest import SPECIAL_IDS, TINY_VOCABULARY, random_frame, random_layout, write_random_session

NUM_STEPS = 80
GAP = range(10, 15)


def write_session_with_gap(folder):
    """Thirty steps of one token; those of GAP lack every prediction."""
    layout = random_layout(2, 16, 2, TraceConfig(prefill="stepwise"))
    rng = np.random.default_rng(1)
    session = TraceSession("gap", layout, num_prompt_tokens=4, start_time="2026-01-02T03:04:05+00:00")
    with SessionWriter(folder, session, vocabulary=TINY_VOCABULARY, special_ids=SPECIAL_IDS) as writer:
        for at in range(30):
            frame = random_frame(layout, rng, at, "prefill" if at < 4 else "decode", at, 1, chosen_id=at % 26)
            if at in GAP:
                for name in [name for name in frame.arrays if name.startswith("logits/")]:
                    del frame.arrays[name]
                frame = replace(frame, dropped=1 << PAYLOADS.index("logits"))
            writer.append(frame)
        path = writer.finish("max_new_tokens", seal=False)
    return seal(path)


def write_training(folder):
    """Twelve steps whose loss is no number from the eighth on; every third step has a second loss, below zero."""
    model = torch.nn.Linear(2, 3)
    with mri.Recorder(model, ["weight"], name="diverged", sessions=folder, session_id="trained") as rec:
        for at in range(12):
            model(torch.ones(1, 2))
            rec.step(loss=4 - at / 2 if at < 8 else float("nan"), **({"val": -at} if at % 3 == 0 else {}))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sessions")
    write_random_session(folder, session_id="demo-long", num_steps=NUM_STEPS, config=TraceConfig(prefill="stepwise"))
    write_session_with_gap(folder)
    write_training(folder)
    return folder


def open_timeline(page, address):
    open_scanner(page, address)
    until(page, "document.querySelector('.mri-lane-labels b').textContent !== '…'")


def place_of(page, at):
    """Where a step is in the lanes, in CSS pixels of the page; the words scroll there."""
    where = f"window.mri.panels.timeline.xOf({at})"
    room = "document.querySelector('.mri-lanes').clientWidth"
    words = "document.querySelector('.mri-tokens')"
    in_sight = f"{where} > 20 && {where} < {room} - 20 || {words}.clientWidth === 0 || {words}.scrollWidth <= {room}"
    until(page, in_sight, act=lambda: page.evaluate(f"{in_sight} || ({words}.scrollLeft += {where} - {room} / 2)"))
    box = page.locator(".mri-lanes").bounding_box()
    return box["x"] + page.evaluate(where), box["y"] + box["height"] / 2


def hovered(page, lane):
    text = page.locator(f".mri-timeline-tip [data-lane={lane}] .mri-value").inner_text()
    return np.float32(text.split()[0].replace("−", "-"))


def drag(page, first, last):
    place_of(page, (first + last) // 2)
    page.mouse.move(*place_of(page, first))
    page.mouse.down()
    page.mouse.move(*place_of(page, (first + last) // 2))
    page.mouse.move(*place_of(page, last))
    page.mouse.up()


def test_the_words_scroll_with_the_clock_and_surprise_stands_over_its_word(page):
    open_timeline(page, "/?session=demo-long&step=3")
    page.keyboard.press("End")
    until(page, "document.querySelector('.mri-tokens').scrollLeft > 500")
    over = """() => { const token = document.querySelector(".mri-token.is-current");
        const word = token.parentElement.getBoundingClientRect();
        const band = document.querySelector(".mri-timeline-cursor").getBoundingClientRect();
        return [word.left - band.left, word.width - band.width].map(Math.abs); }"""
    until(page, f"Math.max(...({over})()) < 1")
    next_word = """() => { const token = document.querySelector(".mri-token.is-next");
        const { left, width } = token.parentElement.getBoundingClientRect(), { timeline, player } = window.mri.panels;
        const x = timeline.lanes.getBoundingClientRect().left + timeline.xAbout(player.step);
        return Math.abs(x - left - width / 2); }"""
    assert page.evaluate(next_word) < 1


def test_n_goes_to_the_next_telling_moment_and_says_why(page, folder):
    open_timeline(page, "/?session=demo-long&step=0")
    with open_session(folder / "demo-long.h5") as reader:
        surprise = series_over_steps(reader, "l2").surprise
    page.keyboard.press("n")
    until(page, "window.mri.player.step > 0")
    at = step(page)
    said = page.locator(".mri-telling [role=status]")
    expect(said).to_contain_text(re.compile(r"surprise of [0-9.]+ bits|looks back|begins to copy"))
    if "surprise" in said.inner_text():
        assert surprise[at] >= 2
        assert surprise[at] == max(surprise[at - 1 : at + 2])
    page.get_by_role("button", name="Next surprise").click()
    until(page, f"window.mri.player.step > {at}")
    page.keyboard.press("Shift+N")
    until(page, f"window.mri.player.step === {at}")


def test_a_lane_is_added_and_taken_away(page):
    open_timeline(page, "/?session=demo-long&step=3")
    lanes = page.locator(".mri-lane-labels span")
    expect(lanes).to_have_count(2)
    page.get_by_label("Add a lane").select_option("entropy")
    expect(lanes).to_have_text(["surprise", "entropy", re.compile("^l2 of ")])
    until(page, "location.search.includes('lines=entropy')")
    page.get_by_role("button", name="Take the lane entropy away").click()
    expect(lanes).to_have_count(2)


def test_the_clock_says_the_step_and_how_many_there_are(page):
    open_timeline(page, f"/?session=demo-long&step={NUM_STEPS - 1}")
    clock = page.locator(".mri-clock")
    expect(clock).to_have_text(re.compile(rf"step\s+{NUM_STEPS} steps"))
    expect(page.get_by_label(f"step, 0 to {NUM_STEPS - 1}")).to_have_value(str(NUM_STEPS - 1))
    expect(clock).to_have_attribute("title", re.compile(f"Numbered from 0.*step {NUM_STEPS - 1}"))


def test_a_step_is_reached_by_typing_its_number_and_by_page_keys(page):
    open_timeline(page, "/?session=demo-long&step=3")
    field = page.get_by_label(f"step, 0 to {NUM_STEPS - 1}")
    field.click()
    page.keyboard.type("57")  # what stood there was selected
    expect(field).to_have_value("57")
    assert step(page) == 3, "nothing moves before it is written"
    page.keyboard.press("Enter")
    until(page, "window.mri.player.step === 57")
    for typed, reached in (("999999", NUM_STEPS - 1), ("no number", NUM_STEPS - 1), ("0", 0)):
        field.fill(typed)
        page.keyboard.press("Enter")
        until(page, f"window.mri.player.step === {reached}")
        expect(field).to_have_value(str(reached))
    page.keyboard.press("ArrowUp")
    until(page, "window.mri.player.step === 1")
    page.keyboard.press("Escape")
    expect(field).not_to_be_focused()
    for key, reached in (("PageDown", 9), ("PageDown", 17), ("PageUp", 9)):
        page.keyboard.press(key)
        until(page, f"window.mri.player.step === {reached}")
    expect(field).to_have_value("9")


def test_hover_gives_the_values_of_the_python_api(page, folder):
    open_timeline(page, "/?session=demo-long&step=3&point=block.1.mlp_out&lines=entropy")
    with open_session(folder / "demo-long.h5") as reader:
        series, row = series_over_steps(reader, "l2"), reader.session.layout.row("block.1.mlp_out")
        logprob = reader.column("logits/chosen_logprob")
    for at in (0, 37, NUM_STEPS - 1):
        page.mouse.move(*place_of(page, at))
        expect(page.locator(".mri-timeline-tip")).to_contain_text(f"step {at} ")
        assert hovered(page, "surprise") == series.surprise[at]
        assert hovered(page, "surprise") == pytest.approx(-logprob[at] / np.log(2))
        assert hovered(page, "entropy") == series.entropy[at]
        assert hovered(page, "l2") == series.points[row, at]
    expect(page.locator(".mri-timeline-tip")).to_contain_text("l2 of block.1.mlp_out")
    page.locator(".mri-row").filter(has_text="final norm").click()
    with open_session(folder / "demo-long.h5") as reader:
        row = reader.session.layout.row("final.ln_f")
    page.mouse.move(*place_of(page, 20))
    assert hovered(page, "l2") == series.points[row, 20]


def test_what_was_not_captured_is_said_and_not_drawn(page):
    open_timeline(page, f"/?session=gap&step={GAP[2]}")
    page.mouse.move(*place_of(page, GAP[2]))
    expect(page.locator(".mri-timeline-tip [data-lane=surprise]")).to_have_text("surprise not captured")
    expect(page.locator(".mri-lane-labels b").first).to_have_text("—")
    line = page.locator(".mri-sentence-line")
    expect(line).not_to_contain_text("sure")
    expect(line).to_contain_text("the model took “m”")
    page.keyboard.press("End")
    expect(page.locator(".mri-lane-labels b").first).to_contain_text("bits")


LANE_COLOUR = r"""(step) => { const { canvas } = window.mri.panels.timeline, ctx = canvas.getContext("2d");
    const [x, y] = [step / 11 * canvas.width - 1, 10 / canvas.clientHeight * canvas.height];
    return [...ctx.getImageData(x, y, 1, 1).data].slice(0, 3); }"""
DANGER = r"""getComputedStyle(document.documentElement).getPropertyValue("--danger").match(/\w\w/g)
    .map((hex) => parseInt(hex, 16))"""


def test_what_a_training_script_added_are_lines(page):
    open_timeline(page, "/?session=trained&step=3")
    labels = page.locator(".mri-lane-labels > div")
    expect(labels).to_have_text([re.compile("^loss2.50$"), re.compile("^val−3.00$"), re.compile("^l2[0-9.]+$")])
    tip = page.locator(".mri-timeline-tip")
    for at, loss, val in ((6, "1", "−6"), (7, "0.5", "not recorded in this step"), (9, "NaN", "−9")):
        page.mouse.move(*place_of(page, at))
        expect(tip.locator("[data-lane=loss]")).to_have_text(f"loss {loss}")
        expect(tip.locator("[data-lane=val]")).to_have_text(f"val {val}")
    page.evaluate("window.mri.player.seek(11)")
    expect(labels.first).to_have_text("lossNaN")
    assert page.evaluate(LANE_COLOUR, 9) == page.evaluate(DANGER), "a loss that is no number fills its lane"


def test_a_click_goes_to_the_step(page):
    open_timeline(page, "/?session=demo-long&step=3")
    page.mouse.click(*place_of(page, 61))
    until(page, "window.mri.player.step === 61")
    assert page.evaluate("window.mri.player.loop") is None


def test_a_drag_loops_and_playing_stays_inside(page):
    open_timeline(page, "/?session=demo-long&step=3")
    page.evaluate("window.seen = []; window.mri.player.subscribe((player) => window.seen.push(player.step)); null")
    drag(page, 26, 20)
    assert page.evaluate("window.mri.player.loop") == [20, 26]
    assert page.evaluate("window.mri.player.mode") == "playing"
    until(page, "window.seen.includes(26) && window.seen.lastIndexOf(20) > window.seen.indexOf(26)")
    page.keyboard.press("Space")
    seen = page.evaluate("window.seen.slice(window.seen.indexOf(20))")
    assert set(seen) == set(range(20, 27))
    until(page, "location.search.includes('loop=20-26')")
    expect(page.locator(".mri-timeline-loop")).to_be_visible()
    page.keyboard.press("Escape")
    until(page, "window.mri.player.loop === null && !location.search.includes('loop')")
    expect(page.locator(".mri-timeline-loop")).to_be_hidden()


def test_a_loop_by_keys_by_link_and_by_button(page):
    open_timeline(page, "/?session=demo-long&step=5&loop=5-9")
    assert page.evaluate("window.mri.player.loop") == [5, 9]
    assert step(page) == 5
    page.get_by_role("button", name="loop 5–9 · clear").click()
    until(page, "window.mri.player.loop === null")
    for key, expected in (("i", [5, NUM_STEPS - 1]), ("ArrowRight", [5, NUM_STEPS - 1]), ("o", [5, 6])):
        page.keyboard.press(key)
        until(page, f"JSON.stringify(window.mri.player.loop) === '{str(expected).replace(' ', '')}'")
    expect(page.get_by_role("button", name="loop 5–6 · clear")).to_be_visible()


def test_moving_draws_no_line_anew(page):
    open_timeline(page, "/?session=demo-long&step=3")
    page.evaluate("""() => { const { ctx } = window.mri.panels.timeline; const real = ctx.clearRect; window.painted = 0;
        ctx.clearRect = function (...box) { window.painted++; return real.apply(this, box); }; }""")
    at = page.locator(".mri-timeline-cursor").bounding_box()["x"]
    for _ in range(5):  # the words do not scroll yet
        page.keyboard.press("ArrowRight")
    until(page, "window.mri.stage.lanes[0]?.frame.header.step === 8")
    assert page.evaluate("window.painted") == 0
    assert page.locator(".mri-timeline-cursor").bounding_box()["x"] > at
    page.keyboard.press("ArrowUp")
    until(page, "window.painted === 1")


def test_numbers_of_the_sentence_show_where_they_come_from(page):
    open_timeline(page, "/?session=demo-long&step=33&tab=statistics")
    line = page.locator(".mri-sentence-line")
    expect(line).to_have_text(re.compile(r"\.$"))
    expect(line).to_have_attribute("aria-live", "polite")
    heads = line.get_by_role("button", name=re.compile("^head ")).first
    head = int(heads.inner_text().split()[1])
    block = int(line.get_by_role("button", name=re.compile("^Block ")).inner_text().split()[1])
    heads.click()
    assert (view(page)["tab"], view(page)["layer"], view(page)["head"]) == ("attention", block, head)
    line.get_by_role("button", name=re.compile("%$")).last.click()
    assert view(page)["tab"] == "predictions"
    text = line.inner_text()
    page.keyboard.press("ArrowRight")
    until(page, f"document.querySelector('.mri-sentence-line').textContent !== {text!r}")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Play (space)").click()
    until(page, "document.querySelector('.mri-sentence-line').getAttribute('aria-live') === 'off'")


def test_a_finger_on_a_phone(browser, site):
    with clean_page(browser, site, PHONE) as page:
        open_timeline(page, "/?session=demo-long&step=3")
        page.wait_for_load_state("networkidle")  # charts that come move what is below them
        page.locator(".mri-lanes").scroll_into_view_if_needed()
        assert page.locator(".mri-lanes").bounding_box()["width"] > 300
        page.mouse.click(*place_of(page, 50))
        until(page, "window.mri.player.step === 50")
        drag(page, 48, 52)
        assert page.evaluate("window.mri.player.loop") == [48, 52]
        expect(page.get_by_role("button", name="loop 48–52 · clear")).to_be_in_viewport()
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
