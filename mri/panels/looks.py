"""One head over the whole session: which token looked at which."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from mri.arrays import Floats
from mri.measure.attention import attention_map
from mri.panels.attention_chart import KNOWN, UNKNOWN, add_unknown, add_weights, token_axis
from mri.panels.chart import UPRIGHT, axis_labels, finished, name_places, stroke
from mri.panels.panel import Panel
from mri.panels.scan import Scan
from mri.panels.selection import Selection
from mri.panels.table import Table, column, valued
from mri.panels.theme import THEMES

MAP_CELLS = 256
"""Most rows and columns of the chart: more positions than that are shown several to a cell, by their strongest."""


def table(scan: Scan, at: Selection) -> Table:
    layer, head = scan.head(at)
    if scan.reader.session.kind == "training":
        return Table((0,), {}, missing="No attention was captured in this session.")
    weights, bounds = attention_map(scan.reader, layer, head)  # (n, n) query × key
    n, tokens = len(weights), np.array(scan.texts, object)
    positions = np.arange(n)
    columns = {
        "layer": column(layer, "index"),
        "head": column(head, "index"),
        "query": column(positions[:, None], "position"),
        "query_token": column(tokens[:n, None]),
        "key": column(positions, "position"),
        "key_token": column(tokens[:n]),
        **valued(weights, ~np.isnan(weights), bounds, "probability", "weight"),
    }
    every = max(1, -(-n // MAP_CELLS))
    names = axis_labels(scan.tokens[:n])
    if every > 1:
        names = [f"{start} … {min(start + every, n) - 1}" for start in range(0, n, every)]
    most, known = pooled(bounds, every), pooled(weights, every)
    drawn = {
        "known": known,
        "unknown": np.where(np.isfinite(most) & np.isnan(known), np.float32(0), np.float32(np.nan)),
        "most": most,
        "names": np.array(names, object),
        "every": every,
        "row": (scan.frame.pos0 + scan.frame.t_add - 1) // every,
        "of": f"{layer}.{head}",
    }
    return Table((n, n), columns, drawn, f"Block {layer} · head {head} over all steps", rows=np.tri(n, dtype=bool))


def pooled(values: Floats, every: int) -> Floats:
    """(n, n) -> (n_cells, n_cells), the largest of each cell."""
    starts = np.arange(0, len(values), every)
    return np.ascontiguousarray(np.fmax.reduceat(np.fmax.reduceat(values, starts, axis=0), starts, axis=1))


def figure(table: Table, theme: str) -> go.Figure:
    """Traces: 0 not captured, 1 captured. Shape 0: the current step's row."""
    many, cells, out = table["every"] > 1, len(table["names"]), go.Figure()
    where = "from %{y}<br>to %{x}, the strongest of these:<br>" if many else "from %{y}<br>to %{x}<br>"
    axes = {"x": "names", "y": "names"}
    names = {"z": "unknown", "customdata": "most", **axes}
    add_unknown(out, theme, meta=names, hovertemplate=where + UNKNOWN.format(""))
    add_weights(out, theme, meta={"z": "known", **axes}, hovertemplate=where + KNOWN.format("z"))
    out.add_shape(type="line", xref="paper", x0=0, x1=1, line=stroke(THEMES[theme]["selected"], 1.5))
    token_axis(out, cells)
    out.update_yaxes(type="category", nticks=14, range=[cells - 0.5, -0.5], **UPRIGHT | {"tickangle": None})
    out.update_layout(margin={"l": 62}, meta={"every": table["every"]})
    name_places(out, {"shapes[0].y0": "row", "shapes[0].y1": "row"})
    return finished(out, theme, f"map {table['of']}")


PANEL = Panel(
    name="looks",
    page="scanner",
    tab="attention",
    place=40,
    label="The head over all steps",
    kind="measured",
    height_px=390,
    note="Rows: the token that looks. Columns: the token it looks at. Grey: not captured, at most the bound "
    "under the pointer. Line: this step. Click to go to a step.",
    table=table,
    figure=figure,
    needs=("layer", "head"),
    selects={"position": "pointNumber.0"},
)
