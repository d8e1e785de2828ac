"""What every figure of the inspector shares: finishing touches, messages, labels that Plotly shows as they are.

Knows Plotly and the theme; nothing of what is drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from mri.panels.theme import THEMES, template

UPRIGHT: dict[str, Any] = {"tickangle": 90, "tickfont": {"size": 10}, "automargin": False, "showgrid": False}
"""Of an axis of tokens; long ones end at the figure's edge rather than eat it up (the hover has them whole)."""
CERTAIN = "<br>certain: %{{customdata[{}]:.3g}} … %{{customdata[{}]:.3g}}<extra></extra>"
LEGEND: dict[str, Any] = {"orientation": "h", "yanchor": "bottom", "y": 1.01, "x": 0, "font": {"size": 10}}
"""Above the figure."""


def stroke(colour: str, width: float, **more: Any) -> dict[str, Any]:
    """A line as Plotly wants it."""
    return {"color": colour, "width": width, **more}


def filled(colour: str | Sequence[str]) -> dict[str, Any]:
    """A bar's marker without an edge."""
    return {"color": colour, "line": {"width": 0}}


def ends(number: int) -> list[float]:
    """The range of an axis of `number` categories."""
    return [-0.5, number - 0.5]


def frame(figure: go.Figure, theme: str, x: float | None, y: float, colour: str = "selected", width: float = 2) -> None:
    """A frame around the cell at x, y of a map; without x around its whole row. FRAME and FRAMED_ROW name where."""
    across = {"xref": "paper", "x0": 0, "x1": 1} if x is None else {"x0": x - 0.5, "x1": x + 0.5}
    figure.add_shape(type="rect", y0=y - 0.5, y1=y + 0.5, line=stroke(THEMES[theme][colour], width), **across)


FRAMED_ROW = {"shapes[0].y0": "frame_top", "shapes[0].y1": "frame_bottom"}
FRAME = {"shapes[0].x0": "frame_left", "shapes[0].x1": "frame_right", **FRAMED_ROW}


def framed(x: int, y: int) -> dict[str, float]:
    """What FRAME names, of the cell at x, y."""
    return {"frame_left": x - 0.5, "frame_right": x + 0.5, "frame_top": y - 0.5, "frame_bottom": y + 0.5}


def message(text: str, theme: str) -> go.Figure:
    """An empty panel that says why it is empty, and what to do."""
    figure = go.Figure()
    middle = {"x": 0.5, "y": 0.5, "xref": "paper", "yref": "paper"}
    figure.add_annotation(text=text, showarrow=False, font={"color": THEMES[theme]["muted"]}, **middle)
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False)
    return finished(figure, theme, text)


def axis_labels(tokens: Sequence[str]) -> list[str]:
    """One label per position, all different: the position, then the token."""
    return [f"{position} {escaped(token)}" for position, token in enumerate(tokens)]


def escaped(text: str) -> str:
    """Text as Plotly shows it verbatim: it reads a little HTML in labels."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def percent(p: float) -> str:
    """A probability in words, as `formatPercent` in assets/js/core/format.mjs: 93.1 %, < 0.1 %, > 99.9 %."""
    if np.isnan(p):
        return "NaN"
    if p in (0, 1):
        return f"{p * 100:g} %"
    if p < 0.001:
        return "< 0.1 %"
    return "> 99.9 %" if p > 0.999 else f"{p * 100:.1f} %"


def mark_step(figure: go.Figure, theme: str) -> None:
    """The line at the current step, the table's `step_now`: JavaScript moves it."""
    at = len(figure.layout.shapes)
    figure.add_shape(type="line", yref="paper", y0=0, y1=1, line=stroke(THEMES[theme]["selected"], 1.5))
    name_places(figure, {f"shapes[{at}].x0": "step_now", f"shapes[{at}].x1": "step_now"})


def name_places(figure: go.Figure, places: dict[str, str]) -> None:
    """Attributes of the layout that are the table's, by its names."""
    before = figure.layout.meta or {}
    figure.update_layout(meta={**before, "layout": {**before.get("layout", {}), **places}})


def colorbar(theme: str) -> dict[str, Any]:
    return {"thickness": 8, "outlinewidth": 0, "len": 1, "tickfont": {"color": THEMES[theme]["muted"], "size": 10}}


def finished(figure: go.Figure, theme: str, revision: str, gap: float | None = None) -> go.Figure:
    """revision: as long as it stays, so does what a person has zoomed to."""
    return figure.update_layout(template=template(theme), uirevision=revision, bargap=gap)
