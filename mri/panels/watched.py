"""The watched neurons' figure: several neurons over all steps, what is known and what is only bounded.

Arrays in, `go.Figure` out; computes nothing but places. Knows no sessions, no frames, no callbacks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from mri.format.arrays import Floats, Ids
from mri.panels.chart import LEGEND, UPRIGHT, ends, escaped, finished, mark_step, stroke
from mri.panels.theme import scales

DASHES = ("solid", "dash", "longdash", "dashdot", "longdashdot", "10px,2px,2px,2px")
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "x")
"""By place in the list, beside the colours `watched` of scales.json: colour never tells lines apart alone.
Dots are kept for the bounds."""

MOST_TOKENS = 22
"""Tokens that fit side by side, upright, under the axis."""


@dataclass(frozen=True)
class WatchedNeuron:
    """One neuron over all steps.  values (num_steps,), NaN where not captured; bounds (num_steps,), the most that its
    magnitude can be where it fell below the top-k, NaN elsewhere."""

    name: str
    unit: str
    values: Floats
    bounds: Floats


def watched_history(neurons: Sequence[WatchedNeuron], *, step: int, tokens: Sequence[str], theme: str) -> go.Figure:
    """Lines over the steps, a token under each; tokens (num_steps,): what each step read.

    Traces, two for each neuron: its bound as dotted pieces at + and − "at most", then its captured values.
    """
    colours, num_steps = scales()["watched"][theme], len(tokens)
    steps = np.arange(num_steps, dtype=np.int32)
    token = np.array([escaped(text) for text in tokens], dtype=object)
    figure = go.Figure()
    for place, neuron in enumerate(neurons):
        colour = colours[place]
        x, y = _levels(steps, neuron.bounds)
        where = f"<b>{neuron.name}</b><br>step %{{x:.0f}}"
        hover = where + "<br>not captured: at most %{customdata:.6g} in magnitude<extra></extra>"
        look = {"mode": "lines", "line": stroke(colour, 1, dash="dot"), "opacity": 0.75, "showlegend": False}
        figure.add_scatter(x=x, y=y, customdata=np.abs(y), hovertemplate=hover, **look)
        hover = where + f" · read %{{customdata}}<br><b>%{{y:.6g}}</b> {neuron.unit}<extra></extra>"
        look = {"mode": "lines+markers", "line": stroke(colour, 1.5, dash=DASHES[place])}
        look |= {"marker": {"size": 5, "symbol": SYMBOLS[place]}, "name": neuron.name}
        figure.add_scatter(x=steps, y=neuron.values, customdata=token, hovertemplate=hover, **look)
    figure.update_traces(connectgaps=False)
    mark_step(figure, step, theme)
    shown = steps[:: -(-num_steps // MOST_TOKENS)]
    figure.update_xaxes(range=ends(num_steps), tickvals=shown, ticktext=token[shown].tolist(), **UPRIGHT)
    units = sorted({neuron.unit for neuron in neurons})
    figure.update_yaxes(title_text=" or ".join(units), zeroline=True)
    figure.update_layout(margin={"b": 62, "t": 8}, hovermode="closest", showlegend=True, legend=LEGEND)
    return finished(figure, theme, "watched")


def _levels(steps: Ids, bounds: Floats) -> tuple[Floats, Floats]:
    """A level piece for every bound, above zero and below it, apart from its neighbours, so that many of them read as a
    dotted line; its ends stay inside the step, so that a hover rounds to it.  -> x, y (6·num_steps,), NaN between"""
    x = (steps[:, None] + np.array([-0.36, 0.36, np.nan])).astype(np.float32)  # (num_steps, 3)
    y = np.repeat(bounds[:, None], 3, axis=1)
    y[:, 2] = np.nan
    return np.tile(x.ravel(), 2), np.concatenate([y.ravel(), -y.ravel()])
