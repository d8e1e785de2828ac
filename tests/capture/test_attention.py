"""Rebuilt weights times V must be what the kernel gave, however the kernel was called."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mri.capture.attention import AttentionCall, AttentionTap, last_rows
from mri.nanochat.checkpoint import LoadedModel
from mri.nanochat.model import GPT, KVCache


class Kernel:
    """Watches one era's kernel calls with their values and results."""

    def __init__(self, model: nn.Module) -> None:
        self.calls: list[AttentionCall] = []
        self.inputs: list[Tensor] = []
        self.outputs: list[Tensor] = []
        self._tap = AttentionTap(model, self.calls.append)
        self._real = F.scaled_dot_product_attention

    def __enter__(self) -> Kernel:
        def watched(q: Tensor, k: Tensor, v: Tensor, *args: object, **kwargs: object) -> Tensor:
            out: Tensor = self._real(q, k, v, *args, **kwargs)  # type: ignore[arg-type]
            self.inputs.append(v)
            self.outputs.append(out)
            return out

        F.scaled_dot_product_attention = watched
        self._tap.__enter__()
        return self

    def __exit__(self, *exc: object) -> None:
        self._tap.__exit__()
        F.scaled_dot_product_attention = self._real


def weights_of(call: AttentionCall, n_total: int) -> Tensor:
    """Weights of all queries over absolute positions: (H, T, n_total)."""
    weights = torch.softmax(call.scores(call.q.shape[2]), -1)
    return F.pad(weights, (n_total - call.n_keys, 0))


