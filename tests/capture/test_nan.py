"""A model whose weights broke: what is recorded of it, and what every reader makes of it, is NaN and nothing else."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from mri.format.captured import Captured
from mri.format.config import TraceConfig
from mri.format.events import dequantized
from mri.making.initial import init_weights
from mri.nanochat.model import GPT


@pytest.fixture
def broken(small_model: GPT) -> GPT:
    """Block 1's attention writes NaN into one neuron."""
    model = GPT(small_model.config)
    init_weights(model, seed=1)
    model.transformer["h"][1].attn.c_proj.weight.data[5, 3] = torch.nan  # type: ignore[index]
    return model.eval()


@pytest.mark.parametrize("quantization", ["f32", "f16", "q8"])
@pytest.mark.parametrize("prefill", ["stats", "stepwise"])
def test_nan_is_nan_from_where_it_began(broken: GPT, trace: Callable, quantization: str, prefill: str) -> None:
    config = TraceConfig(
        quantization=quantization, prefill=prefill, attention_tier="full_row", max_bytes_per_step=10**6
    )
    layout, frames, _ = trace(broken, [5, 9, 2, 44], config, n=3)
    began = layout.row("block.1.attn_out")
    for frame in frames:
        stats = frame.arrays["stats"]
        assert np.isfinite(stats[:began]).all()
        assert np.isnan(stats[began:]).all()
        if frame.t_add == 1:
            values = Captured(frame, layout).values("block.1.attn_out")
            assert np.isnan(values[5])
            assert np.isfinite(values).sum() == layout.topk - 1, "the others are what they were"
        assert Captured(frame, layout).odd_heads().tolist() == [[False] * 4, [False] * 4, [True] * 4]
        weights, _ = Captured(frame, layout).attention()
        assert np.isfinite(weights[:2]).all()
        assert np.isnan(weights[2]).all()
        for name in ("logsumexp", "entropy", "chosen_logprob"):
            assert np.isnan(frame.arrays[f"logits/{name}"]) or (name == "chosen_logprob" and frame.chosen_id < 0)


@pytest.mark.parametrize("quantization", ["f32", "f16", "q8"])
def test_rows_of_nan_inside_a_prompt_are_nan(small_model: GPT, trace: Callable, quantization: str) -> None:
    model = GPT(small_model.config)
    init_weights(model, seed=1)
    model.transformer["wte"].weight.data[2, 3] = torch.nan  # type: ignore[index]
    config = TraceConfig(quantization=quantization, attention_tier="full_matrix", max_bytes_per_step=10**6)
    _, frames, _ = trace(model.eval(), [5, 9, 2, 44], config, n=1)
    matrix = dequantized(frames[0].arrays["attention/matrix"], None)[0]  # (H, 4, 4) of block 0
    assert np.isfinite(matrix[:, :2]).all(), "the queries before the token that is NaN"
    assert np.isnan(matrix[:, 2:]).all()


def test_an_infinite_weight_leaves_no_statistics(small_model: GPT, trace: Callable) -> None:
    model = GPT(small_model.config)
    init_weights(model, seed=1)
    model.transformer["h"][2].mlp.c_fc.weight.data[0, 0] = torch.inf  # type: ignore[index]
    layout, frames, _ = trace(model.eval(), [5, 9, 2, 44], TraceConfig(quantization="f32", prefill="stepwise"), n=3)
    for frame in frames:
        stats = frame.arrays["stats"]
        assert np.isnan(stats[layout.row("block.2.mlp_pre")]).all()
        assert np.isfinite(stats[layout.row("block.2.ln2")]).all()
