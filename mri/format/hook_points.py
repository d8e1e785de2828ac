"""THE table of hook points: key, type, width, where it is read, which payload in which phase, unit.

The tracer, the store, the screen and the docs all read it here; nobody keeps a second list.
Knows nothing of torch: `read_at` is prose for people, the tracer has the code.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal

KEY = re.compile(r"[^\s/\\<>\"'`]{1,200}")
"""What can name a hook point: what is safe in a file, an address and a page."""

Payload = Literal["topk", "stats", "edu", "attention", "logits"]

STATS = ("mean", "std", "min", "max", "l2", "sparsity", "p99")
"""Columns of `stats`, over the values x of one hook point (in the prefill over all its positions):

mean, std (population), min, max in the unit of x; l2 = √(Σx²) of one position (over T positions: the root mean
square of their norms); sparsity in 0…1 = share of exact zeros for `mlp_act` and of |x| ≤ 1e-3·max|x| elsewhere;
p99 = 99th percentile of |x|, linear interpolation. All seven are NaN where any x is NaN or ±∞, and where there is no x.
"""


@dataclass(frozen=True)
class PointKind:
    """One row of the table. `payload`: what a decode step captures beside the statistics in topk mode
    (`edu`: top-k only with `TraceConfig.edu`; `attention`: no statistics, the attention summary instead)."""

    name: str
    layer_type: str
    width: Literal["n_embd", "4*n_embd", "vocab_size", "n_head", "n_kv_head*head_dim", "n_kv_head"]
    payload: Payload
    read_at: str
    meaning: str
    unit: str = "activation"


START = "token embedding after norm (and smear, era E5): where the residual stream starts"
FIRST_INPUT = "input of block 0 divided by resid_lambdas[0] + x0_lambdas[0] (plain input of block 0 in era E1)"
SDPA, WEIGHTS = "q and k at scaled_dot_product_attention", "softmax weights of the last query, per head"
CROPPED = "output of lm_head, cropped to vocab_size, softcapped"

EMBED = (PointKind("resid0", "embed", "n_embd", "topk", FIRST_INPUT, START),)
BLOCK = (
    PointKind("resid_pre", "resid", "n_embd", "topk", "input of the block", "residual stream entering the block"),
    PointKind("ln1", "norm", "n_embd", "stats", "input of attn", "RMS-normed stream that attention reads"),
    PointKind("attn_out", "attn", "n_embd", "topk", "output of attn", "what attention adds to the stream"),
    PointKind("attn_summary", "attn", "n_head", "attention", SDPA, WEIGHTS, "probability"),
    PointKind("resid_mid", "resid", "n_embd", "topk", "resid_pre + attn_out", "stream between attention and MLP"),
    PointKind("ln2", "norm", "n_embd", "stats", "input of mlp", "RMS-normed stream that the MLP reads"),
    PointKind("mlp_pre", "mlp", "4*n_embd", "stats", "output of mlp.c_fc", "MLP neurons before relu²"),
    PointKind("mlp_act", "mlp", "4*n_embd", "edu", "input of mlp.c_proj", "MLP neurons after relu²"),
    PointKind("mlp_out", "mlp", "n_embd", "topk", "output of mlp", "what the MLP adds to the stream"),
    PointKind("resid_post", "resid", "n_embd", "topk", "output of the block", "residual stream leaving the block"),
)
_KV: Literal["n_kv_head*head_dim"] = "n_kv_head*head_dim"
HEADS = (
    PointKind("q", "attn", "n_embd", "stats", "output of attn.c_q", "queries of all heads, before rotary and norm"),
    PointKind("k", "attn", _KV, "stats", "output of attn.c_k", "keys of all heads, before rotary and norm"),
    PointKind("v", "attn", _KV, "stats", "output of attn.c_v", "values of all heads, before the value embedding"),
    PointKind(
        "ve_gate", "attn", "n_kv_head", "stats", "output of attn.ve_gate", "gate of the value embedding, before σ"
    ),
    PointKind("z", "attn", "n_embd", "stats", "input of attn.c_proj", "what the heads read, side by side"),
)
"""Of a block, where `TraceConfig.hook_points` names them: head h has the neurons h·head_dim to (h + 1)·head_dim."""
FINAL = (
    PointKind("ln_f", "norm", "n_embd", "topk", "input of lm_head", "final normed stream"),
    PointKind("logits", "logits", "vocab_size", "logits", CROPPED, "scores of every next token", "logit"),
)


@dataclass(frozen=True)
class HookPoint:
    """A hook point of one model. `layer_index` is −1 for the embedding, n_layer for the final points;
    points of a plain nn.Module count up in the order given. `width` is the number of neurons."""

    key: str
    layer_index: int
    layer_type: str
    width: int
    payload: Payload
    unit: str = "activation"

    @property
    def counts_exact_zeros(self) -> bool:
        """Whether sparsity is the share of exact zeros (see STATS)."""
        return self.key.endswith(".mlp_act")

    @property
    def is_never_negative(self) -> bool:
        """Whether it is behind relu²; of a plain module only its name says so."""
        return self.layer_type == "mlp" and self.counts_exact_zeros

    def to_json(self) -> dict[str, Any]:
        return dict(vars(self))


def nanochat_points(
    n_layer: int,
    n_embd: int,
    vocab_size: int,
    other_widths: Mapping[str, int] | None = None,
    of_heads: Collection[str] = (),
) -> tuple[HookPoint, ...]:
    """Every hook point with statistics of a nanochat model, bottom to top (9·n_layer + 3 of them).

    `block.{i}.attn_summary` has no statistics row: its arrays are `attention/*`, indexed by layer and head.
    `other_widths`: by hook point, where a model's MLP is not 4·n_embd wide; `of_heads`: keys of HEADS to record, which
    stand in `other_widths`, too.
    """
    other_widths = other_widths or {}
    widths = {"n_embd": n_embd, "4*n_embd": 4 * n_embd, "vocab_size": vocab_size}

    def point(prefix: str, layer_index: int, kind: PointKind) -> HookPoint:
        key = f"{prefix}.{kind.name}"
        width = other_widths[key] if key in other_widths else widths[kind.width]
        return HookPoint(key, layer_index, kind.layer_type, width, kind.payload, kind.unit)

    kinds = [kind for kind in BLOCK if kind.payload != "attention"]
    kinds[2:2] = HEADS  # behind what attention reads
    blocks = [
        point(f"block.{i}", i, kind)
        for i in range(n_layer)
        for kind in kinds
        if kind not in HEADS or f"block.{i}.{kind.name}" in of_heads
    ]
    return (
        *(point("embed", -1, kind) for kind in EMBED),
        *blocks,
        *(point("final", n_layer, kind) for kind in FINAL),
    )
