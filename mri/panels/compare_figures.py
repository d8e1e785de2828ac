"""Plotly figures of the Compare page: arrays in, `go.Figure` out. Each draws one panel, computes only places.

A is orange and B is blue throughout. Knows no sessions and no frames. JavaScript (assets/js/panels/pair_charts.mjs) moves
the marks of the map, shapes 0 and 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from mri.format.arrays import Doubles
from mri.measure.divergence import AttentionDivergence, PredictionDivergence
from mri.panels.attention import Head, heads_map, squared
from mri.panels.chart import LEGEND, UPRIGHT, colorbar, ends, escaped, filled, finished, mark_step, percent, stroke
from mri.panels.theme import THEMES, colourscale

UNRELATED = float(np.sqrt(2))
"""Relative difference of two vectors of one length that have nothing in common."""

CERTAIN = "<br>certain: %{{customdata[{}]:.3g}} … %{{customdata[{}]:.3g}}<extra></extra>"

MOST_PREDICTIONS = 20
"""Tokens that are drawn; the table to take away has all that either side captured."""

MEASURES = {
    "difference": "relative difference",
    "cosine": "cosine",
    "length": "length: longer in A or in B",
}
"""What the map can show -> its name."""


Ranges = tuple[Doubles, Doubles]
"""The least and the most that each value can be."""


def difference_map(
    keys: Sequence[str],
    values: Doubles,
    ranges: Ranges | None,
    *,
    by: str,
    every: int,
    columns: Sequence[str],
    theme: str,
) -> go.Figure:
    """One measure over hook points × moments.  values, ranges (n_keys, n_columns), NaN: nothing to compare; columns:
    what each column is, for the pointer; every: moments to a column. With ranges, the mean of each column stands above
    it, in the range in which it is certain to lie.

    Traces: 0 the map, 1 the means' ranges, 2 the means. Shapes: 0 the present moment, 1 the selected hook point.
    """
    c = THEMES[theme]
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
    figure = go.Figure(go.Heatmap(z=values.astype(np.float32), y=list(keys), **gaps, **scale))
    mark_step(figure, 0, theme)
    figure.add_shape(type="rect", xref="paper", x0=0, x1=1, y0=-0.5, y1=-0.5, line=stroke(c["violet"], 1.5))
    title = "moment: both sessions on one clock" + (f", {every} to a column" if every > 1 else "")
    figure.update_xaxes(title_text=title, range=ends(values.shape[1]), showgrid=False, zeroline=False)
    few = max(2, min(len(keys), 24))
    figure.update_yaxes(type="category", range=ends(len(keys)), nticks=few, tickfont={"size": 10}, showgrid=False)
    if ranges:
        _add_means(figure, values, ranges, list(columns), theme)
    out = finished(figure, theme, by, gap=0)
    return out.update_layout(meta={"of": by, "every": every})


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


def similarity_bars(
    keys: Sequence[str], cosine: Doubles, low: Doubles, high: Doubles, cka: Doubles, *, theme: str
) -> go.Figure:
    """Cosine of every hook point, in the range in which it is certain to lie, and CKA where there is one.

    Traces: 0 the range, 1 the cosine, 2 CKA.
    """
    c, x, figure = THEMES[theme], list(keys), go.Figure()
    grey = filled(c["not_captured"])
    figure.add_bar(x=x, y=high - low, base=low, marker=grey, width=0.8, hoverinfo="skip", name="range")
    diamond = {"color": c["accent"], "size": 7, "symbol": "diamond"}
    hover = f"<b>%{{x}}</b><br>cosine <b>%{{y:.4g}}</b>{CERTAIN.format(0, 1)}"
    figure.add_scatter(x=x, y=cosine, customdata=np.stack([low, high], axis=-1), hovertemplate=hover, name="cosine")
    figure.update_traces(mode="markers", marker=diamond, selector={"name": "cosine"})
    ring = {"color": c["violet"], "size": 7, "symbol": "circle-open", "line": {"width": 2}}
    hover = "<b>%{x}</b><br>linear CKA <b>%{y:.4g}</b><extra></extra>"
    figure.add_scatter(x=x, y=cka, mode="markers", name="linear CKA", marker=ring, hovertemplate=hover)
    lowest = float(np.nanmin(np.concatenate([low, cka, [1.0]])))
    figure.update_xaxes(type="category", showticklabels=False, range=[-0.5, len(keys) - 0.5], showgrid=False)
    figure.update_yaxes(range=[max(-1.05, lowest - 0.05), 1.05], zeroline=True)
    font = {"size": 11, "color": c["muted"]}
    figure.update_layout(showlegend=True, legend=LEGEND | {"y": 1, "font": font})
    return finished(figure, theme, "similarity", gap=0.2)


def divergence_map(found: AttentionDivergence, *, selected: Head, theme: str) -> go.Figure:
    """Jensen–Shannon divergence of every head's row, at least.  Trace 0."""
    says = [
        [_bits_words(*ends) for ends in zip(lows, highs, strict=True)]
        for lows, highs in zip(found.low.tolist(), found.high.tolist(), strict=True)
    ]
    colours = squared(colourscale("attention", theme))
    scale = {"zmax": 1, "colorscale": colours, "colorbar": {"title": {"text": "bits"}}}
    figure = heads_map(found.low.astype(np.float32), says, scale, selected=selected, theme=theme)
    return finished(figure, theme, "heads")


