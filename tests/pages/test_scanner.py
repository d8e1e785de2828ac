"""The Scanner's callbacks alone serve every step: each figure of each tab, from the session file."""

import sys
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
import pytest
from dash import no_update

from mri.format.config import TraceConfig
from mri.format.events import TraceSession
from mri.store.writer import SessionWriter
from mri.web.server import create_app
from tests.conftest import random_layout, write_handmade_session, write_random_session

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sessions")
    write_handmade_session(folder)
    write_random_session(folder, session_id="demo-b", config=TraceConfig(prefill="positions"))
    write_random_session(
        folder, session_id="demo-a", config=TraceConfig(capture_mode="full", attention_tier="full_row")
    )
    write_random_session(folder, session_id="light", config=TraceConfig(capture_mode="stats"), seal=False)
    write_random_session(folder, session_id="over", num_steps=0)
    return create_app(folder)


@pytest.fixture
def page(app):
    """The page's module, inside a request of the app."""
    with app.server.test_request_context():
        yield scanner()


def scanner():
    """The module as Dash imported it."""
    return next(module for name, module in sys.modules.items() if name.endswith("pages.scanner"))


def view(session, step, **fields):
    return {
        "session": session,
        "step": step,
        "point": "block.1.resid_post",
        "layer": 1,
        "head": 0,
        "neuron": 3,
        "stat": "l2",
        "theme": "dark",
        **fields,
    }


DRAWERS = ("draw_neurons", "draw_history", "draw_attention", "draw_looks", "draw_predictions", "draw_statistics")


@pytest.mark.parametrize("session", ["handmade", "demo-a", "demo-b", "light"])
@pytest.mark.parametrize("name", DRAWERS)
def test_every_step_is_served(page, session, name):
    for step in range(5):
        for point in ("block.1.resid_post", "embed.resid0", "block.0.mlp_act", "final.logits"):
            found = getattr(page, name)(view(session, step, point=point))
            parts = found if isinstance(found, tuple) else (found,)
            assert any(isinstance(part, go.Figure) for part in parts)


@pytest.mark.parametrize("name", DRAWERS)
def test_nothing_is_drawn_before_there_is_a_selection(page, name):
    assert getattr(page, name)(None) is no_update


def test_known_values_arrive_in_the_figure(page):
    figure = page.draw_neurons(view("handmade", 2, point="block.0.attn_out"))
    values = np.asarray(figure.data[1].z).ravel()
    np.testing.assert_array_equal(values, np.float32([0, -3, np.nan, np.nan, np.nan, np.nan, 4, 2]))
    assert np.isfinite(np.asarray(figure.data[0].z).ravel()).tolist() == [i in (2, 3, 4, 5) for i in range(8)]
    bars = page.draw_predictions(view("handmade", 3))
    np.testing.assert_allclose(bars.data[0].x[0], np.exp(5 - 5.5), rtol=1e-6)
    assert bars.data[0].text[0].endswith("chosen")


def test_attention_of_the_handmade_session_is_known(page):
    grid, rows, title, bars, _ = page.draw_attention(view("handmade", 3, head=1, by="distance"))
    np.testing.assert_allclose(grid.data[0].z, [[3, 1.5], [3, 1.5]], rtol=1e-4)
    np.testing.assert_allclose(rows.data[1].z, [[1, 0, 0, 0], [0.25] * 4])
    assert list(rows.data[1].x) == ["0 a", "1 ␣", "2 b", "3 c"]
    assert title == "Where each head of block 1 looks"
    np.testing.assert_allclose(bars.data[1].y, [0.25] * 4)
    lines = page.draw_attention(view("handmade", 3, head=1, overlay=True))[3]
    assert [line.y.tolist() for line in lines.data] == [[1, 0, 0, 0], [0.25] * 4]


def test_a_head_over_all_steps(page):
    figure, title = page.draw_looks(view("handmade", 3, head=1))
    np.testing.assert_allclose(figure.data[1].z[3], [0.25] * 4 + [np.nan])
    assert figure.layout.shapes[0].y0 == 3
    assert title == "Block 1 · head 1 over all steps"


def test_predictions_at_a_temperature(page):
    bars = page.draw_predictions(view("handmade", 3, temperature=2))
    expected = np.exp(np.array([5, 4, 3, 2, -np.inf]) / 2)
    np.testing.assert_allclose(bars.data[0].x, expected / expected.sum(), rtol=1e-6)


def test_the_first_visit_opens_the_first_demo(page):
    scanner = page.layout()
    assert scanner["mri-boot"].data["session"] == "demo-a"
    assert page.layout(session="handmade")["mri-boot"].data["session"] == "handmade"


def test_what_is_loaded_is_said_where_something_else_is_shown(tmp_path):
    write_handmade_session(tmp_path)
    embedded, other = create_app(tmp_path), create_app(tmp_path, ROOT / "tests" / "golden" / "E5")
    with embedded.server.test_request_context():
        assert "Loaded: " not in str(scanner().layout())
    with other.server.test_request_context():
        told = str(scanner().layout())
        assert "base d3, step 10" in told
        assert "Record with the loaded model" in told
        assert "Loaded: " not in str(scanner().layout(session="handmade")), "only where nothing was asked for"


def test_an_unknown_session_is_told(page):
    state = page.layout(session="nobody")
    assert "mri-state-error" in state.className


def test_an_empty_library_is_told(tmp_path):
    with create_app(tmp_path).server.test_request_context():
        assert "Nothing recorded yet" in str(scanner().layout())


def test_a_session_without_steps_is_being_recorded_or_has_ended(tmp_path):
    layout = random_layout(1, 4, 1, TraceConfig())
    with (
        create_app(tmp_path).server.test_request_context(),
        SessionWriter(tmp_path, TraceSession("none", layout)) as writer,
    ):
        assert "Watch it live" in str(scanner().layout(session="none"))
        writer.finish("interrupted", seal=False)
        told = str(scanner().layout(session="none"))
    assert "It ended before the first one (interrupted)." in told
    assert "Watch it live" not in told
