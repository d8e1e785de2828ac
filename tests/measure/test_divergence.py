"""Divergences against scipy and hand-computed cases; the bounds hold for whatever was not captured."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon
from scipy.special import rel_entr
from scipy.stats import entropy

from mri.format.config import TraceConfig
from mri.format.events import StepFrame
from mri.measure.alignment import align
from mri.measure.divergence import attention_divergence, jensen_shannon, prediction_divergence
from mri.store.opening import open_session
from tests.tiers import sample
from tests.true_sessions import SOFTCAP, write_true_session

A, B = [0, 26, 1, 2, 3, 5, 4, 7, 8, 9, 10, 11], [0, 26, 6, 1, 2, 5, 4, 7, 8, 9, 10, 11]
ROWS = TraceConfig(topk=4, prefill="stepwise", attention_tier="full_row", quantization="f32")
SUMMARY = TraceConfig(topk=4, prefill="stepwise", logits_topk=6)


def test_jensen_shannon_by_hand():
    low, high = jensen_shannon(np.array([[1.0, 0], [0.5, 0.5], [1, 0]]), np.array([[0.0, 1], [0.5, 0.5], [0.5, 0.5]]))
    np.testing.assert_allclose(low, [1, 0, 0.5 * np.log2(4 / 3) + 0.5 * (0.5 * np.log2(2 / 3) + 0.5)], atol=1e-12)
    np.testing.assert_array_equal(low, high)


WEIGHTS = st.lists(st.floats(0.01, 1), min_size=6, max_size=6)


@example([0.010000000000000002, 1, 1, 0.01, 1, 1], [0.01, 1, 1, 0.01, 1, 1], 1, 1)  # rounds to less than 0
@settings(max_examples=200)
@given(WEIGHTS, WEIGHTS, st.integers(1, 6), st.integers(1, 6))
def test_the_whole_rows_divergence_lies_between_the_bounds(p, q, kept_p, kept_q):
    rows = [np.array(row) / np.sum(row) for row in (p, q)]
    mean = (rows[0] + rows[1]) / 2
    true = sum(rel_entr(row, mean).sum() for row in rows) / 2 / np.log(2)
    seen = []
    for row, kept in zip(rows, (kept_p, kept_q), strict=True):
        part = np.full(6, np.nan)
        strongest = np.argsort(-row)[:kept]
        part[strongest] = row[strongest]
        seen.append(part)
    low, high = jensen_shannon(*seen)
    assert low - 1e-9 <= true <= high + 1e-9
    if kept_p == kept_q == 6:
        assert low == high == pytest.approx(true, abs=1e-9)


@pytest.fixture(scope="module")
def sessions(tmp_path_factory):
    folder, found = tmp_path_factory.mktemp("sessions"), {}
    for name, ids, seed, config in (
        ("a", A, 1, ROWS),
        ("b", B, 2, ROWS),
        ("a-few", A, 1, SUMMARY),
        ("b-few", B, 2, SUMMARY),
    ):
        truth = write_true_session(folder, name, ids, seed=seed, config=config)
        found[name] = open_session(folder / f"{name}.h5"), truth
    return found


def attention(sessions, one, other, steps, positions):
    (a, truth_a), (b, truth_b) = sessions[one], sessions[other]
    found = attention_divergence(a.frame(steps[0]), a.session.layout, b.frame(steps[1]), b.session.layout, positions)
    return found, truth_a["attention"][steps[0]], truth_b["attention"][steps[1]]


def test_attention_is_compared_where_tokens_stand_for_each_other(sessions):
    positions = align(A, B, "mapping").positions
    found, true_a, true_b = attention(sessions, "a", "b", (10, 10), positions)
    assert found.a.shape == (2, 2, 12)  # ten that both have, and one that each has alone
    rows = []
    for true, place in ((true_a, found.place_a), (true_b, found.place_b)):
        row = np.zeros((2, 2, 12))
        row[..., place] = true
        rows.append(row)
    expected = jensenshannon(rows[0], rows[1], base=2, axis=-1) ** 2
    np.testing.assert_allclose(found.low, expected, atol=1e-6)
    np.testing.assert_array_equal(found.low, found.high)


def test_of_the_strongest_keys_only_there_are_bounds(sessions):
    positions = align(A, B, "mapping").positions
    found, *_ = attention(sessions, "a-few", "b-few", (10, 10), positions)
    exact, *_ = attention(sessions, "a", "b", (10, 10), positions)
    assert np.isnan(found.a).any()
    assert (found.low <= exact.low + 1e-3).all()  # 16-bit weights
    assert (found.high >= exact.high - 1e-3).all()


@pytest.mark.parametrize("quantization", ["f32", "f16", "q8"])
@pytest.mark.parametrize("tier", ["full_row", "summary"])
def test_the_divergence_of_the_rows_before_rounding_lies_between_the_bounds(tmp_path, quantization, tier):
    """Also of weights below 2⁻¹⁴, which a float16 keeps with fewer digits, and of those that 8 bits make 0."""
    ids = list(range(26)) * sample(1, 2)
    config = TraceConfig(topk=4, prefill="stepwise", attention_tier=tier, quantization=quantization)
    sides = []
    for seed, name in enumerate("ab"):
        truth = write_true_session(tmp_path, name, ids, seed=seed, config=config, n_head=4, concentration=0.1)
        sides.append((open_session(tmp_path / f"{name}.h5"), truth["attention"].astype(float)))
    (a, true_a), (b, true_b) = sides
    positions = align(ids, ids).positions
    for other, true_other in ((b, true_b), (a, true_a)):
        for step in range(len(ids) - 1):
            frames = a.frame(step), a.session.layout, other.frame(step), other.session.layout
            found = attention_divergence(*frames, positions)
            true = jensenshannon(true_a[step], true_other[step], base=2, axis=-1) ** 2
            true = np.nan_to_num(true)  # scipy: the root of a rounding error below 0
            assert (found.low - 1e-6 <= true).all()
            assert (true <= found.high + 1e-6).all()
            if (quantization, tier) == ("f16", "full_row"):
                assert (found.high - found.low).max() < 2e-3
            if (quantization, tier) == ("q8", "full_row"):
                assert (found.high - found.low).max() < 0.25


@pytest.mark.parametrize("name", ["a", "a-few"])
def test_attention_does_not_diverge_from_itself_at_all(sessions, name):
    for step in range(11):
        found, *_ = attention(sessions, name, name, (step, step), align(A, A).positions)
        assert (found.low == 0).all()


def test_without_attention_there_is_nothing_to_compare(sessions):
    reader, _ = sessions["a"]
    frame, layout = reader.frame(1), reader.session.layout
    bare = StepFrame(1, "decode", 1, 1, {"stats": frame.arrays["stats"]})
    assert attention_divergence(frame, layout, bare, layout, align(A, A).positions) is None
    assert prediction_divergence(bare, frame, layout.n_vocab, SOFTCAP) is None


def test_attention_and_predictions_that_are_nan_are_not_compared(sessions):
    reader, _ = sessions["a"]
    frame, layout = reader.frame(4), reader.session.layout
    names = ("attention/rows", "attention/weights", "logits/values", "logits/logsumexp")
    bad = replace(frame, arrays={**frame.arrays, **{name: frame.arrays[name] * np.float32(np.nan) for name in names}})
    found = attention_divergence(frame, layout, bad, layout, align(A, A).positions)
    assert np.isnan(found.low).all()
    assert np.isnan(found.high).all()
    assert prediction_divergence(frame, bad, layout.n_vocab, SOFTCAP) is None


def predictions(sessions, one, other, step, softcap=SOFTCAP):
    (a, truth_a), (b, truth_b) = sessions[one], sessions[other]
    found = prediction_divergence(a.frame(step), b.frame(step), a.session.layout.n_vocab, softcap)
    true = [np.exp(t["logits"][step].astype(float)) for t in (truth_a, truth_b)]
    return found, *(p / p.sum() for p in true)


def test_the_true_kullback_leibler_divergence_lies_between_the_bounds(sessions):
    for step in range(11):
        found, p, q = predictions(sessions, "a-few", "b-few", step)
        true = entropy(p, q, base=2)
        assert found.kl_low - 1e-5 <= true <= found.kl_high + 1e-5
        for ours, whole, bound in ((found.a, p, found.bound_a), (found.b, q, found.bound_b)):
            known = np.isfinite(ours)
            np.testing.assert_allclose(ours[known], whole[found.token_ids[known]], rtol=1e-4)
            assert (whole[found.token_ids[~known]] <= bound + 1e-6).all()
        assert (np.diff(np.fmax(found.a, found.b)) <= 0).all()


def test_without_a_least_logit_the_divergence_has_no_upper_bound(sessions):
    found, p, q = predictions(sessions, "a-few", "b-few", 3, softcap=None)
    assert found.kl_high == float("inf")
    assert 0 <= found.kl_low <= entropy(p, q, base=2) + 1e-5


def test_predictions_do_not_diverge_from_themselves(sessions):
    found, *_ = predictions(sessions, "a-few", "a-few", 4)
    assert found.kl_low == 0
    assert (found.a == found.b).all()


def test_of_the_whole_vocabulary_it_is_exact(tmp_path):
    config = TraceConfig(topk=4, prefill="stepwise", logits_topk=31)
    found = {}
    for name, ids, seed in (("a", A, 1), ("b", B, 2)):
        truth = write_true_session(tmp_path, name, ids, seed=seed, config=config)
        found[name] = open_session(tmp_path / f"{name}.h5"), truth
    got, p, q = predictions(found, "a", "b", 5)
    assert got.kl_low == pytest.approx(entropy(p, q, base=2), abs=1e-4)
    assert got.kl_high == pytest.approx(got.kl_low, abs=1e-6)
