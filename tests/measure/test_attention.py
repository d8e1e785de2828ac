"""Where heads look: distances that hold, and the map over a session. Rows as captured: test_captured.py."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mri.capture.payload import quantized_weights
from mri.errors import UnknownHookPoint
from mri.format.captured import Captured
from mri.format.config import TraceConfig
from mri.format.events import TraceSession
from mri.measure.attention import (
    MAP_MOST_BYTES,
    attention_map,
    mean_distance,
)
from mri.store.opening import open_session
from mri.store.writer import SessionWriter
from tests.conftest import TINY_VOCABULARY, random_frame, random_layout


def frame_of(config, n_keys=30, **options):
    layout = random_layout(3, 16, 2, config)
    return random_frame(layout, np.random.default_rng(0), 5, "decode", n_keys - 1, 1, **options), layout


@pytest.mark.parametrize(("weights", "distance"), [([1, 0, 0], 2), ([0, 0, 1], 0), ([0.25, 0.5, 0.25], 1)])
def test_mean_distance_of_a_whole_row_in_float32_is_one_number(weights, distance):
    low, high = mean_distance(np.float32([[weights]]), np.float32([[0]]), np.zeros((1, 1, 3), np.float32))
    assert low == high == distance


@given(
    st.integers(0, 2**32 - 1),
    st.integers(9, 600),
    st.floats(0.02, 5),
    st.sampled_from(["f32", "f16", "q8"]),
    st.booleans(),
)
def test_the_mean_distance_lies_between_what_the_stored_weights_allow(seed, n_keys, concentration, quantization, whole):
    config = TraceConfig(quantization=quantization, attention_tier="full_row" if whole else "summary")
    layout, rng = random_layout(1, 16, 1, config), np.random.default_rng(seed)
    truth = rng.dirichlet(np.full(n_keys, concentration)).astype(np.float32)
    frame, keys = random_frame(layout, rng, 1, "decode", n_keys - 1, 1), np.argsort(-truth)[:8]
    frame.arrays["attention/keys"][0, 0] = keys
    frame.arrays["attention/weights"][0, 0] = quantized_weights(truth[keys], "f32" if quantization == "f32" else "f16")
    if whole:
        frame.arrays["attention/rows"][0, 0] = quantized_weights(truth, quantization)
    captured = Captured(frame, layout)
    weights, bounds = captured.attention()
    low, high = mean_distance(weights, bounds, captured.weight_rounding(weights))
    exact, slack = (truth * np.arange(n_keys, dtype=np.float64)[::-1]).sum(), 1e-6 * n_keys  # numbers are float32
    assert low[0, 0] - slack <= exact <= high[0, 0] + slack
    if whole and quantization == "f32":
        assert low[0, 0] == high[0, 0]
    elif whole:
        off = {"f16": 2**-11 * exact + 2**-25 * n_keys**2, "q8": n_keys**2 / 1020}[quantization]
        assert high[0, 0] - low[0, 0] <= 2.1 * off + 2 * slack + 2e-5 * n_keys


def test_a_rounded_row_is_not_exact():
    frame, layout = frame_of(TraceConfig(attention_tier="full_row", quantization="q8"))
    frame.arrays["attention/rows"][:] = [85, 0, *[0] * 26, 85, 85]
    captured = Captured(frame, layout)
    weights, bounds = captured.attention()
    low, high = mean_distance(weights, bounds, captured.weight_rounding(weights))
    middle = (29 + 1) / 3
    assert (low < middle - 0.05).all()
    assert (high > middle + 0.05).all()


def test_nothing_is_known_of_a_dropped_head():
    unknown = np.full((1, 1, 5), np.nan, np.float32)
    low, high = mean_distance(unknown, np.float32([[np.nan]]), np.zeros_like(unknown))
    assert np.isnan(low).all()
    assert np.isnan(high).all()


@pytest.mark.parametrize("seal", [True, False])
@pytest.mark.parametrize("tier", ["summary", "full_row", "full_matrix"])
@pytest.mark.parametrize("quantization", ["f16", "q8"])
def test_the_map_has_the_row_of_every_step(tier, seal, quantization, tmp_path, random_session):
    config = TraceConfig(attention_tier=tier, quantization=quantization)
    with open_session(random_session(tmp_path, num_steps=20, config=config, seal=seal)) as reader:
        weights, bounds = attention_map(reader, 1, 0)
        assert weights.shape == bounds.shape == (23, 23)  # four tokens in the first step, then one in each
        for step in range(20):
            frame = reader.frame(step)
            n_keys = frame.pos0 + frame.t_add
            row, most = Captured(frame, reader.session.layout).attention()
            np.testing.assert_array_equal(weights[n_keys - 1, :n_keys], row[1, 0])
            unknown = np.isnan(row[1, 0])
            np.testing.assert_array_equal(bounds[n_keys - 1, :n_keys], np.where(unknown, most[1, 0], np.nan))
            assert np.isnan(weights[n_keys - 1, n_keys:]).all()
        prompt = weights[:3, :4]
        if tier == "full_matrix":
            matrix = reader.frame(0).arrays["attention/matrix"][1, 0, :3].astype(np.float32)
            matrix = matrix / 255 if quantization == "q8" else matrix
            for query in range(3):
                np.testing.assert_allclose(prompt[query, : query + 1], matrix[query, : query + 1], rtol=1e-6)
                assert np.isnan(prompt[query, query + 1 :]).all(), "no key comes after its query"
        else:
            assert np.isnan(prompt).all()


@pytest.mark.parametrize("quantization", ["f16", "q8"])
def test_a_dropped_block_is_a_gap_in_the_map(quantization, tmp_path):
    config = TraceConfig(attention_tier="full_row", quantization=quantization, prefill="stepwise")
    layout, rng = random_layout(2, 16, 2, config), np.random.default_rng(0)
    with SessionWriter(tmp_path, TraceSession("gap", layout), vocabulary=TINY_VOCABULARY) as writer:
        for step in range(12):
            dropped = {"dropped_layers": (0,), "dropped": 1 << 15} if step == 10 else {}
            writer.append(random_frame(layout, rng, step, "decode", step, 1, **dropped))
        folder = writer.finish("stopped", seal=False)
    with open_session(folder) as reader:
        gap, whole = attention_map(reader, 0, 1)[0], attention_map(reader, 1, 1)[0]
        assert np.isnan(gap[10]).all()
        assert np.isfinite(gap[9, :10]).all()
        row, _ = Captured(reader.frame(10), layout).attention()
        np.testing.assert_array_equal(whole[10, :11], row[1, 1])


@pytest.mark.parametrize("mark", [255, 0], ids=["marked", "older"])
def test_a_row_of_nan_inside_a_prompt_is_nan_in_the_map(mark, tmp_path):
    config = TraceConfig(attention_tier="full_matrix", quantization="q8")
    layout = random_layout(2, 16, 2, config)
    frame = random_frame(layout, np.random.default_rng(0), 0, "prefill", 0, 4)
    matrix = frame.arrays["attention/matrix"]
    matrix[:] = np.diag([255] * 4)
    matrix[1, 0, 2] = mark
    with SessionWriter(tmp_path, TraceSession("odd", layout), vocabulary=TINY_VOCABULARY) as writer:
        writer.append(frame)
        folder = writer.finish("stopped", seal=False)
    with open_session(folder) as reader:
        weights, _ = attention_map(reader, 1, 0)
        assert np.isnan(weights[2]).all()
        np.testing.assert_array_equal(weights[1, :2], [0, 1])
        assert np.isfinite(attention_map(reader, 1, 1)[0][2, :3]).all()


def test_rows_that_are_too_many_are_not_read(tmp_path, random_session):
    config = TraceConfig(attention_tier="full_row", prefill="stepwise")
    with open_session(random_session(tmp_path, num_steps=20, config=config)) as reader:
        weights, bounds = attention_map(reader, 0, 1, most_bytes=100)
        assert np.isfinite(weights[19]).sum() == 8
        assert np.isfinite(bounds[19]).sum() == 12
    assert MAP_MOST_BYTES > 1_000_000


def test_a_session_without_attention_has_no_map(tmp_path, random_session):
    with open_session(random_session(tmp_path, n_head=0)) as reader, pytest.raises(UnknownHookPoint):
        attention_map(reader, 0, 0)


@pytest.mark.parametrize(
    "config",
    [TraceConfig(), TraceConfig(attention_tier="full_row"), TraceConfig(attention_tier="full_row", quantization="q8")],
    ids=["summary", "rows", "q8"],
)
def test_a_row_of_nan_is_no_row_of_zeros_and_looks_nowhere(config):
    frame, layout = frame_of(config, dropped_layers=(0,), dropped=1 << 15)
    for name in ("entropy", "max_weight"):
        frame.arrays[f"attention/{name}"][1, 0] = np.nan  # of block 2
    frame.arrays["attention/weights"][1, 0] = np.nan
    if "attention/rows" in frame.arrays:
        row = frame.arrays["attention/rows"][1, 0]
        row[:] = 0 if row.dtype == np.uint8 else np.nan
    captured = Captured(frame, layout)
    weights, bounds = captured.attention()
    assert captured.odd_heads().tolist() == [[False, False], [False, False], [True, False]]
    assert np.isnan(weights[2, 0]).all()
    assert np.isnan(bounds[2, 0])
    low, high = mean_distance(weights, bounds, captured.weight_rounding(weights))
    assert np.isnan([low[2, 0], high[2, 0], low[0, 0]]).all()
    assert np.isfinite([low[2, 1], high[2, 1]]).all()
