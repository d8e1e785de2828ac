"""Plotly figures of the Neurons and Predictions tabs: arrays in, `go.Figure` out.

Each draws one panel and computes nothing but places. What JavaScript feeds while the clock moves
(`assets/js/panels/feeds.mjs`) are the data arrays of these very figures: order and meaning of the traces are a contract
between the two files. Knows no sessions, no frames, no callbacks. Arrays go in as float32, so that Plotly sends them
as base64.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from mri.format.arrays import Bools, Floats, Ids
from mri.measure.predictions import Predictions
from mri.panels.chart import colorbar, ends, escaped, filled, finished, frame, mark_step, percent, stroke
from mri.panels.theme import THEMES, colourscale


def grid_shape(width: int) -> tuple[int, int]:
    """(rows, cols) in which `width` neurons are shown: the squarest rectangle that is exactly full, wider than tall;
    where only a thin one is (primes), the squarest with empty cells. The canvas uses the same (`stage/plates.mjs`)."""
    rows = next(r for r in range(int(width**0.5), 0, -1) if width % r == 0)
    if rows * 4 < width // rows:
        cols = int(np.ceil(width**0.5))
        return -(-width // cols), cols
    return rows, width // rows


def neuron_heatmap(
    values: Floats, captured: Bools, bound: float, *, key: str, unit: str, selected: int, theme: str
) -> go.Figure:
    """One hook point over its neurons.  values (width,), NaN where not captured; captured (width,) tells the two apart.

    Traces: 0 not captured, 1 captured values by sign, 2 marks on captured NaN and ±∞.
    """
    rows, cols = grid_shape(len(values))

    def grid(flat: Floats) -> Floats:  # (width,) -> (rows, cols), NaN in cells beyond the last neuron
        out = np.full(rows * cols, np.nan, np.float32)
        out[: len(flat)] = flat
        return out.reshape(rows, cols)

    neuron = np.arange(rows * cols, dtype=np.int32).reshape(rows, cols)
    finite = captured & np.isfinite(values)
    limit = float(np.abs(values[finite]).max(initial=0)) or 1.0
    odd = np.flatnonzero(captured & ~np.isfinite(values))
    at_most = ": at most %{customdata[1]:.6g} in magnitude" if np.isfinite(bound) else ""
    figure, title, grey = go.Figure(), "<b>neuron %{customdata[0]}</b><br>", THEMES[theme]["not_captured"]
    look = {"xgap": 1, "ygap": 1, "hoverongaps": False}
    about = np.stack([neuron, np.full(neuron.shape, bound)], axis=-1).astype(np.float32)
    hover = {"customdata": about, "hovertemplate": f"{title}not captured{at_most}<extra></extra>"}
    missing = grid(np.where(captured, np.nan, 0).astype(np.float32))
    figure.add_heatmap(z=missing, colorscale=[[0, grey], [1, grey]], showscale=False, **hover, **look)
    known = grid(np.where(finite, values, np.nan).astype(np.float32))
    rank = f"rank %{{customdata[1]}} of {len(values)} by magnitude"
    about = np.stack([neuron, _padded(ranks(values, captured), rows, cols)], axis=-1)
    hover = {"customdata": about, "hovertemplate": f"{title}%{{z:.6g}} {unit}<br>{rank}<extra></extra>"}
    scale = {"colorscale": colourscale("signed", theme), "zmin": -limit, "zmax": limit, "colorbar": colorbar(theme)}
    figure.add_heatmap(z=known, **scale, **hover, **look)
    hover = {"customdata": odd[:, None], "hovertemplate": f"{title}%{{text}}<extra></extra>"}
    names, font = [_odd_name(values[i]) for i in odd], {"color": "#ff4fd8", "size": 10}
    figure.add_scatter(x=odd % cols, y=odd // cols, text=names, mode="text", textfont=font, **hover)
    if selected < len(values):
        frame(figure, theme, selected % cols, selected // cols)
    figure.update_xaxes(visible=False, range=[-0.5, cols - 0.5])
    figure.update_yaxes(visible=False, range=[rows - 0.5, -0.5])
    return finished(figure, theme, key, of=key)


def neuron_history(
    values: Floats, bounds: Floats, *, step: int, name: str, unit: str, tokens: Sequence[str], theme: str
) -> go.Figure:
    """One neuron over all steps.  values, bounds (num_steps,): a bound only where the value was not captured.

    Traces: 0 the band ±bound where the neuron was below the top-k, 1 captured values.
    """
    c, steps = THEMES[theme], np.arange(len(values), dtype=np.int32)
    token = np.array(tokens, dtype=object)[:, None]
    figure, read = go.Figure(), "step %{x} · read %{customdata[0]}<br>"
    about = np.stack([token[:, 0], bounds.astype(object)], axis=-1)
    hover = read + "not captured: at most %{customdata[1]:.6g} in magnitude<extra></extra>"
    band = {"y": 2 * bounds, "base": -bounds, "width": 1, "marker": filled(c["not_captured"])}
    figure.add_bar(x=steps, customdata=about, hovertemplate=hover, **band)
    look = {"mode": "lines+markers", "line": stroke(c["accent"], 1.5), "marker": {"size": 4}, "connectgaps": False}
    hover = f"{read}<b>%{{y:.6g}}</b> {unit}<extra></extra>"
    figure.add_scatter(x=steps, y=values, customdata=token, hovertemplate=hover, **look)
    mark_step(figure, step, theme)
    figure.update_xaxes(title_text="step", range=ends(len(values)))
    figure.update_yaxes(title_text=f"{name} ({unit})", zeroline=True)
    return finished(figure, theme, name, gap=0)


def predictions(
    tokens: Sequence[str], found: Predictions, *, num_captured: int, temperature: float, how: str, theme: str
) -> go.Figure:
    """What comes next, best on top.  tokens (n,): names of `found.token_ids`; num_captured: of how many these are the
    strongest; how: why the token that follows stands there, in a word. Traces: 0 the bars, 1 over them the bar of the
    token that follows."""
    c, rows, (_, places, logits, probs, chosen) = THEMES[theme], np.arange(len(tokens), dtype=np.int32), found
    figure = go.Figure()
    hover = "%{y}<br><b>%{x:.6g}</b><br>logit %{customdata[0]:.6g}<br>rank %{customdata[1]:d}<extra></extra>"
    about = {"customdata": np.stack([logits, places + 1], axis=-1).astype(np.float32), "hovertemplate": hover}
    text = [percent(float(p)) + (f"  ◂ {how}" if i == chosen else "") for i, p in enumerate(probs)]
    written = {"text": text, "textposition": "outside", "textfont": {"color": c["text"], "size": 11}}
    figure.add_bar(y=rows, x=probs, marker={"color": c["bar"]}, cliponaxis=False, **written, **about)
    followed = np.where(rows == chosen, probs, np.nan).astype(np.float32)
    figure.add_bar(y=rows, x=followed, marker={"color": c["accent"]}, hoverinfo="skip")
    figure.update_traces(orientation="h")
    figure.update_layout(barmode="overlay")
    figure.update_xaxes(range=[0, 1.9], tickvals=[0, 0.25, 0.5, 0.75, 1], tickformat=".0%", side="top")
    figure.update_xaxes(title_text=temperature_words(num_captured, temperature, probs))
    ranked = enumerate(zip(tokens, places.tolist(), strict=True))
    names = [escaped(token) + (f" · rank {rank + 1}" if rank != i else "") for i, (token, rank) in ranked]
    figure.update_yaxes(tickvals=rows, ticktext=names, range=[len(tokens) - 0.5, -0.5], showgrid=False)
    figure.update_yaxes(tickfont={"color": c["text"], "size": 12})
    return finished(figure, theme, "predictions", gap=0.25)


def temperature_words(num_tokens: int, temperature: float, probs: Floats) -> str:
    """As `temperatureWords` in predictions.mjs."""
    if np.isnan(probs).any():
        return "no probabilities: there is NaN or ∞ among the logits"
    if temperature == 1:
        return "probability at temperature 1, exact"
    return f"share among the {num_tokens} captured at temperature {temperature:.2f}"


def ranks(values: Floats, captured: Bools) -> Ids:
    """(width,) rank by magnitude among the captured, 1 = strongest; 0 where not captured."""
    out = np.zeros(len(values), np.int32)
    where = np.flatnonzero(captured)
    order = np.argsort(-np.nan_to_num(np.abs(values[where]), nan=-1.0), kind="stable")
    out[where[order]] = np.arange(1, len(where) + 1)
    return out


def _padded(flat: Ids, rows: int, cols: int) -> Ids:
    out = np.zeros(rows * cols, np.int32)
    out[: len(flat)] = flat
    return out.reshape(rows, cols)


def _odd_name(value: float) -> str:
    return "NaN" if np.isnan(value) else "+∞" if value > 0 else "−∞"
