"""Means and variances within an interval against scipy."""

import numpy as np
import pytest
from scipy.stats import truncnorm

from mri.measure.truncated import between


def test_what_is_between_bounds_is_scipys_truncated_normal():
    mean, std = np.array([0.0, 3.0, -5.0, 0.1, 2.0, 50.0]), np.array([1.0, 2.0, 0.5, 4.0, 0.3, 0.1])
    low, high = np.float32([-1, -2, -2, 0, -9, -1]), np.float32([1, 2, 2, 7, 9, 1])
    expected, variance = between(mean, std, low, high)
    for i in range(5):
        theirs = truncnorm((low[i] - mean[i]) / std[i], (high[i] - mean[i]) / std[i], mean[i], std[i])
        assert expected[i] == pytest.approx(theirs.mean(), rel=2e-4, abs=1e-5)
        assert variance[i] == pytest.approx(theirs.var(), rel=2e-2, abs=1e-4)
    assert expected[5] == 1, "far away: the nearer end"
