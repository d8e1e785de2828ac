"""Statistics of every hook point in one step, on one asinh axis."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from mri.format.hook_points import STATS
from mri.panels.chart import ends, filled, finished
from mri.panels.map import unit_of
from mri.panels.panel import Panel
from mri.panels.scan import Scan
from mri.panels.selection import Selection
from mri.panels.table import Table, column
from mri.panels.theme import THEMES


def table(scan: Scan, at: Selection) -> Table:
    layout, keys = scan.layout, list(scan.layout.rows)
    stats = scan.reader.column("stats", steps=[scan.step])[0]  # (n_points, 7), NaN where dropped
    columns = {"hook_point": column(np.array(keys, object))}
    columns |= {stat: column(stats[:, i], unit_of(stat)) for i, stat in enumerate(STATS)}
    mean, std, low, high = (stats[:, STATS.index(stat)] for stat in ("mean", "std", "min", "max"))
    least, most = np.arcsinh(low), np.arcsinh(high)
    below, above = np.arcsinh(np.maximum(mean - std, low)), np.arcsinh(np.minimum(mean + std, high))
    drawn = {
        "least": least,
        "span": most - least,
        "below": below,
        "spread": above - below,
        "selected": layout.rows.get(at.point, -1),
    }
    return Table((len(keys),), columns, drawn)


def figure(table: Table, theme: str) -> go.Figure:
    """Traces: 0 min to max, 1 mean ± std."""
    c, count = THEMES[theme], table.shape[0]
    hover = "<b>%{x}</b><br>" + "<br>".join(f"{name} %{{customdata[{i}]:.6g}}" for i, name in enumerate(STATS))
    out, about = go.Figure(), {"x": table["hook_point"].tolist(), "hovertemplate": hover + "<extra></extra>"}
    names = {"y": "span", "base": "least", "customdata": list(STATS)}
    out.add_bar(meta=names, width=0.3, marker=filled(c["muted"]), **about)
    colours = [c["selected"] if i == table["selected"] else c["bar"] for i in range(count)]
    out.add_bar(meta=names | {"y": "spread", "base": "below"}, width=0.9, marker={"color": colours}, **about)
    outermost = np.nan_to_num(np.concatenate([table["least"], table["least"] + table["span"]]))
    marks = (-1e4, -1e3, -100, -10, -1, 0, 1, 10, 100, 1e3, 1e4)
    ticks = [mark for mark in marks if outermost.min() <= np.arcsinh(mark) <= outermost.max()]
    out.update_xaxes(type="category", showticklabels=False, range=ends(count))
    out.update_yaxes(tickvals=np.arcsinh(ticks), ticktext=[f"{t:g}" for t in ticks])
    out.update_layout(barmode="overlay")
    return finished(out, theme, "bars", gap=0)


PANEL = Panel(
    name="bars",
    page="scanner",
    tab="statistics",
    place=20,
    label="Every hook point in this step",
    kind="measured",
    note="Thin: min to max. Thick: mean ± std as far as there are values. One asinh axis. "
    "Bottom of the model on the left.",
    table=table,
    figure=figure,
    selects={"point": "x"},
)
