"""Where two recordings differ: one measure over hook points × moments. Drawn by assets/js/panels/pair_map.mjs."""

from __future__ import annotations

from typing import Any

import numpy as np

from mri.arrays import Doubles
from mri.measure.difference import difference_map, length_map
from mri.panels.pair import Pair
from mri.panels.panel import Panel
from mri.panels.selection import Selection
from mri.panels.table import Column, Table, column
from mri.study.comparison import Comparison

MEASURES = {
    "difference": "relative difference",
    "cosine": "cosine",
    "length": "length: longer in A or in B",
}
"""What the map can show -> its name."""

RATIOS = ("difference", "cosine", "difference_at_least", "difference_at_most", "cosine_at_least", "cosine_at_most")


def table(pair: Pair, at: Selection) -> Table:
    """Every matched moment × every hook point that both have statistics of, in every measure."""
    found = pair.comparison
    steps, keys = found.matched_steps, found.lengths
    measured = difference_map(found.one, found.other, steps, found.keys)
    shape, rows = (len(steps), len(keys)), [keys.index(key) for key in found.keys]
    columns = {
        "moment": column(np.flatnonzero(found.moments.whole)[:, None], "index"),
        "step_a": column(steps[:, :1], "index"),
        "step_b": column(steps[:, 1:], "index"),
        "hook_point": column(np.array(keys, object)),
    }
    for name, values in zip(RATIOS, measured, strict=True):
        cells = np.full(shape, np.nan)
        cells[:, rows] = values.T
        columns[name] = Column(cells, "ratio", ~np.isnan(cells))
    lengths = length_map(found.one, found.other, steps, keys).T
    columns["length_b_over_a"] = Column(lengths, "difference / mean", ~np.isnan(lengths))
    return Table(shape, columns)


def cells(found: Comparison, at: Selection) -> dict[str, Any]:
    """`at.by` of those of `at.points` that can be compared (all, where none are named) at every moment, as JSON: null
    where nothing is subtracted or known; low, high: the range in which it is certain to lie, null for a length."""
    by = at.by if at.by in MEASURES else "difference"
    keys = [key for key in (found.lengths if by == "length" else found.keys) if not at.points or key in at.points]
    steps, shape = found.matched_steps, (len(keys), len(found.moments.steps))
    measured: tuple[Doubles, ...] = ()
    if by == "length":
        measured = (length_map(found.one, found.other, steps, keys),)
    elif keys:
        of = difference_map(found.one, found.other, steps, keys)
        measured = (of.cosine, of.cosine_low, of.cosine_high) if by == "cosine" else (of.difference, of.low, of.high)
    told: dict[str, Any] = dict.fromkeys(("low", "high"))
    for name, of_matched in zip(("values", "low", "high"), measured, strict=False):
        cells = np.full(shape, np.nan)
        cells[:, found.moments.whole] = of_matched
        told[name] = [[x if np.isfinite(x) else None for x in row] for row in cells.tolist()]
    return {"by": by, "keys": keys, "values": []} | told | {"missing": _why_empty(found, keys)}


def _why_empty(found: Comparison, keys: list[str]) -> str:
    if found.alignment.strategy == "pooled":
        return "Pooled, no step stands for another: only means are compared."
    if not len(found.matched_steps):
        other = ": choose another alignment." if found.same_tokens and not found.has_training else "."
        return f"No steps are matched{other}"
    return "" if keys else "One side kept statistics only: choose to show the length."


PANEL = Panel(name="compare-map", page="compare", label="Where they differ", kind="derived", table=table)
