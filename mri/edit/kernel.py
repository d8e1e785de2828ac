"""Who may look at whom, changed: keys cut from a query's sight, short windows opened. Around torch's kernel."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from mri.edit.changes import Push
from mri.edit.passes import Here
from mri.edit.places import Place
from mri.edit.values import Keys, Positions
from mri.errors import ModelError


@dataclass(frozen=True, eq=False)
class Cut:
    """Of one head. With a push only row 1 of the batch is cut."""

    place: Place
    keys: Keys
    positions: Positions
    push: Push | None


class Looks:
    """Of one block: its cuts, and the positions at which its window is opened."""

    def __init__(self, cuts: Sequence[Cut], opened: Sequence[Positions]) -> None:
        self._everywhere = [cut for cut in cuts if cut.push is None]
        self._own = [cut for cut in cuts if cut.push is not None]
        self._opened = opened

    def __call__(
        self,
        kernel: Callable[..., Tensor],
        here: Here,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        attn_mask: Tensor | None = None,
        dropout_p: float = 0.0,
        is_causal: bool = False,
        **rest: Any,
    ) -> Tensor:
        asked = [*(cut.positions for cut in (*self._everywhere, *self._own)), *self._opened]
        if all(at.start >= at.stop for at in (each.within(here.start, here.stop) for each in asked)):
            return kernel(query, key, value, attn_mask, dropout_p, is_causal, **rest)
        seen = _seen(query, key, attn_mask, is_causal)  # (1 or B, 1 or H, T, n_keys)
        if self._opened and key.shape[2] < here.stop:
            key, value, seen = _whole(here, key, value, seen)
        first = here.stop - key.shape[2]  # position of the first key
        keys = torch.arange(first, here.stop, device=query.device)
        for positions in self._opened:
            at = positions.within(here.start, here.stop)
            queries = torch.arange(here.start, here.stop, device=query.device)[at, None]
            seen[:, :, at] = keys <= queries
        bias = attn_mask if attn_mask is not None and attn_mask.dtype != torch.bool and not self._opened else None
        seen = seen.expand(-1, query.shape[1], -1, -1).clone()
        self._cut(seen, self._everywhere, here, first)
        y = _attended(kernel, query, key, value, seen, bias, dropout_p, rest)
        if not self._own:
            return y
        self._cut(seen, self._own, here, first)
        cut = _attended(kernel, query, key, value, seen, bias, dropout_p, rest)
        return self._mixed(here, y, cut)

    def _cut(self, seen: Tensor, cuts: Sequence[Cut], here: Here, first: int) -> None:
        for cut in cuts:
            of = Positions(cut.keys.first, cut.keys.stop).within(first, here.stop)
            seen[:, cut.place.head, cut.positions.within(here.start, here.stop), of] = False

    def _mixed(self, here: Here, y: Tensor, cut: Tensor) -> Tensor:
        """Rows of a control, from what the heads give as they are and cut: (R, H, T, D) each."""
        new, done = y.clone(), set[int]()
        for each in self._own:
            head = each.place.head
            if head not in done and each.push is not None:
                new[1, head] = cut[1, head]
                each.push.measure(here, cut[2:, head] - y[2:, head], slice(0, y.shape[2]))
            done.add(head)
        return new


def _seen(query: Tensor, key: Tensor, mask: Tensor | None, is_causal: bool) -> Tensor:
    """Which keys the call shows, as bool."""
    T, n_keys = query.shape[2], key.shape[2]
    if mask is not None:
        shown = mask if mask.dtype == torch.bool else mask > -torch.inf
        while shown.ndim < 4:
            shown = shown[None]
        return shown.expand(-1, -1, T, n_keys).clone()
    seen = torch.ones(1, 1, T, n_keys, dtype=torch.bool, device=query.device)
    return seen.tril_() if is_causal else seen


def _whole(here: Here, key: Tensor, value: Tensor, seen: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Keys and values from position 0 on, out of the storage that the call's are a view of: a cache is one buffer."""
    missing = here.stop - key.shape[2]
    B, G, n, D = key.shape
    if any(x.storage_offset() < missing * x.stride(2) for x in (key, value)):
        raise ModelError("This engine keeps no keys from before the window, so that it cannot be opened.")
    key, value = (
        x.as_strided((B, G, n + missing, D), x.stride(), x.storage_offset() - missing * x.stride(2))
        for x in (key, value)
    )
    return key, value, torch.nn.functional.pad(seen, (missing, 0), value=False)


def _attended(
    kernel: Callable[..., Tensor],
    query: Tensor,
    key: Tensor,
    value: Tensor,
    seen: Tensor,
    bias: Tensor | None,
    dropout_p: float,
    rest: Any,
) -> Tensor:
    """The kernel's output; 0 where a query sees no key."""
    mask = seen if bias is None else torch.where(seen, bias, -torch.inf)
    y = kernel(query, key, value, mask, dropout_p, False, **rest)
    return y.masked_fill(~seen.any(-1, keepdim=True), 0)
