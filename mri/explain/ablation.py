"""What is lost when a part is switched off: each head and each MLP zeroed at one position only, all in one batch.

Knows tensors and an asked step; no sessions.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from mri.capture.ledger import Ledger
from mri.capture.reduce import softcapped
from mri.explain.asked import AskedStep, refuse_other_logits
from mri.explain.copies import Copies
from mri.explain.replay import Replay
from mri.explain.why import layout_of
from mri.format.events import Array
from mri.nanochat.model import norm


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
    H = model.config.n_head
    clean, ends = Copies(replay, step.position, lambda _layer, y: _each_off(y, H), mlp_off=True).run()
    lm_head = model.lm_head(norm(ends, model.era.norm_eps))[:, : model.config.vocab_size].float()  # (1 + P, n_vocab)
    capped = softcapped(lm_head, model.config.vocab_size, model.softcap)
    refuse_other_logits(step, capped[0].cpu().numpy())
    ledger = Ledger(model, layout_of(model))
    writes = ledger.writes([clean])[0]  # (1 + L·H + L, n_embd)
    L = model.config.n_layer
    by_block = torch.cat([writes[1 : 1 + L * H].view(L, H, -1), writes[1 + L * H :].view(L, 1, -1)], 1).flatten(0, 1)
    rows = model.lm_head.weight[ids].float().T  # (n_embd, K)
    without = ends[0].float() - by_block
    normed = without * (without.square().mean(-1, keepdim=True) + ledger.eps).rsqrt()
    bits = -torch.log_softmax(capped, -1)[:, step.chosen] / np.log(2)
    told = {"before": lm_head[0, ids], "after": lm_head[1:, ids], "norm": normed @ rows}
    told |= {"wrote": (by_block * ledger.exit_scale([clean])[0]) @ rows}
    told |= {"bits_before": bits[0], "bits_after": bits[1:]}
    return {"token_ids": ids.cpu().numpy().astype(np.uint32)} | {k: x.cpu().numpy() for k, x in told.items()}


def _each_off(y: Tensor, heads: int) -> Tensor:
    """(H · D,) -> (H, H · D): one head nothing in each row."""
    off = y.repeat(heads, 1).view(heads, heads, -1)
    off[torch.arange(heads), torch.arange(heads)] = 0
    return off.view(heads, -1)
