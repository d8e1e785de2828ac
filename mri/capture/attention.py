"""Attention weights, rebuilt from the q and k that reach the kernel, because the kernel never gives them out.

Watches `torch.nn.functional.scaled_dot_product_attention`, and the `flash_attn` namespace of an upstream checkout where
there is one. Calls the real kernel with the real arguments: what the model computes never changes.
Knows no layers, no sessions.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.compiler import is_compiling

from mri.capture.patches import listen, untraced
from mri.nanochat.model import without_autocast


@dataclass(eq=False)
class AttentionCall:
    """One call of the kernel: references to its inputs, true until somebody writes over them.

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

    def last_scores(self) -> Tensor:
        """Scores of the last query of the first sequence: (H, n_keys)."""
        scores = self.scores(1)
        return scores.view(scores.shape[0], -1)

    def scores(self, n_queries: int) -> Tensor:
        """Scores of the first sequence's last `n_queries` queries: (H, n_queries, n_keys) float32, −∞ where unseen.

        Multiplied in float32 whatever the model's type and surroundings, as kernels do: a product rounded to bfloat16
        would be off by a hundredth.
        """
        q, k = self.q[0], self.k[0]  # (H, T, D), (G, n_keys, D)
        if n_queries < q.shape[1]:
            q = q[:, -n_queries:]
        (H, T, D), (G, n_keys, _) = q.shape, k.shape
        scale = D**-0.5 if self.scale is None else self.scale
        with without_autocast(q.device.type):
            product = torch.bmm(_precise(q).reshape(G, H // G * T, D), _precise(k).transpose(1, 2))
        scores = product.mul_(scale).view(H, T, n_keys).float()
        if self.mask is not None:
            mask = self.mask.broadcast_to(self.q.shape[0], H, self.q.shape[2], n_keys)[0, :, -n_queries:]
            scores = scores.masked_fill(~mask, -torch.inf) if mask.dtype == torch.bool else scores + mask.float()
        elif self.is_causal or self.window is not None:
            newest = self.q.shape[2] - n_queries if self.is_causal and self.window is None else n_keys - n_queries
            query = torch.arange(newest, newest + n_queries, device=q.device)[:, None]
            key = torch.arange(n_keys, device=q.device)[None]
            seen = key <= query
            if self.window is not None and self.window >= 0:
                seen &= key >= query - self.window
            scores = scores.masked_fill(~seen, -torch.inf)
        return scores


def _precise(x: Tensor) -> Tensor:
    """Float32, or float64 where torch is allowed to round float32 in matrix products (TF32, bfloat16)."""
    if x.requires_grad:
        x = x.detach()
    if torch.get_float32_matmul_precision() != "highest" and x.device.type != "mps":
        return x.double()
    return x.float()


def last_rows(steps: Sequence[Sequence[AttentionCall | Tensor]], n_totals: list[int]) -> Tensor:
    """Softmax weights of each step's last query over all absolute positions: (S, n_layer, H, max(n_totals)).

    `steps[s]` has one entry per layer, the call or, where its keys may have been overwritten since, the scores
    (H, n_keys) that it had; `n_totals[s]` is how many positions that step could see. Rows sum to 1, or are 0 where a
    query may see no key. A windowed layer's keys are the newest ones; all other positions have weight exactly 0.
    """
    first = steps[0][0]
    n_heads, device = (first if isinstance(first, Tensor) else first.q[0]).shape[0], _device_of(first)
    shape = (len(steps), len(steps[0]), n_heads, max(n_totals))
    scores = torch.full(shape, -torch.inf, dtype=torch.float32, device=device)
    for layer in range(shape[1]):
        calls = [step[layer] for step in steps]
        together = [call for call in calls if isinstance(call, AttentionCall)]
        if len(together) == len(calls) > 1 and _grow_in_one_cache(together):
            _fill_together(scores[:, layer], together, n_totals)
            continue
        for s, call in enumerate(calls):
            row = call if isinstance(call, Tensor) else call.last_scores()
            scores[s, layer, :, n_totals[s] - row.shape[1] : n_totals[s]] = row
    return softmax_rows(scores)


def softmax_rows(scores: Tensor) -> Tensor:
    """Weights (…, n_keys); 0 where no key is seen."""
    return torch.softmax(scores, -1).masked_fill_((scores == -torch.inf).all(-1, keepdim=True), 0)


def num_keys(call: AttentionCall | Tensor) -> int:
    return call.shape[1] if isinstance(call, Tensor) else call.n_keys


def _device_of(call: AttentionCall | Tensor) -> torch.device:
    return (call if isinstance(call, Tensor) else call.q).device


def _grow_in_one_cache(calls: Sequence[AttentionCall]) -> bool:
    """Whether these calls of one layer are decode steps whose keys are views of one append-only cache."""
    k = calls[0].k
    place = k.untyped_storage().data_ptr(), k.stride()
    if any(
        call.q.shape[2] != 1 or call.mask is not None or call.window is not None or call.is_causal for call in calls
    ):
        return False
    return all((call.k.untyped_storage().data_ptr(), call.k.stride()) == place for call in calls)


def _fill_together(scores: Tensor, calls: Sequence[AttentionCall], n_totals: list[int]) -> None:
    """Scores of several decode steps of one layer with one matrix product; `scores` (S, H, n) is filled in place."""
    k = calls[0].k[0]
    G, _, D = k.shape
    start = n_totals[0] - calls[0].n_keys  # the oldest key that any of the steps sees
    every_key = k.as_strided((G, n_totals[-1] - start, D), k.stride(), k.storage_offset())
    q = torch.cat([call.q[0].view(G, -1, D) for call in calls], 1)  # (G, S·R, D), R = H / G queries per group
    scale = D**-0.5 if calls[0].scale is None else calls[0].scale
    with without_autocast(q.device.type):
        product = torch.bmm(_precise(q), _precise(every_key).transpose(1, 2)).mul_(scale).float()  # (G, S·R, n)
    product = product.view(G, len(calls), -1, product.shape[-1]).transpose(0, 1).flatten(1, 2)  # (S, H, n)
    for s, call in enumerate(calls):
        begin, end = n_totals[s] - call.n_keys, n_totals[s]
        scores[s, :, begin:end] = product[s, :, begin - start : end - start]


class AttentionTap:
    """Hands every attention call of the thread that enters to `on_call`, while the `with` block lasts.

    A `flash_attn` function that calls `scaled_dot_product_attention` in its turn is heard there, where keys and mask
    are those that count: an early fallback of nanochat's passes other keys than its window says.
    """

    def __init__(self, model: nn.Module, on_call: Callable[[AttentionCall], None]) -> None:
        self._on_call = on_call
        self._num_calls = 0
        self._namespace: Any = getattr(sys.modules.get(type(model).__module__), "flash_attn", None)
        self._stack = ExitStack()

    def __enter__(self) -> AttentionTap:
        self._thread = threading.get_ident()
        self._told = untraced(self._tell)
        with ExitStack() as stack:
            stack.callback(listen(F, "scaled_dot_product_attention", self._around_sdpa))
            if hasattr(self._namespace, "flash_attn_with_kvcache"):
                stack.callback(listen(self._namespace, "flash_attn_func", self._around_flash))
                stack.callback(listen(self._namespace, "flash_attn_with_kvcache", self._around_flash_with_cache))
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stack.close()

    def _around_sdpa(self, kernel: Callable[..., Tensor], *args: Any, **kwargs: Any) -> Tensor:
        out = kernel(*args, **kwargs)
        self._told(_call_of_sdpa, args, kwargs)
        return out

    def _around_flash(self, kernel: Callable[..., Tensor], *args: Any, **kwargs: Any) -> Tensor:
        return self._unless_told(_call_of_flash, kernel, args, kwargs)

    def _around_flash_with_cache(self, kernel: Callable[..., Tensor], *args: Any, **kwargs: Any) -> Tensor:
        return self._unless_told(_call_of_flash_with_cache, kernel, args, kwargs)

    def _unless_told(
        self, read: Callable[..., AttentionCall], kernel: Callable[..., Tensor], args: Any, kwargs: Any
    ) -> Tensor:
        before = self._num_calls
        out = kernel(*args, **kwargs)
        if self._num_calls == before:
            self._told(read, args, kwargs)
        return out

    def _tell(self, read: Callable[..., AttentionCall], args: Any, kwargs: Any) -> None:
        if is_compiling() or threading.get_ident() != self._thread:
            return
        self._num_calls += 1
        try:
            self._on_call(read(*args, **kwargs))
        except Exception:  # a kernel called in another way: its layer has no weights then, and the model goes on
            return


def _call_of_sdpa(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> AttentionCall:
    return AttentionCall(query, key, attn_mask, is_causal, scale)


def _call_of_flash(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    softmax_scale: float | None = None,
    causal: bool = False,
    *,
    window_size: tuple[int, int] = (-1, -1),
    **_: Any,
) -> AttentionCall:
    window = window_size[0] if window_size[0] >= 0 else k.shape[1] if causal else None
    return AttentionCall(q.transpose(1, 2), k.transpose(1, 2), scale=softmax_scale, window=window)


def _call_of_flash_with_cache(
    q: Tensor, k_cache: Tensor, v_cache: Tensor, *, cache_seqlens: Any, **kwargs: Any
) -> AttentionCall:
    pos = cache_seqlens if isinstance(cache_seqlens, int) else int(cache_seqlens[0])  # advanced after the last layer
    rest = {name: kwargs[name] for name in ("softmax_scale", "causal", "window_size") if name in kwargs}
    return _call_of_flash(q, k_cache[:, : pos + q.shape[1]], v_cache, **rest)  # `k` holds only the new tokens
