"""The one reader of payloads: what was captured of a hook point or a head, however it was stored.

Knows the groups that arrays stand in, how numbers are packed, and which row is whose where layers were dropped; nobody
else does. `Captured` reads a frame, `CapturedSteps` (captured_steps.py) a whole recording. Numpy; no torch, no files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from mri.arrays import Bools, Floats, Ints
from mri.format.events import WEIGHT_MAX, Array, StepFrame, dequantized
from mri.format.hook_points import STATS
from mri.format.layout import Layout

ROW_SUM_ERROR = 1e-5
"""A softmax row computed in float32 sums to 1 within this."""


class Payload(NamedTuple):
    """Values as kept: (n,) of one hook point, (K, n) of several of one width; over steps with the step as first axis.

    values    (…, n) float32, NaN where a step has none; a captured NaN is NaN too
    neurons   which these are, as stored: (n,) where always the same, else (…, n), 0 where a step has none
    bounds    (…) the most that the magnitude of another neuron is; NaN where nothing bounds it
    scale     (…) what one code counts, NaN where a step has none; None but with q8
    """

    values: Floats
    neurons: Array
    bounds: Floats
    scale: Floats | None


class Wrote(NamedTuple):
    """What each part wrote to the logits of K tokens, before the softcap: all parts add up to what `lm_head` gave.

    token_ids (K,): the kept predictions, then the chosen token (the strongest where none was chosen)
    embed (K,), heads (n_layer, n_head, K), mlp (n_layer, K), left_over (K,); NaN where a layer was dropped
    """

    token_ids: Ints
    embed: Floats
    heads: Floats
    mlp: Floats
    left_over: Floats

    @property
    def total(self) -> Floats:
        """(K,) what `lm_head` gave; NaN where a layer was dropped."""
        total: Floats = self.embed + self.heads.sum((0, 1)) + self.mlp.sum(0) + self.left_over
        return total


class Depths(NamedTuple):
    """How the predictions looked at each depth: entry 0 is the embedding, entry i the end of block i − 1.

    token_ids (K,): as of `Wrote`; stream, exit (n_layer + 1, K): their logits before the softcap, of the stream as it
    stands there, and of what of it reaches the exit. With lens "top", else None: the strongest of all tokens and their
    shares (n_layer + 1, 5); rank (0 = top) and share of token_ids (n_layer + 1, K).
    """

    token_ids: Ints
    stream: Floats
    exit: Floats
    top_ids: Ints | None
    top_probs: Floats | None
    ranks: Ints | None
    probs: Floats | None


class Captured:
    """What one frame has of every hook point and head. Unknown hook points raise UnknownHookPoint."""

    def __init__(self, frame: StepFrame, layout: Layout) -> None:
        self.frame, self.layout = frame, layout
        self._payloads: dict[str, Payload | None] = {}

    def is_dropped(self, key: str) -> bool:
        """Whether the layer of a hook point was left out of the step, its statistics too."""
        return self.layout.points[self.layout.row(key)].layer_index in self.frame.dropped_layers

    def stats(self, key: str) -> dict[str, float]:
        """The seven statistics of a hook point (see hook_points.STATS), NaN where its layer was dropped."""
        row = self._row("stats", self.layout.row(key))
        values = np.full(len(STATS), np.nan) if row is None else self.frame.arrays["stats"][row]
        return {name: float(value) for name, value in zip(STATS, values, strict=True)}

    def payload(self, key: str) -> Payload | None:
        """None where the step has no values of the hook point. Not to be written to."""
        if key not in self._payloads:
            self.layout.row(key)  # raises
            group, fixed_row = self.layout.places.get(key, ("", 0))
            row = self._row(f"{group}/values", fixed_row)
            self._payloads[key] = (
                None if row is None else payload_of(self.layout, self.layout.neurons(key), self._column(group, row))
            )
        return self._payloads[key]

    def payloads(self, key: str | None = None) -> Iterator[tuple[Ints, Payload]]:
        """All that the step has of values, or only those of `key`: rows (K,) of hook points in `layout.points`, and
        the values of these."""
        for group, points in self.layout.value_groups.items():
            if (name := f"{group}/values") not in self.frame.arrays:
                continue
            kept = self.layout.kept_rows(name, self.frame.dropped_layers)
            points = points if kept is None else points[kept]
            at = slice(None) if key is None else np.flatnonzero(points == self.layout.row(key))
            if len(points := points[at]):
                neurons = self.layout.neurons(self.layout.points[points[0]].key)
                yield points, payload_of(self.layout, neurons, self._column(group, at))

    def captured(self, key: str) -> tuple[Ints, Floats]:
        """(n,) neuron numbers and their values as captured in this step; empty where none were."""
        payload = self.payload(key)
        if payload is None:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        return payload.neurons.astype(np.int64), payload.values

    def values(self, key: str) -> Floats:
        """(width,) of the step's last token, NaN where not captured (a captured NaN is NaN too)."""
        out = np.full(self.layout.width(key), np.nan, np.float32)
        if (payload := self.payload(key)) is not None:
            out[payload.neurons] = payload.values
        return out

    def prompt_values(self, key: str) -> Floats | None:
        """(t_add, width) of every position of a prompt that was read in one pass with prefill="all", NaN where not
        captured; None where the step has none."""
        group, fixed_row = self.layout.places.get(key, ("", 0))
        row = self._row(f"prefill/{group}/values", fixed_row)
        if row is None:
            self.layout.row(key)  # raises
            return None
        found = payload_of(self.layout, self.layout.neurons(key), self._column(f"prefill/{group}", row))
        out = np.full((self.frame.t_add, self.layout.width(key)), np.nan, np.float32)
        np.put_along_axis(
            out, np.broadcast_to(found.neurons, found.values.shape).astype(np.int64), found.values, axis=-1
        )
        return out

    def mask(self, key: str) -> Bools:
        """(width,) which neurons were captured: tells a captured NaN from a missing value."""
        out = np.zeros(self.layout.width(key), bool)
        if (payload := self.payload(key)) is not None:
            out[payload.neurons] = True
        return out

    def bound(self, key: str) -> float:
        """Largest magnitude of the neurons that were not kept; NaN where nothing bounds them."""
        payload = self.payload(key)
        return float("nan") if payload is None else float(payload.bounds)

    @property
    def has_attention(self) -> bool:
        return "attention/keys" in self.frame.arrays

    @property
    def has_matrix(self) -> bool:
        """Whether every query of the step has its row, not only the last."""
        return "attention/matrix" in self.frame.arrays

    def attention(self) -> tuple[Floats, Floats]:
        """Weights of the last query over absolute positions, and the most that an unknown one can be.

        -> weights (n_layer, n_head, n_keys), NaN where not captured;
           bounds (n_layer, n_head), 0 where the whole row was captured, NaN where nothing of it was or it is NaN.
        """
        arrays, kept, n_keys = self.frame.arrays, self._layers, self.frame.pos0 + self.frame.t_add
        heads = self.layout.n_layer, self.layout.n_head
        weights, bounds = np.full((*heads, n_keys), np.nan, np.float32), np.full(heads, np.nan, np.float32)
        if "attention/rows" in arrays:
            weights[kept] = dequantized(arrays["attention/rows"], None)
            bounds[kept] = 0
        elif self.has_attention:
            keys, strongest = arrays["attention/keys"].astype(np.int64), arrays["attention/weights"]  # (n_kept, H, n)
            rows = np.full((len(kept), heads[1], n_keys), np.nan, np.float32)
            np.put_along_axis(rows, keys, strongest.astype(np.float32), axis=-1)
            weights[kept] = rows
            bounds[kept] = bound_of_others(strongest) if keys.shape[-1] < n_keys else 0
        odd = self.odd_heads()
        weights[odd] = bounds[odd] = np.nan
        return weights, bounds

    def row(self, layer: int, head: int) -> tuple[Floats, float]:
        """One head's of `attention`: weights (n_keys,) and the most that an unknown one can be."""
        weights, bounds = self.attention()
        return weights[layer, head], float(bounds[layer, head])

    def weight_rounding(self, weights: Floats) -> Floats:
        """How far weights of `attention` are from those before they were stored, at most; 0 where NaN."""
        stored = self.frame.arrays.get("attention/rows", self.frame.arrays.get("attention/weights"))
        return rounding_of_weights(weights, None if stored is None else stored.dtype)

    def matrix_rounding(self, weights: Floats) -> Floats:
        """The same of `matrix`."""
        return rounding_of_weights(weights, self.frame.arrays["attention/matrix"].dtype)

    def entropy(self) -> Floats:
        """Entropy of each head's row in bits.  -> (n_layer, n_head), NaN where it was not captured"""
        entropy = np.full((self.layout.n_layer, self.layout.n_head), np.nan, np.float32)
        if self.has_attention:
            entropy[self._layers] = self.frame.arrays["attention/entropy"]
        return entropy

    def odd_heads(self) -> Bools:
        """(n_layer, n_head): whose row was captured and is NaN, as its entropy says."""
        odd = np.zeros((self.layout.n_layer, self.layout.n_head), bool)
        if self.has_attention:
            odd[self._layers] = np.isnan(self.frame.arrays["attention/entropy"])
        return odd

    def strongest(self) -> tuple[Ints, Array, Floats, Floats]:
        """Layers that have rows (n,), and of these the strongest keys and their weights (n, n_head, 8 at most), and the
        entropies (n, n_head)."""
        arrays = self.frame.arrays
        weights = dequantized(arrays["attention/weights"], None)
        return self._layers, arrays["attention/keys"], weights, arrays["attention/entropy"]

    def matrix(self, layer: int, head: int | slice = slice(None)) -> Floats | None:
        """Weights of all queries of a step that read several tokens: (t_add, n_keys), of all heads with these first.
        None where they were not captured."""
        if not self.has_matrix or layer in self.frame.dropped_layers:
            return None
        row = int(np.searchsorted(self._layers, layer))
        return dequantized(self.frame.arrays["attention/matrix"][row, head], None)

    def ledger(self) -> Wrote | None:
        """None where it was not recorded, or gave way to the byte budget."""
        arrays, n_layer = self.frame.arrays, self.layout.n_layer
        if "ledger/token_ids" not in arrays:
            return None
        kept = self.layout.kept_rows("ledger/mlp", self.frame.dropped_layers)

        def whole(name: str) -> Floats:
            if kept is None:
                return arrays[name]
            out = np.full((n_layer, *arrays[name].shape[1:]), np.nan, np.float32)
            out[kept] = arrays[name]
            return out

        ids = arrays["ledger/token_ids"].astype(np.int64)
        heads, mlp = whole("ledger/heads"), whole("ledger/mlp")
        return Wrote(ids, arrays["ledger/embed"], heads, mlp, arrays["ledger/left_over"])

    def lens(self) -> Depths | None:
        """None where it was not recorded, or gave way to the byte budget."""
        found: dict[str, Any] = {name: self.frame.arrays.get(f"lens/{name}") for name in Depths._fields}
        if found["token_ids"] is None:
            return None
        return Depths(
            **{name: x.astype(np.int64) if x is not None and x.dtype.kind == "u" else x for name, x in found.items()}
        )

    @property
    def _layers(self) -> Ints:
        """Layers that the step has attention of."""
        kept = self.layout.kept_rows("attention/keys", self.frame.dropped_layers)
        return np.arange(self.layout.n_layer) if kept is None else kept

    def _row(self, name: str, fixed_row: int) -> int | None:
        """Where the row is in this step's array; None where the step lacks it."""
        if name not in self.frame.arrays:
            return None
        kept = self.layout.kept_rows(name, self.frame.dropped_layers)
        if kept is None:
            return fixed_row
        found = np.flatnonzero(kept == fixed_row)
        return int(found[0]) if len(found) else None

    def _column(self, group: str, row: Any) -> Callable[[str], Array]:
        return lambda leaf: self.frame.arrays[f"{group}/{leaf}"][row]


