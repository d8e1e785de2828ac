"""Which softcap stands between lm_head and the logits that a model returns: upstream has it as a literal in its code.

Knows two rows of numbers. Knows nothing of hooks and steps.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from mri.capture.reduce import softcapped

FINE = 8 * torch.finfo(torch.float32).eps
"""How far float32 may be off, relative to the largest logit."""

CLEARLY = 10
"""So many times further off must logits without a softcap be than those with it: then it is known to a twentieth."""


def last_logits(output: object, n_vocab: int, n_read: int) -> Tensor | None:
    """Logits (n_vocab,) of the first sequence's last position in what a model's `forward` returned: the logits of all
    positions or of the last, alone or beside a loss. A copy; None where there are none."""
    if isinstance(output, dict):
        output = tuple(output.values())
    for found in output if isinstance(output, tuple | list) else (output,):
        if isinstance(found, Tensor) and found.is_floating_point() and found.ndim and found.shape[-1] >= n_vocab:
            row = found[0] if found.ndim == 3 else found  # (T or 1, V), (B, V), (T, V) or (V,)
            if row.ndim == 2:
                row = row[-1] if found.ndim == 3 or len(row) == n_read else row[0]
            return row[:n_vocab].detach().clone()
    return None


def distance(logits: Tensor, returned: Tensor) -> float:
    """Largest difference of (…, n_vocab) logits, relative to the largest of them; equal NaN and ∞ are no difference."""
    returned = returned.float()
    differ = (logits - returned).abs().masked_fill((logits == returned) | (logits.isnan() & returned.isnan()), 0.0)
    scale = returned.abs().nan_to_num(0.0, 0.0).amax()
    return float(differ.amax().nan_to_num(math.inf) / scale.clamp(min=torch.finfo(torch.float32).tiny))


def softcap_between(raw: Tensor, returned: Tensor, expected: float) -> float | None:
    """The c for which `returned` (n_vocab,) is c · tanh(raw / c) of lm_head's output `raw` (≥ n_vocab,), ∞ where it is
    `raw` itself, None where it is neither. `expected` wherever it fits as well, say for logits too small to tell."""
    n_vocab = len(returned)
    solved = _solved(raw[:n_vocab].float(), returned.float())
    rounded = [round(solved, digits) for digits in (0, 2, 4)] if solved < math.inf else []  # what people write
    choices = [expected, *rounded, solved, math.inf]
    errors = {c: distance(softcapped(raw, n_vocab, c), returned) for c in choices if c > 0}
    best = next((c for c, error in errors.items() if error <= FINE), None)
    if best is not None:
        return best
    coarse = 4 * max(torch.finfo(x.dtype).eps for x in (raw, returned))  # softcapped in the model's own, coarser type
    best = min(errors, key=errors.__getitem__)
    if errors[best] > coarse:
        return None
    return expected if errors[expected] <= 2 * errors[best] else best


def _solved(raw: Tensor, returned: Tensor) -> float:
    """c by bisection at the largest finite logit: c · tanh(r / c) grows with c, from 0 to r."""
    at = int(torch.where(raw.isfinite() & returned.isfinite(), raw.abs(), -1.0).argmax())
    r, wanted = abs(float(raw[at])), abs(float(returned[at]))
    if not (math.isfinite(r) and 0 < wanted < r):
        return math.inf
    low, high = wanted, 1e6 * r
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if middle * math.tanh(r / middle) < wanted else (low, middle)
    return high
