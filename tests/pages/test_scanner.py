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
from mri.web.parts import ids
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


def drawn(page, tab, session="handmade", step=3, **fields):
    """Name of a panel -> its figure and caption, of those that were drawn."""
    parts = page.draw(view(session, step, tab=tab, **fields))
    count = len(page.SHOWN)
    shown = zip(page.SHOWN, parts[:count], parts[count:], strict=True)
    return {panel.name: (figure, title) for panel, figure, title in shown if figure is not no_update}


@pytest.mark.parametrize("session", ["handmade", "demo-a", "demo-b", "light"])
@pytest.mark.parametrize("tab", ids.TABS)
def test_every_step_is_served_and_nothing_of_another_tab(page, session, tab):
    for step in range(5):
        for point in ("block.1.resid_post", "final.logits"):
            found = drawn(page, tab, session, step, point=point)
            assert list(found) == [panel.name for panel in page.SHOWN if panel.tab == tab]
            assert all(isinstance(figure, go.Figure) and title for figure, title in found.values())


def test_nothing_is_drawn_before_there_is_a_selection(page):
    assert page.draw(None) is no_update


def test_known_values_arrive_in_the_figure(page):
    known = np.float32([0, -3, np.nan, np.nan, np.nan, np.nan, 4, 2])
    for sign, values in ((0, np.abs(known)), (1, known)):
        figure, _ = drawn(page, "neurons", step=2, point="block.0.attn_out", sign=sign)["neurons"]
        np.testing.assert_array_equal(np.asarray(figure.data[1].z).ravel(), values)
    bars, _ = drawn(page, "predictions")["predictions"]
    np.testing.assert_allclose(bars.data[0].x[0], np.exp(5 - 5.5), rtol=1e-6)


def test_captions_say_what_is_selected(page):
    found = drawn(page, "attention", head=1, overlay=1)
    assert {name: title for name, (_, title) in found.items()} == {
        "everywhere": "Where all 4 heads look",
        "heads": "All heads",
        "attention": "Where each head of block 1 looks",
        "head": "Block 1 · all heads",
        "looks": "Block 1 · head 1 over all steps",
    }


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
