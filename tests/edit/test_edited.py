"""Edited passes against other ways to compute them: in every era, cached and not, from here on and as if always."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from mri.edit.edited import edited
from mri.nanochat.checkpoint import LoadedModel
from tests.edit.conftest import cached_logits, changed, logits_of, off_by, some_ids

OF_A_BLOCK = "resid_pre ln1 q k v z attn_out resid_mid ln2 mlp_pre mlp_act mlp_out resid_post mlp head.1 head.*"
POINTS = ["embed.resid0", *(f"block.1.{name}" for name in OF_A_BLOCK.split())]
POINTS += ["block.*.mlp_act[3,5:9]", "final.ln_f", "final.logits"]


@pytest.mark.parametrize("point", POINTS)
def test_nothing_and_times_one_are_the_same_to_the_bit(golden: LoadedModel, point: str) -> None:
    ids = some_ids(golden)
    plain, cached = logits_of(golden.model, ids), cached_logits(golden.model, ids)
    for edits in ([], [f"{point} *= 1"]):
        with edited(golden, edits):
            assert torch.equal(logits_of(golden.model, ids), plain)
            assert torch.equal(cached_logits(golden.model, ids), cached)
    with edited(golden, [f"{point} *= 3"]):
        assert not torch.equal(logits_of(golden.model, ids), plain)
    assert torch.equal(logits_of(golden.model, ids), plain)


def test_a_head_that_is_zero_is_its_columns_zeroed(golden: LoadedModel) -> None:
    model, ids = golden.model, some_ids(golden)
    D = model.config.head_dim
    for layer in range(model.config.n_layer):
        weight = model.transformer["h"][layer].attn.c_proj.weight
        with changed(weight, lambda w: w[:, D : 2 * D].zero_()):
            expected = logits_of(model, ids)
        with edited(golden, f"block.{layer}.head.1 = 0"):
            assert off_by(logits_of(model, ids), expected) <= 1e-6 * max(1, float(expected.abs().max()))


def test_all_heads_off_is_attention_off(golden: LoadedModel) -> None:
    ids = some_ids(golden)
    found = []
    for edit in ("block.1.head.* = 0", "block.1.attn_out = 0", "block.1.z = 0"):
        with edited(golden, edit):
            found.append(logits_of(golden.model, ids))
    assert torch.equal(found[0], found[1])
    assert torch.equal(found[0], found[2])


def by_hand(module: nn.Module, side: str, change: Callable[[Tensor], None]) -> Callable[[], None]:
    def before(_module: nn.Module, args: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        x = args[0].clone()
        change(x)
        return (x, *args[1:])

    def after(_module: nn.Module, _args: object, output: Tensor) -> Tensor:
        output = output.clone()
        change(output)
        return output

    if side == "input":
        return module.register_forward_pre_hook(before).remove
    return module.register_forward_hook(after).remove


BY_HAND: dict[str, tuple[str, str, Callable[[Tensor], object]]] = {
    "block.1.mlp *= 2 @ 9:": ("transformer.h.1.mlp", "output", lambda x: x[:, 9:].mul_(2)),
    "block.0.mlp_act[3,5:9] = 1.5 @ 4:12": (
        "transformer.h.0.mlp.c_proj",
        "input",
        lambda x: _set(x),
    ),
    "block.0.resid_post += 0.5 @ 7": ("transformer.h.0", "output", lambda x: x[:, 7].add_(0.5)),
    "block.1.resid_pre: cap 0.3": ("transformer.h.1", "input", lambda x: x.clamp_(-0.3, 0.3)),
    "block.1.q = 0 @ 3:": ("transformer.h.1.attn.c_q", "output", lambda x: x[:, 3:].zero_()),
    "final.ln_f += 2 * token(#7) @ 20:": ("lm_head", "input", lambda x: None),
}


def _set(x: Tensor) -> None:
    for neuron in (3, 5, 6, 7, 8):
        x[:, 4:12, neuron] = 1.5


@pytest.mark.parametrize("text", BY_HAND)
def test_operations_are_what_a_hook_by_hand_does(golden: LoadedModel, text: str) -> None:
    model, ids = golden.model, some_ids(golden)
    name, side, change = BY_HAND[text]
    if "token" in text:
        row = model.lm_head.weight[7].detach()
        change = lambda x: x[:, 20:].add_(2 * row)  # noqa: E731
    remove = by_hand(dict(model.named_modules())[name], side, change)  # type: ignore[arg-type]
    try:
        expected = logits_of(model, ids)
    finally:
        remove()
    with edited(golden, text):
        assert off_by(logits_of(model, ids), expected) <= 1e-5
        assert off_by(cached_logits(model, ids), expected) <= 1e-4


def test_the_stream_between_attention_and_mlp(golden: LoadedModel) -> None:
    """resid_mid is no module's: set to 0 there, a block is its MLP on nothing, whatever came in."""
    model, ids = golden.model, some_ids(golden)
    seen: list[Tensor] = []
    remove = model.transformer["h"][1].mlp.register_forward_pre_hook(lambda _m, args: seen.append(args[0])).remove
    try:
        with edited(golden, "block.1.resid_mid = 0 @ 5:"):
            logits_of(model, ids)
    finally:
        remove()
    assert float(seen[0][:, 5:].abs().max()) < 1e-2
    assert float(seen[0][:, :5].abs().max()) > 0.5


def test_proj_leaves_nothing_along_a_direction(golden: LoadedModel) -> None:
    model, ids = golden.model, some_ids(golden)
    row = model.lm_head.weight[7].detach()
    seen: list[Tensor] = []
    remove = model.lm_head.register_forward_pre_hook(lambda _m, args: seen.append(args[0])).remove
    try:
        with edited(golden, "final.ln_f -= proj(token(#7)) @ 2:"):
            logits_of(model, ids)
    finally:
        remove()
    along = seen[0][0] @ (row / row.norm())
    assert float(along[2:].abs().max()) < 1e-5
    assert float(along[:2].abs().max()) > 1e-2


SCOPED = [
    "block.1.head.1 = 0",
    "block.0.mlp *= 2",
    "block.0.resid_post += 3 * token(#7)",
    "block.*.head.*: cut 2:6",
    "block.*.k = 0",
    "block.1.resid_mid: cap 0.5",
    "block.0.v += 0.5",
]


@pytest.mark.parametrize("text", SCOPED)
@pytest.mark.parametrize("positions", ["@ 0:", "@ 11:", "@ 11:13"])
def test_cached_is_uncached_in_both_scopes(golden: LoadedModel, text: str, positions: str) -> None:
    model, ids = golden.model, some_ids(golden)
    plain = logits_of(model, ids)
    with edited(golden, f"{text} {positions}"):
        uncached = logits_of(model, ids)
        for chunks in ((1,), (7, 1, 1, 3), (24,)):
            assert off_by(cached_logits(model, ids, chunks), uncached) <= 1e-4
    first = 11 if "11" in positions else 0
    assert torch.equal(uncached[:first], plain[:first])
    assert off_by(uncached[first:], plain[first:]) > 1e-3
