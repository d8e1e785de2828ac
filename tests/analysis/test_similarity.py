"""Pooled cosines and linear CKA against hand-computed cases, scikit-learn's centring, and closed forms."""

import numpy as np
import pytest
from scipy.spatial.distance import cosine as scipy_cosine
from scipy.stats import ortho_group
from sklearn.preprocessing import KernelCenterer

from mri.analysis.difference import captured_keys
from mri.analysis.similarity import cka_keys, cka_of_points, linear_cka, pooled
from mri.config import TraceConfig
from mri.errors import ConfigError
from mri.store.reader import open_session
from tests.true_sessions import write_true_session

IDS = [0, 26, 1, 2, 3, 5, 4]
STEPS = np.stack([np.arange(6), np.arange(6)], axis=1)
FULL = TraceConfig(capture_mode="full", prefill="stepwise", quantization="f32")
TOPK = TraceConfig(topk=10, prefill="stepwise")
SAMPLED = TraceConfig(capture_mode="sampled", sample_stride=2, prefill="stepwise")


@pytest.fixture(scope="module")
def sessions(tmp_path_factory):
    folder, found = tmp_path_factory.mktemp("sessions"), {}
    for mode, config in {"full": FULL, "topk": TOPK, "sampled": SAMPLED}.items():
        for seed in (1, 2):
            truth = write_true_session(folder, f"{mode}-{seed}", IDS, seed=seed, config=config)
            found[mode, seed] = open_session(folder / f"{mode}-{seed}.h5"), truth
    return found


def compare(sessions, one, other):
    (a, truth_a), (b, truth_b) = sessions[one], sessions[other]
    keys = captured_keys(a.session.layout, b.session.layout)
    return pooled(a, b, keys), keys, truth_a, truth_b


@pytest.mark.parametrize(("one", "other"), [("full", "full"), ("topk", "topk"), ("topk", "full"), ("sampled", "full")])
def test_the_cosine_of_the_whole_means_lies_in_the_range(sessions, one, other):
    found, keys, truth_a, truth_b = compare(sessions, (one, 1), (other, 2))
    for i, key in enumerate(keys):
        true = 1 - scipy_cosine(truth_a[key].mean(axis=0), truth_b[key].mean(axis=0))
        assert found.low[i] - 1e-6 <= true <= found.high[i] + 1e-6
        if one == other == "full":
            assert found.cosine[i] == pytest.approx(true, abs=1e-6)
    assert (found.num_a, found.num_b) == (6, 6)
    score, low, high = found.score
    assert low <= score <= high
    assert score == pytest.approx(found.cosine.mean())


@pytest.mark.parametrize("mode", ["full", "topk", "sampled"])
def test_a_session_is_exactly_like_itself(sessions, mode):
    found, *_ = compare(sessions, (mode, 1), (mode, 1))
    assert (found.cosine == 1).all()
    assert found.score[0] == 1


def test_nothing_in_common_has_no_score(sessions):
    (a, _) = sessions["full", 1]
    assert np.isnan(pooled(a, a, []).score[0])


RNG = np.random.default_rng(4)
X, Y = RNG.standard_normal((20, 7)), RNG.standard_normal((20, 5))


def test_cka_is_the_centred_kernel_alignment():
    grams = [KernelCenterer().fit_transform(z @ z.T) for z in (X, Y)]
    expected = np.sum(grams[0] * grams[1]) / (np.linalg.norm(grams[0]) * np.linalg.norm(grams[1]))
    assert linear_cka(X, Y) == pytest.approx(expected, abs=1e-12)
    x, y = X - X.mean(0), Y - Y.mean(0)
    features = np.linalg.norm(y.T @ x) ** 2 / (np.linalg.norm(x.T @ x) * np.linalg.norm(y.T @ y))
    assert linear_cka(X, Y) == pytest.approx(features, abs=1e-12)


def test_cka_does_not_see_rotation_scale_and_shift_but_sees_an_invertible_map():
    rotation = ortho_group.rvs(7, random_state=1)
    assert linear_cka(X, 3 * X @ rotation + 5) == pytest.approx(1, abs=1e-12)
    assert linear_cka(X, X @ np.diag([1, 1, 1, 1, 1, 1, 30.0])) < 0.9


def test_cka_of_orthogonal_directions_is_nothing():
    x = np.array([[1.0], [1], [-1], [-1]])
    y = np.array([[1.0], [-1], [1], [-1]])
    assert linear_cka(x, y) == pytest.approx(0, abs=1e-12)
    assert linear_cka(x, np.hstack([x, y])) == pytest.approx(1 / np.sqrt(2))  # one of two equal parts


def test_cka_of_what_never_varies_is_not_defined():
    assert np.isnan(linear_cka(X, np.ones((20, 3))))
    with pytest.raises(ConfigError, match="at least two"):
        linear_cka(X[:1], Y[:1])
    with pytest.raises(ConfigError, match="20 and 5"):
        linear_cka(X, Y[:5])


@pytest.mark.parametrize("mode", ["full", "sampled"])
def test_cka_of_sessions(sessions, mode):
    (a, truth_a), (b, truth_b) = sessions[mode, 1], sessions[mode, 2]
    keys = cka_keys(a.session.layout, b.session.layout, captured_keys(a.session.layout, b.session.layout))
    assert keys
    assert (cka_of_points(a, a, STEPS, keys) == 1).all()
    found = cka_of_points(a, b, STEPS[1:], keys)
    if mode == "full":
        for value, key in zip(found, keys, strict=True):
            assert value == pytest.approx(linear_cka(truth_a[key][1:], truth_b[key][1:]), abs=1e-5)
    assert np.isnan(cka_of_points(a, b, STEPS[:1], keys)).all()


def test_the_strongest_neurons_are_no_samples_for_cka(sessions):
    a, b = sessions["topk", 1][0].session.layout, sessions["full", 1][0].session.layout
    assert cka_keys(a, b, captured_keys(a, b)) == []
