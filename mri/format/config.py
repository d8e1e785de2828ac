"""What is asked for: how to generate (Sampling), what to capture and at what price (TraceConfig).

Knows nothing of models: how many bytes a configuration costs on a given model is `layout.py`'s business.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from math import inf
from typing import Any, Literal, get_args

import numpy as np

from mri.arrays import Ints
from mri.errors import ConfigError
from mri.format.checks import check_whole, is_number, is_whole

CaptureMode = Literal["stats", "sampled", "topk", "full"]
Quantization = Literal["f32", "f16", "q8"]
DropPolicy = Literal["drop_payload_keep_stats", "drop_layer", "stop_trace"]
AttentionTier = Literal["summary", "full_row", "full_matrix"]
Prefill = Literal["stats", "positions", "all", "stepwise"]
Ledger = Literal["none", "direct"]
Lens = Literal["none", "kept", "top"]

ATTENTION_TOPK = 8
"""Strongest keys kept per head and query in every attention tier."""

MOST_PATTERNS = 200
"""Of hook points, in one config."""

TOPK_CHOICES = (128, 64, 32, 16)


@dataclass(frozen=True)
class Sampling:
    """How to generate. The defaults are those of nanochat's chat: 0.6 and 50. Raises ConfigError.

    max_new_tokens  at most this many tokens are chosen, those forced by the tool included
    temperature     0 is greedy: always the strongest token
    top_k           choose among the k strongest; None among all
    seed            of the random generator; greedy generation does not use it
    """

    max_new_tokens: int = 64
    temperature: float = 0.6
    top_k: int | None = 50
    seed: int = 42

    def __post_init__(self) -> None:
        check_whole("max_new_tokens", self.max_new_tokens, 1, 1_000_000)
        if self.top_k is not None:
            check_whole("top_k", self.top_k, 1, 10_000_000, "None to choose among all tokens")
        check_whole("seed", self.seed, 0, 2**63 - 1)
        if not (is_number(self.temperature) and 0 <= self.temperature <= 100):
            raise ConfigError(f"temperature={self.temperature!r} must be a number from 0 (greedy) to 100.")


@dataclass(frozen=True)
class TraceConfig:
    """What one step captures. Fields as in the seed's TraceConfig.

    capture_mode        stats: statistics only; sampled: every `sample_stride`-th neuron; topk: the strongest
                        `topk` by magnitude; full: every value of every hook point but the logits
    sample_stride       neurons between two samples (sampled mode)
    sample_seed         None samples neurons 0, s, 2s, …; a number draws width/s neurons at random with that seed
    topk                neurons per hook point; None picks the largest of 128, 64, 32, 16 that fits the budget
                        (64 at most where n_embd ≤ 384)
    quantization        of captured values: f32 exact; f16: relative error ≤ 2⁻¹¹, below 2⁻¹⁴ absolute error ≤ 2⁻²⁵
                        (what is at most 2⁻²⁵ becomes 0), clipped at ±65 504; q8: absolute error ≤ max|x|/252 per
                        hook point
    max_bytes_per_step  hard promise on the bytes of a frame's arrays, before compression
    drop_policy         what gives way when a frame is over it
    attention_tier      summary: 8 strongest keys per head; full_row: also the last query's whole row;
                        full_matrix: also all queries of the prefill
    logits_topk         predictions kept per step
    edu                 also top-k for `mlp_act`
    prefill             stats: statistics over all prompt positions; positions: also top-k of resid_post at the
                        first, middle and last position; all: what the mode keeps, at every position; stepwise: each
                        prompt token is a step of its own
    ledger              direct: what the embedding, every head and every MLP wrote to the kept predictions and to the
                        chosen token
    hook_points         patterns of the hook points whose values are kept, as ("block.*.q", "final.ln_f"), instead of
                        those that the mode keeps; the points of heads (q, k, v, z, ve_gate) are recorded only where
                        one names them. (): the mode decides
    lens                kept: what these looked like at every depth; top: also the strongest of all tokens there

    Raises ConfigError on a value that cannot work.
    """

    capture_mode: CaptureMode = "topk"
    sample_stride: int = 8
    sample_seed: int | None = None
    topk: int | None = None
    quantization: Quantization = "f16"
    max_bytes_per_step: int = 50_000
    drop_policy: DropPolicy = "drop_payload_keep_stats"
    attention_tier: AttentionTier = "summary"
    logits_topk: int = 20
    edu: bool = False
    prefill: Prefill = "stats"
    ledger: Ledger = "none"
    lens: Lens = "none"
    hook_points: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name, choices in _CHOICES.items():
            value = getattr(self, name)
            if value not in choices:
                raise ConfigError(f"{name}={value!r} is not known: use one of {', '.join(choices)}.")
        for name in ("sample_stride", "topk", "logits_topk", "max_bytes_per_step"):
            value = getattr(self, name)
            if not (name == "topk" and value is None) and not is_whole(value, 1, inf):
                raise ConfigError(f"{name}={value!r} must be a whole number of at least 1.")
        if self.sample_seed is not None:
            check_whole("sample_seed", self.sample_seed, 0, 2**32 - 1, "None")
        patterns = self.hook_points
        is_list = isinstance(patterns, list | tuple) and len(patterns) <= MOST_PATTERNS
        if not is_list or not all(isinstance(each, str) and 0 < len(each) <= 200 for each in patterns):
            raise ConfigError(f"hook_points={patterns!r:.80} must be patterns of hook points, as ('block.*.q',).")
        object.__setattr__(self, "hook_points", tuple(patterns))
        if not isinstance(self.edu, bool):
            raise ConfigError(f"edu={self.edu!r} must be True or False.")

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"hook_points": [*self.hook_points]}

    def names(self, key: str) -> bool:
        """Whether one of the patterns means this hook point."""
        return any(fnmatchcase(key, pattern) for pattern in self.hook_points)

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> TraceConfig:
        unknown = sorted(set(fields) - set(cls.__dataclass_fields__))
        if unknown:
            raise ConfigError(f"Unknown trace setting {unknown[0]!r}: known are {', '.join(cls.__dataclass_fields__)}.")
        return cls(**fields)


_CHOICES: dict[str, tuple[str, ...]] = {
    "capture_mode": get_args(CaptureMode),
    "quantization": get_args(Quantization),
    "drop_policy": get_args(DropPolicy),
    "attention_tier": get_args(AttentionTier),
    "prefill": get_args(Prefill),
    "ledger": get_args(Ledger),
    "lens": get_args(Lens),
}


def sampled_indices(config: TraceConfig, width: int) -> Ints:
    """Neurons that sampled mode keeps of `width`, ascending: every stride-th, or a seeded random choice of as many."""
    strided = np.arange(0, width, config.sample_stride, dtype=np.int64)
    if config.sample_seed is None:
        return strided
    return np.sort(np.random.default_rng(config.sample_seed).choice(width, len(strided), replace=False))
