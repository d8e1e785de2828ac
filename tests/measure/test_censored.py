"""Cosines from a part of the values: against whole vectors of known correlation, and against fresh recordings."""

import numpy as np
import pytest

import mri
from mri.format.config import TraceConfig
from mri.measure.censored import Side, squared_gap
from mri.measure.difference import difference_map
from mri.store.opening import open_session
from mri.study.comparison import compare

WIDTH = 256


def kept(x, k):
    """Which of each row are among its k strongest, and the most that the others are."""
    order = np.argsort(-np.abs(x), axis=-1)
    mask = np.zeros(x.shape, bool)
    np.put_along_axis(mask, order[:, :k], True, -1)
    left = np.where(mask, 0, np.abs(x)).max(axis=-1)
    return order[:, :k], mask, left


def gaps(x, y, k_x, k_y):
    """Estimated and true ‖x − y‖² at length 1."""
    x, y = (each / np.linalg.norm(each, axis=-1, keepdims=True) for each in (x, y))
    sides = []
    for one, other, k, k_other in ((x, y, k_x, k_y), (y, x, k_y, k_x)):
        neurons, _, _ = kept(one, k)
        _, mask, left = kept(other, k_other)
        own, partner, both = (np.take_along_axis(each, neurons, -1) for each in (one, other, mask))
        sides.append(Side(own, np.where(both, partner, 0), both, left))
    return squared_gap(*sides, x.shape[1]), ((x - y) ** 2).sum(axis=-1)


@pytest.mark.parametrize("correlation", [-0.9, -0.5, 0.0, 0.5, 0.9, 0.99, 0.9999])
@pytest.mark.parametrize(("k_x", "k_y"), [(64, 64), (16, 16), (32, 128), (64, 256)])
def test_of_normal_vectors_it_is_right_on_average(correlation, k_x, k_y):
    rng = np.random.default_rng(0)
    x, noise = rng.standard_normal((2, 200, WIDTH))
    found, true = gaps(x, correlation * x + np.sqrt(1 - correlation**2) * noise, k_x, k_y)
    # 200 vectors of which 16 values are known each: the mean itself is uncertain by 1 %
    assert np.sqrt(found).mean() == pytest.approx(np.sqrt(true).mean(), rel=0.04)


def test_a_few_very_large_values_do_not_stand_for_the_others():
    rng = np.random.default_rng(1)
    x = rng.standard_normal((200, WIDTH))
    x[:, 0] = 60
    found, true = gaps(x, 2 * x + 3 * rng.standard_normal(x.shape), 64, 64)
    assert np.sqrt(found).mean() == pytest.approx(np.sqrt(true).mean(), rel=0.1)


def test_the_same_values_have_no_gap_and_whole_ones_the_true_one():
    rng = np.random.default_rng(2)
    x, y = rng.standard_normal((2, 5, WIDTH))
    assert (gaps(x, 3 * x, 16, 16)[0] < 1e-11).all()
    assert (gaps(x, x, 16, 16)[0] == 0).all()
    assert gaps(x, x, 16, WIDTH)[0] == pytest.approx(0, abs=1e-6)
    found, true = gaps(x, y, WIDTH, WIDTH)
    np.testing.assert_allclose(found, true, rtol=1e-12)


TRUTH = TraceConfig(capture_mode="full", quantization="f32", prefill="stepwise", edu=True, max_bytes_per_step=4_000_000)
FEW = TraceConfig(prefill="stepwise", edu=True)  # the strongest 64, as float16
PAIRS = [
    ("The old man went to the market and bought bread.", "The young girl went to the river and caught a fish."),
    ("The capital of Japan is", "The capital of Egypt is"),
]
"""Not among those that were looked at when the estimator was chosen (benchmarks/compare.py)."""


@pytest.fixture(scope="module")
def maps(tmp_path_factory):
    """Of each pair: hook points, distances from the strongest neurons, and from every value."""
    found, folder = [], tmp_path_factory.mktemp("pairs")
    for prompts in PAIRS:
        both = []
        for config in (FEW, TRUTH):
            readers = [
                open_session(mri.record(prompt, config=config, max_new_tokens=8, sessions=folder, seal=False).path)
                for prompt in prompts
            ]
            both.append(compare(*readers, "mapping"))
        few, whole = both
        steps = [
            pair for pair in few.matched_steps.tolist() if pair[0] != pair[1] or pair[0] >= few.alignment.divergence
        ]
        assert steps
        found.append((few.keys, *(difference_map(c.one, c.other, np.array(steps), few.keys) for c in (few, whole))))
    return found


def test_of_recordings_the_mean_difference_is_within_five_percent(maps):
    for _, few, whole in maps:
        assert np.isfinite(whole.difference).all()
        assert few.difference.mean() == pytest.approx(whole.difference.mean(), rel=0.05)
        assert np.nanmean(few.cosine) == pytest.approx(np.nanmean(whole.cosine), abs=0.01)  # NaN: all 0


@pytest.mark.parametrize("kind", ["resid_pre", "attn_out", "resid_mid", "mlp_act", "mlp_out", "resid_post"])
def test_of_no_kind_of_hook_point_is_it_far_off(maps, kind):
    few, whole = (
        np.concatenate([each[i].difference[[key.endswith(kind) for key in each[0]]].ravel() for each in maps])
        for i in (1, 2)
    )
    assert few.mean() == pytest.approx(whole.mean(), rel=0.05)


def test_it_stays_in_the_range_in_which_the_truth_is(maps):
    for _, few, whole in maps:
        for low, high, name in (("low", "high", "difference"), ("cosine_low", "cosine_high", "cosine")):
            for each in (few, whole):
                values = getattr(each, name)
                is_in = (getattr(few, low) - 1e-5 <= values) & (values <= getattr(few, high) + 1e-5)
                assert (is_in | np.isnan(values)).all()
