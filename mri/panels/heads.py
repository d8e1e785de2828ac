"""All heads at a glance: how spread each one looks, and how far back."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from mri.panels.attention_chart import head_words, heads_map
from mri.panels.chart import finished, framed
from mri.panels.panel import Panel
from mri.panels.scan import Scan
from mri.panels.selection import Selection
from mri.panels.table import Column, Table, column
from mri.panels.theme import colourscale

CHOICES = {"entropy": "entropy", "distance": "mean distance looked back"}


def table(scan: Scan, at: Selection) -> Table:
    captured = scan.captured
    entropy, (_, bounds), (low, high) = captured.entropy(), scan.attention, scan.distances
    known = captured.odd_heads() | ~np.isnan(entropy)
    n_layer, n_head = entropy.shape
    columns = {
        "layer": column(np.arange(n_layer)[:, None], "index"),
        "head": column(np.arange(n_head), "index"),
        "entropy": Column(entropy, "bits", known),
        "distance_at_least": Column(low, "tokens", known),
        "distance_at_most": Column(high, "tokens", known),
        "state": Column(known, words=("not captured", "captured")),
    }
    by_distance = at.heads == "distance"
    shown = (low + high) / 2 if by_distance else entropy
    numbers = (array.ravel().tolist() for array in (entropy, low, high, bounds))
    drawn = {
        "shown": shown,
        "most": float(np.nan_to_num(shown).max(initial=1)) if by_distance else float(np.log2(max(2, len(scan.tokens)))),
        "words": np.array([head_words(*cell) for cell in zip(*numbers, strict=True)], object),
        "by": at.heads,
        **framed(at.head, at.layer),
    }
    missing = "" if captured.has_attention else "No attention was captured in this step."
    return Table(entropy.shape, columns, drawn, missing=missing)


def figure(table: Table, theme: str) -> go.Figure:
    """By entropy on a scale up to that of an even row over all positions, or by distance, on a scale of this step."""
    title = {"text": "tokens" if table["by"] == "distance" else "bits", "side": "right"}
    scale = {"colorscale": colourscale("attention", theme), "colorbar": {"title": title}}
    out = heads_map("shown", "words", table.shape, scale, theme=theme, most="most")
    return finished(out, theme, table["by"])


PANEL = Panel(
    name="heads",
    page="scanner",
    tab="attention",
    place=10,
    label="All heads",
    kind="derived",
    note="Entropy of the head's row, 0 bits where it looks at one token. Distance: Σ weight · (query − key), "
    "in tokens; where only the strongest keys were kept, the middle of what it can be.",
    table=table,
    figure=figure,
    needs=("heads",),
    selects={"layer": "customdata.0", "head": "customdata.1"},
)
