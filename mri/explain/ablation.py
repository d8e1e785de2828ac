"""What is lost when a part is switched off: each head and each MLP zeroed at one position only, all in one batch.

The copies of the position differ in one part and share the keys and values of what was read before. They are rows of
one sequence that see the shared past and themselves: the model's own blocks and kernel compute them. A copy begins
where its part stands, because below it nothing differs. Knows tensors and an asked step; no sessions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor

from mri.capture.ledger import Ledger, Values
from mri.capture.reduce import softcapped
from mri.explain.asked import AskedStep, refuse_other_logits
from mri.explain.replay import Replay
from mri.explain.why import layout_of
from mri.format.events import Array
from mri.nanochat.eras import has_value_embed
from mri.nanochat.model import KVCache, Read, norm


@torch.inference_mode()
def ablation(replay: Replay, step: AskedStep, token_ids: Sequence[int]) -> dict[str, Array]:
    """All arrays of a sweep with kind "ablate" (docs/why.md) for K tokens; P parts in the model's order, of
    each block its heads, then its MLP.

    before (K,), after, wrote, norm (P, K): logits before the softcap as they are, with the part zeroed, what the part
    wrote directly, and with only that taken away before the last norm; bits_before (), bits_after (P,): surprise of
    the chosen token. Raises ConfigError where the weights give other predictions than were recorded.
    """
    model = replay.model
    ids = torch.tensor(list(token_ids), device=model.device)
    clean, ends = _Copies(replay, step.position).run()
    lm_head = model.lm_head(norm(ends, model.era.norm_eps))[:, : model.config.vocab_size].float()  # (1 + P, n_vocab)
    capped = softcapped(lm_head, model.config.vocab_size, model.softcap)
    refuse_other_logits(step, capped[0].cpu().numpy())
    ledger = Ledger(model, layout_of(model))
    writes = ledger.writes([clean])[0]  # (1 + L·H + L, n_embd)
    L, H = model.config.n_layer, model.config.n_head
    by_block = torch.cat([writes[1 : 1 + L * H].view(L, H, -1), writes[1 + L * H :].view(L, 1, -1)], 1).flatten(0, 1)
    rows = model.lm_head.weight[ids].float().T  # (n_embd, K)
    without = ends[0].float() - by_block
    normed = without * (without.square().mean(-1, keepdim=True) + ledger.eps).rsqrt()
    bits = -torch.log_softmax(capped, -1)[:, step.chosen] / np.log(2)
    told = {"before": lm_head[0, ids], "after": lm_head[1:, ids], "norm": normed @ rows}
    told |= {"wrote": (by_block * ledger.exit_scale([clean])[0]) @ rows}
    told |= {"bits_before": bits[0], "bits_after": bits[1:]}
    return {"token_ids": ids.cpu().numpy().astype(np.uint32)} | {k: x.cpu().numpy() for k, x in told.items()}


class _Copies:
    """The stream at one position: row 0 as it is, then a row for every part switched off so far."""

    def __init__(self, replay: Replay, position: int) -> None:
        self._replay, self._model, self._position = replay, replay.model, position
        self._clean: Values = {}

    def run(self) -> tuple[Values, Tensor]:
        """-> hook points of row 0, (1, 1, width) each, as the ledger reads them; what the last norm reads, of all rows
        (1 + P, n_embd)."""
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
        """One block: (1, R, n_embd) -> (1, R + H + 1, n_embd), its own parts switched off in the new rows."""
        heads = block.attn.n_head

        def add_rows(_module: object, args: tuple[Tensor]) -> tuple[Tensor]:
            y = args[0]  # (1, R, H · D)
            off = y[0, 0].repeat(heads, 1).view(heads, heads, -1)
            off[torch.arange(heads), torch.arange(heads)] = 0
            self._clean[f"block.{layer}.z"] = y[:, :1]
            return (torch.cat([y, off.view(1, heads, -1)], 1),)

        hook = block.attn.c_proj.register_forward_pre_hook(add_rows)
        try:
            attn = block.attn(norm(x, block.eps), embed, self._read(x.shape[1], block.attn.window))
        finally:
            hook.remove()
        mid = torch.cat([x, x[:, :1].expand(1, heads, -1)], 1) + attn
        mlp = block.mlp(norm(mid, block.eps))
        out = torch.cat([mid + mlp, mid[:, :1]], 1)
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
