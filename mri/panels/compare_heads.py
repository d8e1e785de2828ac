"""Heads that look elsewhere in one recording than in the other."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from mri.panels.attention_chart import heads_map, squared
from mri.panels.chart import finished, framed
from mri.panels.pair import Pair
from mri.panels.panel import Panel
from mri.panels.selection import Selection
from mri.panels.table import Column, Table, column
from mri.panels.theme import colourscale


def table(pair: Pair, at: Selection) -> Table:
    if why := why_none(pair):
        return Table((0, 0), columns_of(np.empty((0, 0)), np.empty((0, 0))), missing=why)
    assert pair.attention is not None
    low, high = pair.attention.low, pair.attention.high
    says = [bits_words(*ends) for ends in zip(low.ravel().tolist(), high.ravel().tolist(), strict=True)]
    layer, head = min(at.layer, low.shape[0] - 1), min(at.head, low.shape[1] - 1)
    drawn = {"least": low, "words": np.array(says, object), **framed(head, layer)}
    return Table(low.shape, columns_of(low, high), drawn)


def why_none(pair: Pair) -> str:
    """Why the attention of this moment is not compared; "" where it is."""
    if pair.alone:
        return f"Only {pair.alone} has a step at this moment."
    if not pair.is_matched:
        return "These two tokens do not stand for each other:<br>their attention is not compared."
    return "" if pair.attention is not None else "One of the steps has no attention, or other heads."


def columns_of(low: np.ndarray, high: np.ndarray) -> dict[str, Column]:
    n_layer, n_head = low.shape
    return {
        "layer": column(np.arange(n_layer)[:, None], "index"),
        "head": column(np.arange(n_head), "index"),
        "divergence_at_least": Column(low, "bits", ~np.isnan(low)),
        "divergence_at_most": Column(high, "bits", ~np.isnan(high)),
    }


def figure(table: Table, theme: str) -> go.Figure:
    """Jensen–Shannon divergence of every head's row, at least.  Trace 0."""
    scale = {"zmax": 1, "colorscale": squared(colourscale("attention", theme)), "colorbar": {"title": {"text": "bits"}}}
    return finished(heads_map("least", "words", table.shape, scale, theme=theme), theme, "heads")


def bits_words(low: float, high: float) -> str:
    if np.isnan(low):
        return "not captured"
    return f"<b>{low:.4f}</b> bits" if high - low < 1e-9 else f"<b>{low:.4f}</b> to {high:.4f} bits"


PANEL = Panel(
    name="compare-heads",
    page="compare",
    tab="moment",
    place=50,
    label="Heads that look elsewhere",
    kind="derived",
    height_px=250,
    note="Jensen–Shannon divergence of each head's row: 0 bits looks at the same tokens, 1 bit at entirely "
    "different ones. Where only the strongest keys were kept: at least so much. Click to choose a head.",
    table=table,
    figure=figure,
    selects={"layer": "customdata.0", "head": "customdata.1"},
)
