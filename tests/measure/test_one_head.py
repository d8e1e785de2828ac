"""A head computed from its weights equals the recorded one, and the properties that make rotary positions work."""

import numpy as np
import pytest

from mri.format.captured_steps import CapturedSteps
from mri.measure.attention import attention_map
from mri.measure.one_head import angles, normed, one_head, score_by_distance, turned
from mri.nanochat.eras import ERAS
from mri.paths import DATA
from mri.store.opening import open_session

FOLDER = DATA / "lessons" / "4-attention"
E5 = ERAS["E5"]


@pytest.fixture(scope="module")
def head():
    with open_session(FOLDER / "lesson-dog.h5") as reader, np.load(FOLDER / "weights.npz") as file:
        streams = list(CapturedSteps(reader).values("block.2.ln1"))
        yield one_head(streams, file, E5), attention_map(reader, 2, 2)[0]


def test_computed_weights_are_the_recorded_ones(head):
    computed, recorded = head
    seen = np.tri(len(recorded), dtype=bool)
    np.testing.assert_allclose(computed.weights[seen], recorded[seen], atol=1e-6)
    assert (computed.weights[~seen] == 0).all()
    np.testing.assert_allclose(computed.weights.sum(1), 1)


def test_out_is_the_weighted_sum_of_values(head):
    computed, _ = head
    by_hand = sum(computed.weights[6, key] * computed.v[key] for key in range(7))
    np.testing.assert_allclose(computed.out[6], by_hand)


def test_only_the_distance_counts(head):
    computed, _ = head
    query, key = normed(computed.raw_q)[6], normed(computed.raw_k)[5]
    assert score_by_distance(query, key, E5, [1])[0] == pytest.approx(computed.scores[6, 5])
    for place in (0, 3, 300):
        q = turned(query[None], [place + 4], E5.rotary_base)
        k = turned(key[None], [place], E5.rotary_base)
        score = E5.qk_scale**2 * float((q @ k.T)[0, 0]) / 8
        assert score == pytest.approx(score_by_distance(query, key, E5, [4])[0])


def test_a_quarter_turn_is_clockwise():
    # one pair turns by 1 radian a place
    np.testing.assert_allclose(turned([[0.0, 1.0]], [np.pi / 2], 100.0), [[1.0, 0.0]], atol=1e-12)


def test_turning_keeps_lengths():
    x = np.random.default_rng(1).standard_normal((5, 64))
    y = turned(x, np.arange(5) * 100, E5.rotary_base)
    np.testing.assert_allclose(np.linalg.norm(x, axis=1), np.linalg.norm(y, axis=1))


def test_angles_fall_from_one_radian():
    found = angles(32, 100_000)
    assert found[0] == 1
    assert found[31] == pytest.approx(100_000 ** (-31 / 32))
    assert (np.diff(found) < 0).all()
