"""A normal variable of which an interval is known that holds it. Numpy in, numpy out."""

from __future__ import annotations

from typing import Any

import numpy as np

from mri.arrays import Floats


def between(mean: Any, std: Any, low: Any, high: Any) -> tuple[Floats, Floats]:
    """Mean and variance of a normal variable that is known to lie between low and high.  -> (n,), (n,)"""
    from scipy.special import ndtr  # scipy takes 0.1 s to import, and most pages do without it

    mean, std = mean.astype(np.float32), std.astype(np.float32)
    a, b = (low - mean) / std, (high - mean) / std
    flip = a > 0  # right of the mean: mirrored, because far tails are exact only on the left
    a, b = np.where(flip, -b, a), np.where(flip, -a, b)
    mass = ndtr(b) - ndtr(a)
    at_a, at_b = (np.exp(-0.5 * np.square(edge)) / np.float32(np.sqrt(2 * np.pi)) for edge in (a, b))
    with np.errstate(divide="ignore", invalid="ignore"):
        shift = (at_a - at_b) / mass
        inner = (np.where(np.isfinite(a), a, 0) * at_a - np.where(np.isfinite(b), b, 0) * at_b) / mass
    sure = mass > 1e-30  # beyond, the nearer end of the interval is all that remains
    shift, inner = np.where(sure, shift, 0), np.where(sure, inner, -1)
    expected = np.clip(mean + np.where(flip, -std, std) * shift, low, high)
    return expected, np.where(sure, np.square(std) * np.clip(1 + inner - np.square(shift), 0, 1), 0)
