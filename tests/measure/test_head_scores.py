"""Scores of heads on sequences whose answer is known by hand."""

import numpy as np
import pytest

from mri.capture.payload import quantized_weights
from mri.format.events import dequantized
from mri.measure.head_scores import head_score, head_scores, induction_targets, previous_targets
from mri.store.opening import open_session


def test_previous_targets_are_every_position_but_the_first():
    assert previous_targets(4) == [(1, 0), (2, 1), (3, 2)]


def test_induction_looks_behind_the_latest_earlier_occurrence():
    #  0  1  2  3  4  5  6
    #  a  b  c  a  b  a  d
    assert induction_targets([7, 8, 9, 7, 8, 7, 3]) == [(3, 1), (4, 2), (5, 4)]


def test_a_head_that_looks_back_by_one_scores_one():
    weights = np.eye(5, k=-1)
    weights[0, 0] = 1
    assert head_score(weights, previous_targets(5)) == 1
    assert head_score(weights, [(3, 1)]) == 0


@pytest.mark.parametrize("quantization", ["f32", "f16", "q8"])
def test_a_score_is_off_by_no_more_than_a_weight_was_rounded(quantization):
    weights = np.random.default_rng(0).dirichlet(np.full(40, 0.1), 40).astype(np.float32)
    exact = head_score(weights, previous_targets(40))
    kept = dequantized(quantized_weights(weights, quantization), None)
    most = {"f32": 0, "f16": 2**-11 * exact + 2**-25, "q8": 1 / 510}[quantization]
    off = abs(head_score(kept, previous_targets(40)) - exact)
    assert off <= most
    assert (off > 0) == (quantization != "f32")


def test_without_a_target_there_is_no_score():
    assert np.isnan(head_score(np.eye(2), []))


def test_what_was_not_captured_makes_no_score():
    weights = np.eye(3, k=-1)
    weights[2, 1] = np.nan
    assert np.isnan(head_score(weights, previous_targets(3)))


def test_scores_of_a_session_are_means_of_its_recorded_rows(tmp_path, handmade_session):
    with open_session(handmade_session(tmp_path)) as reader:
        previous, induction = head_scores(reader)
    # head 0 has all weight on the first token, head 1 spreads it evenly; the tokens are all different
    np.testing.assert_allclose(previous[:, 0], [0.25, 0.25])
    np.testing.assert_allclose(previous[:, 1], np.mean([1 / 2, 1 / 3, 1 / 4, 1 / 5]), atol=2e-4)  # float16
    assert np.isnan(induction).all()


@pytest.mark.parametrize(("name", "score"), [("lesson-list", 0.7), ("lesson-dog", 0.5)])
def test_the_head_that_level_4_takes_apart_looks_at_the_token_before(name, score):
    from mri.paths import DATA

    with open_session(DATA / "lessons" / "4-attention" / f"{name}.h5") as reader:
        previous, _ = head_scores(reader)
    assert previous.argmax() == 2 * 4 + 2
    assert previous.max() > score
