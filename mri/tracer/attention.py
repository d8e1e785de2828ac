"""Attention weights, rebuilt from the q and k that reach the kernel, because the kernel never gives them out.

Watches `torch.nn.functional.scaled_dot_product_attention`, or the `flash_attn` namespace of an upstream checkout
where there is one. Calls the real kernel with the real arguments: what the model computes never changes.
Knows no layers, no sessions.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@dataclass(eq=False)
class AttentionCall:
    """One call of the kernel: references to its inputs.

    q (B, H, T, D); k (B, G, n_keys, D), the last key being the newest position; mask None, bool (true = seen) or
    additive, broadcastable to (B, H, T, n_keys); `window` None or the number of earlier keys a query sees.
    """

    q: Tensor
    k: Tensor
    mask: Tensor | None = None
    is_causal: bool = False
    scale: float | None = None
    window: int | None = None

    @property
    def n_keys(self) -> int:
        return int(self.k.shape[2])

    def scores(self, n_queries: int) -> Tensor:
        """Scores of the last `n_queries` queries of the first sequence: (H, n_queries, n_keys), −∞ where unseen."""
        q, k = self.q[0, :, -n_queries:], self.k[0]  # (H, n_queries, D), (G, n_keys, D)
        H, T, D = q.shape
        G, n_keys, _ = k.shape
        scale = D**-0.5 if self.scale is None else self.scale
        nothing = q.new_empty(1, 1, 1)  # beta=0: not looked at
        scores = torch.baddbmm(nothing, q.reshape(G, H // G * T, D), k.transpose(1, 2), beta=0, alpha=scale)
        scores = scores.view(H, T, n_keys).float()
        if self.mask is not None:
            mask = self.mask.expand(1, 1, *self.mask.shape[-2:])[0, :, -n_queries:]
            scores = scores.masked_fill(~mask, -torch.inf) if mask.dtype == torch.bool else scores + mask
        elif self.is_causal or self.window is not None:
            newest = self.q.shape[2] - n_queries if self.is_causal and self.window is None else n_keys - n_queries
            query = torch.arange(newest, newest + n_queries, device=q.device)[:, None]
            key = torch.arange(n_keys, device=q.device)[None]
            seen = key <= query
            if self.window is not None and self.window >= 0:
                seen &= key >= query - self.window
            scores = scores.masked_fill(~seen, -torch.inf)
        return scores


def last_rows(steps: list[list[AttentionCall]], n_totals: list[int]) -> Tensor:
    """Softmax weights of each step's last query over all absolute positions: (S, n_layer, H, max(n_totals)).

    `steps[s]` are the calls of one step, one per layer; `n_totals[s]` is how many positions that step could see.
    Rows sum to 1. A windowed layer's keys are the newest ones; all other positions have weight exactly 0.
    """
    first = steps[0][0].q
    shape = (len(steps), len(steps[0]), first.shape[1], max(n_totals))
    scores = first.new_full(shape, -torch.inf, dtype=torch.float32)
    for layer in range(shape[1]):
        calls = [step[layer] for step in steps]
        if len(calls) > 1 and _grow_in_one_cache(calls):
            _fill_together(scores[:, layer], calls, n_totals)
        else:
            for s, call in enumerate(calls):
                scores[s, layer, :, n_totals[s] - call.n_keys : n_totals[s]] = call.scores(1)[:, 0]
    return torch.softmax(scores, -1)


def _grow_in_one_cache(calls: list[AttentionCall]) -> bool:
    """Whether these calls of one layer are decode steps whose keys are views of one append-only cache."""
    k = calls[0].k
    return all(
        call.q.shape[2] == 1 and call.mask is None and call.window is None and not call.is_causal
        and call.k.untyped_storage().data_ptr() == k.untyped_storage().data_ptr() and call.k.stride() == k.stride()
        for call in calls
    )  # fmt: skip


def _fill_together(scores: Tensor, calls: list[AttentionCall], n_totals: list[int]) -> None:
    """Scores of several decode steps of one layer with one matrix product; `scores` (S, H, n) is filled in place."""
    k = calls[0].k[0]
    G, _, D = k.shape
    start = n_totals[0] - calls[0].n_keys  # the oldest key that any of the steps sees
    every_key = k.as_strided((G, n_totals[-1] - start, D), k.stride(), k.storage_offset())
    q = torch.cat([call.q[0].view(G, -1, D) for call in calls], 1)  # (G, S·R, D), R = H / G queries per group
    scale = D**-0.5 if calls[0].scale is None else calls[0].scale
    product = torch.matmul(q, every_key.transpose(1, 2)).float() * scale  # (G, S·R, n)
    product = product.view(G, len(calls), -1, product.shape[-1]).transpose(0, 1).flatten(1, 2)  # (S, H, n)
    for s, call in enumerate(calls):
        begin, end = n_totals[s] - call.n_keys, n_totals[s]
        scores[s, :, begin:end] = product[s, :, begin - start : end - start]


def matrix(call: AttentionCall, n_total: int) -> Tensor:
    """Softmax weights of all queries of one layer over absolute positions: (H, T, n_total)."""
    T = call.q.shape[2]
    scores = call.q.new_full((call.q.shape[1], T, n_total), -torch.inf, dtype=torch.float32)
    scores[:, :, n_total - call.n_keys :] = call.scores(T)
    return torch.softmax(scores, -1)


class AttentionTap:
    """Hands every attention call of the model to `on_call`, while the `with` block lasts."""

    def __init__(self, model: nn.Module, on_call: Callable[[AttentionCall], None]) -> None:
        self._on_call = on_call
        self._namespace = getattr(sys.modules.get(type(model).__module__), "flash_attn", None)
        self._saved: dict[str, Any] = {}

    def __enter__(self) -> AttentionTap:
        if self._namespace is not None and hasattr(self._namespace, "flash_attn_with_kvcache"):
            owner: Any = self._namespace
            names = ["flash_attn_func", "flash_attn_with_kvcache"]
        else:
            owner, names = F, ["scaled_dot_product_attention"]
        self._owner = owner
        for name in names:
            self._saved[name] = getattr(owner, name)
            setattr(owner, name, getattr(self, f"_{name}"))
        return self

    def __exit__(self, *exc: object) -> None:
        for name, original in self._saved.items():
            setattr(self._owner, name, original)
        self._saved = {}

    def _scaled_dot_product_attention(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        attn_mask: Tensor | None = None,
        dropout_p: float = 0.0,
        is_causal: bool = False,
        scale: float | None = None,
        enable_gqa: bool = False,
    ) -> Tensor:
        out: Tensor = self._saved["scaled_dot_product_attention"](
            query, key, value, attn_mask, dropout_p, is_causal, scale=scale, enable_gqa=enable_gqa
        )
        self._on_call(AttentionCall(query, key, attn_mask, is_causal, scale))
        return out

    def _flash_attn_func(self, q: Tensor, k: Tensor, v: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        out: Tensor = self._saved["flash_attn_func"](q, k, v, *args, **kwargs)
        window = kwargs.get("window_size", (-1, -1))[0]
        self._on_call(AttentionCall(q.transpose(1, 2), k.transpose(1, 2), window=window if window >= 0 else k.shape[1]))
        return out

    def _flash_attn_with_kvcache(
        self, q: Tensor, k_cache: Tensor, v_cache: Tensor, *args: Any, **kwargs: Any
    ) -> Tensor:
        pos = int(kwargs["cache_seqlens"][0])  # nanochat advances it after the last layer
        out: Tensor = self._saved["flash_attn_with_kvcache"](q, k_cache, v_cache, *args, **kwargs)
        k = k_cache[:, : pos + q.shape[1]]  # `k` of the arguments holds only the new tokens
        window = kwargs.get("window_size", (-1, -1))[0]
        window = window if window >= 0 else k.shape[1]
        self._on_call(AttentionCall(q.transpose(1, 2), k.transpose(1, 2), window=window))
        return out
