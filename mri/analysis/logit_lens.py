"""The logit lens: what a model would predict if it stopped at some depth of its residual stream.

The stream there is sent through what stands behind the last block: RMS norm, `lm_head`, softcap. That is computed by us
from recorded values and nothing that the model does: only the stream that it really ends with gives its prediction.
After nostalgebraist's "logit lens" (2020). Numpy in, numpy out.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

RMS_EPS = float(np.finfo(np.float32).eps)
"""nanochat's eps: that of the type it computes in."""


def rms(x: npt.ArrayLike) -> Floats:
    """√(mean(x²) + eps) over the last axis, which nanochat's norm divides by: (…, n_embd) -> (…)."""
    values = np.asarray(x, np.float64)
    return np.asarray(np.sqrt((values**2).mean(-1) + RMS_EPS), np.float32)


def softcapped(logits: npt.ArrayLike, softcap: float) -> Floats:
    """softcap · tanh(logits / softcap): between −softcap and softcap, hardly changed near 0."""
    return np.asarray(softcap * np.tanh(np.asarray(logits, np.float32) / softcap), np.float32)


def lens_logits(stream: Floats, lm_head: Floats, softcap: float) -> Floats:
    """Softcapped logits of streams (…, n_embd) with `lm_head` (vocab_size, n_embd) -> (…, vocab_size)."""
    normed = np.asarray(stream, np.float32) / rms(stream)[..., None]
    rows = normed.reshape(-1, normed.shape[-1])  # one product of two matrices: a stack of them is several times slower
    return softcapped(rows @ lm_head.T, softcap).reshape(*normed.shape[:-1], -1)


def probabilities(logits: Floats, temperature: float = 1.0) -> Floats:
    """softmax(logits / temperature) over the last axis; `temperature` is positive."""
    scaled = np.asarray(logits, np.float64) / temperature
    scaled = np.exp(scaled - scaled.max(-1, keepdims=True))
    return np.asarray(scaled / scaled.sum(-1, keepdims=True), np.float32)
