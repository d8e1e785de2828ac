"""The watched neurons over all steps: what is known of each, and what is only bounded."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from mri.arrays import Floats, Ids
from mri.errors import ConfigError, UnknownHookPoint
from mri.measure.series import neuron_history
from mri.panels import names
from mri.panels.chart import LEGEND, UPRIGHT, ends, escaped, finished, mark_step, stroke
from mri.panels.panel import Panel
from mri.panels.scan import Scan
from mri.panels.selection import Pairs, Selection
from mri.panels.table import Table, column, valued
from mri.panels.theme import scales

MOST_WATCHED = 6
"""Neurons in one table: as many as the screen watches (assets/js/core/watched.mjs)."""
DASHES = ("solid", "dash", "longdash", "dashdot", "longdashdot", "10px,2px,2px,2px")
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "x")
"""By place in the list, beside the colours `watched` of scales.json: colour never tells lines apart alone.
Dots are kept for the bounds."""

MOST_TOKENS = 22
"""Tokens that fit side by side, upright, under the axis."""


def table(scan: Scan, at: Selection) -> Table:
    if len(at.watched) > MOST_WATCHED:
        raise ConfigError(f"{len(at.watched)} neurons are too many for one table: watch at most {MOST_WATCHED}.")
    return histories(scan, at.watched)


def histories(scan: Scan, watched: Pairs) -> Table:
    """Neurons × steps: `value`, `bound`, and what each step read."""
    reader, layout = scan.reader, scan.layout
    found = []
    for key, neuron in watched:
        if neuron >= layout.width(key):
            raise UnknownHookPoint(f"{key} has no neuron {neuron}: it has {layout.width(key)}, from 0 on.")
        found.append(neuron_history(reader, key, neuron))
    steps = np.arange(reader.num_steps, dtype=np.int32)
    shape = len(watched), len(steps)
    values, bounds, captured = (
        np.array([history[i] for history in found], dtype).reshape(shape)
        for i, dtype in enumerate((np.float32, np.float32, bool))
    )
    unit = " or ".join(sorted({scan.unit(key) for key, _ in watched}))
    columns = {
        "step": column(steps, "index"),
        "read": column(np.array(names.texts_of_steps(reader), object)),
        "hook_point": column(np.array([key for key, _ in watched], object).reshape(-1, 1)),
        "neuron": column(np.array([neuron for _, neuron in watched], int).reshape(-1, 1), "index"),
        **valued(values, captured, bounds, unit, quantization=layout.config.quantization),
    }
    token = np.array([escaped(text) for text in names.tokens_of_steps(reader)], object)
    named = [(f"{key} · {neuron}", scan.unit(key), scan.never_negative(key)) for key, neuron in watched]
    drawn = {"steps": steps, "token": token, "bound": bounds, "named": named, "unit": unit, "step_now": scan.step}
    return Table(shape, columns, drawn, missing="" if watched else "No neuron is watched.")


def figure(table: Table, theme: str) -> go.Figure:
    """Lines over the steps, a token under each. Traces, two for each neuron: its bound as dotted pieces at + and − "at
    most" (at 0 and + where it cannot be negative), then its captured values."""
    colours, steps, token = scales()["watched"][theme], table["steps"], table["token"]
    out = go.Figure()
    for place, (name, unit, is_upper) in enumerate(table["named"]):
        colour = colours[place]
        x, y = _levels(steps, table["bound"][place], is_upper)
        where = f"<b>{name}</b><br>step %{{x:.0f}}"
        hover = where + "<br>not captured: at most %{customdata:.6g} in magnitude<extra></extra>"
        look = {"mode": "lines", "line": stroke(colour, 1, dash="dot"), "opacity": 0.75, "showlegend": False}
        out.add_scatter(x=x, y=y, customdata=np.abs(y), hovertemplate=hover, **look)
        hover = where + f" · read %{{customdata}}<br><b>%{{y:.6g}}</b> {unit}<extra></extra>"
        look = {"mode": "lines+markers", "line": stroke(colour, 1.5, dash=DASHES[place])}
        look |= {"marker": {"size": 5, "symbol": SYMBOLS[place]}, "name": name}
        out.add_scatter(x=steps, y=table["value"][place], customdata=token, hovertemplate=hover, **look)
    out.update_traces(connectgaps=False)
    mark_step(out, theme)
    shown = steps[:: -(-len(steps) // MOST_TOKENS)]
    out.update_xaxes(range=ends(len(steps)), tickvals=shown, ticktext=token[shown].tolist(), **UPRIGHT)
    out.update_yaxes(title_text=table["unit"], zeroline=True)
    out.update_layout(margin={"b": 62, "t": 8}, hovermode="closest", showlegend=True, legend=LEGEND)
    return finished(out, theme, "watched")


def _levels(steps: Ids, bounds: Floats, is_upper: bool) -> tuple[Floats, Floats]:
    """A level piece for every bound, above zero and below it or at it, apart from its neighbours, so that many of them
    read as a dotted line; its ends stay inside the step, so that a hover rounds to it.
    -> x, y (6·num_steps,), NaN between"""
    x = (steps[:, None] + np.array([-0.36, 0.36, np.nan])).astype(np.float32)  # (num_steps, 3)
    y = np.repeat(bounds[:, None], 3, axis=1)
    y[:, 2] = np.nan
    return np.tile(x.ravel(), 2), np.concatenate([y.ravel(), np.minimum(y.ravel(), 0) if is_upper else -y.ravel()])


PANEL = Panel(
    name="watched",
    page="scanner",
    tab="neurons",
    place=30,
    label="Watched neurons",
    kind="measured",
    height_px=300,
    note="Lines: captured values. Dotted: below the top-k, the magnitude is at most this. Click to go to that step.",
    table=table,
    figure=figure,
    selects={"step": "x"},
)
