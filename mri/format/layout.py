"""Which arrays a frame has: names, dtypes, shapes, and which hook point each row belongs to.

One `Layout` per recording, made from hook points and TraceConfig. The collector fills what it lists, the budget
counts it, the store scatters rows by it, the screen finds rows by it. Pure arithmetic: no torch, no files.

Arrays of a frame (P hook points, L layers, H heads, w a width, Q hook points in a group, k = top-k, all little-endian):

    stats                    (P, 7)      float32   columns: hook_points.STATS
    tokens                   (t_add,)    uint32    ids this step read, absent in training
    topk/w/indices           (Q, k)      uint16    neurons by falling magnitude (uint32 where w > 65 536)
    topk/w/values            (Q, k)      by quantization: float32, float16 or int8
    topk/w/bound             (Q,)        float32   exact magnitude of the strongest neuron that was not kept
    sampled/w/values         (Q, n)      by quantization; neuron numbers: `sampled_indices`
    full/w/values            (Q, w)      by quantization
    <group>/scale            (Q,)        float32   q8 only: value = code · scale
    prefill/positions        (3,)        uint32    absolute positions first, middle, last
    prefill/topk/w/…         (L, 3, …)             resid_post at those positions, as topk/w/…
    prefill/<group>/…        (Q, T, …)             prefill "all": the group's arrays at all positions of the pass
    attention/keys           (L, H, 8)   uint16    absolute key positions by falling weight (keys[…, 0] is the argmax)
    attention/weights        (L, H, 8)   float16   their softmax weights (float32 with f32)
    attention/entropy        (L, H)      float32   bits
    attention/max_weight     (L, H)      float32   exact
    attention/rows           (L, H, n_keys)        full_row: last query over absolute positions; uint8/255 with q8
    attention/matrix         (L, H, T, n_keys)     full_matrix, prefill only
    logits/token_ids         (n,)        uint32    the strongest predictions
    logits/values            (n,)        float32   softcapped logits, before temperature
    logits/logsumexp, logits/entropy (bits), logits/chosen_logprob (nats), logits/chosen_rank (0 = top)   ()
    ledger/token_ids         (K,)        uint32    of the ledger: those of logits/token_ids, then the chosen one
    ledger/embed, ledger/left_over   (K,)  float32   what the embedding wrote to their logits; what no part wrote
    ledger/heads             (L, H, K)   float32   what each head wrote, before the softcap
    ledger/mlp               (L, K)      float32   what each MLP wrote
    lens/token_ids           (K,)        uint32    of the lens, the same
    lens/stream, lens/exit   (L + 1, K)  float32   their logits at each depth, before the softcap: of the stream as it
                                                   stands, and of what of it reaches the exit
    lens/top_ids             (L + 1, 5)  uint32    lens "top": strongest tokens of the stream at each depth
    lens/top_probs           (L + 1, 5)  float32   … and their shares of all tokens
    lens/ranks, lens/probs   (L + 1, K)  uint32, float32   rank (0 = top) and share of lens/token_ids at each depth
    extra/<name>             any         float32   what a training script adds
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from mri.errors import ConfigError, UnknownHookPoint
from mri.format.config import ATTENTION_TOPK, TOPK_CHOICES, TraceConfig, sampled_indices
from mri.format.hook_points import STATS, HookPoint

_FIRST = ("attention/matrix", "attention/rows", "full", "sampled", "prefill")
_LAST = ("topk", "attention", "logits")
PAYLOADS = (*_FIRST, *_LAST, "ledger", "lens")
"""What a frame may leave out: bit i of `StepFrame.dropped` is entry i, for ever."""

DROP_ORDER = (*_FIRST, "lens", "ledger", *_LAST)
"""The same in the order they give way."""

LENS_TOPK = 5
"""Strongest tokens that the lens keeps at each depth."""

LAYERS_DROPPED_BIT = 15
"""Bit of `StepFrame.dropped` that says whole blocks were left out (policy drop_layer)."""

Spec = tuple[npt.DTypeLike, tuple[int, ...]]


@dataclass(frozen=True)
class Layout:
    """What every frame of one recording looks like. Use `Layout.plan`, which resolves and checks the budget."""

    points: tuple[HookPoint, ...]
    config: TraceConfig
    topk: int
    n_layer: int = 0
    n_head: int = 0
    n_ctx: int = 0
    n_vocab: int = 0
    rows: dict[str, int] = field(init=False, compare=False)
    """hook point key -> row in `stats`"""

    def __post_init__(self) -> None:
        object.__setattr__(self, "rows", {point.key: row for row, point in enumerate(self.points)})

    @classmethod
    def plan(
        cls,
        points: Iterable[HookPoint],
        config: TraceConfig,
        *,
        n_layer: int = 0,
        n_head: int = 0,
        n_ctx: int = 0,
        n_vocab: int = 0,
    ) -> Layout:
        """Resolve `topk` and refuse, with the numbers, what can never fit `max_bytes_per_step`. Raises ConfigError."""
        points = tuple(points)
        widest = max((point.width for point in points if point.layer_type != "logits"), default=1)
        choices = (
            (config.topk,) if config.topk else tuple(k for k in TOPK_CHOICES if k <= 64 or widest_embd(points) > 384)
        )
        for topk in choices:
            layout = cls(points, config, min(topk, widest), n_layer, n_head, n_ctx, n_vocab)
            num_bytes = layout.num_bytes("decode" if n_layer else "train", 1, 1)
            if num_bytes <= config.max_bytes_per_step:
                return layout
        raise ConfigError(
            f"One step of this model costs at least {num_bytes:,} bytes with capture_mode={config.capture_mode!r}, "
            f"topk={topk} and quantization={config.quantization!r}, but max_bytes_per_step is "
            f"{config.max_bytes_per_step:,}: raise it, or capture less."
        )

    @cached_property
    def groups(self) -> dict[str, tuple[str, ...]]:
        """Array group -> hook point keys by row, for the capture mode in force (`topk/256`, `full/1024`, …)."""
        mode = self.config.capture_mode
        groups: dict[str, list[str]] = {}
        for point in self.points:
            carries = point.payload == "topk" or (point.payload == "edu" and self.config.edu)
            if mode == "full":
                carries = point.layer_type != "logits"
            if self.config.hook_points:
                carries = self.config.names(point.key) and point.layer_type != "logits"
            if mode != "stats" and carries:
                groups.setdefault(f"{mode}/{point.width}", []).append(point.key)
        if self.config.prefill == "positions":
            for point in self.points:
                if point.key.endswith(".resid_post"):
                    groups.setdefault(f"prefill/topk/{point.width}", []).append(point.key)
        elif self.config.prefill == "all":
            groups |= {f"prefill/{name}": keys for name, keys in groups.items()}
        return {name: tuple(keys) for name, keys in groups.items()}

    @cached_property
    def value_groups(self) -> dict[str, npt.NDArray[np.int64]]:
        """Those groups that hold a step's values, by row -> the hook points' rows in `points`."""
        names = [name for name in self.groups if name.startswith(f"{self.config.capture_mode}/")]
        return {name: np.array([self.rows[key] for key in self.groups[name]]) for name in names}

    @cached_property
    def places(self) -> dict[str, tuple[str, int]]:
        """Hook point key -> the group that holds its values, and its row there; without those of statistics only."""
        return {key: (name, row) for name in self.value_groups for row, key in enumerate(self.groups[name])}

    @cached_property
    def sampled(self) -> dict[int, npt.NDArray[np.int64]]:
        """Width -> neuron numbers that sampled mode keeps; empty in other modes."""
        if self.config.capture_mode != "sampled":
            return {}
        return {width: sampled_indices(self.config, width) for width in map(width_of_group, self.value_groups)}

    def neurons(self, key: str) -> npt.NDArray[np.int64] | None:
        """(n,) which neurons every step keeps of a hook point that keeps values; None where it is the strongest."""
        if self.config.capture_mode == "topk":
            return None
        width = self.width(key)
        return self.sampled[width] if self.sampled else np.arange(width)

    @property
    def droppable(self) -> range:
        """Values of `layer_index` that a frame may leave out: the blocks of a nanochat model, each point of another."""
        return range(self.n_layer or len(self.points))

    def width(self, key: str) -> int:
        return self.points[self.row(key)].width

    def row(self, key: str) -> int:
        """Row of a hook point in `stats`. Raises UnknownHookPoint."""
        if key not in self.rows:
            raise UnknownHookPoint(f"There is no hook point {key!r} here: known are {', '.join([*self.rows][:6])}, ….")
        return self.rows[key]

    def carries_payload(self, phase: str) -> bool:
        """Whether steps of this phase carry hidden values: all but a prefill that is read in one pass."""
        return phase != "prefill" or self.config.prefill == "stepwise"

    def specs(self, phase: str, t_add: int, n_keys: int) -> dict[str, Spec]:
        """name -> (dtype, shape) of every array of a step that reads `t_add` tokens and attends `n_keys` keys."""
        specs: dict[str, Spec] = {"stats": (np.float32, (len(self.points), len(STATS)))}
        if phase != "train":
            specs["tokens"] = (np.uint32, (t_add,))
        for name, keys in self.groups.items():
            if name not in self.value_groups:
                if phase == "prefill" and self.config.prefill == "positions":
                    specs |= {"prefill/positions": (np.uint32, (3,))} | self._topk_specs(name, (len(keys), 3))
                elif phase == "prefill":
                    specs |= self._group_specs(name, (len(keys), t_add))
            elif self.carries_payload(phase):
                specs |= self._group_specs(name, (len(keys),))
        if self.n_head and phase != "train":
            specs |= self._attention_specs(phase, t_add, n_keys) | self._logits_specs() | self._ledger_specs()
        return specs

    def num_bytes(self, phase: str, t_add: int, n_keys: int) -> int:
        """Bytes of such a step's arrays before compression: what `max_bytes_per_step` counts."""
        return sum(
            np.dtype(dtype).itemsize * int(np.prod(shape)) for dtype, shape in self.specs(phase, t_add, n_keys).values()
        )

    @property
    def most_bytes_per_step(self) -> int:
        """Of a step that reads one token, in a context that is full."""
        return min(self.config.max_bytes_per_step, self.num_bytes("decode", 1, self.n_ctx))

    def layer_of_rows(self, name: str) -> list[int] | None:
        """Layer index of each entry of the array's first axis; None where that axis is not hook points or layers."""
        if name == "stats":
            return [point.layer_index for point in self.points]
        if name.startswith("attention/") or name in ("ledger/heads", "ledger/mlp"):
            return list(range(self.n_layer))
        group = name.rpartition("/")[0]
        if group in self.groups:
            return [self.points[self.rows[key]].layer_index for key in self.groups[group]]
        return None

    def kept_rows(self, name: str, dropped_layers: Sequence[int]) -> npt.NDArray[np.int64] | None:
        """Fixed places of the rows that array `name` has in a step without these layers; None where it has them all."""
        layers = self.layer_of_rows(name) if dropped_layers else None
        return None if layers is None else np.flatnonzero(~np.isin(layers, dropped_layers))

    def counted(self, name: str, n_keys: int) -> int | None:
        """What an array's numbers are below where they count: neurons, positions of a step with `n_keys`, tokens."""
        if name.startswith("extra/"):
            return None
        if name.endswith("/indices"):
            return width_of_group(name.rpartition("/")[0])
        if name in ("attention/keys", "prefill/positions"):
            return n_keys
        counts_tokens = name == "tokens" or name.endswith(("/token_ids", "/top_ids", "/ranks"))
        return self.n_vocab if counts_tokens and self.n_vocab else None

    def to_json(self) -> dict[str, Any]:
        told = {"points": [point.to_json() for point in self.points], "config": self.config.to_json()}
        return told | {name: getattr(self, name) for name in SIZES}

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> Layout:
        points = tuple(HookPoint(**point) for point in fields["points"])
        return cls(points, TraceConfig.from_json(fields["config"]), **{name: fields[name] for name in SIZES})

    def _value_specs(self, group: str, rows: tuple[int, ...], n: int) -> dict[str, Spec]:
        specs: dict[str, Spec] = {f"{group}/values": (VALUE_DTYPES[self.config.quantization], (*rows, n))}
        if self.config.quantization == "q8":
            specs[f"{group}/scale"] = (np.float32, rows)
        return specs

    def _group_specs(self, group: str, rows: tuple[int, ...]) -> dict[str, Spec]:
        kept = self.neurons(self.groups[group][0])
        return self._topk_specs(group, rows) if kept is None else self._value_specs(group, rows, len(kept))

    def _topk_specs(self, group: str, rows: tuple[int, ...]) -> dict[str, Spec]:
        width = width_of_group(group)
        k = min(self.topk, width)
        specs = self._value_specs(group, rows, k)
        specs[f"{group}/indices"] = (index_dtype(width), (*rows, k))
        specs[f"{group}/bound"] = (np.float32, rows)
        return specs

    def _attention_specs(self, phase: str, t_add: int, n_keys: int) -> dict[str, Spec]:
        heads = (self.n_layer, self.n_head)
        strongest = (*heads, min(ATTENTION_TOPK, n_keys))
        weight_dtype = np.float32 if self.config.quantization == "f32" else np.float16
        row_dtype = np.uint8 if self.config.quantization == "q8" else weight_dtype
        specs: dict[str, Spec] = {
            "attention/keys": (index_dtype(self.n_ctx), strongest),
            "attention/weights": (weight_dtype, strongest),
            "attention/entropy": (np.float32, heads),
            "attention/max_weight": (np.float32, heads),
        }
        if self.config.attention_tier != "summary":
            specs["attention/rows"] = (row_dtype, (*heads, n_keys))
        if self.config.attention_tier == "full_matrix" and phase == "prefill" and t_add > 1:
            specs["attention/matrix"] = (row_dtype, (*heads, t_add, n_keys))
        return specs

    def _logits_specs(self) -> dict[str, Spec]:
        n = min(self.config.logits_topk, self.n_vocab)
        specs: dict[str, Spec] = {"logits/token_ids": (np.uint32, (n,)), "logits/values": (np.float32, (n,))}
        specs |= {f"logits/{name}": (np.float32, ()) for name in ("logsumexp", "entropy", "chosen_logprob")}
        specs["logits/chosen_rank"] = (np.uint32, ())
        return specs

    def _ledger_specs(self) -> dict[str, Spec]:
        K, depths = min(self.config.logits_topk, self.n_vocab) + 1, self.n_layer + 1
        shapes: dict[str, tuple[int, ...]] = {}
        if self.config.ledger == "direct":
            shapes |= {"ledger/token_ids": (K,), "ledger/embed": (K,), "ledger/left_over": (K,)}
            shapes |= {"ledger/heads": (self.n_layer, self.n_head, K), "ledger/mlp": (self.n_layer, K)}
        if self.config.lens != "none":
            shapes |= {"lens/token_ids": (K,), "lens/stream": (depths, K), "lens/exit": (depths, K)}
        if self.config.lens == "top":
            top = (depths, min(LENS_TOPK, self.n_vocab))
            shapes |= {"lens/top_ids": top, "lens/top_probs": top, "lens/ranks": (depths, K), "lens/probs": (depths, K)}
        is_count = ("_ids", "/ranks")
        return {name: (np.uint32 if name.endswith(is_count) else np.float32, shape) for name, shape in shapes.items()}


SIZES = ("topk", "n_layer", "n_head", "n_ctx", "n_vocab")
VALUE_DTYPES: dict[str, npt.DTypeLike] = {"f32": np.float32, "f16": np.float16, "q8": np.int8}


def width_of_group(group: str) -> int:
    """256 of `topk/256`."""
    return int(group.rpartition("/")[2])


def index_dtype(count: int) -> npt.DTypeLike:
    """Smallest of uint16 and uint32 that can number `count` things."""
    return np.uint16 if count <= 65_536 else np.uint32


def widest_embd(points: Iterable[HookPoint]) -> int:
    """Largest width among the points that carry top-k (n_embd on nanochat)."""
    return max((point.width for point in points if point.payload == "topk"), default=1)
