"""Gradient × input: how strongly one predicted token's logit hangs on each token that was read.

Knows the model and token ids. Refuses to know sessions, steps and who asks.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from mri.arrays import Floats
from mri.nanochat.model import GPT


def gradient_times_input(model: GPT, ids: Sequence[int], token_id: int) -> tuple[Floats, float]:
    """Σ_d ∂logit/∂x[t, d] · x[t, d] for each position t, and the softcapped logit of `token_id` after `ids`.

    x (T, n_embd) is `embed.resid0`, what the blocks read: the embeddings after norm, in era E5 also after smear. It
    counts by every way it takes, through `x0_lambdas` too; the value embeddings of era E3 on are held fixed. An entry
    is how fast the logit rises when that position's x is stretched. -> signed (T,), logit.
    Raises PromptError where the ids do not fit the context.
    """
    with torch.inference_mode(False), torch.enable_grad():
        idx = torch.tensor([list(ids)], device=model.device)  # (1, T)
        x = model.embed(idx).detach().requires_grad_()  # (1, T, n_embd)
        logit = model.next_logits(x, idx)[0, token_id]
        (gradient,) = torch.autograd.grad(logit, x)
    signed = (gradient * x.detach())[0].sum(-1)  # (T,)
    return signed.cpu().numpy().astype(np.float32), float(logit.detach())
