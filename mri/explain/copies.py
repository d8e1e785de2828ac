"""Copies of one position that differ in one thing each, all in one batch.

They share the keys and values of what was read before: rows of one sequence that see the shared past and themselves, in
the model's own blocks and kernel. A copy begins where it first differs, because below it nothing does. Knows tensors.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import torch
from torch import Tensor

from mri.capture.ledger import Values
from mri.explain.replay import Replay
from mri.nanochat.eras import has_value_embed
from mri.nanochat.model import KVCache, Read, norm


class Copies:
    """The stream at one position: row 0 as it is, then a row for every copy that differs so far.

    heads     (block, what `attn.c_proj` reads there, (H · D,)) -> (copies, H · D) that begin in this block
    mlp_off   whether one more copy of each block has nothing of its MLP
    """

    def __init__(self, replay: Replay, position: int, heads: Callable[[int, Tensor], Tensor], *, mlp_off: bool) -> None:
        self._replay, self._model, self._position = replay, replay.model, position
        self._heads, self._mlp_off = heads, mlp_off
        self._clean: Values = {}

    def run(self) -> tuple[Values, Tensor]:
        """-> hook points of row 0, (1, 1, width) each, as the ledger reads them; what the last norm reads, of all rows
        (1 + copies, n_embd): block after block, heads before the MLP."""
        model, config, position = self._model, self._model.config, self._position
        tokens = torch.tensor([self._replay.ids[: position + 1]], device=model.device)
        self._replay.rewind(position)
        try:
            x0 = model.embed(tokens[:, position:], self._replay.cache)  # (1, 1, n_embd)
            x = x_mid = x0
            for layer, block in enumerate(cast("list[Any]", model.transformer["h"])):
                if model.era.has_resid_lambdas:
                    x = torch.addcmul(model.x0_lambdas[layer] * x0, model.resid_lambdas[layer], x)
                embed = None
                if model.era.has_value_embeds and has_value_embed(layer, config.n_layer):
                    embed = model.value_embeds[str(layer)](tokens[:, position:]).expand(1, x.shape[1], -1)
                x = self._through(layer, block, x, embed)
                if layer == config.n_layer // 2:
                    x_mid = x
        finally:
            self._replay.rewind(len(self._replay.ids))
        if model.era.has_smear:  # of a part above the middle, what is taken out again is row 0's
            missing = x.shape[1] - x_mid.shape[1]
            x = x - model.backout_lambda * torch.cat([x_mid, x_mid[:, :1].expand(1, missing, -1)], 1)
        return self._clean, x[0]

    def _through(self, layer: int, block: Any, x: Tensor, embed: Tensor | None) -> Tensor:
        """One block: (1, R, n_embd) -> (1, R + new copies, n_embd)."""

        def add_rows(_module: object, args: tuple[Tensor]) -> tuple[Tensor]:
            y = args[0]  # (1, R, H · D)
            self._clean[f"block.{layer}.z"] = y[:, :1]
            return (torch.cat([y, self._heads(layer, y[0, 0])[None]], 1),)

        hook = block.attn.c_proj.register_forward_pre_hook(add_rows)
        try:
            attn = block.attn(norm(x, block.eps), embed, self._read(x.shape[1], block.attn.window))
        finally:
            hook.remove()
        mid = torch.cat([x, x[:, :1].expand(1, attn.shape[1] - x.shape[1], -1)], 1) + attn
        mlp = block.mlp(norm(mid, block.eps))
        out: Tensor = mid + mlp
        if self._mlp_off:
            out = torch.cat([out, mid[:, :1]], 1)
        names = {"resid_pre": x, "attn_out": attn, "mlp_out": mlp, "resid_post": out}
        self._clean |= {f"block.{layer}.{name}": value[:, :1] for name, value in names.items()}
        return out

    def _read(self, n_rows: int, window: int) -> Read:
        """Every row stands at the same position, and sees the past within the window and itself."""
        model, past = self._model, min(self._position, window)
        seen = torch.ones(n_rows, past + n_rows, dtype=torch.bool, device=model.device)
        seen[:, past:] = torch.eye(n_rows, dtype=torch.bool, device=model.device)
        here = slice(self._position, self._position + 1)
        cos, sin = (table[here].expand(n_rows, -1, -1) for table in (model.cos, model.sin))
        return Read(cos, sin, {window: seen}, _Shared(self._replay.cache))


class _Shared:
    """The keys and values of a cache, and behind them those of the copies, which are not kept."""

    def __init__(self, cache: KVCache) -> None:
        self._cache = cache

    def append(self, layer: int, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        past_k, past_v = self._cache.filled(layer)
        return torch.cat([past_k, k], 2), torch.cat([past_v, v], 2)
