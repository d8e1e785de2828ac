"""The ledger adds up, each part of it is what an independent computation gives, and the lens ends at the model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

import mri
from mri.capture.recorder import layout_of_model
from mri.format.captured import Captured, Depths, Wrote
from mri.format.config import TraceConfig
from mri.format.events import StepFrame
from mri.format.layout import Layout
from mri.nanochat.checkpoint import LoadedModel, load_model
from mri.nanochat.direct import reach_of
from mri.nanochat.model import GPT, GPTConfig
from tests.capture.conftest import GOLDEN

WHY = TraceConfig(ledger="direct", lens="top", prefill="stepwise", max_bytes_per_step=10**6)
LIST = "red, blue, green, red, blue,"


def read(frame: StepFrame, layout: Layout) -> tuple[Wrote, Depths]:
    captured = Captured(frame, layout)
    wrote, depths = captured.ledger(), captured.lens()
    assert wrote is not None
    assert depths is not None
    return wrote, depths


def assert_adds_up(frames: list[StepFrame], layout: Layout, softcap: float) -> None:
    for frame in frames:
        wrote, depths = read(frame, layout)
        assert np.abs(wrote.left_over).max() <= 1e-4 * np.abs(wrote.total).max()
        kept = frame.arrays["logits/values"]
        np.testing.assert_array_equal(wrote.token_ids[:-1], frame.arrays["logits/token_ids"])
        np.testing.assert_allclose(softcap * np.tanh(wrote.total[:-1] / softcap), kept, rtol=0, atol=1e-4)
        np.testing.assert_allclose(depths.exit[-1], wrote.total, rtol=0, atol=1e-4 * np.abs(wrote.total).max())
        if frame.chosen_id >= 0:
            assert wrote.token_ids[-1] == frame.chosen_id
        else:
            assert wrote.token_ids[-1] == wrote.token_ids[0]


def test_all_parts_of_every_era_add_up_to_what_lm_head_gave(golden: LoadedModel, trace: Callable) -> None:
    ids = load_file(GOLDEN / golden.era / "golden.safetensors")["tokens"].tolist()
    for config in (WHY, replace(WHY, prefill="stats")):
        layout, frames, _ = trace(golden.model, ids, config)
        assert_adds_up(frames, layout, golden.model.softcap)


def test_prompts_longer_than_the_window_add_up(small_model: GPT, trace: Callable) -> None:
    ids = np.random.default_rng(0).integers(0, 300, 200).tolist()  # a window is 128 keys
    layout, frames, _ = trace(small_model, ids, replace(WHY, prefill="stats"))
    assert_adds_up(frames, layout, small_model.softcap)


@torch.no_grad()
def test_a_head_wrote_what_its_columns_of_c_proj_make_of_its_slice(small_model: GPT, trace: Callable) -> None:
    """In float64, with the factor taken from what the logits lose where the head's own write is taken out again."""
    seen: dict[str, torch.Tensor] = {}
    block = small_model.transformer["h"][1]
    keep = block.attn.c_proj.register_forward_pre_hook(lambda _m, args: seen.update(y=args[0][0, -1].double().clone()))
    with keep:
        layout, frames, _ = trace(small_model, [5, 9, 2, 44], replace(WHY, prefill="stats"), n=0)
    wrote, _ = read(frames[-1], layout)
    W, u = block.attn.c_proj.weight.double(), small_model.lm_head.weight[wrote.token_ids].double()
    last, mid = ({} for _ in range(2))
    h = small_model.transformer["h"]
    hooks = [
        h[2].register_forward_hook(lambda _m, _a, out: last.update(x=out[0, -1].double())),
        h[1].register_forward_hook(lambda _m, _a, out: mid.update(x=out[0, -1].double())),
    ]
    small_model(torch.tensor([[5, 9, 2, 44]]))
    for hook in hooks:
        hook.remove()
    z = last["x"] - small_model.backout_lambda.double() * mid["x"]
    rms = (z.square().mean() + torch.finfo(torch.float32).eps).sqrt()
    factor = reach_of(small_model).blocks[1]
    for head in range(4):
        part = slice(16 * head, 16 * head + 16)
        expected = u @ (W[:, part] @ seen["y"][part]) * factor / rms
        np.testing.assert_allclose(wrote.heads[1, head], expected.numpy(), rtol=0, atol=1e-4)


