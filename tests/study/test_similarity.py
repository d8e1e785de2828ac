"""Likeness against whole vectors, whatever was captured; linear CKA against its definition, closed forms and noise."""

import itertools

import numpy as np
import pytest
from scipy.spatial.distance import cosine as scipy_cosine
from scipy.stats import ortho_group

import mri
from mri.errors import ConfigError
from mri.format.config import PRESETS, TraceConfig
from mri.measure.difference import captured_keys
from mri.store.opening import open_session
from mri.study.comparison import compare
from mri.study.similarity import LEAST_CKA_STEPS, cka_keys, cka_of_points, likeness, linear_cka
from tests.true_sessions import write_true_session

IDS = [0, 26, 1, 2, 3, 5, 4, *range(26)]
STEPS = np.stack([np.arange(len(IDS) - 1)] * 2, axis=1)
MODES = {
    "full": TraceConfig(capture_mode="full", prefill="stepwise", quantization="f32"),
    "full_q8": TraceConfig(capture_mode="full", prefill="stepwise", quantization="q8"),
    "topk": TraceConfig(topk=10, prefill="stepwise"),
    "topk_few": TraceConfig(topk=4, prefill="stepwise", quantization="q8"),
    "sampled": TraceConfig(capture_mode="sampled", sample_stride=2, prefill="stepwise"),
    "sampled_other": TraceConfig(capture_mode="sampled", sample_stride=2, sample_seed=1, prefill="stepwise"),
}


@pytest.fixture(scope="module")
def sessions(tmp_path_factory):
    folder, found = tmp_path_factory.mktemp("sessions"), {}
    for mode, config in MODES.items():
        for seed in (1, 2):
            truth = write_true_session(folder, f"{mode}-{seed}", IDS, seed=seed, config=config)
            found[mode, seed] = open_session(folder / f"{mode}-{seed}.h5"), truth
    return found


@pytest.mark.parametrize(("one", "other"), [("full", "full"), ("topk", "topk"), ("topk", "full"), ("sampled", "full")])
def test_the_mean_cosine_of_the_whole_vectors_lies_in_the_range(sessions, one, other):
    (a, truth_a), (b, truth_b) = sessions[one, 1], sessions[other, 2]
    found = compare(a, b, "mapping")
    alike = likeness(found)
    for i, key in enumerate(found.keys):
        true = np.mean([1 - scipy_cosine(x, y) for x, y in zip(truth_a[key], truth_b[key], strict=True)])
        assert alike.low[i] - 1e-5 <= true <= alike.high[i] + 1e-5
        if one == other == "full":
            assert alike.cosine[i] == pytest.approx(true, abs=1e-5)
    assert (alike.num_steps == len(STEPS)).all()
    score, low, high = alike.score
    assert low <= score <= high
    assert score == pytest.approx(alike.cosine.mean())
    assert alike.left_out == ""


@pytest.mark.parametrize(("one", "other"), list(itertools.combinations_with_replacement(MODES, 2)))
@pytest.mark.parametrize("align", ["prefix", "mapping", "pooled"])
def test_the_same_tokens_are_alike_whatever_was_captured_or_there_is_a_reason(sessions, one, other, align):
    found = compare(sessions[one, 1][0], sessions[other, 1][0], align)
    alike = likeness(found)
    if alike.reason and align != "pooled":
        assert (one, other) == ("sampled", "sampled_other"), "of 12 neurons they share three"
        assert "Too few neurons" in alike.reason
    elif alike.reason:
        assert MODES[one].capture_mode != MODES[other].capture_mode or one != other
        assert "exact tokens" in alike.reason
    else:
        assert alike.score[0] == pytest.approx(1, abs=2e-3 if "few" not in one + other else 0.02)  # 8 bits
        assert one != other or alike.score[0] == 1


CAPTURES = {
    "default": TraceConfig(),
    "everything": PRESETS["everything"],
    "sampled": TraceConfig(capture_mode="sampled", prefill="stepwise"),
    "q8": TraceConfig(topk=16, prefill="stepwise", quantization="q8"),
}


@pytest.fixture(scope="module")
def captures(tmp_path_factory):
    """One prompt, seed and model, captured in four ways: 23 tokens each."""
    folder, text = tmp_path_factory.mktemp("captures"), "Once there was a girl named Mia. She had a"
    paths = [mri.record(text, config=c, max_new_tokens=8, sessions=folder, seal=False).path for c in CAPTURES.values()]
    return dict(zip(CAPTURES, map(open_session, paths), strict=True))


@pytest.mark.parametrize("align", ["prefix", "mapping", "pooled"])
@pytest.mark.parametrize(("one", "other"), list(itertools.combinations_with_replacement(CAPTURES, 2)))
def test_recordings_of_the_same_tokens_are_alike_or_there_is_a_reason(captures, one, other, align):
    """Also where one read its prompt in one pass, so that only the steps behind it have values in both."""
    found = compare(captures[one], captures[other], align)
    assert (captures[one].token_ids() == captures[other].token_ids()).all()
    alike = likeness(found)
    if align == "pooled" and "default" in (one, other):
        assert "in one pass" in alike.reason
    elif align == "pooled" and one != other:
        assert "different parts" in alike.reason
    else:
        assert alike.score[0] == pytest.approx(1, abs=5e-4)
        passes = 7 if "default" in (one, other) else found.one.num_steps
        assert alike.num_steps.max() == passes or "sampled" in (one, other), "a sample and the strongest share few"


