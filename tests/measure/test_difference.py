"""Differences by hand and against scipy; the ranges hold for whatever was not captured; of itself exactly 0."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cosine as scipy_cosine

from mri.format.config import TraceConfig
from mri.measure.difference import (
    captured_keys,
    difference_map,
    distances,
    length_map,
    neuron_differences,
    shared_keys,
)
from mri.measure.vectors import Vectors, read_vectors
from mri.store.opening import open_session
from tests.true_sessions import write_true_session

IDS = [0, 26, 1, 2, 3, 5, 4]
KEY = "block.1.resid_post"
MODES = {
    "topk": TraceConfig(topk=4, prefill="stepwise"),
    "topk_q8": TraceConfig(topk=4, prefill="stepwise", quantization="q8"),
    "full": TraceConfig(capture_mode="full", prefill="stepwise", quantization="f32"),
    "sampled": TraceConfig(capture_mode="sampled", sample_stride=3, prefill="stepwise"),
    "stats": TraceConfig(capture_mode="stats", prefill="stepwise"),
}


def vectors(x, captured=None, bound=None):
    """One vector of which these neurons were captured, exactly."""
    x = np.array(x, float)
    captured = np.arange(len(x)) if captured is None else np.array(captured)
    others = np.delete(np.abs(x), captured)
    bound = others.max(initial=0) if bound is None else bound
    return Vectors(
        len(x),
        captured[None],
        x[None, captured],
        np.array([True]),
        np.array([np.linalg.norm(x)]),
        np.array([float(bound)]),
        2.0**-24,
        np.zeros(1),
    )


def test_whole_vectors_by_hand():
    found = distances(vectors([3, 0, 4]), vectors([0, 0, 5]))
    assert found.difference[0] == pytest.approx(np.sqrt(10) / 5)  # ‖(3, 0, −1)‖ over the mean of 5 and 5
    assert found.cosine[0] == pytest.approx(0.8)
    assert found.low[0] == pytest.approx(found.high[0], abs=1e-6)


def test_the_opposite_differs_by_two_and_zero_from_zero_by_nothing():
    assert distances(vectors([1, 2]), vectors([-1, -2])).difference[0] == pytest.approx(2)
    zero = distances(vectors([0, 0]), vectors([0, 0]))
    assert zero.difference[0] == 0
    assert np.isnan(zero.cosine[0])


def test_what_one_side_lacks_is_estimated_within_its_bound_and_the_range_says_how_far_it_can_be():
    x, y = [8, -7, 6, 4, 2, 1, 1, -1], [8, -7, 6, 4, 1, 2, 1, -1]
    found = distances(vectors(x, [0, 1, 2, 3, 4]), vectors(y, [0, 1, 2, 3, 5]))
    true = np.sqrt(2) / np.linalg.norm(x)
    as_zeros = np.sqrt(8) / np.linalg.norm(x[:5])  # of (…, 2, 0) and (…, 0, 2)
    assert found.low[0] <= true <= found.high[0]
    assert found.low[0] > 0  # each side's bound is below the other's value
    assert abs(found.difference[0] - true) < abs(as_zeros - true) / 2


def test_the_length_counts_where_all_captured_values_are_the_same():
    found = distances(vectors([9, 8, 7, 6, 0], [0, 1, 2, 3]), vectors([9, 8, 7, 6, 5], [0, 1, 2, 3]))
    assert found.difference[0] >= found.low[0] > 0.05


def test_of_too_few_values_in_common_there_is_a_range_and_no_number():
    found = distances(vectors([3, 1, 0, 2], [0, 3]), vectors([1, 3, 2, 0], [0, 1], bound=np.inf))
    assert np.isnan([found.difference[0], found.cosine[0]]).all()
    assert 0 <= found.low[0] < found.high[0] <= 2


def test_a_vector_of_nothing_differs_by_two_from_any_other_and_has_no_angle():
    found = distances(vectors([0, 0, 0], [0]), vectors([3, 1, 0], [0]))
    assert found.difference[0] == 2
    assert np.isnan(found.cosine[0])


FLOATS = st.floats(-8, 8, width=16).filter(lambda x: x == 0 or abs(x) > 1e-3)


@settings(max_examples=200)
@given(st.data())
def test_the_whole_vectors_lie_in_the_range(data):
    width = data.draw(st.integers(2, 9))
    xs = [np.array(data.draw(st.lists(FLOATS, min_size=width, max_size=width))) for _ in range(2)]
    sides = []
    for x in xs:
        kept = data.draw(st.integers(1, width))
        if data.draw(st.booleans()):  # the strongest
            sides.append(vectors(x, np.argsort(-np.abs(x), kind="stable")[:kept]))
        else:  # any: nothing bounds the others
            sides.append(vectors(x, data.draw(st.permutations(range(width)))[:kept], bound=np.inf))
    x, y = xs
    found = distances(*sides)
    if np.linalg.norm(x) + np.linalg.norm(y) == 0:
        return
    true = np.linalg.norm(x - y) / ((np.linalg.norm(x) + np.linalg.norm(y)) / 2)
    assert found.low[0] - 1e-5 <= true <= found.high[0] + 1e-5
    assert np.isnan(found.difference[0]) or found.low[0] <= found.difference[0] <= found.high[0]
    if x.any() and y.any():
        assert found.cosine_low[0] - 1e-5 <= 1 - scipy_cosine(x, y) <= found.cosine_high[0] + 1e-5


@pytest.fixture(scope="module")
def sessions(tmp_path_factory):
    """Two sessions with different values, in every capture mode: (reader, truth) by (seed, mode)."""
    folder, found = tmp_path_factory.mktemp("sessions"), {}
    for seed in (1, 2):
        for mode, config in MODES.items():
            truth = write_true_session(folder, f"{mode}-{seed}", IDS, seed=seed, config=config)
            found[seed, mode] = open_session(folder / f"{mode}-{seed}.h5"), truth
    return found


STEPS = np.stack([np.arange(6), np.arange(6)], axis=1)


@pytest.mark.parametrize("mode", ["topk", "topk_q8", "full", "sampled"])
def test_a_session_does_not_differ_from_itself_at_all(sessions, mode):
    reader, _ = sessions[1, mode]
    keys = captured_keys(reader.session.layout, reader.session.layout)
    found = difference_map(reader, reader, STEPS, keys)
    assert found.difference.shape == (len(keys), 6)
    assert (found.difference == 0).all()
    assert (found.cosine == 1).all()
    assert (found.low == 0).all()
    assert (length_map(reader, reader, STEPS, keys) == 0).all()


@pytest.mark.parametrize("one", ["topk", "topk_q8", "full", "sampled"])
@pytest.mark.parametrize("other", ["topk", "full", "sampled"])
def test_whatever_was_captured_the_truth_is_in_the_range(sessions, one, other):
    (a, truth_a), (b, truth_b) = sessions[1, one], sessions[2, other]
    keys = captured_keys(a.session.layout, b.session.layout)
    assert KEY in keys
    found = difference_map(a, b, STEPS[1:4], keys)
    for row, key in enumerate(keys):
        for column, step in enumerate((1, 2, 3)):
            x, y = truth_a[key][step].astype(float), truth_b[key][step].astype(float)
            true = np.linalg.norm(x - y) / ((np.linalg.norm(x) + np.linalg.norm(y)) / 2)
            assert found.low[row, column] - 1e-5 <= true <= found.high[row, column] + 1e-5
            true_cosine = 1 - scipy_cosine(x, y)
            assert found.cosine_low[row, column] - 1e-5 <= true_cosine <= found.cosine_high[row, column] + 1e-5
            if one == other == "full":
                assert found.difference[row, column] == pytest.approx(true, abs=1e-5)
                assert found.cosine[row, column] == pytest.approx(true_cosine, abs=1e-5)


def test_statistics_alone_give_lengths_and_no_difference(sessions):
    (a, truth_a), (b, truth_b) = sessions[1, "stats"], sessions[2, "full"]
    assert captured_keys(a.session.layout, b.session.layout) == []
    keys = shared_keys(a.session.layout, b.session.layout)
    assert "final.logits" not in keys
    found = length_map(a, b, STEPS, keys)
    x, y = (np.linalg.norm(truth[KEY], axis=1) for truth in (truth_a, truth_b))
    np.testing.assert_allclose(found[keys.index(KEY)], (y - x) / ((x + y) / 2), rtol=1e-5)


def test_a_prompt_read_in_one_pass_has_no_vectors(tmp_path, random_session):
    reader = open_session(random_session(tmp_path, config=TraceConfig(topk=4)))
    found = read_vectors(reader, ["block.0.attn_out"], [0, 4])
    assert found.here.tolist() == [[False], [True]]
    assert np.isnan(found.norm[0, 0])
    assert np.isnan(distances(found, found).difference[0, 0])
    assert distances(found, found).difference[1, 0] == 0


def test_neurons_by_hand(tmp_path, handmade_session):
    values = [(9.0, -4.0, 2.0, -1.0)] * 5
    a = open_session(handmade_session(tmp_path, values=values))
    b = open_session(handmade_session(tmp_path, "other", values=[(9.0, -3.0, 2.0, 1.0)] * 5))
    layout = a.session.layout
    found = neuron_differences(a.frame(1), layout, b.frame(1), layout, "block.0.attn_out")
    assert found.neurons.tolist() == [0, 1, 6, 7]  # −1 → 1, −4 → −3, then two that are the same
    assert found.difference.tolist() == [2.0, 1.0, 0.0, 0.0]
    assert found.both.all()


@pytest.mark.parametrize(("one", "other"), list(itertools.product(["topk", "topk_q8", "full"], repeat=2)))
def test_a_neuron_differs_as_much_as_is_said_whatever_values_were_rounded_to(sessions, one, other):
    """Alone: at least what the other side's bound leaves. Both captured: their difference, within its rounding."""
    (a, truth_a), (b, truth_b) = sessions[1, one], sessions[2, other]
    for step in range(6):
        frames = a.frame(step), a.session.layout, b.frame(step), b.session.layout
        found = neuron_differences(*frames, KEY)
        true = (truth_b[KEY][step].astype(float) - truth_a[KEY][step])[found.neurons]
        near = 1e-6  # of the subtraction in float32
        assert (np.abs(found.difference[~found.both]) <= np.abs(true[~found.both]) + near).all()
        off = np.abs(found.difference - true)[found.both]
        assert (off <= found.rounding[found.both] + near).all()
        sure = (found.difference != 0) & ~found.both
        assert (np.sign(found.difference[sure]) == np.sign(true[sure])).all()
        assert (np.diff(np.abs(found.difference)) <= 0).all()
        assert ((np.isnan(found.a) | np.isnan(found.b)) == ~found.both).all()


