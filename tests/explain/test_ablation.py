"""What is lost when a part is off, against plain forward passes with that part zeroed at the last position."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace

import numpy as np
import pytest
import torch

from mri.errors import ConfigError
from mri.explain.ablation import ablation
from mri.explain.replay import Replay
from mri.making.initial import init_weights
from mri.nanochat.checkpoint import LoadedModel
from mri.nanochat.eras import ERAS
from mri.nanochat.model import GPT, GPTConfig
from tests.explain.conftest import asked, tokens_of


@torch.inference_mode()
def independent(model: GPT, ids: list[int]) -> np.ndarray:
    """(P, n_vocab) logits before the softcap of whole passes over all tokens, one part zeroed at the last of them."""
    seen: list[np.ndarray] = []
    parts: list[tuple[torch.nn.Module, Callable]] = []

    def without_head(head: int, width: int) -> Callable:
        def zeroed(_m: object, args: tuple[torch.Tensor]) -> tuple[torch.Tensor]:
            y = args[0].clone()
            y[0, -1, head * width : (head + 1) * width] = 0
            return (y,)

        return zeroed

    def without_mlp(_m: object, _a: object, out: torch.Tensor) -> torch.Tensor:
        out = out.clone()
        out[0, -1] = 0
        return out

    D = model.config.head_dim
    for block in model.transformer["h"]:
        for head in range(model.config.n_head):
            parts.append((block.attn.c_proj, without_head(head, D)))
        parts.append((block.mlp, without_mlp))
    for module, hook in parts:
        with ExitStack() as stack:
            register = module.register_forward_hook if hook is without_mlp else module.register_forward_pre_hook
            stack.callback(register(hook).remove)
            keep = model.lm_head.register_forward_hook(lambda _m, _a, out: seen.append(out[0, -1].numpy()))
            stack.callback(keep.remove)
            model(torch.tensor([ids]))
    return np.stack(seen)


def assert_as_independent(model: GPT, ids: list[int]) -> None:
    [step] = asked(model, ids, [len(ids) - 1])
    replay = Replay(model)
    replay.read(ids)
    found = ablation(replay, step, step.all_ids())
    expected = independent(model, ids)
    assert found["after"].shape == (model.config.n_layer * (model.config.n_head + 1), len(step.all_ids()))
    np.testing.assert_allclose(found["after"], expected[:, found["token_ids"]], rtol=0, atol=1e-4)
    capped = torch.from_numpy(model.softcap * np.tanh(expected[:, : model.config.vocab_size] / model.softcap))
    bits = -torch.log_softmax(capped, -1)[:, step.chosen].numpy() / np.log(2)
    np.testing.assert_allclose(found["bits_after"], bits, rtol=0, atol=1e-4)


def test_every_part_of_every_era(golden: LoadedModel) -> None:
    assert_as_independent(golden.model, tokens_of(golden))


def test_a_prefix_longer_than_the_window(small_model: GPT) -> None:
    assert_as_independent(small_model, np.random.default_rng(0).integers(0, 300, 200).tolist())


def test_another_epsilon_and_no_softcap() -> None:
    model = other_model(norm_eps=0.05, softcap=15.0)
    assert_as_independent(model, [1, 2, 3, 4, 5])
    found = ablation_of(other_model(norm_eps=None, softcap=math.inf), [1, 2, 3, 4, 5])
    log_probs = -found["bits_before"] * np.log(2), np.log(np.exp(found["before"]).sum())
    assert np.isfinite(found["bits_after"]).all()
    np.testing.assert_allclose(log_probs[0], found["before"][0] - log_probs[1], rtol=0, atol=1e-4)


def other_model(norm_eps: float | None, softcap: float) -> GPT:
    model = GPT(GPTConfig(64, 30, 3, 4, 2, 64, "L"), replace(ERAS["E5"], norm_eps=norm_eps), softcap=softcap)
    init_weights(model, seed=1)
    torch.nn.init.normal_(model.lm_head.weight, generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        model.smear_lambda.fill_(0.5)
    return model.eval()


def ablation_of(model: GPT, ids: list[int]) -> dict[str, np.ndarray]:
    """Of the last token's step, every token of the vocabulary kept."""
    [step] = asked(model, ids, [len(ids) - 1], kept=model.config.vocab_size)
    replay = Replay(model)
    replay.read(ids)
    return ablation(replay, step, step.all_ids())


def test_the_first_token_of_all(small_model: GPT) -> None:
    assert_as_independent(small_model, [7])


@torch.inference_mode()
def test_a_head_that_is_off_is_its_columns_of_c_proj_zeroed(golden: LoadedModel) -> None:
    """Read from an intact cache, with the columns zeroed for the last token; as far as float32 tells logits apart."""
    model, ids = golden.model, tokens_of(golden)[:9]
    [step] = asked(model, ids, [8])
    replay = Replay(model)
    replay.read(ids)
    found = ablation(replay, step, step.all_ids())
    H, D, last = model.config.n_head, model.config.head_dim, model.config.n_layer - 1
    weight = model.transformer["h"][last].attn.c_proj.weight
    kept, logits = weight.clone(), []
    keep = model.lm_head.register_forward_hook(lambda _m, _a, out: logits.append(out[0, -1].numpy()))
    try:
        for head in range(H):
            replay.rewind(8)
            weight[:, head * D : (head + 1) * D] = 0
            model(torch.tensor([ids[8:]]), replay.cache)
            weight.copy_(kept)
    finally:
        keep.remove()
        weight.copy_(kept)
    for head in range(H):
        expected = logits[head][found["token_ids"].astype(int)]
        off = np.abs(found["after"][last * (H + 1) + head] - expected).max()
        assert off <= 1e-6 * max(1, np.abs(expected).max())


def test_what_answers_is_told_apart(small_model: GPT) -> None:
    """A part of the last block is answered by the last norm alone where no MLP of its block comes later."""
    ids = [5, 9, 2, 44, 17]
    [step] = asked(small_model, ids, [4])
    replay = Replay(small_model)
    replay.read(ids)
    found = ablation(replay, step, step.all_ids())
    np.testing.assert_allclose(found["after"][-1], found["norm"][-1], rtol=0, atol=1e-4)  # the last MLP
    assert np.abs(found["after"][0] - found["norm"][0]).max() > 0.01  # what block 0 wrote is read by all that follow


def test_nothing_is_left_behind(small_model: GPT) -> None:
    ids = [5, 9, 2, 44, 17]
    steps = asked(small_model, ids, [4, 2])
    replay = Replay(small_model)
    replay.read(ids)
    first = ablation(replay, steps[0], [1, 2])
    ablation(replay, steps[1], [1, 2])
    again = ablation(replay, steps[0], [1, 2])
    for name, array in first.items():
        np.testing.assert_array_equal(array, again[name])
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in small_model.modules())


def test_other_logits_than_the_recorded_are_refused(small_model: GPT) -> None:
    [step] = asked(small_model, [5, 9, 2], [2])
    replay = Replay(small_model)
    replay.read([5, 9, 3])
    with pytest.raises(ConfigError, match="differ from the recorded ones"):
        ablation(replay, step, [1])
