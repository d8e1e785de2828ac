"""Plotly figures of the Attention tab: arrays in, `go.Figure` out. Each draws one panel and computes only places.

What JavaScript feeds while the clock moves (`assets/js/views/attention.mjs`) are the data arrays of these very
figures: order and meaning of the traces are a contract between the two files. Knows no sessions and no frames.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from mri.format.arrays import Floats
from mri.panels.chart import axis_labels, colorbar, finished
from mri.panels.theme import THEMES, Stops, colourscale

MAP_CELLS = 256
"""Most rows and columns of a map: more positions than that are shown several to a cell, by their strongest."""


def heads_grid(
    entropy: Floats, low: Floats, high: Floats, bounds: Floats, *,
    by: str, n_positions: int, selected: tuple[int, int], theme: str,
) -> go.Figure:  # fmt: skip
    """All heads at a glance.  entropy (n_layer, n_head) bits; low, high (n_layer, n_head): mean distance in tokens, as
    `analysis.attention.mean_distance`; bounds (n_layer, n_head) as its `attention_rows`; NaN where not captured. by:
    "entropy" on a scale up to that of an even row over all `n_positions`, or "distance", on a scale of this step.
    Trace 0."""
    middle = (low + high) / 2
    z = middle if by == "distance" else entropy
    most = np.nan_to_num(middle).max(initial=1) if by == "distance" else np.log2(max(2, n_positions))
    says = [
        [head_words(*cell) for cell in zip(*rows, strict=True)]
        for rows in zip(*(array.tolist() for array in (entropy, low, high, bounds)), strict=True)
    ]
    figure = heads_map(
        z, says, most=float(most), colours=colourscale("attention", theme), selected=selected, theme=theme,
        bar={"text": "tokens" if by == "distance" else "bits", "side": "right"},
    )  # fmt: skip
    return finished(figure, theme, by, of=by)


def heads_map(
    z: npt.NDArray[np.floating[Any]], says: Sequence[Sequence[str]], *,
    most: float, colours: Stops, selected: tuple[int, int], theme: str, bar: dict[str, str],
) -> go.Figure:  # fmt: skip
    """A cell for every head, the selected one framed.  z (n_layer, n_head), coloured from 0 to `most`; says: of each
    cell, what its hover tells; bar: the title of the scale. Trace 0, with customdata (layer, head)."""
    n_layer, n_head = z.shape
    figure = go.Figure(
        go.Heatmap(
            z=z, zmin=0, zmax=most, colorscale=colours, xgap=2, ygap=2, hoverongaps=False, text=says,
            customdata=np.moveaxis(np.indices((n_layer, n_head)), 0, -1).astype(np.int32),
            hovertemplate="<b>block %{customdata[0]} · head %{customdata[1]}</b><br>%{text}<extra></extra>",
            colorbar=colorbar(theme) | {"title": bar},
        )
    )  # fmt: skip
    layer, head = selected
    figure.add_shape(
        type="rect", x0=head - 0.5, x1=head + 0.5, y0=layer - 0.5, y1=layer + 0.5,
        line={"color": THEMES[theme]["accent"], "width": 2},
    )  # fmt: skip
    figure.update_xaxes(title_text="head", tickvals=ticks(n_head), range=[-0.5, n_head - 0.5], showgrid=False)
    figure.update_yaxes(title_text="block", tickvals=ticks(n_layer), range=[-0.5, n_layer - 0.5], showgrid=False)
    return figure


def attention_rows(
    weights: Floats, bounds: Floats, *, tokens: Sequence[str], layer: int, head: int, theme: str
) -> go.Figure:
    """What the step's token attended to, every head of a block.  weights (n_head, n_keys): NaN where not captured;
    bounds (n_head, n_keys): most that a not captured weight can be, else NaN; tokens: of the n_keys positions.

    Traces: 0 not captured, 1 captured weights. Shape 0: the selected head.
    """
    n_head, n_keys = weights.shape
    x = axis_labels(tokens[:n_keys])
    place = np.stack(np.broadcast_arrays(layer, np.arange(n_head)[:, None] + np.zeros(n_keys, int)), axis=-1)
    where = "block %{customdata[0]} · head %{customdata[1]}<br>to %{x}<br>"
    figure = go.Figure(
        [
            go.Heatmap(
                z=np.where(np.isfinite(bounds), 0, np.nan).astype(np.float32), x=x,
                customdata=np.concatenate([place, bounds[..., None]], axis=-1).astype(np.float32),
                colorscale=not_captured(theme), showscale=False, hoverongaps=False,
                hovertemplate=where + "not captured: at most %{customdata[2]:.4g}<extra></extra>",
            ),
            go.Heatmap(
                z=weights, x=x, customdata=place.astype(np.int32), hoverongaps=False, zmin=0, zmax=1, ygap=1,
                colorscale=squared(colourscale("attention", theme)), colorbar=colorbar(theme),
                hovertemplate=where + "<b>%{z:.6g}</b> of the attention<extra></extra>",
            ),
        ]
    )  # fmt: skip
    figure.add_shape(
        type="rect", xref="paper", x0=0, x1=1, y0=head - 0.5, y1=head + 0.5,
        line={"color": THEMES[theme]["accent"], "width": 1.5},
    )  # fmt: skip
    token_axis(figure, n_keys)
    figure.update_yaxes(title_text="head", tickvals=ticks(n_head), range=[n_head - 0.5, -0.5], showgrid=False)
    return finished(figure, theme, "attention", gap=0, of=str(layer))


def head_row(
    weights: Floats, bounds: Floats, *, entropy_bits: float, head: tuple[int, int], tokens: Sequence[str], theme: str
) -> go.Figure:
    """One head's row as bars.  weights, bounds (n_keys,) as in `attention_rows`; head: (layer, head).

    Traces: 0 "at most" where not captured, 1 captured weights. Annotation 0: the entropy.
    """
    c, x = THEMES[theme], axis_labels(tokens[: len(weights)])
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


def heads_overlaid(weights: Floats, *, layer: int, head: int, tokens: Sequence[str], theme: str) -> go.Figure:
    """All heads of a block over each other.  weights (n_head, n_keys), NaN where not captured: a gap.

    Traces: one line per head; the selected one in the accent colour and wide.
    """
    c, x = THEMES[theme], axis_labels(tokens[: weights.shape[-1]])
    quiet = [c["violet"], c["amber"], c["bar"], c["muted"]]
    figure = go.Figure(
        [
            go.Scatter(
                x=x, y=row, mode="lines+markers", connectgaps=False, name=f"head {number}",
                line={"color": c["accent"] if number == head else quiet[number % len(quiet)],
                      "width": 2.5 if number == head else 1, "dash": DASHES[number % len(DASHES)]},
                marker={"size": 5 if number == head else 3},
                hovertemplate=f"head {number} to %{{x}}<br><b>%{{y:.6g}}</b> of the attention<extra></extra>",
            )
            for number, row in enumerate(weights)
        ]
    )  # fmt: skip
    token_axis(figure, len(x))
    figure.update_yaxes(title_text="weight", range=[0, 1.02])
    return finished(figure, theme, "heads", of=f"{layer}.all")


DASHES = ("solid", "dot", "dash", "longdash", "dashdot")
"""By head, beside the colours: colour never tells lines apart alone."""


def attention_map(
    weights: Floats, bounds: Floats, *, step_query: int, head: tuple[int, int], tokens: Sequence[str], theme: str
) -> go.Figure:
    """One head over the whole session.  weights, bounds (n, n), query by key, as `analysis.attention.attention_map`;
    step_query: position of the query of the current step. Beyond MAP_CELLS positions a cell shows the strongest of
    several. Traces: 0 not captured, 1 captured. Shape 0: the current step's row."""
    n = len(weights)
    every = max(1, -(-n // MAP_CELLS))
    starts = np.arange(0, n, every)

    def pooled(values: Floats) -> Floats:  # (n, n) -> (n_cells, n_cells)
        rows = np.fmax.reduceat(values, starts, axis=0)
        return np.ascontiguousarray(np.fmax.reduceat(rows, starts, axis=1))

    names = axis_labels(tokens[:n])
    if every > 1:
        names = [f"{start} … {min(start + every, n) - 1}" for start in range(0, n, every)]
    most, known = pooled(bounds), pooled(weights)
    where = ("from %{y}<br>to %{x}<br>", "from %{y}<br>to %{x}, the strongest of these:<br>")[every > 1]
    figure = go.Figure(
        [
            go.Heatmap(
                z=np.where(np.isfinite(most) & np.isnan(known), 0, np.nan).astype(np.float32), x=names, y=names,
                customdata=most, colorscale=not_captured(theme), showscale=False, hoverongaps=False,
                hovertemplate=where + "not captured: at most %{customdata:.4g}<extra></extra>",
            ),
            go.Heatmap(
                z=known, x=names, y=names, zmin=0, zmax=1, hoverongaps=False, colorbar=colorbar(theme),
                colorscale=squared(colourscale("attention", theme)),
                hovertemplate=where + "<b>%{z:.6g}</b> of the attention<extra></extra>",
            ),
        ]
    )  # fmt: skip
    row = step_query // every
    figure.add_shape(
        type="line", xref="paper", x0=0, x1=1, y0=row, y1=row, line={"color": THEMES[theme]["amber"], "width": 1.5}
    )
    token_axis(figure, len(names))
    figure.update_yaxes(
        type="category", nticks=14, range=[len(names) - 0.5, -0.5], tickfont={"size": 10}, automargin=False,
        showgrid=False,
    )  # fmt: skip
    figure.update_layout(margin={"l": 62})
    return finished(figure, theme, "map", of=f"{head[0]}.{head[1]}")


def ticks(number: int) -> npt.NDArray[np.int_]:
    """Where an axis of `number` heads or blocks has its numbers: at most twelve, else they lie on one another."""
    return np.arange(0, number, max(1, -(-number // 12)))


def entropy_words(bits: float) -> str:
    """As `entropyWords` in attention.mjs."""
    return "not in this step" if np.isnan(bits) else f"entropy {bits:.2f} bits"


def head_words(bits: float, low: float, high: float, bound: float) -> str:
    """As `headWords` in heads.mjs. bound: the most that a weight can be that was not kept."""
    if np.isnan(bits):
        return "not in this step"
    least, most = f"{low:.2f}", f"{high:.2f}"
    why = "only the strongest keys are kept" if bound > 0 else "weights were rounded"
    distance = f"{least} tokens back" if least == most else f"{least} to {most} tokens back ({why})"
    return f"{entropy_words(bits)}<br>looks {distance} on average"


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


def not_captured(theme: str) -> Stops:
    """One grey."""
    return [(0.0, THEMES[theme]["not_captured"]), (1.0, THEMES[theme]["not_captured"])]


def bounds_of_cells(weights: Floats, bounds: Floats) -> Floats:
    """(…, n_keys): the bound of each weight that is not known, else NaN.  weights (…, n_keys), bounds (…)"""
    cells: Floats = np.where(np.isnan(weights), bounds[..., None], np.nan).astype(np.float32)
    return cells
