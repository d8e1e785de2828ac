"""What the worker found of a neuron's direct path, as CSV (see cells.py for the form)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mri.export.cells import csv_pieces, header
from mri.nanochat.reach import ERASED_BELOW


def tokens_csv(status: dict[str, Any], point: str, neuron: int) -> Iterator[bytes]:
    """status: the worker's answer. Its tokens, or one row that says "erased later"."""
    factor = status["factor"]
    columns = header(
        "hook_point; neuron [index]; factor [c, share that reaches the last norm]; list; token_id [index]; token; "
        "effect [logits per unit]"
    )
    where = [point, neuron, factor]
    rows = [
        [*where, said, token_id, bytes.fromhex(raw).decode("utf-8", "replace"), effect]
        for name, said in (("promoted", "promotes"), ("suppressed", "suppresses"))
        for token_id, raw, effect in status[name]
    ]
    return csv_pieces(columns, [[*where, "erased later", None, None, None]] if abs(factor) < ERASED_BELOW else rows)
