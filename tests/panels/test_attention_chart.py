"""What the charts of attention share."""

from itertools import pairwise

import numpy as np
import pytest

from mri.panels import attention_chart as chart

NAN = np.float32("nan")


def test_bounds_stand_only_where_the_weight_is_unknown():
    weights = np.float32([[0.5, NAN, 0.25], [0.2, 0.3, 0.5]])
    found = chart.bounds_of_cells(weights, np.float32([0.1, 0]))
    np.testing.assert_array_equal(found, np.float32([[NAN, 0.1, NAN], [NAN, NAN, NAN]]))


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
    assert chart.head_words(1.25, low, high, bound) == f"entropy 1.25 bits<br>{words}"
    assert chart.head_words(NAN, NAN, NAN, NAN) == "not in this step"


@pytest.mark.parametrize("number", [1, 6, 12, 13, 32, 100])
def test_an_axis_of_heads_has_at_most_twelve_numbers(number):
    ticks = chart.ticks(number).tolist()
    assert 1 <= len(ticks) <= 12
    assert ticks[0] == 0
    assert len({after - before for before, after in pairwise(ticks)}) <= 1
