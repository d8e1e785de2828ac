"""What the charts of groups share: their colours, an axis of many tokens, where another session begins."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from mri.panels.chart import LEGEND, stroke
from mri.panels.theme import THEMES, scales

MOST_TOKENS = 40
UNDER: dict[str, Any] = {"tickangle": 90, "tickfont": {"size": 9}, "showgrid": False}
"""Of an axis of many tokens."""


def colour_of(group: int, theme: str) -> str:
    """Of a group, counted from 0."""
    return str(scales()["groups"][theme][group])


def mark_breaks(figure: go.Figure, breaks: Sequence[int], theme: str) -> None:
    for at in breaks:
        figure.add_vline(x=at - 0.5, line=stroke(THEMES[theme]["muted"], 1, dash="dot"))


def legend(figure: go.Figure, title: str) -> None:
    look = LEGEND | {"title": {"text": title + " ", "font": {"size": 10}}}
    figure.update_layout(showlegend=True, legend=look, margin={"t": 30})