def attention_pair(found: AttentionDivergence, names: Sequence[str], *, head: Head, theme: str) -> go.Figure:
    """One head's rows: A upwards, B downwards, and what B gives more or less.  names (n_places,): tokens.

    Traces: 0 A, 1 B, 2 at most A, 3 at most B, 4 B − A.
    """
    c = THEMES[theme]
    a, b = found.a[head].astype(np.float64), found.b[head].astype(np.float64)
    most_a = np.where(np.isnan(a), found.bound_a[head], np.nan)
    most_b = np.where(np.isnan(b), found.bound_b[head], np.nan)
    x = [f"{place} {escaped(name)}" for place, name in enumerate(names)]

    figure = go.Figure()
    for y, side, hollow in ((a, "A", False), (-b, "B", False), (most_a, "A", True), (-most_b, "B", True)):
        colour = c[f"side_{side.lower()}"]
        marker = {"color": "rgba(0,0,0,0)" if hollow else colour, "line": stroke(colour, 1 if hollow else 0)}
        value = "not captured: at most %{customdata:.4g}" if hollow else "<b>%{customdata:.4g}</b> of the attention"
        hover = f"{side} to %{{x}}<br>{value}<extra></extra>"
        figure.add_bar(x=x, y=y, customdata=np.abs(y), marker=marker, hovertemplate=hover)
    look = {"mode": "markers+lines", "line": stroke(c["text"], 1, dash="dot"), "marker": {"size": 4}}
    hover = "%{x}<br>B − A <b>%{y:+.4g}</b><extra></extra>"
    figure.add_scatter(x=x, y=b - a, connectgaps=False, hovertemplate=hover, **look)
    most = float(np.nanmax(np.abs(np.concatenate([a, b, most_a, most_b])), initial=0.05)) * 1.05
    ticks = [t for t in (0.0, 0.1, 0.25, 0.5, 0.75, 1.0) if t <= most]
    figure.update_layout(barmode="overlay", margin={"b": 66})
    figure.update_xaxes(type="category", nticks=18, range=ends(len(x)), **UPRIGHT)
    tickvals = [-t for t in reversed(ticks)] + ticks
    ticktext = [f"{abs(t):g}" for t in tickvals]
    figure.update_yaxes(range=[-most, most], tickvals=tickvals, ticktext=ticktext, zeroline=True)
    figure.update_yaxes(title_text="▼ B   weight   A ▲")
    return finished(figure, theme, "attention", gap=0.15)


def predictions_pair(
    found: PredictionDivergence, names: Sequence[str], chosen: tuple[int, int], *, theme: str
) -> go.Figure:
    """Both sides' probabilities, the likeliest on top.  names (n,): of `found.token_ids`; chosen: what followed each.

    Traces: 0 the way from A to B, 1 A, 2 B, 3 at most A, 4 at most B.
    """
    c, names = THEMES[theme], names[:MOST_PREDICTIONS]
    rows = np.arange(len(names), dtype=np.int32)
    a, b = found.a[: len(names)], found.b[: len(names)]
    ways_x = np.stack([a, b, np.full(len(rows), np.nan)], axis=-1).reshape(-1)
    ways_y = np.repeat(rows, 3)
    says = [_change(p, q, found.bound_a, found.bound_b) for p, q in zip(a.tolist(), b.tolist(), strict=True)]
    marks = {"A": ("circle", c["side_a"], a, found.bound_a, 13), "B": ("diamond", c["side_b"], b, found.bound_b, 8)}

    def dots(side: str, hollow: bool) -> go.Scatter:
        symbol, colour, own, bound, size = marks[side]
        x = np.where(np.isnan(own), bound, np.nan) if hollow else own
        marker = {"symbol": symbol + ("-open" if hollow else ""), "color": colour, "size": size}
        hover = {"text": says, "hovertemplate": "%{y}<br>%{text}<extra></extra>"}
        return go.Scatter(x=x, y=rows, mode="markers", cliponaxis=False, marker=marker, name=side, **hover)

    line = stroke(c["muted"], 1.5)
    ways = go.Scatter(x=ways_x, y=ways_y, mode="lines", line=line, hoverinfo="skip")
    figure = go.Figure([ways, dots("A", False), dots("B", False), dots("A", True), dots("B", True)])
    labels = [
        escaped(name) + "".join(f" ◂{side}" for side, token in zip("AB", chosen, strict=True) if token == token_id)
        for name, token_id in zip(names, found.token_ids[: len(names)].tolist(), strict=True)
    ]
    figure.update_xaxes(range=[-0.02, 1.02], tickvals=[0, 0.25, 0.5, 0.75, 1], tickformat=".0%", side="top")
    figure.update_yaxes(tickvals=rows, ticktext=labels, range=[len(names) - 0.5, -0.5], showgrid=False)
    figure.update_yaxes(tickfont={"color": c["text"], "size": 12})
    return finished(figure, theme, "predictions")


def _change(p: float, q: float, bound_a: float, bound_b: float) -> str:
    sides = [
        f"{name} {percent(value)}" if np.isfinite(value) else f"{name} at most {percent(bound)}, not captured"
        for name, value, bound in (("A", p, bound_a), ("B", q, bound_b))
    ]
    more = f"<br>B − A: {100 * (q - p):+.2f} %" if np.isfinite(p) and np.isfinite(q) else ""
    return " · ".join(sides) + more


def _range_words(low: float, high: float) -> str:
    if np.isnan(low) or np.isnan(high):
        return ""
    return "exact" if high - low < 2e-3 else f"likeliest; certain: {low:.3g} … {high:.3g}"


def _bits_words(low: float, high: float) -> str:
    if np.isnan(low):
        return "not captured"
    return f"<b>{low:.4f}</b> bits" if high - low < 1e-9 else f"<b>{low:.4f}</b> to {high:.4f} bits"


def _reversed(stops: list[tuple[float, str]]) -> list[tuple[float, str]]:
    return [(1 - t, colour) for t, colour in reversed(stops)]
