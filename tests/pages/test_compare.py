"""The Compare page's layout and callbacks: every way in, and every moment of every alignment is served."""

import sys

import plotly.graph_objects as go
import pytest
from dash import no_update

from mri.format.config import TraceConfig
from mri.paths import SESSIONS
from mri.web.parts import compare
from mri.web.server import create_app
from tests.conftest import write_handmade_session, write_random_session
from tests.true_sessions import write_true_session

A, B = [0, 26, 1, 2, 3, 5, 4], [0, 26, 6, 1, 2, 5, 4]


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sessions")
    write_true_session(folder, "one", A, seed=1)
    write_true_session(folder, "two", B, seed=2, config=TraceConfig(capture_mode="full", prefill="stepwise"))
    write_random_session(folder, session_id="once", provenance={"tokenizer_hash": "another"})
    write_handmade_session(folder)
    for seed, name in enumerate(("short", "short-too")):
        write_random_session(folder, session_id=name, num_steps=1, seed=seed)
    return create_app(folder)


@pytest.fixture
def page(app):
    with app.server.test_request_context():
        yield next(module for name, module in sys.modules.items() if name.endswith("pages.compare"))


def view(a, b, align, moment=0, **fields):
    return {"a": a, "b": b, "align": align, "moment": moment, "layer": 1, "head": 0, "theme": "dark", **fields}


@pytest.fixture
def draw(page):
    """The figures, captions and words of one of the two callbacks: of all moments, or of one."""

    def draw(tab, asked):
        count = {"pair": 1, "moment": 3}[tab]
        parts = page.DRAWS[tab](asked)
        return parts[:count], parts[count : 2 * count], parts[2 * count :]

    return draw


@pytest.mark.parametrize("align", ["prefix", "mapping", "pooled"])
@pytest.mark.parametrize(("a", "b"), [("one", "two"), ("one", "once"), ("once", "handmade"), ("handmade", "handmade")])
def test_everything_is_served(draw, a, b, align):
    figures, titles, _ = draw("pair", view(a, b, align))
    assert [isinstance(figure, go.Figure) for figure in figures] == [True]
    assert titles == ["How alike"]
    for moment in range(9):
        figures, titles, says = draw("moment", view(a, b, align, moment))
        assert [isinstance(figure, go.Figure) for figure in figures] == [True] * 3
        assert len(titles) == 3
        assert len(says) == 1


def test_nothing_is_drawn_before_there_is_a_pair(draw):
    for tab, numbers in (("pair", (1, 1, 1)), ("moment", (3, 3, 1))):
        assert draw(tab, None) == tuple([no_update] * number for number in numbers), tab


def test_the_ways_in(page):
    assert "Compare two scans" in str(page.layout())
    assert "Compare two scans" in str(page.layout(a="one"))
    assert page.layout(a="one", b="two", align="magic").children[0].data["align"] == "mapping"
    assert "cannot be compared" in str(page.layout(a="one", b="none"))
    assert page._first_two("two")[0].id == "two"
    assert len({info.id for info in page._first_two("nobody")}) == 2


def test_pairs_are_offered_where_they_are(page):
    there = {session for _, a, b, *_ in compare.pairs() for session in (a, b)}
    assert "One name changed" in str(compare.start([], False, there.__contains__))
    assert "One name changed" not in str(compare.start([], False, (there - {"pair-gift"}).__contains__))


def test_every_pair_is_bundled():
    for _, a, b, *_ in compare.pairs():
        for session in (a, b):
            assert (SESSIONS / f"{session}.h5").stat().st_size < 600_000


def test_no_number_is_shown_where_there_is_none(draw):
    figures, _, words = draw("pair", view("short", "short-too", "prefix"))
    assert "nothing to compare" in str(figures[0])
    assert words == [""]


def test_the_unit_stands_at_its_number(draw):
    assert "at least " in str(words := draw("moment", view("one", "two", "mapping"))[2])
    assert "bits, " in str(words)
    assert "bound bits" not in str(words)