def test_a_float16_below_its_normal_numbers_is_off_by_half_a_step(tmp_path):
    truth = write_true_session(tmp_path, "tiny", IDS, config=MODES["topk"], scale=2.0**-20)
    other = write_true_session(tmp_path, "other", IDS, seed=3, config=MODES["full"], scale=2.0**-20)
    a, b = (open_session(tmp_path / f"{name}.h5") for name in ("tiny", "other"))
    for step in range(6):
        found = neuron_differences(a.frame(step), a.session.layout, b.frame(step), b.session.layout, KEY)
        true = (other[KEY][step].astype(float) - truth[KEY][step])[found.neurons]
        assert (np.abs(found.difference - true)[found.both] <= found.rounding[found.both] + 1e-12).all()
        assert (np.abs(found.difference[~found.both]) <= np.abs(true[~found.both]) + 1e-12).all()
        assert found.rounding.max() == np.float32(2.0**-25)
    each = difference_map(a, b, STEPS, [KEY])
    x, y = truth[KEY].astype(float), other[KEY].astype(float)
    true = np.linalg.norm(x - y, axis=1) / ((np.linalg.norm(x, axis=1) + np.linalg.norm(y, axis=1)) / 2)
    assert ((each.low[0] - 1e-6 <= true) & (true <= each.high[0] + 1e-6)).all()


def test_a_sampled_side_bounds_nothing(sessions):
    (a, _), (b, _) = sessions[1, "sampled"], sessions[2, "topk"]
    found = neuron_differences(a.frame(2), a.session.layout, b.frame(2), b.session.layout, KEY)
    alone = np.isnan(found.a)
    assert np.isnan(found.difference[alone]).all()
    assert not alone[: (~alone).sum()].any()  # what nothing is known of comes last
