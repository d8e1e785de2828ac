"""nanochat's forward pass in float64, in numpy, written from what it computes and not from `mri/nanochat`: what
recorded numbers are held against by `truth.py` and by the tests.

One position after the other needs no cache here: a whole sequence is read at once, every time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]

EPS = 2.0**-23
"""What is added under the root of a norm: float32's machine epsilon, as the model has it."""


class Constants(NamedTuple):
    """What no checkpoint says and every era has of its own."""

    base: float  # of the rotary angles
    scale: float  # of q and of k, after their norm
    gate: float  # of the value embeddings
    window_share: int  # a short window is the context / share …
    window_tile: int  # … rounded up to a multiple of this


class Pass(NamedTuple):
    """values: hook point -> (T, width); attention (n_layer, n_head, T, T), rows sum to 1; logits (T, vocab_size)."""

    values: dict[str, Doubles]
    attention: Doubles
    logits: Doubles


def constants_of(weights: Mapping[str, Doubles]) -> Constants:
    gates = [weight.shape[-1] for name, weight in weights.items() if name.endswith("ve_gate.weight")]
    if "smear_gate.weight" in weights:
        return Constants(100_000, 1.2, 3, 4, 128)  # E5
    if gates and gates[0] == 12:
        return Constants(100_000, 1.15, 3, 3, 128)  # E4
    return Constants(10_000, 1.0, 2, 2, 1)  # E1 to E3


