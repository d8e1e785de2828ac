"""The Compare page's figures: what each trace holds, in both themes, with values that are missing."""

import numpy as np
import pytest

from mri.measure.divergence import AttentionDivergence, PredictionDivergence
from mri.panels import compare_figures as figures

NAN = float("nan")


def test_the_map_keeps_what_is_not_known_empty_and_says_the_range():
    values = np.array([[0.5, NAN], [NAN, 1.0]])
    ranges = np.array([[0.25, NAN], [NAN, 1.0]]), np.array([[0.75, NAN], [NAN, 1.0]])
    found = figures.difference_map(
        ["p", "q"], values, ranges, by="difference", every=3, columns=["one", "two"], theme="dark"
    )
    heat = found.data[0]
    np.testing.assert_array_equal(heat.z, values.astype(np.float32))
    assert heat.customdata[0, 0].tolist() == ["one", 0.5, "likeliest; certain: 0.25 … 0.75"]
    assert heat.customdata[1, 1, 2] == "exact"
    assert heat.customdata[0, 1, 2] == ""
    _, band, mean = found.data
    np.testing.assert_array_equal(mean.y, [0.5, 1])
    np.testing.assert_array_equal(band.base, [0.25, 1])
    np.testing.assert_array_equal(band.y, [0.5, 0])
    assert (found.layout.meta["every"], len(found.layout.shapes)) == (3, 2)
    assert "3 to a column" in found.layout.xaxis.title.text


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("by", figures.MEASURES)
def test_every_measure_is_bright_where_the_sessions_differ(theme, by):
    values = np.array([[0.0, 0.5, 1.0]])
    found = figures.difference_map(["p"], values, None, by=by, every=1, columns=["", "", ""], theme=theme)
    places = [place for place, _ in found.data[0].colorscale]
    assert places == sorted(places)
    assert (places[0], places[-1]) == (0, 1)


ROWS = AttentionDivergence(
    np.array([[[0.5, NAN, 0.25]]]),
    np.array([[[0.25, 0.75, 0.0]]]),
    np.array([[0.125]]),
    np.array([[0.0]]),
    np.array([[0.3]]),
    np.array([[0.4]]),
    np.array([0, 1, 2]),
    np.array([0, 1]),
)


def test_a_head_is_drawn_up_and_down_with_outlines_where_nothing_was_captured():
    up, down, most_up, most_down, between = figures.attention_pair(
        ROWS, ["x", "<y>", "z"], head=(0, 0), theme="dark"
    ).data
    np.testing.assert_array_equal(up.y, [0.5, NAN, 0.25])
    np.testing.assert_array_equal(down.y, [-0.25, -0.75, 0])
    np.testing.assert_array_equal(most_up.y, [NAN, 0.125, NAN])
    assert np.isnan(most_down.y).all()
    np.testing.assert_array_equal(between.y, [-0.25, NAN, -0.25])
    assert up.x[1] == "1 &lt;y&gt;"


def test_heads_say_their_range():
    found = figures.divergence_map(ROWS, selected=(0, 0), theme="light").data[0]
    assert found.text[0][0] == "<b>0.3000</b> to 0.4000 bits"


def test_predictions_mark_what_followed_and_bound_what_is_missing():
    found = PredictionDivergence(np.array([7, 3]), np.array([0.5, NAN]), np.array([0.25, 0.5]), 0.01, 0.02, 0.1, 0.2)
    drawn = figures.predictions_pair(found, ["a", "b"], (7, 3), theme="dark")
    _, a, b, most_a, most_b = drawn.data
    np.testing.assert_array_equal(a.x, [0.5, NAN])
    np.testing.assert_array_equal(most_a.x, [NAN, 0.01])
    np.testing.assert_array_equal(b.x, [0.25, 0.5])
    assert np.isnan(most_b.x).all()
    assert list(drawn.layout.yaxis.ticktext) == ["a ◂A", "b ◂B"]
    assert a.text[0] == "A 50.0 % · B 25.0 %<br>B − A: -25.00 %"
    assert a.text[1] == "A at most 1.0 %, not captured · B 50.0 %"


def test_similarity_draws_ranges_cosines_and_cka():
    found = figures.similarity_bars(
        ["p", "q"], np.array([0.9, 1.0]), np.array([0.5, 1.0]), np.array([1.0, 1.0]), np.array([NAN, 0.8]), theme="dark"
    )
    ranges, cosine, cka = found.data
    np.testing.assert_allclose(ranges.y, [0.5, 0])
    assert found.layout.yaxis.range[0] < 0.5, "the whole range is in the picture"
    np.testing.assert_array_equal(cosine.y, [0.9, 1])
    np.testing.assert_array_equal(cka.y, [NAN, 0.8])
