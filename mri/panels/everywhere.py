"""Where all heads of the model look: a row a head, the top block first, and a column a token read so far."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import plotly.graph_objects as go

from mri.panels.attention import rows_of
from mri.panels.attention_chart import KNOWN, UNKNOWN, add_unknown, add_weights, token_axis
from mri.panels.chart import FRAMED_ROW, finished, frame, name_places
from mri.panels.panel import Panel
from mri.panels.scan import Scan
from mri.panels.selection import Selection
from mri.panels.table import Table


def table(scan: Scan, at: Selection) -> Table:
    """(n_layer · n_head, n_keys): row 0 is head 0 of the top block."""
    layer, head = scan.head(at)
    n_layer, n_head, _ = scan.attention[0].shape
    layers, heads = np.repeat(np.arange(n_layer)[::-1], n_head), np.tile(np.arange(n_head), n_layer)
    selected = (n_layer - 1 - layer) * n_head + head
    found = rows_of(scan, layers, heads, selected, f"Where all {n_layer * n_head} heads look")
    return replace(found, drawn={**found.drawn, "n_head": n_head})


def figure(table: Table, theme: str) -> go.Figure:
    """Traces: 0 not captured, 1 captured weights. Shape 0: the selected head."""
    n_rows, n_head, out = table.shape[0], table["n_head"], go.Figure()
    n_layer = n_rows // n_head
    where = "block %{customdata[0]} · head %{customdata[1]}<br>to %{x}<br>"
    names = {"z": "unknown", "x": "key_name", "customdata": ["layer", "head", "bound"], "rows": n_rows}
    add_unknown(out, theme, meta=names, hovertemplate=where + UNKNOWN.format("[2]"))
    names = {"z": "weight", "x": "key_name", "customdata": ["layer", "head"], "rows": n_rows}
    add_weights(out, theme, meta=names, xgap=1, hovertemplate=where + KNOWN.format("z"))
    frame(out, theme, None, 0, width=1.5)
    name_places(out, FRAMED_ROW)
    token_axis(out)
    every = max(1, -(-n_layer // 12))
    blocks = range(n_layer - 1, -1, -every)
    middles = [(n_layer - 1 - block) * n_head + (n_head - 1) / 2 for block in blocks]
    names_of_blocks = [f"block {block}" for block in blocks]
    out.update_yaxes(tickvals=middles, ticktext=names_of_blocks, range=[n_rows - 0.5, -0.5], showgrid=False)
    out.update_layout(margin={"l": 62})
    return finished(out, theme, "everywhere", gap=0)


PANEL = Panel(
    name="everywhere",
    page="scanner",
    tab="attention",
    place=5,
    label="Where all heads look",
    kind="measured",
    height_px=330,
    note="One row per head, the top block first; one column per token read so far. Grey: not among the kept keys. "
    "A click selects the head.",
    table=table,
    figure=figure,
    selects={"layer": "customdata.0", "head": "customdata.1"},
)
