"""Activity of neurons against frames read one by one; the bound-aware fill against hand-made cases."""

import numpy as np
import pytest

from mri.errors import ConfigError, UnknownHookPoint
from mri.format.captured import Captured
from mri.format.config import TraceConfig
from mri.store.opening import open_session
from mri.study.activity import Activity, activity_of, family, filled, standardised, values_of
from tests.conftest import HANDMADE_VALUES, write_handmade_session, write_random_session

KEY = "block.1.mlp_out"
CONFIGS = {
    "topk": TraceConfig(edu=True),
    "topk_q8": TraceConfig(quantization="q8", prefill="stepwise", edu=True),
    "full": TraceConfig(capture_mode="full", prefill="stepwise"),
    "sampled": TraceConfig(capture_mode="sampled", sample_stride=3, prefill="stepwise"),
    "sampled_q8": TraceConfig(capture_mode="sampled", sample_seed=2, quantization="q8", prefill="stepwise"),
}


@pytest.mark.parametrize("name", CONFIGS)
@pytest.mark.parametrize("seal", [True, False])
def test_values_and_bounds_are_those_of_every_frame(tmp_path, name, seal):
    path = write_random_session(tmp_path, config=CONFIGS[name], n_embd=24, num_steps=7, seal=seal)
    with open_session(path) as reader:
        keys = [KEY, "block.0.mlp_act", "final.ln_f", "block.0.mlp_pre"]
        found = dict(values_of(reader, keys))
        assert ("block.0.mlp_pre" in found) == (name == "full" or name.startswith("nothing"))
        for key, (values, bounds) in found.items():
            for step in range(reader.num_steps):
                frame, layout = reader.frame(step), reader.session.layout
                np.testing.assert_array_equal(values[:, step], Captured(frame, layout).values(key), f"{key} {step}")
                np.testing.assert_array_equal(bounds[step], np.float32(Captured(frame, layout).bound(key)))


def test_several_sessions_and_hook_points_stand_side_by_side(tmp_path):
    paths = [write_random_session(tmp_path, session_id=f"s{i}", seed=i, num_steps=6) for i in range(2)]
    with open_session(paths[0]) as one, open_session(paths[1]) as two:
        activity = activity_of([one, two], ["block.0.mlp_out", KEY])
        assert activity.values.shape == (32, 10), "the prompt was read in one pass: step 0 has no values"
        assert activity.session.tolist() == [0] * 5 + [1] * 5
        assert activity.step.tolist() == [1, 2, 3, 4, 5] * 2
        expected = Captured(two.frame(3), two.session.layout).values(KEY)
        np.testing.assert_array_equal(activity.values[16:, 7], expected)
        assert activity.row(KEY, 4) == 20
        with pytest.raises(UnknownHookPoint, match="neuron 99"):
            activity.row(KEY, 99)


def test_numbers_that_are_none_are_missing(tmp_path):
    with open_session(write_handmade_session(tmp_path)) as reader:
        activity = activity_of([reader], [KEY])
        column = dict(zip((6, 1, 7, 0), HANDMADE_VALUES[0], strict=True))  # NaN, −inf, 2, −1
        assert np.isnan(activity.values[[6, 1], 0]).all()
        assert activity.values[[7, 0], 0].tolist() == [column[7], column[0]]
        assert activity.captured.tolist() == [5, 4, 0, 0, 0, 0, 4, 5]


def test_in_sampled_mode_only_what_was_drawn_takes_part(tmp_path):
    with open_session(write_random_session(tmp_path, config=CONFIGS["sampled"], num_steps=4)) as reader:
        activity = activity_of([reader], [KEY])
        assert activity.neuron.tolist() == [0, 3, 6, 9, 12, 15]
        assert np.isfinite(activity.values).all()


def test_what_was_not_captured_is_said(tmp_path):
    with open_session(write_random_session(tmp_path, config=TraceConfig(capture_mode="stats"))) as reader:
        with pytest.raises(ConfigError, match="only statistics"):
            activity_of([reader], [KEY])
        with pytest.raises(UnknownHookPoint):
            activity_of([reader], ["block.7.mlp_out"])


def test_the_same_place_in_every_block(tmp_path):
    with open_session(write_random_session(tmp_path, n_layer=3)) as reader:
        layout = reader.session.layout
        assert family(layout, KEY) == ("block.0.mlp_out", KEY, "block.2.mlp_out")
        assert family(layout, "block.1.resid_post")[0] == "block.0.resid_post"
        assert family(layout, "final.ln_f") == ("final.ln_f",)


def made(values, bounds, key=KEY):
    values, bounds = np.float32(values), np.float32(bounds)
    low = np.zeros_like(bounds) if key.endswith("mlp_act") else -bounds
    n = len(values)
    return Activity(
        (key,),
        np.zeros(n, int),
        np.arange(n),
        ("s",),
        np.zeros(values.shape[1], int),
        np.arange(values.shape[1]),
        values,
        low[None],
        bounds[None],
    )


NAN = np.nan


def test_a_missing_value_never_leaves_its_bounds_and_captured_ones_stay():
    rng = np.random.default_rng(0)
    true = (rng.standard_normal((40, 1)) * 3 + rng.standard_normal((40, 50))).astype(np.float32)
    bound = np.sort(np.abs(true), axis=0)[-11]
    values = np.where(np.abs(true) > bound, true, NAN)
    out = filled(made(values, bound))
    known = np.isfinite(values)
    np.testing.assert_array_equal(out[known], true[known])
    assert (np.abs(out) <= np.where(known, np.inf, bound) + 1e-6).all()
    zero = np.where(known, true, 0)
    assert np.square(out - true).mean() < 0.8 * np.square(zero - true).mean(), "and it is nearer than zero"


def test_a_neuron_that_is_nearly_always_strong_is_expected_just_below_the_bound():
    strong = [[5.0, 5.2, 4.9, 5.1, 5.0, 5.05, 4.95, NAN], [0.5, NAN, NAN, NAN, NAN, NAN, NAN, NAN]]
    out = filled(made(strong, [0.4, 2, 2, 2, 2, 2, 2, 4.8]))
    assert 4.3 < out[0, 7] <= 4.8
    assert np.abs(out[1, 1:]).max() < 0.5, "one small value says nothing of large ones"


def test_without_bounds_the_mean_stands_in_and_mlp_act_rests_at_zero():
    out = filled(made([[1.0, 3.0, NAN]], [1.0, 1.0, np.inf]))
    assert out[0, 2] == pytest.approx(2, abs=1e-3)
    assert filled(made([[1.0, NAN, 3.0]], [1.0, 0.7, 0.1], "block.0.mlp_act"))[0].tolist() == [1, 0, 3]


def test_standardised_rows():
    out = standardised(np.float32([[1, 2, 3, 4], [7, 7, 7, 7]]))
    np.testing.assert_allclose(out[0], [-1.3416408, -0.4472136, 0.4472136, 1.3416408], rtol=1e-6)
    assert not out[1].any()
