"""What every figure of the inspector shares: finishing touches, messages, labels that Plotly shows as they are.

Knows Plotly and the theme; nothing of what is drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from mri.panels.theme import THEMES, template


def message(text: str, theme: str) -> go.Figure:
    """An empty panel that says why it is empty, and what to do."""
    figure = go.Figure()
    figure.add_annotation(
        text=text, showarrow=False, x=0.5, y=0.5, xref="paper", yref="paper", font={"color": THEMES[theme]["muted"]}
    )
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


def mark_step(figure: go.Figure, step: int, theme: str) -> None:
    """Shape 0: the line at the current step. JavaScript moves it."""
    figure.add_shape(
        type="line", yref="paper", y0=0, y1=1, x0=step, x1=step, line={"color": THEMES[theme]["amber"], "width": 1.5}
    )


def colorbar(theme: str) -> dict[str, Any]:
    return {"thickness": 8, "outlinewidth": 0, "len": 1, "tickfont": {"color": THEMES[theme]["muted"], "size": 10}}


def finished(figure: go.Figure, theme: str, revision: str, gap: float | None = None, of: str = "") -> go.Figure:
    """`of`: what the figure shows apart from the step. JavaScript feeds it only frames of the same thing."""
    figure.update_layout(template=template(theme), uirevision=revision, bargap=gap, meta={"of": of})
    return figure