def times_values(weights: Tensor, v: Tensor) -> Tensor:
    """weights (H, T, n_total) · v (1, G, n_keys, D) -> (H, T, D), each group serving H/G heads."""
    H, G, n_keys = weights.shape[0], v.shape[1], v.shape[2]
    return torch.matmul(weights[:, :, -n_keys:], v[0].repeat_interleave(H // G, 0))


@torch.inference_mode()
def test_weights_times_v_equal_the_kernel_in_prefill_chunk_and_decode(golden: LoadedModel) -> None:
    model, cache, pos = golden.model, KVCache(golden.model), 0
    ids = torch.arange(1, 291)[None]  # longer than every window
    for chunk in (ids[:, :280], ids[:, 280:288], ids[:, 288:289], ids[:, 289:]):
        with Kernel(model) as kernel:
            model(chunk, cache)
        pos += chunk.shape[1]
        rows = last_rows([[call.last_scores() for call in kernel.calls]], [pos])[0]
        for layer, (call, v, out) in enumerate(zip(kernel.calls, kernel.inputs, kernel.outputs, strict=True)):
            every = weights_of(call, pos)
            assert (every.sum(-1) - 1).abs().max() < 1e-5
            assert (times_values(every, v) - out[0]).abs().max() < 1e-5
            assert (rows[layer] - every[:, -1]).abs().max() < 1e-6
            assert (rows[layer][:, : pos - v.shape[2]] == 0).all()


def test_an_additive_mask_and_a_scale_are_respected() -> None:
    q, k, v = (torch.randn(1, 2, 5, 8, generator=torch.Generator().manual_seed(i)) for i in range(3))
    mask = torch.zeros(5, 5).masked_fill(torch.ones(5, 5).triu(1).bool(), -torch.inf) - 0.3 * torch.arange(5)
    out = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, scale=0.5)
    weights = weights_of(AttentionCall(q, k, mask, False, 0.5), 5)
    assert (times_values(weights, v) - out[0]).abs().max() < 1e-6


def upstream_namespace(window: int) -> tuple[SimpleNamespace, ModuleType]:
    """A namespace with the signatures of nanochat.flash_attention on a machine without the GPU kernel."""

    def flash_attn_func(q: Tensor, k: Tensor, v: Tensor, causal: bool, window_size: tuple[int, int]) -> Tensor:
        T = q.shape[1]
        query, key = torch.arange(T)[:, None], torch.arange(T)[None]
        seen = (key <= query) & (key >= query - window_size[0])
        q, k, v = (x.transpose(1, 2) for x in (q, k, v))
        return F.scaled_dot_product_attention(q, k, v, attn_mask=seen).transpose(1, 2)

    def flash_attn_with_kvcache(
        q: Tensor,
        k_cache: Tensor,
        v_cache: Tensor,
        k: Tensor,
        v: Tensor,
        cache_seqlens: Tensor,
        causal: bool,
        window_size: tuple[int, int],
    ) -> Tensor:
        pos, T = int(cache_seqlens[0]), q.shape[1]
        k_cache[:, pos : pos + T], v_cache[:, pos : pos + T] = k, v
        start = max(0, pos + T - window_size[0] - T)
        keys, values = k_cache[:, start : pos + T], v_cache[:, start : pos + T]
        q, keys, values = (x.transpose(1, 2) for x in (q, keys, values))
        return F.scaled_dot_product_attention(q, keys, values).transpose(1, 2)

    namespace = SimpleNamespace(flash_attn_func=flash_attn_func, flash_attn_with_kvcache=flash_attn_with_kvcache)
    module = ModuleType("fake_nanochat_gpt")
    module.flash_attn = namespace  # type: ignore[attr-defined]
    return namespace, module


class UpstreamModel(nn.Module):
    """Stands for a model defined in a module that has a `flash_attn` namespace."""


@pytest.fixture
def upstream(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    namespace, module = upstream_namespace(3)
    monkeypatch.setitem(sys.modules, "fake_nanochat_gpt", module)
    monkeypatch.setattr(UpstreamModel, "__module__", "fake_nanochat_gpt")
    return namespace


def test_the_flash_namespace_of_an_upstream_checkout_is_watched_and_put_back(upstream: SimpleNamespace) -> None:
    before = vars(upstream).copy()
    q, k, v = (torch.randn(1, 6, 2, 8, generator=torch.Generator().manual_seed(i)) for i in range(3))
    calls: list[AttentionCall] = []
    with AttentionTap(UpstreamModel(), calls.append):
        out = upstream.flash_attn_func(q, k, v, causal=True, window_size=(3, 0))
        cache_k, cache_v = torch.zeros(1, 10, 2, 8), torch.zeros(1, 10, 2, 8)
        cache_k[:, :6], cache_v[:, :6] = k, v
        new = [torch.randn(1, 1, 2, 8, generator=torch.Generator().manual_seed(9 + i)) for i in range(3)]
        step = upstream.flash_attn_with_kvcache(
            new[0],
            cache_k,
            cache_v,
            k=new[1],
            v=new[2],
            cache_seqlens=torch.tensor([6], dtype=torch.int32),
            causal=True,
            window_size=(3, 0),
        )
    assert vars(upstream) == before
    assert len(calls) == 2  # the kernel below it is not counted a second time
    weights = weights_of(calls[0], 6)
    assert (times_values(weights, v.transpose(1, 2)) - out.transpose(1, 2)[0]).abs().max() < 1e-6
    row = last_rows([[calls[1].last_scores()]], [7])[0, 0]  # (H, 7)
    assert (row[:, :3] == 0).all()
    expected = torch.matmul(row[:, None], cache_v[0, :7].transpose(0, 1))
    assert (expected - step.transpose(1, 2)[0]).abs().max() < 1e-6


@pytest.mark.parametrize("keeps", [lambda call: call, AttentionCall.last_scores], ids=["calls", "scores"])
def test_last_rows_of_several_steps_at_once(small_model: GPT, keeps: Callable[[AttentionCall], object]) -> None:
    cache, steps, totals = KVCache(small_model), [], []
    with torch.inference_mode():
        small_model(torch.arange(1, 127)[None], cache)
        for i in range(6):  # crosses the window of 128 keys
            calls: list[Any] = []
            with AttentionTap(small_model, lambda call, calls=calls: calls.append(keeps(call))):
                small_model(torch.tensor([[i + 1]]), cache)
            steps.append(calls)
            totals.append(127 + i)
        together = last_rows(steps, totals)
        for s, (calls, total) in enumerate(zip(steps, totals, strict=True)):
            alone = last_rows([calls], [total])[0]
            assert (together[s, ..., :total] - alone).abs().max() < 1e-6
            assert (together[s, ..., total:] == 0).all()


def test_keys_count_that_reach_the_kernel_not_the_window_that_was_asked_for(upstream: SimpleNamespace) -> None:
    """As a fallback of January 2026, which forgot the window of a step that reads one token."""
    seen: list[AttentionCall] = []
    q, k, v = (torch.randn(1, T, 2, 8, generator=torch.Generator().manual_seed(T)) for T in (1, 9, 9))

    def forgetful(q: Tensor, k: Tensor, v: Tensor, causal: bool, window_size: tuple[int, int]) -> Tensor:
        return F.scaled_dot_product_attention(*(x.transpose(1, 2) for x in (q, k, v))).transpose(1, 2)

    upstream.flash_attn_func = forgetful
    with AttentionTap(UpstreamModel(), seen.append):
        out = upstream.flash_attn_func(q, k, v, causal=True, window_size=(3, 0))
    [call] = seen
    weights = weights_of(call, 9)
    assert (weights > 0).all()
    assert (times_values(weights, v.transpose(1, 2)) - out.transpose(1, 2)[0]).abs().max() < 1e-6


def test_a_kernel_of_its_own_is_rebuilt_from_its_arguments(upstream: SimpleNamespace) -> None:
    """As FlashAttention 3 on a GPU: nothing of it reaches torch."""
    seen: list[AttentionCall] = []
    q, k, v = (torch.randn(1, 9, 2, 8, generator=torch.Generator().manual_seed(i)) for i in range(3))
    upstream.flash_attn_func = lambda q, k, v, **kwargs: q
    with AttentionTap(UpstreamModel(), seen.append):
        upstream.flash_attn_func(q, k, v, causal=True, window_size=(2, 0))
        upstream.flash_attn_func(q, k, v, causal=True, window_size=(-1, -1), softmax_scale=0.1)
        upstream.flash_attn_func(q, k, v)
        upstream.flash_attn_func("what is", "that?", None)
    windowed, causal, whole = (weights_of(call, 9)[0] for call in seen)
    rows, columns = torch.arange(9)[:, None], torch.arange(9)[None]
    assert torch.equal(windowed > 0, (columns <= rows) & (columns >= rows - 2))
    assert torch.equal(causal > 0, columns <= rows)
    assert (whole > 0).all()


def test_a_mask_of_each_head_and_sequence_is_respected() -> None:
    q, k, v = (torch.randn(3, 2, 5, 8, generator=torch.Generator().manual_seed(i)) for i in range(3))
    mask = torch.rand(3, 2, 5, 5, generator=torch.Generator().manual_seed(4)) > 0.4
    mask |= torch.eye(5, dtype=torch.bool)
    for one in (mask, mask[:1], mask[0, 0], torch.where(mask, 0.0, -torch.inf)):
        out = F.scaled_dot_product_attention(q, k, v, attn_mask=one)
        weights = weights_of(AttentionCall(q, k, one), 5)
        assert (times_values(weights, v[:1]) - out[0]).abs().max() < 1e-6
        assert (AttentionCall(q, k, one).last_scores().softmax(-1) - weights[:, -1]).abs().max() < 1e-6
