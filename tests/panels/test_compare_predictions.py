"""Two shares on one axis of log-odds: where they stand, and in which words."""

import numpy as np
import pytest

from mri.panels.compare_predictions import LEAST, log_odds, share


def test_the_axis_is_symmetric_and_ends():
    assert log_odds(np.array([0.5])).tolist() == [0.0]
    assert log_odds(np.array([0.01])) == pytest.approx(-log_odds(np.array([0.99])))
    assert log_odds(np.array([0.0, 1.0])).tolist() == log_odds(np.array([LEAST, 1 - LEAST])).tolist()
    assert np.isnan(log_odds(np.array([np.nan]))).all()


@pytest.mark.parametrize(
    ("p", "words"),
    [
        (0.0, "0 %"),
        (4e-6, "< 0.001 %"),
        (0.00013, "0.013 %"),
        (0.53128, "53.13 %"),
        (0.9997, "99.97 %"),
        (0.99999, "> 99.99 %"),
        (1.0, "100.00 %"),
    ],
)
def test_a_share_has_the_digits_that_tell_it_from_none_and_from_all(p, words):
    assert share(p) == words
