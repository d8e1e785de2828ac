"""Figures of the Attention tab: weights, bounds and gaps where they belong, nothing after the last key."""

from itertools import pairwise

import numpy as np
import pytest

from mri.panels import attention

NAN = np.float32("nan")
WEIGHTS = np.float32([[0.5, NAN, 0.25], [0.2, 0.3, 0.5]])
BOUNDS = attention.bounds_of_cells(WEIGHTS, np.float32([0.1, 0]))
TOKENS = list("ab<de")


def test_bounds_stand_only_where_the_weight_is_unknown():
    np.testing.assert_array_equal(BOUNDS, np.float32([[NAN, 0.1, NAN], [NAN, NAN, NAN]]))


def test_rows_end_at_the_last_key_and_unknown_weights_have_bounds():
    figure = attention.attention_rows(WEIGHTS, BOUNDS, tokens=TOKENS, layer=3, head=1, theme="dark")
    missing, known = figure.data
    assert list(known.x) == ["0 a", "1 b", "2 &lt;"]
    assert figure.layout.xaxis.range == (-0.5, 2.5)
    assert np.isfinite(missing.z).tolist() == [[False, True, False], [False, False, False]]
    assert missing.customdata[0, 1].tolist() == pytest.approx([3, 0, 0.1])
    np.testing.assert_array_equal(known.z, WEIGHTS)
    assert known.customdata[1, 2].tolist() == [3, 1]
    assert figure.layout.shapes[0].y0 == 0.5, "head 1 is selected"
    assert figure.layout.meta["of"] == "3"


def test_one_head_has_bars_bounds_and_its_entropy():
    figure = attention.head_row(WEIGHTS[0], BOUNDS[0], entropy_bits=1.5, head=(3, 0), tokens=TOKENS, theme="light")
    assert figure.data[0].y[1] == np.float32(0.1)
    np.testing.assert_array_equal(figure.data[1].y, WEIGHTS[0])
    assert figure.layout.annotations[0].text == "entropy 1.50 bits"
    assert figure.layout.xaxis.range == (-0.5, 2.5)


def test_all_heads_over_each_other_keep_their_gaps():
    figure = attention.heads_overlaid(WEIGHTS, layer=3, head=1, tokens=TOKENS, theme="dark")
    assert len(figure.data) == 2
    np.testing.assert_array_equal(figure.data[0].y, WEIGHTS[0])
    assert not figure.data[0].connectgaps
    assert figure.data[1].line.width > figure.data[0].line.width
    assert figure.layout.meta["of"] == "3.all"


def test_the_grid_of_heads_by_entropy_and_by_distance():
    entropy, low, high = np.float32([[1, NAN]]), np.float32([[2, NAN]]), np.float32([[4, NAN]])
    for by, z, most in (("entropy", 1, 3), ("distance", 3, 3)):
        figure = attention.heads_grid(
            entropy, low, high, np.float32([[0, NAN]]), by=by, n_positions=8, selected=(0, 1), theme="dark"
        )
        assert figure.data[0].z[0][0] == z
        assert np.isnan(figure.data[0].z[0][1])
        assert figure.data[0].zmax == most
        assert figure.data[0].customdata[0, 1].tolist() == [0, 1]
        assert figure.layout.meta["of"] == by
    assert figure.data[0].text[0][1] == "not in this step"


@pytest.mark.parametrize(
    ("low", "high", "bound", "words"),
    [
        (2, 2, 0, "looks 2.00 tokens back on average"),
        (2.001, 2.004, 0.1, "looks 2.00 tokens back on average"),
        (2.004, 2.006, 0, "looks 2.00 to 2.01 tokens back (weights were rounded) on average"),
        (2, 4, 0.1, "looks 2.00 to 4.00 tokens back (only the strongest keys are kept) on average"),
    ],
)
def test_a_head_in_words(low, high, bound, words):
    assert attention.head_words(1.25, low, high, bound) == f"entropy 1.25 bits<br>{words}"


def triangle(n):
    weights = np.tril(np.arange(n * n, dtype=np.float32).reshape(n, n) / (n * n))
    weights[np.triu_indices(n, 1)] = NAN
    weights[2, 1] = NAN
    bounds = np.full((n, n), NAN, np.float32)
    bounds[2, 1] = 0.125
    return weights, bounds


def test_the_map_is_the_triangle():
    weights, bounds = triangle(4)
    figure = attention.attention_map(weights, bounds, step_query=3, head=(1, 0), tokens=TOKENS, theme="dark")
    missing, known = figure.data
    np.testing.assert_array_equal(known.z, weights)
    assert np.argwhere(np.isfinite(missing.z)).tolist() == [[2, 1]]
    assert missing.customdata[2, 1] == 0.125
    assert list(known.y) == list(known.x) == ["0 a", "1 b", "2 &lt;", "3 d"]
    assert figure.layout.shapes[0].y0 == 3


def test_a_long_map_shows_the_strongest_of_each_cell():
    n = attention.MAP_CELLS + 1
    weights, bounds = triangle(n)
    figure = attention.attention_map(weights, bounds, step_query=n - 1, head=(1, 0), tokens=["x"] * n, theme="dark")
    missing, known = figure.data
    assert known.z.shape == (129, 129)
    assert known.z[1, 0] == weights[3, 1]
    assert known.z[128, 128] == weights[-1, -1]
    assert not np.isfinite(missing.z).any(), "beside a known weight the bound is not shown"
    assert known.y[1] == "2 … 3"
    assert figure.layout.shapes[0].y0 == 128


@pytest.mark.parametrize("number", [1, 6, 12, 13, 32, 100])
def test_an_axis_of_heads_has_at_most_twelve_numbers(number):
    ticks = attention.ticks(number).tolist()
    assert 1 <= len(ticks) <= 12
    assert ticks[0] == 0
    assert len({after - before for before, after in pairwise(ticks)}) <= 1
    figure = attention.attention_rows(
        np.zeros((number, 3), np.float32), np.full((number, 3), NAN), tokens=TOKENS, layer=0, head=0, theme="dark"
    )
    assert list(figure.layout.yaxis.tickvals) == ticks
