"""The Attention and Predictions tabs in a real browser: what they say is what the Python API gives."""

import re

import numpy as np
import pytest
from playwright.sync_api import expect

import mri
from mri.format.captured import Captured
from mri.format.config import TraceConfig
from mri.measure.attention import mean_distance
from mri.measure.predictions import predictions
from mri.store.opening import open_session
from tests.browser.scanner_page import click_bar, hover_words, open_scanner, plot, shown, until
from tests.conftest import write_random_session

STEP = 20


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sessions")
    rows = TraceConfig(attention_tier="full_row", prefill="stepwise")
    write_random_session(folder, session_id="rows", num_steps=30, n_layer=3, n_head=3, config=rows)
    few = TraceConfig(prefill="stepwise", logits_topk=4)
    write_random_session(folder, session_id="kept", num_steps=30, n_layer=3, n_head=3, config=few)
    return folder


def distances(frame, layout):
    captured = Captured(frame, layout)
    weights, bounds = captured.attention()
    return mean_distance(weights, bounds, captured.weight_rounding(weights))


def number_in(words, before):
    """The number of a hover text behind `before`."""
    return float(re.search(before + r"\D*?([0-9.]+(?:e[-−]\d+)?)", words)[1].replace("−", "-"))


def test_hover_values_are_those_of_the_python_api(page, folder):
    trace = mri.open_trace(folder / "rows.h5")
    row = trace.attention_row(layer=1, head=2, step=STEP)
    key = int(np.argmax(row))
    open_scanner(page, f"/?session=rows&step={STEP}&tab=attention&layer=1&head=2")
    shown(page, "graph-looks", "plot.data.length === 2")
    words = hover_words(page, "graph-attention", key, 2)
    assert "block 1 · head 2" in words
    assert number_in(words, f"to {key} .*?(?=[0-9.]+ of the)") == pytest.approx(row[key], rel=1e-5)
    earlier = trace.attention_row(layer=1, head=2, step=9)
    strongest = int(np.argmax(earlier))
    words = hover_words(page, "graph-looks", strongest, 9)
    assert number_in(words, r"to \d+ .*?(?=[0-9.]+ of the)") == pytest.approx(earlier[strongest], rel=1e-5)
    frame = trace.frame(STEP)
    words = hover_words(page, "graph-heads", 0, 2)
    assert number_in(words, "entropy") == pytest.approx(Captured(frame, trace.layout).entropy()[2, 0], abs=0.005)
    low, _ = distances(frame, trace.layout)
    assert number_in(words, "looks") == pytest.approx(low[2, 0], abs=0.005)
    click_bar(page, "graph-looks", 2, 9)
    until(page, "window.mri.player.step === 9")


def test_heads_are_chosen_by_button_and_grid(page, folder):
    open_scanner(page, f"/?session=kept&step={STEP}&tab=attention&layer=0&head=0")
    shown(page, "graph-heads")
    with open_session(folder / "kept.h5") as reader:
        frame, layout = reader.frame(STEP), reader.session.layout
    buttons = page.get_by_role("group", name="Heads of the block").get_by_role("button")
    expect(buttons).to_have_count(4)
    for head in range(3):
        expect(buttons.nth(head + 1)).to_contain_text(f"{frame.arrays['attention/entropy'][0, head]:.2f} bits")
    page.get_by_label("Colour", exact=True).select_option("distance")
    shown(page, "graph-heads", "plot.layout.meta.of?.heads === 'distance'")
    low, high = distances(frame, layout)
    z = plot(page, "graph-heads", "plot._fullData[0].z.map((row) => Array.from(row))")
    np.testing.assert_allclose(z, (low + high) / 2, rtol=1e-5)
    assert "only the strongest keys are kept" in hover_words(page, "graph-heads", 1, 2)
    click_bar(page, "graph-heads", 1, 2)
    until(page, "window.mri.desk.view.layer === 2 && window.mri.desk.view.head === 1")
    buttons.first.click()
    shown(
        page, "graph-head", "plot.layout.meta.of?.layer === 2 && plot.layout.meta.of.overlay && plot.data.length === 3"
    )
    expect(buttons.first).to_have_attribute("aria-pressed", "true")
    buttons.nth(3).click()
    until(page, "window.mri.desk.view.head === 2")
    shown(
        page,
        "graph-head",
        "plot.layout.meta.of?.layer === 2 && plot.layout.meta.of.head === 2 && !plot.layout.meta.of.overlay",
    )


def test_the_temperature_changes_the_shares_and_says_so(page, folder):
    with open_session(folder / "kept.h5") as reader:
        frames = [reader.frame(step) for step in range(4, 30)]
    frame = next(frame for frame in frames if frame.chosen_id not in frame.arrays["logits/token_ids"])
    open_scanner(page, f"/?session=kept&step={frame.step}&tab=predictions")
    shown(page, "graph-predictions", "plot.data.length === 2")
    found = predictions(frame)
    read = "Array.from(plot._fullData[0].x)"
    np.testing.assert_allclose(plot(page, "graph-predictions", read), found.probs, rtol=1e-5)
    assert len(found.probs) == 5, "the chosen token is beside the four captured ones"
    nats = -float(frame.arrays["logits/chosen_logprob"])
    following = page.locator(".mri-following")
    expect(following).to_contain_text(f"rank {int(frame.arrays['logits/chosen_rank']) + 1} of")
    surprise = f"surprise {nats:.2f} nats = {nats / np.log(2):.2f} bits".replace("-", "−")  # random logits: p > 1
    expect(following).to_contain_text(surprise)
    slider = page.get_by_label("Temperature", exact=True)
    slider.focus()
    page.keyboard.press("ArrowRight")
    shown(page, "graph-predictions", "plot.layout.xaxis.title.text.includes('among the 5 captured')")
    assert page.evaluate("window.mri.player.step") == frame.step, "the slider keeps its own keys"
    expected = predictions(frame, 1.05).probs
    np.testing.assert_allclose(plot(page, "graph-predictions", read), expected, rtol=1e-5)
    page.get_by_title("Back to temperature 1").click()
    shown(page, "graph-predictions", "plot.layout.xaxis.title.text.endsWith('exact')")