def forward(
    weights: Mapping[str, Doubles],
    config: Mapping[str, Any],
    ids: npt.ArrayLike,
    *,
    rotary: tuple[Doubles, Doubles] | None = None,
    softcap: float = 15.0,
) -> Pass:
    """Read `ids` (T,).  weights: a state dict as float64; config: the meta file's model_config; rotary: cosines and
    sines (positions, head_dim / 2) where the model's own are to be taken, as those of E1 to E3, which are bfloat16."""
    c, ids = constants_of(weights), np.asarray(ids)
    n_layer, n_head = config["n_layer"], config["n_head"]
    has_lambdas = "resid_lambdas" in weights
    cos, sin = rotary or angles(len(ids), weights["transformer.wte.weight"].shape[1] // n_head, c.base)
    values: dict[str, Doubles] = {}
    x = normed(weights["transformer.wte.weight"][ids])  # (T, n_embd)
    if "smear_gate.weight" in weights:
        gate = sigmoid(x[1:, :24] @ weights["smear_gate.weight"].T) * weights["smear_lambda"]  # (T - 1, 1)
        x = np.concatenate([x[:1], x[1:] + gate * x[:-1]])
    values["embed.resid0"] = first = middle = x
    rows = []
    for i in range(n_layer):
        block, point = f"transformer.h.{i}.", f"block.{i}."
        if has_lambdas:
            x = weights["resid_lambdas"][i] * x + weights["x0_lambdas"][i] * first
        values[point + "resid_pre"] = x
        values[point + "ln1"] = h = normed(x)
        q, k, v = (
            heads(h @ weights[f"{block}attn.{name}.weight"].T, x.shape[1] // n_head) for name in ("c_q", "c_k", "c_v")
        )
        if f"value_embeds.{i}.weight" in weights:
            gate_weight = weights[block + "attn.ve_gate.weight"]
            gate = c.gate * sigmoid(h[:, : gate_weight.shape[1]] @ gate_weight.T).T[..., None]  # (n_kv_head, T, 1)
            v = v + gate * heads(weights[f"value_embeds.{i}.weight"][ids], v.shape[-1])
        q, k = (c.scale * normed(turned(part, cos, sin)) for part in (q, k))
        shared = n_head // len(k)
        k, v = k.repeat(shared, 0), v.repeat(shared, 0)
        weight = softmax(
            q @ k.transpose(0, 2, 1) / q.shape[-1] ** 0.5, window(config, c, i, has_lambdas)
        )  # (n_head, T, T)
        rows.append(weight)
        y = (weight @ v).transpose(1, 0, 2).reshape(x.shape)
        values[point + "attn_out"] = y = y @ weights[block + "attn.c_proj.weight"].T
        values[point + "resid_mid"] = x = x + y
        values[point + "ln2"] = h = normed(x)
        values[point + "mlp_pre"] = h = h @ weights[block + "mlp.c_fc.weight"].T
        values[point + "mlp_act"] = h = np.maximum(h, 0) ** 2
        values[point + "mlp_out"] = h = h @ weights[block + "mlp.c_proj.weight"].T
        values[point + "resid_post"] = x = x + h
        if i == n_layer // 2:
            middle = x
    if "backout_lambda" in weights:
        x = x - weights["backout_lambda"] * middle
    values["final.ln_f"] = x = normed(x)
    logits = (x @ weights["lm_head.weight"].T)[:, : config["vocab_size"]]
    values["final.logits"] = logits = softcap * np.tanh(logits / softcap)
    return Pass(values, np.stack(rows), logits)


def angles(num_positions: int, head_dim: int, base: float) -> tuple[Doubles, Doubles]:
    """Cosines and sines (positions, head_dim / 2)."""
    turns = np.outer(np.arange(num_positions), base ** (-np.arange(0, head_dim, 2) / head_dim))
    return np.cos(turns), np.sin(turns)


def turned(x: Doubles, cos: Doubles, sin: Doubles) -> Doubles:
    """Rotary positions on (heads, T, head_dim): its halves are the two coordinates of each plane."""
    one, other = np.split(x, 2, axis=-1)
    cos, sin = cos[: x.shape[1]], sin[: x.shape[1]]
    return np.concatenate([one * cos + other * sin, other * cos - one * sin], -1)


def window(config: Mapping[str, Any], c: Constants, layer: int, has_windows: bool) -> int:
    """How many earlier keys a query of the block sees."""
    length, pattern = int(config["sequence_len"]), str(config.get("window_pattern") or "L").upper()
    if not has_windows or layer == config["n_layer"] - 1 or pattern[layer % len(pattern)] == "L":
        return length
    short = length // c.window_share
    return short if c.window_tile == 1 else -(-length // (c.window_share * c.window_tile)) * c.window_tile


def softmax(scores: Doubles, num_earlier: int | None = None) -> Doubles:
    """Over the last axis of (…, T, T); with `num_earlier` a query sees itself and as many earlier keys."""
    if num_earlier is not None:
        query, key = np.indices(scores.shape[-2:])
        scores = np.where((key <= query) & (key >= query - num_earlier), scores, -np.inf)
    e = np.exp(scores - scores.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def heads(x: Doubles, head_dim: int) -> Doubles:
    """(T, n · head_dim) -> (n, T, head_dim)"""
    return x.reshape(len(x), -1, head_dim).transpose(1, 0, 2)


def normed(x: Doubles) -> Doubles:
    return x / np.sqrt((x**2).mean(-1, keepdims=True) + EPS)


def sigmoid(x: Doubles) -> Doubles:
    return 1 / (1 + np.exp(-x))


def statistics(x: Doubles, counts_zeros: bool) -> Doubles:
    """The seven of docs/hook-points.md over values (T, width), in the order of the file's columns."""
    magnitudes = np.abs(x)
    least = 0.0 if counts_zeros else 1e-3 * magnitudes.max()
    length = np.sqrt((x**2).sum(-1).mean())
    sparsity = (magnitudes <= least).mean()
    return np.array([x.mean(), x.std(), x.min(), x.max(), length, sparsity, np.quantile(magnitudes, 0.99)])


def entropy_bits(p: Doubles) -> Doubles:
    """Of distributions over the last axis."""
    return -(p * np.log2(np.where(p > 0, p, 1))).sum(-1)