def payload_of(layout: Layout, neurons: Ints | None, column: Callable[[str], Array]) -> Payload:
    """column: an array of the group, by the last part of its name; neurons: those always kept."""
    scale = column("scale") if layout.config.quantization == "q8" else None
    values = dequantized(column("values"), scale)
    if neurons is None:
        return Payload(values, column("indices"), column("bound"), scale)
    return Payload(values, neurons, np.full(values.shape[:-1], np.nan, np.float32), scale)


def rounding_of_weights(weights: Floats, stored: np.dtype[Any] | None) -> Floats:
    off = np.zeros_like(weights)
    if stored == np.uint8:
        off = np.where(np.isnan(weights), 0, 0.5 / WEIGHT_MAX * (1 + ROW_SUM_ERROR)).astype(np.float32)
    elif stored == np.float16:
        off = np.maximum(np.float32(2.0**-11) * weights, np.float32(2.0**-25))
    return np.nan_to_num(off)


def bound_of_others(strongest: npt.NDArray[np.floating]) -> Floats:
    """Largest weight a key outside the kept ones can have: at most the weakest kept one, and at most what they leave
    of 1, both at the far edge of float16 rounding.  strongest (…, n), falling -> (…,)"""
    weights = strongest.astype(np.float64)
    half_ulp = np.zeros_like(weights)
    if strongest.dtype == np.float16:
        half_ulp = np.spacing(np.nan_to_num(strongest)).astype(np.float64) / 2
    left = 1 + ROW_SUM_ERROR - (weights - half_ulp).sum(axis=-1)
    bound: Floats = np.maximum(0, np.minimum(weights[..., -1] + half_ulp[..., -1], left)).astype(np.float32)
    return bound
