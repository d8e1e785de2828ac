"""Plotly figures of the Compare page: arrays in, `go.Figure` out. Each draws one panel, computes only places.

A is orange and B is blue throughout. Knows no sessions and no frames. JavaScript (assets/js/compare.mjs) moves the
marks of the map, shapes 0 and 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from mri.format.arrays import Doubles
from mri.measure.divergence import AttentionDivergence, PredictionDivergence
from mri.panels.attention import heads_map, squared
from mri.panels.chart import colorbar, escaped, finished, mark_step, percent
from mri.panels.theme import THEMES, colourscale

UNRELATED = float(np.sqrt(2))
"""Relative difference of two vectors of one length that have nothing in common."""

MOST_PREDICTIONS = 20
"""Tokens that are drawn; the table to take away has all that either side captured."""

MEASURES = {
    "difference": "relative difference",
    "cosine": "cosine",
    "length": "length: longer in A or in B",
}
"""What the map can show -> its name."""


def difference_map(
    keys: Sequence[str], values: Doubles, ranges: tuple[Doubles, Doubles] | None, *, by: str, every: int,
    columns: Sequence[str], theme: str,
) -> go.Figure:  # fmt: skip
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
    figure = go.Figure(
        go.Heatmap(
            z=values.astype(np.float32), y=list(keys), customdata=about, hoverongaps=False,
            ygap=1 if len(keys) < 60 else 0, xgap=1 if values.shape[1] < 80 else 0,
            hovertemplate=f"<b>%{{y}}</b><br>%{{customdata[0]}}<br>{MEASURES[by].partition(':')[0]} <b>{number}</b>"
            "<br>%{customdata[2]}<extra></extra>",
            colorbar=colorbar(theme) | bar, **scale,
        )
    )  # fmt: skip
    mark_step(figure, 0, theme)
    figure.add_shape(type="rect", xref="paper", x0=0, x1=1, y0=-0.5, y1=-0.5, line={"color": c["violet"], "width": 1.5})
    figure.update_xaxes(
        title_text="moment: both sessions on one clock" + (f", {every} to a column" if every > 1 else ""),
        range=[-0.5, values.shape[1] - 0.5], showgrid=False, zeroline=False,
    )  # fmt: skip
    figure.update_yaxes(
        type="category", range=[-0.5, len(keys) - 0.5], nticks=max(2, min(len(keys), 24)), tickfont={"size": 10},
        showgrid=False,
    )  # fmt: skip
    if ranges:
        _add_means(figure, values, ranges, list(columns), theme)
    out = finished(figure, theme, by, gap=0)
    return out.update_layout(meta={"of": by, "every": every})


def _add_means(
    figure: go.Figure, values: Doubles, ranges: tuple[Doubles, Doubles], columns: Sequence[str], theme: str
) -> None:
    """The mean over the hook points of every column, with its range, in a strip above the map."""
    c, known = THEMES[theme], np.isfinite(values)
    count = known.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean, low, high = (np.where(known, each, 0).sum(axis=0) / count for each in (values, *ranges))
    figure.add_bar(
        y=high - low, base=low, width=1, marker={"color": c["not_captured"], "line": {"width": 0}}, hoverinfo="skip",
        yaxis="y2", showlegend=False,
    )  # fmt: skip
    figure.add_scatter(
        y=mean, customdata=np.stack([np.array(columns, object), low, high], axis=-1), mode="markers+lines",
        line={"color": c["accent"], "width": 1}, marker={"size": 3}, yaxis="y2", showlegend=False,
        hovertemplate="%{customdata[0]}<br>mean of the hook points <b>%{y:.4g}</b>"
        "<br>certain: %{customdata[1]:.3g} … %{customdata[2]:.3g}<extra></extra>",
    )  # fmt: skip
    figure.update_layout(yaxis={"domain": [0, 0.78]}, yaxis2={"domain": [0.82, 1], "title": "mean", "nticks": 4})
    figure.data[0].colorbar.update(len=0.78, y=0.39)


def similarity_bars(
    keys: Sequence[str], cosine: Doubles, low: Doubles, high: Doubles, cka: Doubles, *, theme: str
) -> go.Figure:
    """Cosine of every hook point, in the range in which it is certain to lie, and CKA where there is one.

    Traces: 0 the range, 1 the cosine, 2 CKA.
    """
    c = THEMES[theme]
    about = np.stack([low, high], axis=-1)
    figure = go.Figure(
        [
            go.Bar(
                x=list(keys), y=high - low, base=low, marker={"color": c["not_captured"], "line": {"width": 0}},
                width=0.8, hoverinfo="skip", name="range",
            ),
            go.Scatter(
                x=list(keys), y=cosine, customdata=about, mode="markers", name="cosine",
                marker={"color": c["accent"], "size": 7, "symbol": "diamond"},
                hovertemplate="<b>%{x}</b><br>cosine <b>%{y:.4g}</b>"
                "<br>certain: %{customdata[0]:.3g} … %{customdata[1]:.3g}<extra></extra>",
            ),
            go.Scatter(
                x=list(keys), y=cka, mode="markers", name="linear CKA",
                marker={"color": c["violet"], "size": 7, "symbol": "circle-open", "line": {"width": 2}},
                hovertemplate="<b>%{x}</b><br>linear CKA <b>%{y:.4g}</b><extra></extra>",
            ),
        ]
    )  # fmt: skip
    lowest = float(np.nanmin(np.concatenate([low, cka, [1.0]])))
    figure.update_xaxes(type="category", showticklabels=False, range=[-0.5, len(keys) - 0.5], showgrid=False)
    figure.update_yaxes(range=[max(-1.05, lowest - 0.05), 1.05], zeroline=True)
    figure.update_layout(
        showlegend=True,
        legend={"orientation": "h", "y": 1, "yanchor": "bottom", "x": 0, "font": {"size": 11, "color": c["muted"]}},
    )
    return finished(figure, theme, "similarity", gap=0.2)


def divergence_map(found: AttentionDivergence, *, selected: tuple[int, int], theme: str) -> go.Figure:
    """Jensen–Shannon divergence of every head's row, at least.  Trace 0."""
    says = [
        [_bits_words(*ends) for ends in zip(lows, highs, strict=True)]
        for lows, highs in zip(found.low.tolist(), found.high.tolist(), strict=True)
    ]
    figure = heads_map(
        found.low.astype(np.float32), says, most=1, colours=squared(colourscale("attention", theme)),
        selected=selected, theme=theme, bar={"text": "bits"},
    )  # fmt: skip
    return finished(figure, theme, "heads")


