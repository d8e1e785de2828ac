"""Attention weights, rebuilt from the q and k that reach the kernel, because the kernel never gives them out.

Watches `torch.nn.functional.scaled_dot_product_attention`, and the `flash_attn` namespace of an upstream checkout where
there is one. Calls the real kernel with the real arguments: what the model computes never changes.
Knows no layers, no sessions.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, nullcontext, suppress
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mri.tracer.patches import listen

NOTHING = nullcontext()


@dataclass(eq=False)
class AttentionCall:
    """One call of the kernel: references to its inputs, true only until the model goes on.

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
        with _plain_products(q):
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


def _plain_products(q: Tensor) -> AbstractContextManager[Any]:
    """Without autocast, which would round the product to the type that float32 was chosen to avoid."""
    device = q.device.type
    return torch.autocast(device, enabled=False) if torch.is_autocast_enabled(device) else NOTHING


def _precise(x: Tensor) -> Tensor:
    """Float32, or float64 where torch is allowed to round float32 in matrix products (TF32, bfloat16)."""
    if x.requires_grad:
        x = x.detach()
    if torch.get_float32_matmul_precision() != "highest" and x.device.type != "mps":
        return x.double()
    return x.float()


def last_rows(steps: list[list[Tensor]], n_totals: list[int]) -> Tensor:
    """Softmax weights of each step's last query over all absolute positions: (S, n_layer, H, max(n_totals)).

    `steps[s]` are the scores (H, n_keys) of one step, one per layer; `n_totals[s]` is how many positions that step
    could see. Rows sum to 1. A windowed layer's keys are the newest ones; all other positions have weight exactly 0.
    """
    first = steps[0][0]
    shape = (len(steps), len(steps[0]), first.shape[0], max(n_totals))
    scores = first.new_full(shape, -torch.inf)
    for s, (step, n_total) in enumerate(zip(steps, n_totals, strict=True)):
        n_keys = {row.shape[1] for row in step}
        if len(n_keys) == 1:
            scores[s, :, :, n_total - n_keys.pop() : n_total] = torch.stack(step)
        else:
            for layer, row in enumerate(step):
                scores[s, layer, :, n_total - row.shape[1] : n_total] = row
    return torch.softmax(scores, -1)


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
        self._tell(_call_of_sdpa, args, kwargs)
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
            self._tell(read, args, kwargs)
        return out

    def _tell(self, read: Callable[..., AttentionCall], args: Any, kwargs: Any) -> None:
        if threading.get_ident() != self._thread:
            return
        self._num_calls += 1
        with suppress(
            Exception
        ):  # a kernel called in another way: its layer has no weights then, and the model goes on
            self._on_call(read(*args, **kwargs))


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