def test_pooled_means_are_of_every_step_and_of_the_same_part(sessions):
    (a, truth_a), (b, truth_b) = sessions["full", 1], sessions["full", 2]
    found = compare(a, b, "pooled")
    alike = likeness(found)
    for i, key in enumerate(found.keys):
        true = 1 - scipy_cosine(truth_a[key].mean(axis=0), truth_b[key].mean(axis=0))
        assert alike.cosine[i] == pytest.approx(true, abs=1e-6)
    of_few = likeness(compare(sessions["topk", 1][0], sessions["topk", 2][0], "pooled"))
    assert (of_few.low <= alike.cosine[: len(of_few.low)]).any()
    assert "different parts" in likeness(compare(a, sessions["topk", 2][0], "pooled")).reason


@pytest.mark.parametrize("align", ["mapping", "pooled"])
@pytest.mark.parametrize("mode", ["topk", "full", "full_q8"])
def test_hook_points_that_hold_nan_are_counted_and_left_out(tmp_path, align, mode):
    bad = ("block.0.attn_out", "final.ln_f")
    write_true_session(tmp_path, "bad", IDS, seed=1, config=MODES[mode], with_nan=bad)
    reader = open_session(tmp_path / "bad.h5")
    found = compare(reader, reader, align)
    alike = likeness(found)
    assert alike.left_out == "2 hold NaN, ∞ or clipped values"
    assert [found.keys[i] for i in np.flatnonzero(alike.has_nan)] == list(bad)
    assert np.isnan(alike.cosine[alike.has_nan]).all()
    assert alike.score[0] == 1


def test_nothing_matched_is_a_reason(sessions):
    with_other = compare(sessions["full", 1][0], sessions["full", 1][0], "prefix")
    bare = type(with_other)(
        **{
            **vars(with_other),
            "moments": with_other.moments.__class__(
                with_other.moments.steps, with_other.moments.matched, np.zeros_like(with_other.moments.whole)
            ),
        }
    )
    assert "No steps are matched" in likeness(bare).reason
    assert np.isnan(likeness(bare).score[0])


RNG = np.random.default_rng(4)
X, Y = RNG.standard_normal((40, 7)), RNG.standard_normal((40, 5))


def hsic(k, m):
    """Song et al. 2012, equation 5, as it is written there."""
    n, k, m = len(k), k - np.diag(np.diag(k)), m - np.diag(np.diag(m))
    sums = np.trace(k @ m) + k.sum() * m.sum() / ((n - 1) * (n - 2)) - 2 / (n - 2) * (k @ m).sum()
    return sums / (n * (n - 3))


def test_cka_is_the_ratio_of_unbiased_hsic():
    k, m = X @ X.T, Y @ Y.T
    assert linear_cka(X, Y) == pytest.approx(hsic(k, m) / np.sqrt(hsic(k, k) * hsic(m, m)), abs=1e-12)


@pytest.mark.parametrize("width", [32, 300])
def test_cka_of_noise_is_about_nothing_however_wide_and_of_few_steps_refused(width):
    rng = np.random.default_rng(width)
    pairs = rng.standard_normal((60, 2, LEAST_CKA_STEPS, width))
    found = np.array([linear_cka(x, y) for x, y in pairs])
    assert abs(found.mean()) < 0.03
    assert (found < 0.11).mean() >= 0.9
    with pytest.raises(ConfigError, match=f"at least {LEAST_CKA_STEPS} samples.* are 5 and 5"):
        linear_cka(pairs[0, 0, :5], pairs[0, 1, :5])  # the usual CKA: 0.975


def test_cka_does_not_see_rotation_scale_and_shift_but_sees_an_invertible_map():
    rotation = ortho_group.rvs(7, random_state=1)
    assert linear_cka(X, 3 * X @ rotation + 5) == pytest.approx(1, abs=1e-12)
    assert linear_cka(X, X @ np.diag([1, 1, 1, 1, 1, 1, 30.0])) < 0.9


def test_cka_of_orthogonal_directions_is_nothing_and_of_half_in_common_one_part_in_root_two():
    x, y = np.repeat([[1.0], [-1]], 200, axis=0), np.tile([[1.0], [-1]], (200, 1))
    assert linear_cka(x, y) == pytest.approx(0, abs=0.01)
    assert linear_cka(x, np.hstack([x, y])) == pytest.approx(1 / np.sqrt(2), abs=0.01)


def test_cka_of_what_never_varies_is_not_defined():
    assert np.isnan(linear_cka(X, np.ones((40, 3))))
    with pytest.raises(ConfigError, match="40 and 5"):
        linear_cka(X, Y[:5])


@pytest.mark.parametrize(("one", "other"), [("full", "full"), ("sampled", "sampled"), ("sampled", "full")])
def test_cka_of_sessions(sessions, one, other):
    (a, truth_a), (b, truth_b) = sessions[one, 1], sessions[other, 2]
    keys = cka_keys(a.session.layout, b.session.layout, captured_keys(a.session.layout, b.session.layout))
    assert keys
    same = cka_of_points(sessions[one, 1][0], sessions[other, 1][0], STEPS, keys)
    np.testing.assert_allclose(same, 1, atol=0 if one == other else 1e-4)
    found = cka_of_points(a, b, STEPS[1:], keys)
    every = slice(None, None, 1 if one == other == "full" else 2)
    for value, key in zip(found, keys, strict=True):
        assert value == pytest.approx(linear_cka(truth_a[key][1:, every], truth_b[key][1:, every]), abs=1e-3)
    assert np.isnan(cka_of_points(a, b, STEPS[: LEAST_CKA_STEPS - 1], keys)).all()


def test_the_strongest_neurons_and_other_samples_are_none_for_cka(sessions):
    full = sessions["full", 1][0].session.layout
    for one, other in (("topk", "full"), ("sampled", "sampled_other")):
        a, b = sessions[one, 1][0].session.layout, sessions[other, 1][0].session.layout
        assert cka_keys(a, b, captured_keys(a, full)) == []
