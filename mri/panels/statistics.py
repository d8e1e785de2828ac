"""Figures of statistics: every hook point in one step, and one statistic over hook points × steps.

Arrays in, `go.Figure` out, as figures.py; `assets/js/panels/feeds.mjs` feeds the same traces.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from mri.format.arrays import Floats
from mri.format.hook_points import STATS
from mri.panels.chart import colorbar, ends, filled, finished, frame, mark_step
from mri.panels.theme import THEMES, colourscale

LOG_STATS = ("std", "l2", "p99")
"""Statistics drawn by their decimal logarithm: they grow by orders of magnitude from embedding to logits."""
SIGNED_STATS = ("mean", "min", "max")


def statistics_bars(keys: Sequence[str], stats: Floats, *, selected: int, theme: str) -> go.Figure:
    """Statistics of every hook point in one step on one asinh axis.  stats (n_points, 7), NaN where dropped.

    Traces: 0 min to max, 1 mean ± std.
    """
    c = THEMES[theme]
    low, high = np.arcsinh(stats[:, STATS.index("min")]), np.arcsinh(stats[:, STATS.index("max")])
    mean, std = stats[:, STATS.index("mean")], stats[:, STATS.index("std")]
    below, above = np.arcsinh(mean - std), np.arcsinh(mean + std)
    hover = "<b>%{x}</b><br>" + "<br>".join(f"{name} %{{customdata[{i}]:.6g}}" for i, name in enumerate(STATS))
    figure, about = go.Figure(), {"x": list(keys), "customdata": stats, "hovertemplate": hover + "<extra></extra>"}
    figure.add_bar(y=high - low, base=low, width=0.3, marker=filled(c["bar"]), **about)
    colours = [c["violet"] if i == selected else c["accent"] for i in range(len(keys))]
    figure.add_bar(y=above - below, base=below, width=0.9, marker={"color": colours}, **about)
    outermost = np.nan_to_num(np.concatenate([low, high]))
    marks = (-1e4, -1e3, -100, -10, -1, 0, 1, 10, 100, 1e3, 1e4)
    ticks = [mark for mark in marks if outermost.min() <= np.arcsinh(mark) <= outermost.max()]
    figure.update_xaxes(type="category", showticklabels=False, range=ends(len(keys)))
    figure.update_yaxes(tickvals=np.arcsinh(ticks), ticktext=[f"{t:g}" for t in ticks])
    figure.update_layout(barmode="overlay")
    return finished(figure, theme, "bars", gap=0)


def statistic_map(
    keys: Sequence[str], values: Floats, *, stat: str, unit: str, step: int, selected: int, theme: str
) -> go.Figure:
    """One statistic over hook points × steps.  values (n_points, num_steps).  Trace: 0 the map."""
    shown, ticks = _shown_statistic(values, stat)
    limit = float(np.nanmax(np.abs(shown), initial=1e-9)) if stat in SIGNED_STATS else None
    scale: dict[str, Any] = {"colorscale": colourscale("signed" if limit else "attention", theme)}
    hover = f"<b>%{{y}}</b> · step %{{x}}<br>{stat} <b>%{{customdata[0]:.6g}}</b> {unit}<extra></extra>"
    about = {"customdata": values[..., None], "hovertemplate": hover, "hoverongaps": False}
    scale |= {"zmin": limit and -limit, "zmax": limit, "colorbar": {**colorbar(theme), **ticks}}
    figure = go.Figure(go.Heatmap(z=shown, x=np.arange(values.shape[1]), y=list(keys), **scale, **about))
    mark_step(figure, step, theme)
    frame(figure, theme, None, selected, "violet", 1)
    figure.update_xaxes(title_text="step", range=ends(values.shape[1]))
    few = max(2, len(keys) // 3)
    figure.update_yaxes(type="category", range=ends(len(keys)), nticks=few, tickfont={"size": 10})
    return finished(figure, theme, stat, gap=0)


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
