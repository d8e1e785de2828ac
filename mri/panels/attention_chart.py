"""What the charts of attention share: cells of weights, a map of heads, an axis of tokens."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from mri.arrays import Floats
from mri.panels.chart import FRAME, UPRIGHT, colorbar, ends, frame, name_places
from mri.panels.theme import THEMES, Stops, colourscale

KEYS = ["layer", "head"]


def heads_map(
    z: str, text: str, shape: tuple[int, ...], scale: dict[str, Any], *, theme: str, most: str = ""
) -> go.Figure:
    """A cell for every head, the selected one framed, of a table of this shape with columns layer and head.  z, text,
    most: columns of what colours a cell from 0 on, of what its hover tells, and the end of the scale. Trace 0."""
    n_layer, n_head = shape
    scale = scale | {"zmin": 0, "colorbar": colorbar(theme) | scale["colorbar"]}
    names = {"z": z, "text": text, "customdata": KEYS, "rows": n_layer} | ({"zmax": most} if most else {})
    figure = go.Figure(go.Heatmap(meta=names, xgap=2, ygap=2, hoverongaps=False, **scale))
    hover = "<b>block %{customdata[0]} · head %{customdata[1]}</b><br>%{text}<extra></extra>"
    figure.update_traces(hovertemplate=hover)
    frame(figure, theme, 0, 0)
    name_places(figure, FRAME)
    figure.update_xaxes(title_text="head", tickvals=ticks(n_head), range=ends(n_head), showgrid=False)
    figure.update_yaxes(title_text="block", tickvals=ticks(n_layer), range=ends(n_layer), showgrid=False)
    return figure


def add_unknown(figure: go.Figure, theme: str, **more: Any) -> None:
    """Grey cells where a weight was not captured."""
    grey = THEMES[theme]["not_captured"]
    more |= {"colorscale": [(0.0, grey), (1.0, grey)], "showscale": False, "hoverongaps": False}
    figure.add_heatmap(**more)


def add_weights(figure: go.Figure, theme: str, **more: Any) -> None:
    """Cells of attention weights; small ones show."""
    more |= {"colorscale": squared(colourscale("attention", theme)), "colorbar": colorbar(theme)}
    figure.add_heatmap(zmin=0, zmax=1, hoverongaps=False, **more)


UNKNOWN = "not captured: at most %{{customdata{}:.4g}}<extra></extra>"
KNOWN = "<b>%{{{}:.6g}}</b> of the attention<extra></extra>"


def ticks(number: int) -> npt.NDArray[np.int_]:
    """Where an axis of `number` heads or blocks has its numbers: at most twelve, else they lie on one another."""
    return np.arange(0, number, max(1, -(-number // 12)))


def entropy_words(bits: float) -> str:
    """As `entropyWords` in core/heads.mjs."""
    return "not in this step" if np.isnan(bits) else f"entropy {bits:.2f} bits"


def head_words(bits: float, low: float, high: float, bound: float) -> str:
    """As `headWords` there. bound: the most that a weight can be that was not kept."""
    if np.isnan(bits):
        return "not in this step"
    least, most = f"{low:.2f}", f"{high:.2f}"
    why = "only the strongest keys are kept" if bound > 0 else "weights were rounded"
    distance = f"{least} tokens back" if least == most else f"{least} to {most} tokens back ({why})"
    return f"{entropy_words(bits)}<br>looks {distance} on average"


def token_axis(figure: go.Figure, n_positions: int = 0) -> None:
    """An axis of tokens under the figure; without a number, the table's `keys_range` is its range."""
    figure.update_xaxes(type="category", nticks=14, **UPRIGHT)
    if n_positions:
        figure.update_xaxes(range=ends(n_positions))
    else:
        name_places(figure, {"xaxis.range": "keys_range"})
    figure.update_layout(margin={"b": 62})


def squared(stops: Stops) -> Stops:
    """The scale with its places squared: small weights show, and the colour bar still says the weight itself."""
    return [(t * t, colour) for t, colour in stops]


def bounds_of_cells(weights: Floats, bounds: Floats) -> Floats:
    """(…, n_keys): the bound of each weight that is not known, else NaN.  weights (…, n_keys), bounds (…)"""
    cells: Floats = np.where(np.isnan(weights), bounds[..., None], np.nan).astype(np.float32)
    return cells
