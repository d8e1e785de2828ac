"""Looks that are cut and windows that are opened, against attention written out."""

from __future__ import annotations

import copy
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from mri.capture.attention import AttentionTap
from mri.edit.edited import edited
from mri.nanochat.checkpoint import LoadedModel
from mri.nanochat.model import GPT
from tests.edit.conftest import cached_logits, logits_of, off_by, some_ids

CUT = "block.0.head.1: cut 2:6 @ 11:"


@torch.inference_mode()
def block_0(model: GPT, ids: list[int]) -> tuple[Tensor, Tensor, Tensor]:
    """q, k, v (heads, T, D) of block 0 as they reach the kernel."""
    seen: list[tuple[Tensor, ...]] = []
    kernel = torch.nn.functional.scaled_dot_product_attention

    def note(query: Tensor, key: Tensor, value: Tensor, **rest: object) -> Tensor:
        seen.append((query[0], key[0], value[0]))
        return kernel(query, key, value, **rest)  # type: ignore[arg-type]

    torch.nn.functional.scaled_dot_product_attention = note  # type: ignore[assignment]
    try:
        model(torch.tensor([ids]))
    finally:
        torch.nn.functional.scaled_dot_product_attention = kernel
    return seen[0]  # type: ignore[return-value]


def test_a_cut_key_has_no_weight_and_the_rest_shares_it(golden: LoadedModel) -> None:
    model, ids = golden.model, some_ids(golden)
    q, k, v = block_0(model, ids)
    H, D = q.shape[0], q.shape[2]
    scores = q[1] @ k[1 * k.shape[0] // H].T * D**-0.5
    scores = scores.masked_fill(torch.ones_like(scores).triu(1).bool(), -torch.inf)
    scores[11:, 2:6] = -torch.inf
    expected = scores.softmax(-1) @ v[1 * v.shape[0] // H]
    seen: list[Tensor] = []
    remove = model.transformer["h"][0].attn.c_proj.register_forward_pre_hook(lambda _m, a: seen.append(a[0])).remove
    with edited(golden, CUT):
        logits_of(model, ids)
    logits_of(model, ids)
    remove()
    cut, plain = (x[0].view(len(ids), H, D) for x in seen)
    torch.testing.assert_close(cut[:, 1], expected, rtol=0, atol=1e-5)
    torch.testing.assert_close(cut[:, [h for h in range(H) if h != 1]], plain[:, [h for h in range(H) if h != 1]])
    calls: list[Tensor] = []
    with (
        AttentionTap(model, lambda call: calls.append(call.scores(call.q.shape[2]).softmax(-1))),
        edited(golden, CUT),
    ):
        logits_of(model, ids)
    assert (calls[0][1, 11:, 2:6] == 0).all()
    assert (calls[0][1, 10, 2:6] > 0).all()
    torch.testing.assert_close(calls[0].sum(-1), torch.ones(H, len(ids)))


@pytest.mark.parametrize("read", [logits_of, cached_logits])
def test_where_no_key_is_left_the_head_writes_nothing(golden: LoadedModel, read: Callable[..., Tensor]) -> None:
    model, ids = golden.model, some_ids(golden)
    with edited(golden, "block.1.head.0: cut 0:999 @ 11:"):
        cut = read(model, ids)
    with edited(golden, "block.1.head.0 = 0 @ 11:"):
        off = read(model, ids)
    assert cut.isfinite().all()
    assert off_by(cut, off) <= 1e-5


def test_windows_off_are_a_model_without(small_model: GPT) -> None:
    """More tokens than a window holds: from position 150 on queries see what was read before it, too."""
    ids = torch.randint(300, (220,), generator=torch.Generator().manual_seed(5)).tolist()
    wide = copy.deepcopy(small_model)
    for block in wide.transformer["h"]:
        block.attn.window = 512  # type: ignore[union-attr]
    wide._windows = {512}
    plain, expected = logits_of(small_model, ids), logits_of(wide, ids)
    assert off_by(plain, expected) > 0.01
    with edited(small_model, "window = off"):
        assert off_by(logits_of(small_model, ids), expected) <= 1e-4
        assert off_by(cached_logits(small_model, ids), expected) <= 1e-4
    with edited(small_model, "window = off @ 150:"):
        uncached, cached = logits_of(small_model, ids), cached_logits(small_model, ids)
    assert off_by(uncached, cached) <= 1e-4
    assert torch.equal(uncached[:130], plain[:130])
    assert off_by(uncached[160:], plain[160:]) > 0.01
    with edited(small_model, "window = off"):  # exactly nothing where the window is not reached
        assert torch.equal(logits_of(small_model, ids[:100]), logits_of(small_model, ids[:100]))
        assert off_by(logits_of(small_model, ids[:100]), plain[:100]) <= 1e-5
