"""Plotly figures of the Neurons and Predictions tabs: arrays in, `go.Figure` out.

Each draws one panel and computes nothing but places. What JavaScript feeds while the clock moves
(`assets/js/views/feeds.mjs`) are the data arrays of these very figures: order and meaning of the traces are a contract
between the two files. Knows no sessions, no frames, no callbacks. Arrays go in as float32, so that Plotly sends them
as base64.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from mri.format.arrays import Bools, Floats, Ids
from mri.measure.predictions import Predictions
from mri.panels.chart import colorbar, escaped, finished, mark_step, percent
from mri.panels.theme import THEMES, colourscale


def grid_shape(width: int) -> tuple[int, int]:
    """(rows, cols) in which `width` neurons are shown: the squarest rectangle that is exactly full, wider than tall;
    where only a thin one is (primes), the squarest with empty cells. The canvas uses the same (`draw/plates.mjs`)."""
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
    not_captured = (
        "<b>neuron %{customdata[0]}</b><br>not captured"
        + (": at most %{customdata[1]:.6g} in magnitude" if np.isfinite(bound) else "")
        + "<extra></extra>"
    )
    figure = go.Figure(
        [
            go.Heatmap(
                z=grid(np.where(captured, np.nan, 0).astype(np.float32)),
                customdata=np.stack([neuron, np.full(neuron.shape, bound)], axis=-1).astype(np.float32),
                colorscale=[[0, THEMES[theme]["not_captured"]], [1, THEMES[theme]["not_captured"]]], showscale=False,
                hoverongaps=False, hovertemplate=not_captured, xgap=1, ygap=1,
            ),
            go.Heatmap(
                z=grid(np.where(finite, values, np.nan).astype(np.float32)),
                customdata=np.stack([neuron, _padded(ranks(values, captured), rows, cols)], axis=-1),
                colorscale=colourscale("signed", theme), zmin=-limit, zmax=limit, hoverongaps=False, xgap=1, ygap=1,
                hovertemplate=f"<b>neuron %{{customdata[0]}}</b><br>%{{z:.6g}} {unit}<br>rank %{{customdata[1]}} of"
                f" {len(values)} by magnitude<extra></extra>",
                colorbar=colorbar(theme),
            ),
            go.Scatter(
                x=odd % cols, y=odd // cols, text=[_odd_name(values[i]) for i in odd], customdata=odd[:, None],
                mode="text", textfont={"color": "#ff4fd8", "size": 10},
                hovertemplate="<b>neuron %{customdata[0]}</b><br>%{text}<extra></extra>",
            ),
        ]
    )  # fmt: skip
    if selected < len(values):
        x, y = selected % cols, selected // cols
        figure.add_shape(
            type="rect", x0=x - 0.5, x1=x + 0.5, y0=y - 0.5, y1=y + 0.5,
            line={"color": THEMES[theme]["accent"], "width": 2},
        )  # fmt: skip
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
    figure = go.Figure(
        [
            go.Bar(
                x=steps, y=2 * bounds, base=-bounds, width=1, marker={"color": c["not_captured"], "line": {"width": 0}},
                customdata=np.stack([token[:, 0], bounds.astype(object)], axis=-1),
                hovertemplate="step %{x} · read %{customdata[0]}<br>not captured: at most %{customdata[1]:.6g} in"
                " magnitude<extra></extra>",
            ),
            go.Scatter(
                x=steps, y=values, customdata=token, mode="lines+markers", line={"color": c["accent"], "width": 1.5},
                marker={"size": 4}, connectgaps=False,
                hovertemplate=f"step %{{x}} · read %{{customdata[0]}}<br><b>%{{y:.6g}}</b> {unit}<extra></extra>",
            ),
        ]
    )  # fmt: skip
    mark_step(figure, step, theme)
    figure.update_xaxes(title_text="step", range=[-0.5, len(values) - 0.5])
    figure.update_yaxes(title_text=f"{name} ({unit})", zeroline=True)
    return finished(figure, theme, name, gap=0)


def predictions(
    tokens: Sequence[str], found: Predictions, *, num_captured: int, temperature: float, how: str, theme: str
) -> go.Figure:
    """What comes next, best on top.  tokens (n,): names of `found.token_ids`; num_captured: of how many these are the
    strongest; how: why the token that follows stands there, in a word. Traces: 0 the bars, 1 over them the bar of the
    token that follows."""
    c, rows, (_, places, logits, probs, chosen) = THEMES[theme], np.arange(len(tokens), dtype=np.int32), found
    figure = go.Figure(
        [
            go.Bar(
                y=rows, x=probs, orientation="h", marker={"color": c["bar"]}, cliponaxis=False,
                text=[percent(float(p)) + (f"  ◂ {how}" if i == chosen else "") for i, p in enumerate(probs)],
                textposition="outside", textfont={"color": c["text"], "size": 11},
                customdata=np.stack([logits, places + 1], axis=-1).astype(np.float32),
                hovertemplate="%{y}<br><b>%{x:.6g}</b><br>logit %{customdata[0]:.6g}<br>rank %{customdata[1]:d}"
                "<extra></extra>",
            ),
            go.Bar(
                y=rows, x=np.where(rows == chosen, probs, np.nan).astype(np.float32), orientation="h",
                marker={"color": c["accent"]}, hoverinfo="skip",
            ),
        ]
    )  # fmt: skip
    figure.update_layout(barmode="overlay")
    figure.update_xaxes(
        range=[0, 1.9], tickvals=[0, 0.25, 0.5, 0.75, 1], tickformat=".0%", side="top",
        title_text=temperature_words(num_captured, temperature, probs),
    )  # fmt: skip
    names = [escaped(token) + (f" · rank {rank + 1}" if rank != i else "") for i, (token, rank) in enumerate(
        zip(tokens, places.tolist(), strict=True))]  # fmt: skip
    figure.update_yaxes(
        tickvals=rows, ticktext=names, range=[len(tokens) - 0.5, -0.5], tickfont={"color": c["text"], "size": 12},
        showgrid=False,
    )  # fmt: skip
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
    out[where[np.argsort(-np.nan_to_num(np.abs(values[where]), nan=-1.0), kind="stable")]] = np.arange(
        1, len(where) + 1
    )
    return out


def _padded(flat: Ids, rows: int, cols: int) -> Ids:
    out = np.zeros(rows * cols, np.int32)
    out[: len(flat)] = flat
    return out.reshape(rows, cols)


def _odd_name(value: float) -> str:
    return "NaN" if np.isnan(value) else "+∞" if value > 0 else "−∞"
