"""One head's rows in both recordings: A upwards, B downwards."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from mri.errors import ConfigError
from mri.panels import names
from mri.panels.chart import UPRIGHT, ends, escaped, finished, stroke
from mri.panels.compare_heads import why_none
from mri.panels.pair import Pair
from mri.panels.panel import Panel
from mri.panels.selection import Selection
from mri.panels.table import Column, Table, column
from mri.panels.theme import THEMES

NAMED = 0.05
"""Weights from here on are worth a name beside the bar."""


def table(pair: Pair, at: Selection) -> Table:
    """A row for each place: where tokens of both stand for each other, one for the two."""
    if why := why_none(pair):
        return Table((0,), {}, missing=why)
    rows = pair.attention
    assert rows is not None
    if not (0 <= at.layer < rows.low.shape[0] and 0 <= at.head < rows.low.shape[1]):
        raise ConfigError(f"There is no head {at.head} in block {at.layer}: choose one of the map.")
    head, n = (at.layer, at.head), rows.a.shape[-1]
    columns, named = {"place": column(np.arange(n), "index")}, [""] * n
    for side, reader, places in (("a", pair.readers[0], rows.place_a), ("b", pair.readers[1], rows.place_b)):
        position = np.full(n, -1)
        position[places] = np.arange(len(places))
        columns[f"position_{side}"] = Column(position, "index", position >= 0)
        for place, name in zip(places.tolist(), names.tokens(reader), strict=False):
            named[place] = name
    sides = {"a": (rows.a[head], rows.bound_a[head]), "b": (rows.b[head], rows.bound_b[head])}
    for side, (weights, _) in sides.items():
        columns[f"weight_{side}"] = Column(weights.astype(np.float64), "probability", ~np.isnan(weights))
    for side, (weights, bound) in sides.items():
        known = np.isnan(weights) & ~np.isnan(bound)
        columns[f"{side}_at_most"] = Column(np.full(n, float(bound)), "probability", known)
    return Table((n,), columns, {"names": named}, f"Where block {at.layer}, head {at.head} looks")


def figure(table: Table, theme: str) -> go.Figure:
    """A upwards, B downwards, and what B gives more or less.

    Traces: 0 A, 1 B, 2 at most A, 3 at most B, 4 B − A.
    """
    c = THEMES[theme]
    a, b, most_a, most_b = (table[name] for name in ("weight_a", "weight_b", "a_at_most", "b_at_most"))
    x = [f"{place} {escaped(name)}" for place, name in enumerate(table["names"])]
    out = go.Figure()
    for y, side, hollow in ((a, "A", False), (-b, "B", False), (most_a, "A", True), (-most_b, "B", True)):
        colour = c[f"side_{side.lower()}"]
        marker = {"color": "rgba(0,0,0,0)" if hollow else colour, "line": stroke(colour, 1 if hollow else 0)}
        value = "not captured: at most %{customdata:.4g}" if hollow else "<b>%{customdata:.4g}</b> of the attention"
        hover = f"{side} to %{{x}}<br>{value}<extra></extra>"
        out.add_bar(x=x, y=y, customdata=np.abs(y), marker=marker, hovertemplate=hover)
    look = {"mode": "markers+lines", "line": stroke(c["text"], 1, dash="dot"), "marker": {"size": 4}}
    hover = "%{x}<br>B − A <b>%{y:+.4g}</b><extra></extra>"
    out.add_scatter(x=x, y=b - a, connectgaps=False, hovertemplate=hover, **look)
    for y, side, shift in ((a, "A", 9), (b, "B", -9)):
        if not np.isnan(y).all() and (peak := int(np.nanargmax(y))) >= 0 and y[peak] >= NAMED:
            text = f"“{escaped(table['names'][peak])}” {100 * y[peak]:.1f} %"
            at = y[peak] if side == "A" else -y[peak]
            align = "left" if peak < len(x) / 2 else "right"
            font = {"color": c[f"side_{side.lower()}"], "size": 11}
            out.add_annotation(x=peak, y=at, text=text, showarrow=False, yshift=shift, xanchor=align, font=font)
    most = float(np.nanmax(np.abs(np.concatenate([a, b, most_a, most_b])), initial=0.05)) * 1.25
    ticks = [t for t in (0.0, 0.1, 0.25, 0.5, 0.75, 1.0) if t <= most]
    out.update_layout(barmode="overlay", margin={"b": 66})
    out.update_xaxes(type="category", nticks=18, range=ends(len(x)), **UPRIGHT)
    tickvals = [-t for t in reversed(ticks)] + ticks
    ticktext = [f"{abs(t):g}" for t in tickvals]
    out.update_yaxes(range=[-most, most], tickvals=tickvals, ticktext=ticktext, zeroline=True)
    out.update_yaxes(title_text="▼ B   weight   A ▲")
    return finished(out, theme, "attention", gap=0.15)


PANEL = Panel(
    name="compare-attention",
    page="compare",
    tab="moment",
    place=20,
    label="Where the head looks",
    kind="measured",
    height_px=220,
    note="Upwards A, downwards B, dotted B − A. Outlines: not captured, at most this much.",
    table=table,
    figure=figure,
)
