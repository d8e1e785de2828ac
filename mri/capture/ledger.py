"""What each part of a nanochat model wrote to its predictions, exactly, and what they looked like on the way up.

The stream into the last norm is a sum: z = Σ F·w over what the embedding, every head and every MLP wrote (w), each with
the factor that the lambdas and the backout of later blocks leave of it (F, mri/nanochat/reach.py). So a token's logit
before the softcap, u·z / rms(z) with u its row of `lm_head`, is a sum over the parts as well: the ledger. The lens
reads the stream at every depth, and what of it will reach the exit, with the same last norm and rows.
Knows the modules of a nanochat model, ours or upstream's, and what passed in them; no files, no sessions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from mri.capture.reduce import softcapped, to_host
from mri.format.events import Array
from mri.format.layout import LENS_TOPK, Layout
from mri.nanochat.direct import reach_of

Values = dict[str, Tensor]
"""Hook point -> (1, T, width) of one step; beside the table's points `block.i.z`, what `attn.c_proj` reads."""


class Ledger:
    """Ledger and lens of the last position of each step, as far as the layout asks for them. In float32, whatever the
    model's type. The weights are read anew for every batch of steps: a training changes them."""

    def __init__(self, model: nn.Module, layout: Layout) -> None:
        self._model: Any = model
        self._layout = layout

    def arrays(self, steps: Sequence[Values], token_ids: Tensor, own: Tensor, softcap: float) -> dict[str, Array]:
        """Arrays (S, …) of S steps, as `Layout.specs` lists them.

        token_ids (S, K) int64: whose logits are explained; own (S, K): what `lm_head` itself gave for them, before the
        softcap. What the sum of the parts lacks of it is left over.
        """
        config, n_layer, n_head = self._layout.config, self._layout.n_layer, self._layout.n_head
        rows = self._model.lm_head.weight[token_ids].float()  # (S, K, n_embd)
        found: dict[str, Tensor] = {}
        if config.ledger == "direct":
            parts = (self.writes(steps) * self.exit_scale(steps)) @ rows.mT  # (S, 1 + L·H + L, K)
            embed, by_head, by_mlp = parts.split([1, n_layer * n_head, n_layer], 1)
            found |= {"ledger/embed": embed[:, 0], "ledger/heads": by_head.unflatten(1, (n_layer, n_head))}
            found |= {"ledger/mlp": by_mlp, "ledger/left_over": own - parts.sum(1), "ledger/token_ids": token_ids}
        if config.lens != "none":
            stream, reached = self.depths(steps)
            found |= {"lens/stream": stream @ rows.mT, "lens/exit": reached @ rows.mT}  # (S, L + 1, K)
            found |= {"lens/token_ids": token_ids}
            if config.lens == "top":
                found |= self._top(stream, token_ids, softcap)
        return dict(zip(found, map(_stored, to_host([*found.values()])), strict=True))

    def writes(self, steps: Sequence[Values]) -> Tensor:
        """What each part adds to what the last norm reads, (S, 1 + L·H + L, n_embd): the embedding, the heads block by
        block, the MLPs."""
        reach, blocks = reach_of(self._model), range(self._layout.n_layer)
        start = self._start(steps)  # (S, n_embd)
        factors = start.new_tensor(reach.blocks)  # (L,)
        heads = torch.stack([self._heads(steps, i) for i in blocks], 1)  # (S, L, H, n_embd)
        mlp = torch.stack([_last(steps, f"block.{i}.mlp_out") for i in blocks], 1)  # (S, L, n_embd)
        by_head = (factors[:, None, None] * heads).flatten(1, 2)
        return torch.cat([reach.start * start[:, None], by_head, factors[:, None] * mlp], 1)

    def depths(self, steps: Sequence[Values]) -> tuple[Tensor, Tensor]:
        """At every depth, after the last norm, (S, L + 1, n_embd): the stream as it stands, and what of it reaches the
        exit."""
        reach, blocks = reach_of(self._model), range(self._layout.n_layer)
        start = self._start(steps)
        added = [_last(steps, f"block.{i}.attn_out") + _last(steps, f"block.{i}.mlp_out") for i in blocks]
        factors = start.new_tensor(reach.blocks)
        reached = torch.cat([reach.start * start[:, None], factors[:, None] * torch.stack(added, 1)], 1).cumsum(1)
        ends = [start, *(_last(steps, f"block.{i}.resid_post") for i in blocks)]
        return self._normed(torch.stack(ends, 1)), self._normed(reached)

    def capped(self, x: Tensor, softcap: float) -> Tensor:
        """Softcapped logits over the whole vocabulary of a normed stream: (…, n_embd) -> (…, n_vocab)."""
        n_vocab = self._layout.n_vocab
        return softcapped(x @ self._model.lm_head.weight[:n_vocab].float().T, n_vocab, softcap)

    def _heads(self, steps: Sequence[Values], layer: int) -> Tensor:
        """What each head of a block adds to the stream: (S, H, n_embd)."""
        weight = self._model.transformer["h"][layer].attn.c_proj.weight.float()  # (n_embd, H · D)
        by_head = weight.view(len(weight), self._layout.n_head, -1).permute(1, 2, 0)  # (H, D, n_embd)
        y = _last(steps, f"block.{layer}.z").view(len(steps), self._layout.n_head, -1)  # (S, H, D)
        wrote: Tensor = torch.bmm(y.transpose(0, 1), by_head).transpose(0, 1)
        return wrote

    def _start(self, steps: Sequence[Values]) -> Tensor:
        """Where the stream starts: what block 0 reads, without what it was multiplied by."""
        x = _last(steps, "block.0.resid_pre")
        if not hasattr(self._model, "resid_lambdas"):
            return x
        scale: Tensor = self._model.resid_lambdas[0] + self._model.x0_lambdas[0]
        return x / scale.float()

    def exit_scale(self, steps: Sequence[Values]) -> Tensor:
        """1 / rms of what the last norm reads: (S, 1, 1)."""
        n_layer = self._layout.n_layer
        z: Tensor = _last(steps, f"block.{n_layer - 1}.resid_post")
        if (backout := getattr(self._model, "backout_lambda", None)) is not None:
            z = z - backout.float() * _last(steps, f"block.{n_layer // 2}.resid_post")
        scale: Tensor = (z.square().mean(-1) + self.eps).rsqrt()[:, None, None]
        return scale

    def _normed(self, x: Tensor) -> Tensor:
        """nanochat's norm."""
        return x * (x.square().mean(-1, keepdim=True) + self.eps).rsqrt()

    @property
    def eps(self) -> float:
        """Of nanochat's norm: float32's machine epsilon, in bfloat16 too, unless the model was loaded with another."""
        era = getattr(self._model, "era", None)
        return getattr(era, "norm_eps", None) or torch.finfo(torch.float32).eps

    def _top(self, stream: Tensor, token_ids: Tensor, softcap: float) -> dict[str, Tensor]:
        """Over the whole vocabulary at every depth: the strongest tokens with their shares, and of those that are
        explained rank and share."""
        logits = self.capped(stream, softcap)  # (S, L + 1, n_vocab)
        total = logits.logsumexp(-1, keepdim=True)
        top = logits.topk(min(LENS_TOPK, logits.shape[-1]), -1)
        at = logits.gather(-1, token_ids[:, None].expand(-1, logits.shape[1], -1))  # (S, L + 1, K)
        rank = torch.stack([(logits > each).sum(-1) for each in torch.split(at, 1, -1)], -1)
        probs = {"lens/top_probs": (top.values - total).exp(), "lens/probs": (at - total).exp()}
        return {"lens/top_ids": top.indices, "lens/ranks": rank, **probs}


def _last(steps: Sequence[Values], key: str) -> Tensor:
    """A hook point at the last position of each step: (S, width) float32."""
    return torch.cat([values[key][:, -1] for values in steps]).float()


def _stored(array: Array) -> Array:
    return array.astype(np.float32 if array.dtype.kind == "f" else np.uint32, copy=False)
