"""The inspector's charts in a real browser: what they show equals the file, and clicks in them select everywhere."""

import numpy as np
import pytest
from playwright.sync_api import expect

from mri.format.captured import Captured
from mri.format.config import TraceConfig
from mri.measure.predictions import predictions
from mri.measure.series import neuron_over_steps
from mri.store.opening import open_session
from mri.web.server import create_app
from tests.browser.scanner_page import click_bar, click_neuron, open_scanner, plot, shown, step, until, view
from tests.browser.serving import served
from tests.conftest import write_random_session

KEPT_8 = TraceConfig(prefill="stepwise")
STEPS = 40


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sessions")
    with open_session(
        write_random_session(folder, session_id="demo", num_steps=STEPS, n_embd=64, config=KEPT_8)
    ) as reader:
        yield reader


@pytest.fixture(scope="module")
def site(reader):
    with served(create_app(reader.path.parent)) as address:
        yield address


def numbers(values):
    """JSON's numbers from a figure as an array; null is NaN."""
    return np.array([np.nan if value is None else value for value in values], float)


def flat(page, graph, trace, name):
    """One array of a trace, flat, as Plotly decoded it."""
    rows = f"Array.from(plot._fullData[{trace}].{name}, (row) => (row?.length === undefined ? row : Array.from(row)))"
    return numbers(plot(page, graph, f"{rows}.flat(2).flatMap((cell) => (cell?.length ? Array.from(cell) : cell))"))


def test_a_click_on_a_neuron_shows_its_history(page, reader):
    key = "block.0.attn_out"
    open_scanner(page, f"/?session=demo&step=7&point={key}&tab=statistics")
    indices, values = Captured(reader.frame(7), reader.session.layout).captured(key)
    neuron = int(indices[2])
    click_neuron(page, key, neuron)
    assert view(page)["neuron"] == neuron
    assert view(page)["tab"] == "neurons"
    expect(page.locator("#graph-history-title")).to_have_text(f"{key} · neuron {neuron}")
    shown(page, "graph-history", f"plot.data.length === 2 && plot._fullData[1].y.length === {STEPS}")
    expected, bounds = neuron_over_steps(reader, key, neuron)
    assert expected[7] == values[2]
    np.testing.assert_allclose(flat(page, "graph-history", 1, "y"), expected, rtol=1e-6)
    np.testing.assert_allclose(flat(page, "graph-history", 0, "y"), 2 * bounds, rtol=1e-6)
    click_bar(page, "graph-history", 7, float(expected[7]))
    until(page, "window.mri.player.step === 7")


def test_the_neuron_heatmap_is_the_files_from_server_and_memory_alike(page, reader):
    key = "block.1.mlp_out"
    open_scanner(page, f"/?session=demo&step=5&point={key}&neuron=3")
    shown(page, "graph-neurons", "plot.data.length === 3")
    for at in (5, 6):
        page.evaluate(f"window.mri.player.seek({at})")
        expected = np.abs(Captured(reader.frame(at), reader.session.layout).values(key))
        until(page, f"window.mri.stage.lanes[0]?.frame.header.step === {at}")
        first = float(np.nanmax(expected))
        shown(page, "graph-neurons", f"Math.abs(plot._fullData[1].zmax - {first}) < 1e-6")
        np.testing.assert_allclose(flat(page, "graph-neurons", 1, "z"), expected, rtol=1e-6)
        np.testing.assert_array_equal(np.isnan(flat(page, "graph-neurons", 0, "z")), np.isfinite(expected))


def test_a_click_in_the_neuron_heatmap_selects(page, reader):
    open_scanner(page, "/?session=demo&step=5&point=block.1.mlp_out&neuron=3")
    shown(page, "graph-neurons", "plot.data.length === 3")
    click_bar(page, "graph-neurons", 2, 4)  # 8 × 8
    until(page, "window.mri.desk.view.neuron === 34")
    expect(page.locator("#graph-history-title")).to_have_text("block.1.mlp_out · neuron 34")


