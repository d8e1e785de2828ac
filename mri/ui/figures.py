"""Plotly figures of the inspector: arrays in, `go.Figure` out. Each draws one panel and computes nothing but places.

What JavaScript feeds while the clock moves (`assets/js/views/feeds.mjs`) are the data arrays of these very figures:
order and meaning of the traces are a contract between the two files. Knows no sessions, no frames, no callbacks.
Arrays go in as float32, so that Plotly sends them as base64.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from mri.ui.chart import axis_labels, colorbar, escaped, finished, mark_step, percent
from mri.ui.theme import THEMES, Stops, colourscale

Floats = npt.NDArray[np.float32]


def grid_shape(width: int) -> tuple[int, int]:
    """(rows, cols) in which `width` neurons are shown: the squarest rectangle that is exactly full, wider than tall;
    where only a thin one is (primes), the squarest with empty cells. The canvas uses the same (`draw/plates.mjs`)."""
    rows = next(r for r in range(int(width**0.5), 0, -1) if width % r == 0)
    if rows * 4 < width // rows:
        cols = int(np.ceil(width**0.5))
        return -(-width // cols), cols
    return rows, width // rows


def neuron_heatmap(
    values: Floats, captured: npt.NDArray[np.bool_], bound: float, *, key: str, unit: str, selected: int, theme: str
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


def attention_rows(
    weights: Floats, bounds: Floats, *, tokens: Sequence[str], selected: tuple[int, int], theme: str
) -> go.Figure:
    """What the step's token attended to, every head.  weights (n_layer, n_head, n_positions): NaN where not captured,
    and beyond the last key; bounds (n_layer, n_head, n_positions): most that a not captured weight can be, else NaN.

    Traces: 0 not captured, 1 captured weights.
    """
    n_layer, n_head, n_positions = weights.shape
    x = axis_labels(tokens)
    flat = weights.reshape(-1, n_positions)
    most = bounds.reshape(-1, n_positions)
    head = np.broadcast_to(np.arange(n_layer * n_head)[:, None], flat.shape)
    place = np.stack([head // n_head, head % n_head], axis=-1).astype(np.int32)
    where = "block %{customdata[0]} · head %{customdata[1]}<br>to %{x}<br>"
    figure = go.Figure(
        [
            go.Heatmap(
                z=np.where(np.isfinite(most), 0, np.nan).astype(np.float32), x=x,
                customdata=np.concatenate([place, most[..., None]], axis=-1).astype(np.float32),
                colorscale=[[0, THEMES[theme]["not_captured"]], [1, THEMES[theme]["not_captured"]]], showscale=False,
                hoverongaps=False, hovertemplate=where + "not captured: at most %{customdata[2]:.4g}<extra></extra>",
            ),
            go.Heatmap(
                z=flat, x=x, customdata=place, colorscale=squared(colourscale("attention", theme)), zmin=0, zmax=1,
                hoverongaps=False, hovertemplate=where + "<b>%{z:.6g}</b> of the attention<extra></extra>",
                colorbar=colorbar(theme),
            ),
        ]
    )  # fmt: skip
    row = selected[0] * n_head + selected[1]
    figure.add_shape(
        type="rect", xref="paper", x0=0, x1=1, y0=row - 0.5, y1=row + 0.5,
        line={"color": THEMES[theme]["accent"], "width": 1.5},
    )  # fmt: skip
    token_axis(figure, n_positions)
    figure.update_yaxes(
        tickvals=[layer * n_head + (n_head - 1) / 2 for layer in range(n_layer)],
        ticktext=[f"block {layer}" for layer in range(n_layer)],
        range=[-0.5, n_layer * n_head - 0.5], showgrid=False,
    )  # fmt: skip
    return finished(figure, theme, "attention", gap=0)


def head_row(
    weights: Floats, bounds: Floats, *, entropy_bits: float, head: tuple[int, int], tokens: Sequence[str], theme: str
) -> go.Figure:
    """One head's row as bars.  weights, bounds (n_positions,) as in `attention_rows`; head: (layer, head).

    Traces: 0 "at most" where not captured, 1 captured weights. Annotation 0: the entropy.
    """
    c, x = THEMES[theme], axis_labels(tokens)
    figure = go.Figure(
        [
            go.Bar(
                x=x, y=bounds, marker={"color": "rgba(0,0,0,0)", "line": {"color": c["not_captured"], "width": 1}},
                hovertemplate="to %{x}<br>not captured: at most %{y:.4g}<extra></extra>",
            ),
            go.Bar(
                x=x, y=weights, marker={"color": c["accent"]},
                hovertemplate="to %{x}<br><b>%{y:.6g}</b> of the attention<extra></extra>",
            ),
        ]
    )  # fmt: skip
    token_axis(figure, len(x))
    figure.update_yaxes(title_text="weight", range=[0, 1])
    figure.add_annotation(
        text=entropy_words(entropy_bits), showarrow=False, xref="paper", yref="paper", x=1, y=1, xanchor="right",
        font={"color": c["muted"], "size": 11},
    )  # fmt: skip
    figure.update_layout(barmode="overlay")
    return finished(figure, theme, "head", gap=0.1, of=f"{head[0]}.{head[1]}")


def predictions(
    tokens: Sequence[str], logits: Floats, probs: Floats, *, chosen: int, how: str, theme: str
) -> go.Figure:
    """The strongest predictions, best on top.  logits, probs (n,); chosen: row of the token that follows, −1 if it is
    not among them; how: why it follows, in a word. Traces: 0 all bars, 1 that token's over them."""
    c, rows = THEMES[theme], np.arange(len(tokens), dtype=np.int32)
    figure = go.Figure(
        [
            go.Bar(
                y=rows, x=probs, orientation="h", marker={"color": c["bar"]}, cliponaxis=False,
                text=[percent(float(p)) + (f"  ◂ {how}" if i == chosen else "") for i, p in enumerate(probs)],
                textposition="outside", textfont={"color": c["text"], "size": 11}, customdata=logits[:, None],
                hovertemplate="%{y}<br>probability <b>%{x:.6g}</b> at temperature 1<br>logit %{customdata[0]:.6g}"
                "<extra></extra>",
            ),
            go.Bar(
                y=rows, x=np.where(rows == chosen, probs, np.nan).astype(np.float32), orientation="h",
                marker={"color": c["accent"]}, hoverinfo="skip",
            ),
        ]
    )  # fmt: skip
    figure.update_layout(barmode="overlay")
    figure.update_xaxes(range=[0, 1.3], tickvals=[0, 0.25, 0.5, 0.75, 1], tickformat=".0%")
    figure.update_yaxes(
        tickvals=np.arange(len(tokens)), ticktext=[escaped(token) for token in tokens],
        range=[len(tokens) - 0.5, -0.5], tickfont={"color": c["text"], "size": 12}, showgrid=False,
    )  # fmt: skip
    return finished(figure, theme, "predictions", gap=0.25)


