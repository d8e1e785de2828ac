"""Where two recordings differ: one measure over hook points × moments. JavaScript moves its marks, shapes 0 and 1."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from mri.arrays import Doubles
from mri.measure.difference import difference_map, length_map
from mri.panels import names
from mri.panels.attention_chart import squared
from mri.panels.chart import CERTAIN, colorbar, ends, escaped, filled, finished, stroke
from mri.panels.pair import Pair
from mri.panels.panel import Panel
from mri.panels.selection import Selection
from mri.panels.table import Column, Table, column
from mri.panels.theme import THEMES, colourscale
from mri.study.comparison import Comparison

UNRELATED = float(np.sqrt(2))
"""Relative difference of two vectors of one length that have nothing in common."""

MEASURES = {
    "difference": "relative difference",
    "cosine": "cosine",
    "length": "length: longer in A or in B",
}
"""What the map can show -> its name."""

Ranges = tuple[Doubles, Doubles]
"""The least and the most that each value can be."""


RATIOS = ("difference", "cosine", "difference_at_least", "difference_at_most", "cosine_at_least", "cosine_at_most")


def whole(pair: Pair, at: Selection) -> Table:
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


def table(pair: Pair, at: Selection) -> Table:
    """What fits on a screen: of moments that are taken together, the first matched one."""
    found, by = pair.comparison, at.by if at.by in MEASURES else "difference"
    title, keys = f"Where they differ: {MEASURES[by]}", found.lengths if by == "length" else found.keys
    if why := _why_empty(found, keys):
        return Table((0,), {}, title=title, missing=why)
    columns, every = found.columns()
    there = np.flatnonzero(columns >= 0)
    steps = found.moments.steps[columns[there]]
    shape = len(keys), len(columns)
    values, low, high = np.full(shape, np.nan), np.full(shape, np.nan), np.full(shape, np.nan)
    if by == "length":
        values[:, there] = length_map(found.one, found.other, steps, keys)
    else:
        distances = difference_map(found.one, found.other, steps, keys)
        is_cosine = by == "cosine"
        values[:, there] = distances.cosine if is_cosine else distances.difference
        low[:, there] = distances.cosine_low if is_cosine else distances.low
        high[:, there] = distances.cosine_high if is_cosine else distances.high
    read = names.tokens_of_steps(found.one)
    named = [_column_name(found, moment, read) if moment >= 0 else "" for moment in columns.tolist()]
    drawn = {"keys": keys, "values": values, "ranges": None if by == "length" else (low, high)}
    return Table(shape, {}, drawn | {"by": by, "every": every, "columns": named}, title)


def _why_empty(found: Comparison, keys: Sequence[str]) -> str:
    if found.alignment.strategy == "pooled":
        return "Pooled, no step stands for another:<br>the means are compared below."
    if not len(found.matched_steps):
        other = ": choose another alignment." if found.same_tokens and not found.has_training else "."
        return f"No steps are matched{other}"
    return "" if keys else "One side kept statistics only:<br>choose to show the length."


def _column_name(found: Comparison, moment: int, read: list[str]) -> str:
    a, b = found.moments.steps[moment].tolist()
    return f"step {a} of A, step {b} of B<br>read “{escaped(read[a])}”"


def figure(table: Table, theme: str) -> go.Figure:
    """With ranges, the mean of each column stands above it, in the range in which it is certain to lie.

    Traces: 0 the map, 1 the means' ranges, 2 the means. Shapes: 0 the present moment, 1 the selected hook point.
    """
    c, keys, values, ranges = THEMES[theme], table["keys"], table["values"], table["ranges"]
    by, every, columns = table["by"], table["every"], table["columns"]
    number = "%{customdata[1]:.4g}"
    low, high = ranges or (np.full(values.shape, np.nan),) * 2
    about = np.empty((*values.shape, 3), object)
    about[..., 0], about[..., 1] = np.array(list(columns), object)[None, :], values
    for at in np.ndindex(values.shape):
        about[(*at, 2)] = _range_words(float(low[at]), float(high[at]))
    scale: dict[str, Any] = {"colorscale": squared(colourscale("attention", theme)), "zmin": 0, "zmax": UNRELATED}
    bar: dict[str, Any] = {"tickvals": [0, 0.5, 1, UNRELATED], "ticktext": ["0 same", "0.5", "1", "√2 unrelated"]}
    if by == "cosine":
        scale |= {"colorscale": _reversed(squared(colourscale("attention", theme))), "zmax": 1}
        bar = {"tickvals": [0, 0.5, 1], "ticktext": ["0 unrelated", "0.5", "1 same"]}
    elif by == "length":
        most = float(np.nanmax(np.abs(values), initial=0)) or 1.0
        scale = {"colorscale": colourscale("comparison", theme), "zmin": -most, "zmax": most}
        bar = {"tickvals": [-most, 0, most], "ticktext": ["A longer", "same", "B longer"]}
    measure = MEASURES[by].partition(":")[0]
    hover = f"<b>%{{y}}</b><br>%{{customdata[0]}}<br>{measure} <b>{number}</b><br>%{{customdata[2]}}<extra></extra>"
    gaps = {"ygap": 1 if len(keys) < 60 else 0, "xgap": 1 if values.shape[1] < 80 else 0, "hoverongaps": False}
    scale |= {"colorbar": colorbar(theme) | bar, "customdata": about, "hovertemplate": hover}
    out = go.Figure(go.Heatmap(z=values.astype(np.float32), y=list(keys), **gaps, **scale))
    line = stroke(c["amber"], 1.5)
    out.add_shape(type="line", yref="paper", y0=0, y1=1, x0=0, x1=0, line=line)
    out.add_shape(type="rect", xref="paper", x0=0, x1=1, y0=-0.5, y1=-0.5, line=stroke(c["violet"], 1.5))
    title = "moment: both sessions on one clock" + (f", {every} to a column" if every > 1 else "")
    out.update_xaxes(title_text=title, range=ends(values.shape[1]), showgrid=False, zeroline=False)
    few = max(2, min(len(keys), 24))
    out.update_yaxes(type="category", range=ends(len(keys)), nticks=few, tickfont={"size": 10}, showgrid=False)
    if ranges:
        _add_means(out, values, ranges, list(columns), theme)
    return finished(out, theme, by, gap=0).update_layout(meta={"every": every, "by": by})


def _add_means(figure: go.Figure, values: Doubles, ranges: Ranges, columns: Sequence[str], theme: str) -> None:
    """The mean over the hook points of every column, with its range, in a strip above the map."""
    c, known = THEMES[theme], np.isfinite(values)
    count = known.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean, low, high = (np.where(known, each, 0).sum(axis=0) / count for each in (values, *ranges))
    above = {"yaxis": "y2", "showlegend": False}
    figure.add_bar(y=high - low, base=low, width=1, marker=filled(c["not_captured"]), hoverinfo="skip", **above)
    about = np.stack([np.array(columns, object), low, high], axis=-1)
    hover = f"%{{customdata[0]}}<br>mean of the hook points <b>%{{y:.4g}}</b>{CERTAIN.format(1, 2)}"
    look = {"mode": "markers+lines", "line": stroke(c["accent"], 1), "marker": {"size": 3}}
    figure.add_scatter(y=mean, customdata=about, hovertemplate=hover, **look, **above)
    figure.update_layout(yaxis={"domain": [0, 0.78]}, yaxis2={"domain": [0.82, 1], "title": "mean", "nticks": 4})
    figure.data[0].colorbar.update(len=0.78, y=0.39)


def _range_words(low: float, high: float) -> str:
    if np.isnan(low) or np.isnan(high):
        return ""
    return "exact" if high - low < 2e-3 else f"likeliest; certain: {low:.3g} … {high:.3g}"


def _reversed(stops: list[tuple[float, str]]) -> list[tuple[float, str]]:
    return [(1 - t, colour) for t, colour in reversed(stops)]


PANEL = Panel(
    name="compare-map",
    page="compare",
    tab="pair",
    place=10,
    label="Where they differ",
    kind="derived",
    height_px=520,
    note="‖A − B‖ over the mean of both lengths; where neurons were not captured, the likeliest. Above: the "
    "mean of the hook points, grey the range in which it is certain to lie; under the pointer that of a "
    "cell. Empty columns: no step of the other side stands for this one. Click to go there.",
    table=table,
    figure=figure,
    whole=whole,
    needs=("by",),
    selects={"point": "y", "column": "x"},
)
