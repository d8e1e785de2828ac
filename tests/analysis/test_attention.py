"""Attention as far as a frame knows it: exact rows, kept keys, bounds that hold, dropped blocks."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mri.analysis.attention import attention_entropy, attention_rows
from mri.config import TraceConfig
from tests.conftest import random_frame, random_layout


def frame_of(config, n_keys=30, **options):
    layout = random_layout(3, 16, 2, config)
    return random_frame(layout, np.random.default_rng(0), 5, "decode", n_keys - 1, 1, **options), layout


def test_full_rows_are_all_there():
    frame, layout = frame_of(TraceConfig(attention_tier="full_row"))
    weights, bounds = attention_rows(frame, layout)
    np.testing.assert_array_equal(weights, frame.arrays["attention/rows"].astype(np.float32))
    assert (bounds == 0).all()


def test_kept_keys_stand_at_their_absolute_positions():
    frame, layout = frame_of(TraceConfig())
    weights, _ = attention_rows(frame, layout)
    assert weights.shape == (3, 2, 30)
    assert (np.isfinite(weights).sum(axis=-1) == 8).all()
    key = frame.arrays["attention/keys"][2, 1, 0]
    assert weights[2, 1, key] == np.float32(frame.arrays["attention/weights"][2, 1, 0])


@given(st.integers(0, 2**32 - 1), st.integers(9, 200), st.floats(0.02, 5))
def test_no_key_that_was_not_kept_weighs_more_than_the_bound(seed, n_keys, concentration):
    layout = random_layout(1, 16, 1, TraceConfig())
    rng = np.random.default_rng(seed)
    truth = rng.dirichlet(np.full(n_keys, concentration)).astype(np.float32)
    order = np.argsort(-truth)[:8]
    frame = random_frame(layout, rng, 1, "decode", n_keys - 1, 1)
    frame.arrays["attention/keys"][0, 0] = order
    frame.arrays["attention/weights"][0, 0] = truth[order].astype(np.float16)
    weights, bounds = attention_rows(frame, layout)
    assert truth[np.isnan(weights[0, 0])].max() <= bounds[0, 0] * (1 + 1e-6)


def test_a_short_row_has_no_unknown_keys():
    frame, layout = frame_of(TraceConfig(), n_keys=6)
    weights, bounds = attention_rows(frame, layout)
    assert np.isfinite(weights).all()
    assert (bounds == 0).all()


@pytest.mark.parametrize("config", [TraceConfig(), TraceConfig(attention_tier="full_row")])
def test_a_dropped_block_is_unknown_and_the_others_stay_in_place(config):
    frame, layout = frame_of(config, dropped_layers=(1,), dropped=1 << 15)
    weights, bounds = attention_rows(frame, layout)
    assert np.isnan(weights[1]).all()
    assert np.isnan(bounds[1]).all()
    assert np.isfinite(bounds[[0, 2]]).all()
    entropy = attention_entropy(frame, layout)
    assert np.isnan(entropy[1]).all()
    np.testing.assert_array_equal(entropy[[0, 2]], frame.arrays["attention/entropy"])


def test_without_attention_nothing_is_known():
    frame, layout = frame_of(TraceConfig())
    arrays = {name: array for name, array in frame.arrays.items() if not name.startswith("attention/")}
    weights, bounds = attention_rows(type(frame)(5, "decode", 29, 1, arrays), layout)
    assert np.isnan(weights).all()
    assert np.isnan(bounds).all()
