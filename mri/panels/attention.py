"""Plotly figures of the Attention tab: arrays in, `go.Figure` out. Each draws one panel and computes only places.

What JavaScript feeds while the clock moves (`assets/js/panels/attention.mjs`) are the data arrays of these very
figures: order and meaning of the traces are a contract between the two files. Knows no sessions and no frames.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from mri.format.arrays import Doubles, Floats
from mri.panels.chart import UPRIGHT, axis_labels, colorbar, ends, finished, frame, stroke
from mri.panels.theme import THEMES, Stops, colourscale

Head = tuple[int, int]
"""Its block, and which one it is there."""

MAP_CELLS = 256
"""Most rows and columns of a map: more positions than that are shown several to a cell, by their strongest."""


def heads_grid(
    entropy: Floats, low: Floats, high: Floats, bounds: Floats, *, by: str, n_positions: int, selected: Head, theme: str
) -> go.Figure:
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
    title = {"text": "tokens" if by == "distance" else "bits", "side": "right"}
    scale = {"zmax": float(most), "colorscale": colourscale("attention", theme), "colorbar": {"title": title}}
    figure = heads_map(z, says, scale, selected=selected, theme=theme)
    return finished(figure, theme, by, of=by)


def heads_map(
    z: Floats | Doubles, says: Sequence[Sequence[str]], scale: dict[str, Any], *, selected: Head, theme: str
) -> go.Figure:
    """A cell for every head, the selected one framed.  z (n_layer, n_head), coloured from 0 to the scale's zmax; says:
    of each cell, what its hover tells. Trace 0, with customdata (layer, head)."""
    (n_layer, n_head), (layer, head) = z.shape, selected
    scale = scale | {"zmin": 0, "colorbar": colorbar(theme) | scale["colorbar"]}
    place = np.moveaxis(np.indices(z.shape), 0, -1).astype(np.int32)
    figure = go.Figure(go.Heatmap(z=z, text=says, customdata=place, xgap=2, ygap=2, hoverongaps=False, **scale))
    hover = "<b>block %{customdata[0]} · head %{customdata[1]}</b><br>%{text}<extra></extra>"
    figure.update_traces(hovertemplate=hover)
    frame(figure, theme, head, layer)
    figure.update_xaxes(title_text="head", tickvals=ticks(n_head), range=ends(n_head), showgrid=False)
    figure.update_yaxes(title_text="block", tickvals=ticks(n_layer), range=ends(n_layer), showgrid=False)
    return figure


def add_unknown(figure: go.Figure, shown: npt.NDArray[np.bool_], theme: str, **more: Any) -> None:
    """Grey cells where a weight was not captured."""
    grey = THEMES[theme]["not_captured"]
    more |= {"colorscale": [(0.0, grey), (1.0, grey)], "showscale": False, "hoverongaps": False}
    figure.add_heatmap(z=np.where(shown, 0, np.nan).astype(np.float32), **more)


def add_weights(figure: go.Figure, weights: Floats, theme: str, **more: Any) -> None:
    """Cells of attention weights; small ones show."""
    more |= {"colorscale": squared(colourscale("attention", theme)), "colorbar": colorbar(theme)}
    figure.add_heatmap(z=weights, zmin=0, zmax=1, hoverongaps=False, **more)


UNKNOWN = "not captured: at most %{{customdata{}:.4g}}<extra></extra>"
KNOWN = "<b>%{{{}:.6g}}</b> of the attention<extra></extra>"


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
    about = np.concatenate([place, bounds[..., None]], axis=-1).astype(np.float32)
    missing, known = where + UNKNOWN.format("[2]"), where + KNOWN.format("z")
    figure = go.Figure()
    add_unknown(figure, np.isfinite(bounds), theme, x=x, customdata=about, hovertemplate=missing)
    add_weights(figure, weights, theme, x=x, customdata=place.astype(np.int32), ygap=1, hovertemplate=known)
    frame(figure, theme, None, head, width=1.5)
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
    hollow, where = {"color": "rgba(0,0,0,0)", "line": stroke(c["not_captured"], 1)}, "to %{x}<br>"
    figure = go.Figure()
    figure.add_bar(x=x, y=bounds, marker=hollow, hovertemplate=where + "not captured: at most %{y:.4g}<extra></extra>")
    figure.add_bar(x=x, y=weights, marker={"color": c["accent"]}, hovertemplate=where + KNOWN.format("y"))
    token_axis(figure, len(x))
    figure.update_yaxes(title_text="weight", range=[0, 1])
    corner = {"xref": "paper", "yref": "paper", "x": 1, "y": 1, "xanchor": "right"}
    font = {"color": c["muted"], "size": 11}
    figure.add_annotation(text=entropy_words(entropy_bits), showarrow=False, font=font, **corner)
    figure.update_layout(barmode="overlay")
    return finished(figure, theme, "head", gap=0.1, of=f"{head[0]}.{head[1]}")


def heads_overlaid(weights: Floats, *, layer: int, head: int, tokens: Sequence[str], theme: str) -> go.Figure:
    """All heads of a block over each other.  weights (n_head, n_keys), NaN where not captured: a gap.

    Traces: one line per head; the selected one in the accent colour and wide.
    """
    c, x = THEMES[theme], axis_labels(tokens[: weights.shape[-1]])
    quiet = [c["violet"], c["amber"], c["bar"], c["muted"]]
    figure = go.Figure()
    for number, row in enumerate(weights):
        colour, width, size = (c["accent"], 2.5, 5) if number == head else (quiet[number % len(quiet)], 1, 3)
        look = {"line": stroke(colour, width, dash=DASHES[number % len(DASHES)]), "marker": {"size": size}}
        hover = f"head {number} to %{{x}}<br>" + KNOWN.format("y")
        figure.add_scatter(x=x, y=row, mode="lines+markers", name=f"head {number}", hovertemplate=hover, **look)
    figure.update_traces(connectgaps=False)
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
    axes, figure = {"x": names, "y": names}, go.Figure()
    missing = where + UNKNOWN.format("")
    add_unknown(figure, np.isfinite(most) & np.isnan(known), theme, customdata=most, hovertemplate=missing, **axes)
    add_weights(figure, known, theme, hovertemplate=where + KNOWN.format("z"), **axes)
    row, line = step_query // every, stroke(THEMES[theme]["amber"], 1.5)
    figure.add_shape(type="line", xref="paper", x0=0, x1=1, y0=row, y1=row, line=line)
    token_axis(figure, len(names))
    look = UPRIGHT | {"tickangle": None}
    figure.update_yaxes(type="category", nticks=14, range=[len(names) - 0.5, -0.5], **look)
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
    """An axis of tokens under the figure."""
    figure.update_xaxes(type="category", nticks=14, range=ends(n_positions), **UPRIGHT)
    figure.update_layout(margin={"b": 62})


def squared(stops: Stops) -> Stops:
    """The scale with its places squared: small weights show, and the colour bar still says the weight itself."""
    return [(t * t, colour) for t, colour in stops]


def bounds_of_cells(weights: Floats, bounds: Floats) -> Floats:
    """(…, n_keys): the bound of each weight that is not known, else NaN.  weights (…, n_keys), bounds (…)"""
    cells: Floats = np.where(np.isnan(weights), bounds[..., None], np.nan).astype(np.float32)
    return cells
