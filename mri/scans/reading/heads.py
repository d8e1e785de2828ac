"""Where heads look, added up over the queries of a pass."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from mri.capture.attention import AttentionCall, softmax_rows
from mri.errors import ModelError


def weights_of(call: AttentionCall) -> Tensor:
    """(B, H, T, T) float32 weights of a pass that reads whole rows from their beginning. Raises ModelError where it is
    none."""
    (_, H, T, D), (_, G, n_keys, _) = call.q.shape, call.k.shape
    if n_keys != T or call.window is not None:
        raise ModelError("This model's attention is called in a way that a scan does not know: scan one of nanochat's.")
    k = call.k.repeat_interleave(H // G, 1) if G != H else call.k
    scores = (call.q.float() @ k.float().transpose(2, 3)) * (D**-0.5 if call.scale is None else call.scale)
    if call.mask is not None:
        is_bool = call.mask.dtype == torch.bool
        scores = scores.masked_fill(~call.mask, -torch.inf) if is_bool else scores + call.mask.float()
    if call.is_causal:
        scores = scores.masked_fill(torch.ones(T, T, dtype=torch.bool, device=scores.device).triu(1), -torch.inf)
    return softmax_rows(scores)


def sums_over_text(weights: Tensor, is_read: Tensor) -> dict[str, np.ndarray]:
    """By name of HEAD_SUMS, (H,) float64. weights (B, H, T, T), is_read (B, T): queries that count, behind the first
    token of a row."""
    T = weights.shape[-1]
    counts = is_read[:, None, 1:].double()  # (B, 1, T - 1)
    position = torch.arange(T, device=weights.device, dtype=weights.dtype)
    own = weights.diagonal(dim1=2, dim2=3)[..., 1:]
    found = {
        "previous": weights.diagonal(-1, 2, 3),
        "first": weights[:, :, 1:, 0],
        "self": own,
        "distance": (position - weights @ position)[..., 1:],
        "queries": torch.ones_like(own),
    }
    return {name: (values.double() * counts).sum((0, 2)).cpu().numpy() for name, values in found.items()}


def sums_over_repeats(weights: Tensor, length: int) -> dict[str, np.ndarray]:
    """Of one list of `length` ids, twice, as the last tokens of a row: weights (1, H, T, T)."""
    T = weights.shape[-1]
    query = torch.arange(T - length, T, device=weights.device)
    found = weights[0][:, query, query - length + 1].double().sum(-1).cpu().numpy()
    return {"induction": found, "repeats": np.full(len(found), float(length))}
