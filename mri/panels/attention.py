"""What the step's token attended to, every head of a block."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from mri.arrays import Ints
from mri.panels.attention_chart import KNOWN, UNKNOWN, add_unknown, add_weights, bounds_of_cells, ticks, token_axis
from mri.panels.chart import FRAMED_ROW, axis_labels, ends, finished, frame, framed, name_places
from mri.panels.panel import Panel
from mri.panels.scan import Scan
from mri.panels.selection import Selection
from mri.panels.table import Table, column, valued


def table(scan: Scan, at: Selection) -> Table:
    layer, head = scan.head(at)
    heads = np.arange(scan.layout.n_head)
    return rows_of(scan, np.full_like(heads, layer), heads, head, f"Where each head of block {layer} looks")


def rows_of(scan: Scan, layers: Ints, heads: Ints, selected: int, title: str) -> Table:
    """Heads × keys: weights of the step's last query.  layers, heads (n_rows,): whose row each is; selected: a row"""
    rows, most = scan.attention
    weights, bounds = rows[layers, heads], most[layers, heads]
    known = scan.captured.odd_heads()[layers, heads][:, None] | ~np.isnan(weights)
    n_keys = weights.shape[-1]
    columns = {
        "layer": column(layers[:, None], "index"),
        "head": column(heads[:, None], "index"),
        "key": column(np.arange(n_keys), "position"),
        "token": column(np.array(scan.texts[:n_keys], object)),
        **valued(weights, known, bounds[:, None], "probability", "weight"),
    }
    cells = bounds_of_cells(weights, bounds)
    drawn = {
        "bound": cells,
        "unknown": np.where(np.isfinite(cells), np.float32(0), np.float32(np.nan)),
        "key_name": np.array(axis_labels(scan.tokens[:n_keys]), object),
        "keys_range": ends(n_keys),
        **framed(0, selected),
    }
    missing = "" if scan.captured.has_attention else "No attention was captured in this step."
    return Table(weights.shape, columns, drawn, title, missing)


def figure(table: Table, theme: str) -> go.Figure:
    """Traces: 0 not captured, 1 captured weights. Shape 0: the selected head."""
    n_head, out = table.shape[0], go.Figure()
    where = "block %{customdata[0]} · head %{customdata[1]}<br>to %{x}<br>"
    names = {"z": "unknown", "x": "key_name", "customdata": ["layer", "head", "bound"], "rows": n_head}
    add_unknown(out, theme, meta=names, hovertemplate=where + UNKNOWN.format("[2]"))
    names = {"z": "weight", "x": "key_name", "customdata": ["layer", "head"], "rows": n_head}
    add_weights(out, theme, meta=names, ygap=1, hovertemplate=where + KNOWN.format("z"))
    frame(out, theme, None, 0, width=1.5)
    name_places(out, FRAMED_ROW)
    token_axis(out)
    out.update_yaxes(title_text="head", tickvals=ticks(n_head), range=[n_head - 0.5, -0.5], showgrid=False)
    return finished(out, theme, "attention", gap=0)


PANEL = Panel(
    name="attention",
    page="scanner",
    tab="attention",
    place=20,
    label="Where each head looks",
    kind="measured",
    note="One row per head of the block, one column per token read so far. Grey: not among the kept keys.",
    table=table,
    figure=figure,
    needs=("layer",),
    selects={"layer": "customdata.0", "head": "customdata.1"},
    target="attention.rows",
)