def ranks(values: Floats, captured: npt.NDArray[np.bool_]) -> npt.NDArray[np.int32]:
    """(width,) rank by magnitude among the captured, 1 = strongest; 0 where not captured."""
    out = np.zeros(len(values), np.int32)
    where = np.flatnonzero(captured)
    out[where[np.argsort(-np.nan_to_num(np.abs(values[where]), nan=-1.0), kind="stable")]] = np.arange(
        1, len(where) + 1
    )
    return out


def _padded(flat: npt.NDArray[np.int32], rows: int, cols: int) -> npt.NDArray[np.int32]:
    out = np.zeros(rows * cols, np.int32)
    out[: len(flat)] = flat
    return out.reshape(rows, cols)


def _odd_name(value: float) -> str:
    return "NaN" if np.isnan(value) else "+∞" if value > 0 else "−∞"


def entropy_words(bits: float) -> str:
    """As `entropyWords` in feeds.mjs."""
    return "not in this step" if np.isnan(bits) else f"entropy {bits:.2f} bits"


def token_axis(figure: go.Figure, n_positions: int) -> None:
    """An axis of tokens; long ones end at the figure's edge rather than eat it up (the hover has them whole)."""
    figure.update_xaxes(
        type="category", nticks=14, range=[-0.5, n_positions - 0.5], tickangle=90, tickfont={"size": 10},
        automargin=False, showgrid=False,
    )  # fmt: skip
    figure.update_layout(margin={"b": 62})


def squared(stops: Stops) -> Stops:
    """The scale with its places squared: small weights show, and the colour bar still says the weight itself."""
    return [(t * t, colour) for t, colour in stops]


def over_positions(weights: Floats, bounds: Floats, n_positions: int) -> tuple[Floats, Floats]:
    """Attention rows of one step on the axis of all positions of the session.

    weights (n_layer, n_head, n_keys), bounds (n_layer, n_head) -> two (n_layer, n_head, n_positions): weights, NaN
    where unknown or not yet there; bounds, only where a key is there and its weight unknown.
    """
    room = n_positions - weights.shape[-1]
    padding = ((0, 0), (0, 0), (0, max(room, 0)))
    unknown = np.isnan(weights) & np.isfinite(bounds)[..., None]
    most = np.where(unknown, bounds[..., None], np.nan).astype(np.float32)
    return np.pad(weights, padding, constant_values=np.nan), np.pad(most, padding, constant_values=np.nan)
