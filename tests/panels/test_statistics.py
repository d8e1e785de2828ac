"""Figures of statistics keep the numbers exact however they are scaled for the eye."""

import numpy as np
import pytest

from mri.format.hook_points import STATS
from mri.panels.statistics import statistic_map, statistics_bars


@pytest.mark.parametrize("stat", STATS)
@pytest.mark.parametrize("theme", ["dark", "light"])
def test_the_map_has_the_number_under_the_pointer(stat, theme):
    values = np.float32([[0.0, 1.0, 100.0], [np.nan, 2.0, 0.5]])
    figure = statistic_map(["a", "b"], values, stat=stat, unit="", step=2, selected=1, theme=theme)
    np.testing.assert_array_equal(figure.data[0].customdata[..., 0], values)
    assert np.isnan(figure.data[0].z[1, 0])
    assert figure.layout.shapes[0].x0 == 2
    shown = np.asarray(figure.data[0].z)
    assert shown[0, 1] < shown[0, 2]


def test_bars_span_min_to_max_and_mean_plus_minus_std():
    stats = np.float32([[1, 2, -3, 5, 9, 0, 4], [np.nan] * 7])
    whole, middle = statistics_bars(["a", "b"], stats, selected=0, theme="dark").data
    assert np.sinh(whole.base[0]) == pytest.approx(-3)
    assert np.sinh(whole.base[0] + whole.y[0]) == pytest.approx(5)
    assert np.sinh(middle.base[0]) == pytest.approx(-1)
    assert np.sinh(middle.base[0] + middle.y[0]) == pytest.approx(3)
    assert np.isnan(whole.y[1])
