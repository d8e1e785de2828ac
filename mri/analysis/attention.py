"""What a frame knows of its attention weights: values where they were kept, bounds where they were not.

Numpy in, numpy out. The browser does the same in `assets/js/core/layout.mjs`; tests hold the two together.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mri.events import StepFrame, dequantized
from mri.layout import Layout

Floats = npt.NDArray[np.float32]

ROW_SUM_ERROR = 1e-5
"""A softmax row computed in float32 sums to 1 within this."""


def attention_rows(frame: StepFrame, layout: Layout) -> tuple[Floats, Floats]:
    """Weights of the last query over absolute positions, and the most that an unknown one can be.

    -> weights (n_layer, n_head, n_keys), NaN where not captured;
       bounds (n_layer, n_head), 0 where the whole row was captured, NaN where nothing of it was.
    """
    n_keys = frame.pos0 + frame.t_add
    weights = np.full((layout.n_layer, layout.n_head, n_keys), np.nan, np.float32)
    bounds = np.full((layout.n_layer, layout.n_head), np.nan, np.float32)
    kept = [layer for layer in range(layout.n_layer) if layer not in frame.dropped_layers]
    if "attention/rows" in frame.arrays:
        weights[kept] = dequantized(frame.arrays["attention/rows"], None)
        bounds[kept] = 0
    elif "attention/keys" in frame.arrays:
        keys = frame.arrays["attention/keys"].astype(np.int64)  # (n_kept, n_head, n_strongest)
        strongest = frame.arrays["attention/weights"]
        rows = np.full((len(kept), layout.n_head, n_keys), np.nan, np.float32)
        np.put_along_axis(rows, keys, strongest.astype(np.float32), axis=-1)
        weights[kept] = rows
        bounds[kept] = _bound_of_others(strongest) if keys.shape[-1] < n_keys else 0
    return weights, bounds


def attention_entropy(frame: StepFrame, layout: Layout) -> Floats:
    """Entropy of each head's row in bits.  -> (n_layer, n_head), NaN where it was not captured"""
    entropy = np.full((layout.n_layer, layout.n_head), np.nan, np.float32)
    if "attention/entropy" in frame.arrays:
        entropy[[layer for layer in range(layout.n_layer) if layer not in frame.dropped_layers]] = frame.arrays[
            "attention/entropy"
        ]
    return entropy


def _bound_of_others(strongest: npt.NDArray[np.floating]) -> Floats:
    """Largest weight a key outside the kept ones can have: at most the weakest kept one, and at most what they leave
    of 1, both at the far edge of float16 rounding.  strongest (…, n), falling -> (…,)"""
    weights = strongest.astype(np.float64)
    half_ulp = np.zeros_like(weights)
    if strongest.dtype == np.float16:
        half_ulp = np.spacing(strongest).astype(np.float64) / 2
    left = 1 + ROW_SUM_ERROR - (weights - half_ulp).sum(axis=-1)
    bound: Floats = np.maximum(0, np.minimum(weights[..., -1] + half_ulp[..., -1], left)).astype(np.float32)
    return bound
