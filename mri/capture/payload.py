"""Captured values as the arrays of a frame: quantized, cut to the top-k, with the exact bound of what was cut.

Knows torch and the quantization; which rows belong to which hook point is the caller's business.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from mri.capture.reduce import to_host
from mri.format.config import ATTENTION_TOPK
from mri.format.events import F16_MAX, Q8_INF, Q8_MAX, Q8_NAN, WEIGHT_MAX, Array, dequantized
from mri.format.layout import Layout, index_dtype


def payload_arrays(layout: Layout, x: Tensor) -> dict[str, Array]:
    """The values x (R, width) float32 of hook points of one width, as the capture mode keeps them: arrays (R, …)."""
    width, config = x.shape[1], layout.config
    group = f"{config.capture_mode}/{width}"
    if config.capture_mode == "topk":
        return topk_arrays(group, x, layout.topk, config.quantization)
    kept = x[:, torch.from_numpy(layout.sampled[width]).to(x.device)] if layout.sampled else x
    return value_arrays(group, kept.cpu().numpy(), config.quantization)


def value_arrays(group: str, values: Array, quantization: str) -> dict[str, Array]:
    """`<group>/values` and, with q8, `<group>/scale` of float32 values (…, n)."""
    codes, scale = quantized(values, quantization)
    return {f"{group}/values": codes} | ({} if scale is None else {f"{group}/scale": scale})


def topk_arrays(group: str, x: Tensor, topk: int, quantization: str) -> dict[str, Array]:
    """Top-k arrays of x (R, width) float32, by falling magnitude. The bound is the exact magnitude of the strongest
    neuron not kept, 0 if all are.
    """
    width = x.shape[1]
    k = min(topk, width)
    mags, indices = x.abs().topk(min(topk + 1, width), 1)
    bound = mags[:, k] if k < width else mags.new_zeros(len(mags))
    values, where, bound_host = to_host([x.gather(1, indices[:, :k]), indices[:, :k], bound])
    arrays = value_arrays(group, values, quantization)
    arrays[f"{group}/indices"] = where.astype(index_dtype(width))
    arrays[f"{group}/bound"] = bound_host
    return arrays


def position_arrays(layout: Layout, positions: Sequence[int], values: Callable[[str], Tensor]) -> dict[str, Array]:
    """Top-k at three positions of a prompt: arrays (L, 3, …). values: of a hook point (3, width) float32."""
    arrays: dict[str, Array] = {"prefill/positions": np.array(positions, np.uint32)}
    for group, keys in layout.groups.items():
        if group not in layout.value_groups:
            flat = topk_arrays(group, torch.cat([values(key) for key in keys]), layout.topk, layout.config.quantization)
            arrays |= {name: array.reshape(len(keys), 3, *array.shape[1:]) for name, array in flat.items()}
    return arrays


def all_position_arrays(layout: Layout, values: Callable[[str], Tensor]) -> dict[str, Array]:
    """What the capture mode keeps at every position of a prompt: arrays (Q, T, …). values: of a hook point (T, width)
    float32."""
    arrays: dict[str, Array] = {}
    for group, keys in layout.groups.items():
        if group not in layout.value_groups:
            flat = payload_arrays(layout, torch.cat([values(key) for key in keys]))
            arrays |= {
                f"prefill/{name}": array.reshape(len(keys), -1, *array.shape[1:]) for name, array in flat.items()
            }
    return arrays


def attention_arrays(
    layout: Layout, n_keys: int, summary: Sequence[Array], rows: Array | None, matrices: Sequence[Array]
) -> dict[str, Array]:
    """Attention of a step over `n_keys` keys, as it is kept. Axes that count keys may be longer: what is behind is 0.

    summary: strongest keys and their weights (L, H, 8), entropy (L, H); rows: the last query's (L, H, n_keys);
    matrices: by layer what `quantized_weights` made of all queries over the newest keys (H, T, n_keys or fewer).
    """
    keys, weights, entropy = summary
    n, quantization = min(ATTENTION_TOPK, n_keys), layout.config.quantization
    arrays = {
        "attention/keys": keys[..., :n].astype(index_dtype(layout.n_ctx)),
        "attention/weights": quantized_weights(weights[..., :n], "f32" if quantization == "f32" else "f16"),
        "attention/entropy": entropy,
        "attention/max_weight": weights[..., 0],
    }
    if rows is not None:
        arrays["attention/rows"] = quantized_weights(rows[..., :n_keys], quantization)
    if layout.config.attention_tier == "full_matrix" and matrices:
        arrays["attention/matrix"] = np.stack([with_earlier_keys(matrix, n_keys) for matrix in matrices])
    return arrays


def quantized(values: Array, quantization: str) -> tuple[Array, Array | None]:
    """float32 (…, n) -> codes of the same shape, and for q8 the scale (…). Inverse: events.dequantized.

    f16: relative error ≤ 2⁻¹¹ (absolute ≤ 2⁻²⁵ below 2⁻¹⁴), finite values beyond ±65 504 are clipped to it.
    q8: absolute error ≤ max|x| / 252 of the row's finite values; NaN and ±∞ keep codes of their own.
    """
    if quantization == "f32":
        return values.astype(np.float32, copy=False), None
    if quantization == "f16":
        if (np.abs(values) > F16_MAX).any():  # infinities stay what they are
            values = np.where(np.isfinite(values), np.clip(values, -F16_MAX, F16_MAX), values)
        return values.astype(np.float16), None
    finite = np.isfinite(values)
    numbers = np.where(finite, values, 0)
    scale = (np.abs(numbers).max(-1, initial=0.0) / Q8_MAX).astype(np.float32)
    codes = np.clip(np.rint(numbers / np.where(scale > 0, scale, 1)[..., None]), -Q8_MAX, Q8_MAX)
    codes = np.where(np.isinf(values), np.sign(values) * Q8_INF, codes)
    return np.where(np.isnan(values), Q8_NAN, codes).astype(np.int8), scale


def quantized_weights(weights: Array, quantization: str) -> Array:
    """Attention rows (…, n_keys) as float32, float16, or with q8 uint8 = weight · 255 rounded (error ≤ 1/510).

    8 bits have no NaN: a row of NaN is 255 for every key, or 0 for the only one, which no softmax gives.
    Inverse: events.dequantized.
    """
    if quantization == "q8":
        codes = np.asarray(np.rint(np.nan_to_num(weights, nan=0.0) * WEIGHT_MAX), np.uint8)
        codes[np.isnan(weights).any(axis=-1)] = WEIGHT_MAX if weights.shape[-1] > 1 else 0
        return codes
    return np.asarray(weights, np.float32 if quantization == "f32" else np.float16)


def with_earlier_keys(rows: Array, n_keys: int) -> Array:
    """What `quantized_weights` made of rows over the newest keys -> (…, n_keys): all earlier ones weigh 0, but in a
    row of NaN, where nothing is known to."""
    missing = n_keys - rows.shape[-1]
    if not missing:
        return rows
    whole = np.pad(rows, [(0, 0)] * (rows.ndim - 1) + [(missing, 0)])
    whole[np.isnan(dequantized(rows, None)).any(axis=-1)] = WEIGHT_MAX if rows.dtype == np.uint8 else np.nan
    return whole
