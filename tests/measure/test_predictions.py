"""Predictions: exact at temperature 1, shares of what is known at others, the token that follows always among them."""

from dataclasses import replace

import numpy as np
import pytest

from mri.format.config import TraceConfig
from mri.measure.predictions import predictions, strongest
from tests.conftest import random_frame, random_layout


def frame_of(chosen_id, rank=0, logprob=-0.5):
    layout = random_layout(1, 16, 1, TraceConfig(logits_topk=5))
    frame = random_frame(layout, np.random.default_rng(0), 3, "decode", 3, 1, chosen_id=chosen_id)
    frame.arrays.update(
        {
            "logits/token_ids": np.uint32([7, 3, 9, 1, 4]),
            "logits/values": np.float32([5, 4, 3, 2, -np.inf]),
            "logits/logsumexp": np.array(5.5, np.float32),
            "logits/chosen_logprob": np.array(logprob, np.float32),
            "logits/chosen_rank": np.array(rank, np.uint32),
        }
    )
    return frame


def test_temperature_one_is_exact():
    found = predictions(frame_of(3))
    assert found.token_ids.tolist() == [7, 3, 9, 1, 4]
    assert found.ranks.tolist() == [0, 1, 2, 3, 4]
    np.testing.assert_allclose(found.probs, np.exp([-0.5, -1.5, -2.5, -3.5, -np.inf]), rtol=1e-6)
    assert found.chosen == 1


def test_a_chosen_token_that_was_not_captured_is_one_row_more():
    found = predictions(frame_of(20, rank=26, logprob=-7.5))
    assert (found.token_ids[-1], found.ranks[-1], found.chosen) == (20, 26, 5)
    assert found.logits[-1] == -2
    assert found.probs[-1] == pytest.approx(np.exp(-7.5))


@pytest.mark.parametrize("temperature", [0.1, 0.7, 2.0])
def test_at_another_temperature_they_are_shares_of_those_known(temperature):
    found = predictions(frame_of(20, rank=26, logprob=-7.5), temperature)
    expected = np.exp(np.array([5, 4, 3, 2, -np.inf, -2]) / temperature)
    np.testing.assert_allclose(found.probs, expected / expected.sum(), rtol=1e-5)


def test_where_nothing_follows_none_is_marked():
    assert predictions(frame_of(-1)).chosen == -1
    assert len(predictions(frame_of(20, logprob=np.nan)).probs) == 5


@pytest.mark.parametrize(("chosen_id", "expected", "row"), [(3, [7, 3], 1), (1, [7, 3, 1], 2), (-1, [7, 3], -1)])
def test_the_strongest_have_the_token_that_follows_with_them(chosen_id, expected, row):
    found = predictions(frame_of(chosen_id))
    few = strongest(found, 2)
    assert (few.token_ids.tolist(), few.chosen) == (expected, row)
    assert few.probs.tolist() == [found.probs[found.token_ids.tolist().index(token_id)] for token_id in expected]
    assert few.ranks[-1] == found.token_ids.tolist().index(expected[-1])


def test_a_step_without_predictions_has_none():
    frame = frame_of(3)
    arrays = {name: array for name, array in frame.arrays.items() if not name.startswith("logits/")}
    assert predictions(replace(frame, arrays=arrays)) is None
