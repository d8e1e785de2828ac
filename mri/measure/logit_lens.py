"""The logit lens: what a model would predict from what stands in its residual stream at some depth.

That is sent through what stands behind the last block: RMS norm, `lm_head`, softcap. There are two footings, because
nanochat scales its stream between blocks and takes a share of the middle of it out again at the end:

* The stream lens reads the stream as it stands at that depth. Its last row is not the model's prediction: the backout
  is still to come.
* The exit lens reads what of all that was added up to that depth reaches the last norm (`exit_streams`): as if the
  blocks above added nothing. Its last row is the model's own prediction.

Both are computed by us from recorded values and nothing that the model does. After nostalgebraist's "logit lens"
(2020). Numpy in, numpy out.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mri.arrays import Floats
from mri.nanochat.reach import Reach

RMS_EPS = float(np.finfo(np.float32).eps)
"""nanochat's eps: that of the type it computes in."""


def rms(x: npt.ArrayLike) -> Floats:
    """√(mean(x²) + eps) over the last axis, which nanochat's norm divides by: (…, n_embd) -> (…)."""
    values = np.asarray(x, np.float64)
    return np.asarray(np.sqrt((values**2).mean(-1) + RMS_EPS), np.float32)


def softcapped(logits: npt.ArrayLike, softcap: float) -> Floats:
    """softcap · tanh(logits / softcap): between −softcap and softcap, hardly changed near 0."""
    return np.asarray(softcap * np.tanh(np.asarray(logits, np.float32) / softcap), np.float32)


def exit_streams(start: npt.ArrayLike, additions: npt.ArrayLike, reach: Reach) -> Floats:
    """What of the stream's parts, up to each depth, enters the last norm: (…, 2·n_layer + 1, n_embd).

    start (…, n_embd) is `embed.resid0`, additions (…, 2·n_layer, n_embd) are attn_out and mlp_out of the blocks, bottom
    to top. The last one is the stream before the last norm, but for rounding.
    """
    factors = np.repeat(reach.blocks, 2)[:, None]
    parts = [reach.start * np.asarray(start, np.float64)[..., None, :], factors * np.asarray(additions, np.float64)]
    return np.concatenate(parts, axis=-2).cumsum(axis=-2).astype(np.float32)


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
