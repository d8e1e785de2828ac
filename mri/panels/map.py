"""One statistic over hook points × steps."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go

from mri.arrays import Floats
from mri.errors import ConfigError
from mri.format.hook_points import STATS
from mri.panels.chart import colorbar, ends, finished, frame, mark_step
from mri.panels.panel import Panel
from mri.panels.scan import Scan
from mri.panels.selection import Selection
from mri.panels.table import Table, column
from mri.panels.theme import THEMES, dots

LOG_STATS = ("std", "l2", "p99")
"""Statistics drawn by their decimal logarithm: they grow by orders of magnitude from embedding to logits."""
SIGNED_STATS = ("mean", "min", "max")


def unit_of(stat: str) -> str:
    return {"sparsity": "share of zeros", "p99": "|activation|"}.get(stat, "activation")


def table(scan: Scan, at: Selection) -> Table:
    """Steps × hook points."""
    if at.stat not in STATS:
        raise ConfigError(f"There is no statistic {at.stat!r}: choose one of {', '.join(STATS)}.")
    keys = np.array(list(scan.layout.rows), object)
    values = scan.reader.column("stats", slice(None), STATS.index(at.stat)).astype(np.float32)  # (num_steps, n_points)
    columns = {
        "step": column(np.arange(len(values), dtype=np.int32)[:, None], "index"),
        "hook_point": column(keys),
        at.stat: column(values, unit_of(at.stat)),
    }
    drawn = {"stat": at.stat, "points": keys, "selected": scan.layout.rows.get(at.point, -9), "step_now": scan.step}
    return Table(values.shape, columns, drawn, f"{at.stat}: hook points × steps")


def figure(table: Table, theme: str) -> go.Figure:
    """Trace: 0 the map. Shapes: 0 the step, 1 the selected hook point."""
    stat, keys = table["stat"], table["points"].tolist()
    values = np.ascontiguousarray(table[stat].T)
    shown, ticks = _shown_statistic(values, stat)
    limit = float(np.nanmax(np.abs(shown), initial=1e-9)) if stat in SIGNED_STATS else None
    scale: dict[str, Any] = {"colorscale": dots(limit is not None, True)}
    unit = "share" if stat == "sparsity" else ""
    hover = f"<b>%{{y}}</b> · step %{{x}}<br>{stat} <b>%{{customdata[0]:.6g}}</b> {unit}<extra></extra>"
    about = {"customdata": values[..., None], "hovertemplate": hover, "hoverongaps": False}
    scale |= {"zmin": limit and -limit, "zmax": limit, "colorbar": {**colorbar(theme), **ticks}}
    out = go.Figure(go.Heatmap(z=shown, x=np.arange(values.shape[1]), y=keys, **scale, **about))
    mark_step(out, theme)
    frame(out, "dark", None, table["selected"], width=1)
    out.update_layout(plot_bgcolor=THEMES["dark"]["plot"])
    out.update_xaxes(title_text="step", range=ends(values.shape[1]))
    few = max(2, len(keys) // 3)
    out.update_yaxes(type="category", range=ends(len(keys)), nticks=few, tickfont={"size": 10})
    return finished(out, theme, stat, gap=0)


def _shown_statistic(values: Floats, stat: str) -> tuple[Floats, dict[str, Any]]:
    """What the colour carries, and colour-bar ticks that say it in the statistic's own numbers."""
    if stat in LOG_STATS:
        with np.errstate(divide="ignore"):
            shown = np.where(values > 0, np.log10(values), np.nan).astype(np.float32)
        powers = range(-8, 9)
        return shown, {"tickvals": list(powers), "ticktext": [f"{10.0**p:g}" for p in powers]}
    if stat in SIGNED_STATS:
        marks = [-1000, -100, -10, -1, 0, 1, 10, 100, 1000]
        return np.arcsinh(values), {"tickvals": np.arcsinh(marks).tolist(), "ticktext": [f"{m:g}" for m in marks]}
    return values, {}


PANEL = Panel(
    name="map",
    page="scanner",
    tab="statistics",
    place=10,
    label="Hook points × steps",
    kind="measured",
    height_px=380,
    note="Click to go to that step and hook point.",
    table=table,
    figure=figure,
    selects={"point": "y", "step": "x"},
)