def attention_pair(found: AttentionDivergence, names: Sequence[str], *, head: tuple[int, int], theme: str) -> go.Figure:
    """One head's rows: A upwards, B downwards, and what B gives more or less.  names (n_places,): tokens.

    Traces: 0 A, 1 B, 2 at most A, 3 at most B, 4 B − A.
    """
    c = THEMES[theme]
    a, b = found.a[head].astype(np.float64), found.b[head].astype(np.float64)
    most_a, most_b = (
        np.where(np.isnan(row), bound[head], np.nan) for row, bound in ((a, found.bound_a), (b, found.bound_b))
    )
    x = [f"{place} {escaped(name)}" for place, name in enumerate(names)]

    def bars(y: Doubles, side: str, outline: bool) -> go.Bar:
        colour = c[f"side_{side.lower()}"]
        marker = {
            "color": "rgba(0,0,0,0)" if outline else colour,
            "line": {"color": colour, "width": 1 if outline else 0},
        }
        value = "not captured: at most %{customdata:.4g}" if outline else "<b>%{customdata:.4g}</b> of the attention"
        return go.Bar(
            x=x, y=y, customdata=np.abs(y), marker=marker, hovertemplate=f"{side} to %{{x}}<br>{value}<extra></extra>"
        )

    figure = go.Figure(
        [
            bars(a, "A", False), bars(-b, "B", False), bars(most_a, "A", True), bars(-most_b, "B", True),
            go.Scatter(
                x=x, y=b - a, mode="markers+lines", line={"color": c["text"], "width": 1, "dash": "dot"},
                marker={"size": 4}, connectgaps=False,
                hovertemplate="%{x}<br>B − A <b>%{y:+.4g}</b><extra></extra>",
            ),
        ]
    )  # fmt: skip
    most = float(np.nanmax(np.abs(np.concatenate([a, b, most_a, most_b])), initial=0.05)) * 1.05
    ticks = [t for t in (0.0, 0.1, 0.25, 0.5, 0.75, 1.0) if t <= most]
    figure.update_layout(barmode="overlay")
    figure.update_xaxes(
        type="category", nticks=18, range=[-0.5, len(x) - 0.5], tickangle=90, tickfont={"size": 10}, automargin=False,
        showgrid=False,
    )  # fmt: skip
    figure.update_layout(margin={"b": 66})
    figure.update_yaxes(
        range=[-most, most], tickvals=[-t for t in reversed(ticks)] + ticks, zeroline=True,
        ticktext=[f"{t:g}" for t in [*reversed(ticks), *ticks]], title_text="▼ B   weight   A ▲",
    )  # fmt: skip
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
        return go.Scatter(
            x=x, y=rows, mode="markers", cliponaxis=False, text=says, hovertemplate="%{y}<br>%{text}<extra></extra>",
            marker={"symbol": symbol + ("-open" if hollow else ""), "color": colour, "size": size},
            name=side,
        )  # fmt: skip

    figure = go.Figure(
        [
            go.Scatter(
                x=ways_x, y=ways_y, mode="lines", line={"color": c["muted"], "width": 1.5}, hoverinfo="skip"
            ),
            dots("A", False), dots("B", False), dots("A", True), dots("B", True),
        ]
    )  # fmt: skip
    ends = [
        escaped(name) + "".join(f" ◂{side}" for side, token in zip("AB", chosen, strict=True) if token == token_id)
        for name, token_id in zip(names, found.token_ids[: len(names)].tolist(), strict=True)
    ]
    figure.update_xaxes(range=[-0.02, 1.02], tickvals=[0, 0.25, 0.5, 0.75, 1], tickformat=".0%", side="top")
    figure.update_yaxes(
        tickvals=rows, ticktext=ends, range=[len(names) - 0.5, -0.5], tickfont={"color": c["text"], "size": 12},
        showgrid=False,
    )  # fmt: skip
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
