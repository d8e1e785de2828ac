"""Watched neurons in a real browser: key, button, link, Back, chart, remove."""

import numpy as np
import pytest
from playwright.sync_api import expect

from mri.format.config import TraceConfig
from mri.measure.series import neuron_over_steps
from mri.store.opening import open_session
from mri.web.server import create_app
from tests.browser.scanner_page import click_bar, open_scanner, plot, shown, until, view
from tests.browser.serving import served
from tests.conftest import write_random_session

KEY = "block.0.mlp_out"
LINK = f"/?session=demo&step=7&point={KEY}&neuron=12&picture=flat"


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sessions")
    config = TraceConfig(prefill="stepwise")
    with open_session(
        write_random_session(folder, session_id="demo", num_steps=40, n_embd=64, config=config)
    ) as reader:
        yield reader


@pytest.fixture(scope="module")
def site(reader):
    with served(create_app(reader.path.parent)) as address:
        yield address


def test_key_button_and_shift_click_watch_and_back_undoes(page):
    open_scanner(page, LINK)
    expect(page.locator("#mri-watched")).to_contain_text("None yet")
    page.keyboard.press("w")
    assert view(page)["watched"] == [f"{KEY}:12"]
    until(page, f"location.search.includes('watched={KEY}:12')")
    page.evaluate(f"window.mri.stage.context.onPick({{ point: '{KEY}', neuron: 3, watch: true }})")
    assert view(page)["watched"] == [f"{KEY}:12", f"{KEY}:3"]
    assert view(page)["neuron"] == 12, "watching does not select"
    page.get_by_role("button", name=f"Watch {KEY} · 12", exact=True).click()
    assert view(page)["watched"] == [f"{KEY}:3"]
    page.go_back()
    until(page, "window.mri.desk.view.watched.length === 2")
    page.reload()
    until(page, "window.mri?.timings.draw.length > 0 && window.mri.desk.view.watched.length === 2")


def test_the_lines_are_the_files(page, reader):
    open_scanner(page, f"{LINK}&watched={KEY}:12,{KEY}:5")
    shown(page, "graph-watched", "plot.data.length === 4 && plot._fullData[1].y.length === 40")
    for place, neuron in enumerate((12, 5)):
        values, bounds = neuron_over_steps(reader, KEY, neuron)
        line = plot(page, "graph-watched", f"Array.from(plot._fullData[{2 * place + 1}].y, (v) => isNaN(v) ? null : v)")
        np.testing.assert_allclose(np.array(line, float), values, rtol=1e-6)
        pieces = plot(page, "graph-watched", f"Array.from(plot._fullData[{2 * place}].y, (v) => isNaN(v) ? null : v)")
        np.testing.assert_allclose(np.array(pieces, float)[0:120:3], bounds, rtol=1e-6)
    expect(page.locator("#graph-watched .legend")).to_contain_text(f"{KEY} · 5")


def test_a_click_jumps_and_the_line_of_the_step_moves_with_the_clock(page, reader):
    values, _ = neuron_over_steps(reader, KEY, 12)
    at = int(np.flatnonzero(np.isfinite(values))[2])
    open_scanner(page, f"{LINK}&watched={KEY}:12")
    shown(page, "graph-watched", "plot.data.length === 2")
    page.locator("#graph-watched").scroll_into_view_if_needed()
    click_bar(page, "graph-watched", at, float(values[at]))
    until(page, f"window.mri.player.step === {at}")
    page.evaluate("window.mri.player.seek(30)")
    shown(page, "graph-watched", "plot.layout.shapes[0].x0 === 30")


def test_names_select_and_crosses_remove(page):
    open_scanner(page, f"{LINK}&watched={KEY}:12,block.1.attn_out:5")
    page.get_by_role("button", name="block.1.attn_out · 5", exact=True).click()
    until(page, "window.mri.desk.view.point === 'block.1.attn_out' && window.mri.desk.view.neuron === 5")
    page.get_by_role("button", name="Stop watching block.1.attn_out · 5").click()
    assert view(page)["watched"] == [f"{KEY}:12"]
    assert page.evaluate("document.activeElement.closest('#mri-watched') !== null"), "the focus stays in the list"


def test_six_at_most_and_names_of_another_model_are_left_out(page):
    six = ",".join(f"{KEY}:{i}" for i in range(6))
    open_scanner(page, f"{LINK}&watched={six}")
    page.keyboard.press("w")
    expect(page.locator(".mri-toast")).to_contain_text("Six neurons are watched already")
    assert len(view(page)["watched"]) == 6
    open_scanner(page, f"{LINK}&watched={KEY}:99999,nothing:1,{KEY}:1")
    until(page, "window.mri.desk.view.watched.join() === 'block.0.mlp_out:1'")
