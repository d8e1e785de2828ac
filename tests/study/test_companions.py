"""Companions against numpy's correlation, and courses made by hand: true ones, one shared spike, none at all."""

import numpy as np
import pytest

from mri.study.activity import standardised
from mri.study.companions import LEAST_SHIFTS, MOST_SHIFTS, company


def shapes(values):
    return standardised(np.asarray(values, np.float32))


def spikes(n, num_steps, seed=0, share=0.04):
    """Neurons as relu² leaves them: mostly 0, now and then a spike."""
    rng = np.random.default_rng(seed)
    return (rng.random((n, num_steps)) < share) * rng.exponential(5, (n, num_steps))


def test_r_is_numpys_with_and_without_the_strongest_step():
    values = np.random.default_rng(1).standard_normal((30, 50))
    values[3] += 0.7 * values[0]
    values[4] -= 2 * values[0]
    found = company(shapes(values), 0)
    np.testing.assert_allclose(found.r, np.corrcoef(values)[0], atol=1e-5)
    for i in range(1, 30):
        x, y = (values[row] - values[row].mean() for row in (0, i))
        less = np.delete(np.arange(50), (x * y / y.std() * np.sign(found.r[i])).argmax())
        assert found.without[i] == pytest.approx(np.corrcoef(values[0, less], values[i, less])[0, 1], abs=1e-5)
    assert found.without[4] < -0.5
    assert found.chance[3] < 0.05 > found.chance[4]


def test_one_shared_spike_is_no_company():
    values = spikes(400, 80)
    values[:2] = 0
    values[0, 10] = values[1, 10] = 9  # alike but for one step
    values[0, 60], values[1, 40] = 0.5, 0.7
    found = company(shapes(values), 0)
    assert found.r[1] > 0.95
    assert abs(found.without[1]) < 0.1
    assert found.chance[1] == 1


def test_neurons_that_often_fire_together_are_more_than_chance():
    values = spikes(400, 80)
    values[0] = spikes(1, 80, seed=5, share=0.15)[0]
    values[1] = values[0] * np.random.default_rng(2).uniform(0.7, 1.4, 80)
    found = company(shapes(values), 0)
    assert found.without[1] > 0.8
    assert found.chance[1] == found.chance.min() < 0.05
    assert (found.chance[2:] > 0.05).mean() > 0.99


def test_among_neurons_that_know_nothing_of_each_other_few_are_taken_for_company():
    """The best of 200 is below 5 % in about one case in twenty: that is what the 5 % mean."""
    below = [company(shapes(spikes(200, 60, seed=seed)), 0).chance[1:].min() <= 0.05 for seed in range(40)]
    assert sum(below) <= 6


def test_a_course_that_is_one_spike_and_one_that_never_changes():
    values = np.zeros((6, 20))
    values[0, 3] = values[1, 3] = values[2, 9] = 1
    found = company(shapes(values), 0)
    assert found.r[1] == pytest.approx(1)
    assert found.without.tolist() == [0] * 6
    assert company(shapes(np.eye(2, 700)[[0, 0]] * 1e4), 0).without.tolist() == [0, 0]
    assert (found.chance == 1).all()


@pytest.mark.parametrize(("n", "num_steps", "expected"), [(5, 2, 1), (5, 60, 59), (5, 900, MOST_SHIFTS)])
def test_shifts_are_all_that_there_are_or_spread_evenly(n, num_steps, expected):
    values = np.random.default_rng(0).standard_normal((n, num_steps))
    found = company(shapes(values), 1)
    assert found.shifts == expected
    assert found.chance.min() >= 1 / (1 + expected)


def test_a_long_history_is_shifted_less_often(monkeypatch):
    monkeypatch.setattr("mri.study.companions.SHIFTED_CELLS", 1000)
    assert company(shapes(np.random.default_rng(0).standard_normal((9, 90))), 0).shifts == LEAST_SHIFTS