def test_the_factors_are_those_of_the_derivative(golden: LoadedModel) -> None:
    """What one unit added by a block becomes at the last norm, by automatic differentiation through the skips alone."""
    model = golden.model
    reach, n = reach_of(model), model.config.n_layer
    a = model.resid_lambdas.detach().double() if hasattr(model, "resid_lambdas") else torch.ones(n, dtype=torch.float64)
    b = model.x0_lambdas.detach().double() if hasattr(model, "resid_lambdas") else torch.zeros(n, dtype=torch.float64)
    beta = model.backout_lambda.item() if hasattr(model, "backout_lambda") else 0.0
    x0, added = (
        torch.ones((), dtype=torch.float64, requires_grad=True),
        torch.zeros(n, dtype=torch.float64, requires_grad=True),
    )
    x = mid = x0
    for i in range(n):
        x = a[i] * x + b[i] * x0 + added[i]
        mid = x if i == n // 2 else mid
    of_start, of_blocks = torch.autograd.grad(x - beta * mid, (x0, added))
    assert reach.start == pytest.approx(float(of_start), abs=1e-6)
    np.testing.assert_allclose(reach.blocks, of_blocks.numpy(), atol=1e-6)


def test_the_lens_over_the_whole_vocabulary_is_the_streams_own(small_model: GPT, trace: Callable) -> None:
    ends: list[torch.Tensor] = []
    layout, frames, _ = trace(small_model, [5, 9, 2], replace(WHY, prefill="stats"), n=0)
    _, depths = read(frames[-1], layout)
    hooks = [
        block.register_forward_hook(lambda _m, _a, out: ends.append(out[0, -1]))
        for block in small_model.transformer["h"]
    ]
    with torch.inference_mode():
        small_model(torch.tensor([[5, 9, 2]]))
        for hook in hooks:
            hook.remove()
        for depth, end in enumerate(ends, 1):
            logits = small_model._head(end)
            probs = torch.softmax(logits, -1)
            np.testing.assert_allclose(depths.top_probs[depth], probs.topk(5).values, rtol=1e-4)
            np.testing.assert_allclose(depths.probs[depth], probs[depths.token_ids], rtol=1e-4)
            ranks = [int((logits > logits[i]).sum()) for i in depths.token_ids]
            np.testing.assert_array_equal(depths.ranks[depth], ranks)


def test_kept_is_part_of_top_and_a_ledger_alone_has_no_lens(small_model: GPT, trace: Callable) -> None:
    top_layout, top, _ = trace(small_model, [5, 9, 2], WHY, n=2)
    layout, kept, _ = trace(small_model, [5, 9, 2], replace(WHY, ledger="none", lens="kept"), n=2)
    _, depths = read(top[-1], top_layout)
    alone = Captured(kept[-1], layout)
    assert alone.ledger() is None
    np.testing.assert_allclose(alone.lens().stream, depths.stream, atol=1e-5)
    assert alone.lens().top_ids is None


def test_true_numbers_of_the_list(tmp_path: Path) -> None:
    """ " green" beat " golden" by 14.53: head 5.0 wrote 9.05, 5.1 6.10, the last MLP −1.25."""
    recorded = mri.record(LIST, temperature=0, max_new_tokens=2, sessions=tmp_path, seal=False)
    wrote, _ = read(recorded.frame(11), recorded.layout)
    texts = [recorded.reader.token_bytes[int(i)] for i in wrote.token_ids]
    chosen, rival = texts.index(b" green"), texts.index(b" golden")
    heads = wrote.heads[:, :, chosen] - wrote.heads[:, :, rival]
    mlp = wrote.mlp[:, chosen] - wrote.mlp[:, rival]
    numbers = [wrote.total[chosen], wrote.total[rival], heads[5, 0], heads[5, 1], mlp[5]]
    assert [round(float(x), 2) for x in numbers] == [18.32, 3.79, 9.05, 6.10, -1.25]
    assert np.abs(wrote.left_over).max() <= 1e-5


def test_the_presets_take_the_whole_lens_where_it_is_cheap() -> None:
    embedded = load_model(device="cpu")
    assert layout_of_model(embedded.model, "standard").config.lens == "top"
    with torch.device("meta"):
        large = GPT(GPTConfig(2048, 65_536, 4, 2, 2, 256))
    layout = layout_of_model(large, "rows", longest_row=64)
    assert (layout.config.ledger, layout.config.lens) == ("direct", "kept")