def test_attention_says_at_most_where_only_the_strongest_were_kept(page, reader):
    open_scanner(page, "/?session=demo&step=30&tab=attention")
    shown(page, "graph-attention", "plot.data.length === 2")
    frame = reader.frame(30)
    weights = flat(page, "graph-attention", 1, "z").reshape(2, -1)
    assert weights.shape == (2, 31), "the axis ends at the step's last key"
    assert (np.isfinite(weights).sum(axis=1) == 8).all()
    keys, kept = frame.arrays["attention/keys"][1, 0], frame.arrays["attention/weights"][1, 0]
    np.testing.assert_allclose(weights[0][keys], kept, rtol=1e-3)
    unknown = np.isfinite(flat(page, "graph-attention", 0, "z").reshape(2, -1))
    assert unknown.sum() == 2 * (31 - 8), "all 31 keys are either known or marked as not captured"
    click_bar(page, "graph-attention", 3, 1)
    until(page, "window.mri.desk.view.layer === 1 && window.mri.desk.view.head === 1")
    expect(page.locator("#graph-head-title")).to_contain_text("Block 1 · head 1")
    bound = flat(page, "graph-attention", 0, "customdata").reshape(2, -1, 3)[1, :, 2]
    assert np.nanmax(bound) <= float(frame.arrays["attention/weights"][1, 1, 7]) * (1 + 2**-10)


def test_charts_fed_from_memory_equal_those_of_the_server(page):
    """Two ways feed one set of figures: they must put the same numbers into them."""
    for tab, graph, trace, name in (
        ("attention", "graph-attention", 1, "z"),
        ("attention", "graph-attention", 0, "customdata"),
        ("attention", "graph-head", 0, "y"),
        ("attention", "graph-heads", 0, "z"),
        ("neurons", "graph-neurons", 0, "customdata"),
        ("predictions", "graph-predictions", 0, "x"),
        ("statistics", "graph-bars", 1, "y"),
    ):
        open_scanner(page, f"/?session=demo&step=25&tab={tab}")
        shown(page, graph)
        served_data = flat(page, graph, trace, name)
        served_text = plot(page, graph, "[plot._fullData[0].text ?? null, plot.layout.annotations?.[0].text ?? null]")
        page.evaluate(
            f"""(() => {{ const {{ panels }} = window.mri, {{ feeder, context: {{ source }} }} = panels.inspector;
            feeder.feed("{graph.removeprefix("graph-")}", document.querySelector("#{graph} .js-plotly-plot"),
            window.mri.stage.lanes[0]?.frame, source, panels.viewForServer()); }})()"""
        )
        np.testing.assert_allclose(flat(page, graph, trace, name), served_data, rtol=1e-5, atol=1e-7, err_msg=graph)
        assert (
            plot(page, graph, "[plot._fullData[0].text ?? null, plot.layout.annotations?.[0].text ?? null]")
            == served_text
        )


def test_predictions_are_exact_and_the_chosen_one_is_marked(page, reader):
    open_scanner(page, "/?session=demo&step=9&tab=predictions")
    shown(page, "graph-predictions", "plot.data.length === 2")
    found = predictions(reader.frame(9))
    np.testing.assert_allclose(flat(page, "graph-predictions", 0, "x"), found.probs, rtol=1e-5)
    chosen = np.array([found.chosen])
    marked = np.flatnonzero(np.isfinite(flat(page, "graph-predictions", 1, "x")))
    assert marked.tolist() == chosen.tolist()
    labelled = plot(page, "graph-predictions", "plot.data[0].text.map((text) => text.includes('chosen'))")
    assert np.flatnonzero(labelled).tolist() == chosen.tolist()


def test_the_map_of_a_statistic_leads_to_step_and_hook_point(page, reader):
    open_scanner(page, "/?session=demo&step=9&tab=statistics")
    shown(page, "graph-map")
    page.get_by_label("Statistic", exact=True).select_option("max")
    expect(page.locator("#graph-map-title")).to_have_text("max: hook points × steps")
    shown(page, "graph-map", "plot.data[0].hovertemplate.includes('max')")
    expected = reader.column("stats", slice(None), 3)  # (num_steps, n_points)
    np.testing.assert_allclose(flat(page, "graph-map", 0, "customdata"), expected.T.ravel(), rtol=1e-6)
    click_bar(page, "graph-map", 22, 4)
    until(page, "window.mri.player.step === 22")
    assert view(page)["point"] == reader.session.layout.points[4].key
    shown(page, "graph-map", "plot.layout.shapes[0].x0 === 22")


def test_charts_follow_while_the_clock_moves(page):
    open_scanner(page, "/?session=demo&step=0&tab=statistics")
    shown(page, "graph-map")
    page.evaluate("window.mri.player.setSpeed(4)")
    page.keyboard.press("Space")
    shown(page, "graph-map", "plot.layout.shapes[0].x0 > 3")
    assert step(page) > 3


def test_a_statistics_only_point_says_so(page):
    open_scanner(page, "/?session=demo&step=4&point=block.0.ln1")
    expect(page.locator("#graph-neurons")).to_contain_text("Only statistics")
    expect(page.locator("#graph-history")).to_contain_text("captured in no step")
