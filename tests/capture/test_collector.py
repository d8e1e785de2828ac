"""A frame is exactly what the layout says it is, for every configuration."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from mri.capture import collector
from mri.format.captured import Captured
from mri.format.config import TraceConfig, sampled_indices
from mri.format.hook_points import nanochat_points
from mri.format.layout import Layout
from mri.format.presets import PRESETS
from mri.making.initial import init_weights
from mri.nanochat.model import GPT, GPTConfig

PROMPT = [5, 9, 2, 44, 7]
CONFIGS = {
    **PRESETS,
    "sampled": TraceConfig(capture_mode="sampled", sample_stride=5),
    "random sample": TraceConfig(capture_mode="sampled", sample_seed=3, quantization="f32"),
    "q8": TraceConfig(quantization="q8", attention_tier="full_row", edu=True),
    "f32 full": TraceConfig(capture_mode="full", quantization="f32", max_bytes_per_step=10**6),
    "positions and matrix": TraceConfig(prefill="positions", attention_tier="full_matrix", max_bytes_per_step=10**6),
}


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS.keys())
def test_frames_have_the_arrays_the_layout_lists(small_model: GPT, trace: Callable, config: TraceConfig) -> None:
    layout, frames, _ = trace(small_model, PROMPT, config)
    for frame in frames:
        specs = layout.specs(frame.phase, frame.t_add, frame.pos0 + frame.t_add)
        assert {name: (array.dtype, array.shape) for name, array in frame.arrays.items()} == {
            name: (np.dtype(dtype), shape) for name, (dtype, shape) in specs.items()
        }
        assert frame.num_bytes == layout.num_bytes(frame.phase, frame.t_add, frame.pos0 + frame.t_add)
        assert frame.dropped == 0


def test_capture_modes_agree_where_they_overlap(small_model: GPT, trace: Callable) -> None:
    full_layout, full, _ = trace(small_model, PROMPT, CONFIGS["f32 full"])
    top_layout, top, _ = trace(small_model, PROMPT, TraceConfig(topk=16, quantization="f32", edu=True))
    some_layout, some, _ = trace(small_model, PROMPT, CONFIGS["random sample"])
    for step in range(1, 7):
        for key in ("block.1.mlp_act", "block.2.resid_post", "final.ln_f"):
            values = Captured(full[step], full_layout).values(key)
            indices, kept = Captured(top[step], top_layout).captured(key)
            np.testing.assert_array_equal(values[indices], kept)
            rest = np.delete(np.abs(values), indices)
            assert Captured(top[step], top_layout).bound(key) == rest.max()
        key = "block.1.mlp_out"
        picked = sampled_indices(some_layout.config, 64)
        values = Captured(some[step], some_layout).values(key)
        np.testing.assert_array_equal(values[picked], Captured(full[step], full_layout).values(key)[picked])
        assert np.isnan(np.delete(values, picked)).all()


def test_prefill_statistics_are_over_all_positions(small_model: GPT, trace: Callable) -> None:
    layout, whole, _ = trace(small_model, PROMPT, TraceConfig())
    stepwise = TraceConfig(capture_mode="full", quantization="f32", prefill="stepwise", max_bytes_per_step=10**6)
    step_layout, steps, _ = trace(small_model, PROMPT, stepwise)
    for key in ("block.0.ln1", "block.1.resid_mid", "block.2.mlp_act", "embed.resid0"):
        x = np.stack([Captured(frame, step_layout).values(key) for frame in steps[: len(PROMPT)]]).astype(np.float64)
        stats = Captured(whole[0], layout).stats(key)
        assert stats["mean"] == pytest.approx(x.mean(), abs=1e-5)
        assert stats["std"] == pytest.approx(x.std(), abs=1e-5)
        assert stats["l2"] == pytest.approx(np.sqrt((x**2).sum(1).mean()), abs=1e-4)
        assert stats["p99"] == pytest.approx(np.quantile(np.abs(x), 0.99), abs=1e-4)


def test_prefill_positions(small_model: GPT, trace: Callable) -> None:
    config = TraceConfig(prefill="positions", topk=16, quantization="f32", max_bytes_per_step=10**6)
    _, frames, _ = trace(small_model, PROMPT, config)
    stepwise = TraceConfig(capture_mode="full", quantization="f32", prefill="stepwise", max_bytes_per_step=10**6)
    layout, steps, _ = trace(small_model, PROMPT, stepwise)
    arrays = frames[0].arrays
    assert arrays["prefill/positions"].tolist() == [0, 2, 4]
    for layer in range(3):
        for i, position in enumerate((0, 2, 4)):
            values = Captured(steps[position], layout).values(f"block.{layer}.resid_post")
            kept = arrays["prefill/topk/64/values"][layer, i]
            np.testing.assert_allclose(values[arrays["prefill/topk/64/indices"][layer, i]], kept, atol=1e-4)


def test_a_long_prefill_is_reduced_in_pieces(
    small_model: GPT, trace: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, at_once, _ = trace(small_model, PROMPT * 20, TraceConfig(), n=1)
    monkeypatch.setattr(collector, "MAX_ELEMENTS_AT_ONCE", 20_000)
    _, in_pieces, _ = trace(small_model, PROMPT * 20, TraceConfig(), n=1)
    np.testing.assert_array_equal(at_once[0].arrays["stats"], in_pieces[0].arrays["stats"])


def test_a_24_layer_1536_wide_model_drops_nothing_at_the_defaults(trace: Callable) -> None:
    config = GPTConfig(2048, 512, 24, 12, 12, 1536, "SSSL")
    layout = Layout.plan(
        nanochat_points(24, 1536, 65_536), TraceConfig(), n_layer=24, n_head=12, n_ctx=2048, n_vocab=65_536
    )
    assert layout.num_bytes("decode", 1, 2048) <= 50_000
    model = GPT(config).eval()  # real frames of it, with a vocabulary that fits this machine
    init_weights(model, seed=0)
    _, frames, _ = trace(model, PROMPT, TraceConfig(), n=2)
    assert [frame.dropped for frame in frames] == [0, 0, 0]
    assert all(frame.num_bytes <= 50_000 for frame in frames)
