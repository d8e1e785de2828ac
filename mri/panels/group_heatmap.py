"""Neurons × steps in the order of the groups: what was measured, and what is expected of what was not."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from mri.arrays import Doubles, Ints
from mri.panels.chart import colorbar, escaped, finished, stroke
from mri.panels.group_chart import MOST_TOKENS, UNDER, colour_of, mark_breaks
from mri.panels.panel import Panel
from mri.panels.selection import Selection
from mri.panels.studied import Studied
from mri.panels.table import Column, Table, column, valued
from mri.panels.theme import THEMES, colourscale
from mri.study.activity import standardised

MOST_ROWS, MOST_COLUMNS = 300, 400
"""Cells that a screen can show: more neurons or steps are drawn as means of neighbours."""
DEVIATIONS = 3
"""Standard deviations at the ends of the heatmap's scale."""


def table(studied: Studied, at: Selection) -> Table:
    found = studied.grouping
    neurons, order = found.neurons, found.clusters.order
    filled = found.history.filled[found.rows]
    shapes, values = standardised(filled)[order], neurons.values[order]
    most, known = neurons.high[neurons.point[order]], np.isfinite(values)
    columns = {
        "hook_point": column(np.array(neurons.keys, object)[neurons.point[order]][:, None]),
        "neuron": column(neurons.neuron[order][:, None], "index"),
        "group": column(found.clusters.labels[order][:, None] + 1, "1 = largest"),
        "session": column(np.array(neurons.sessions, object)[neurons.session]),
        "step": column(neurons.step, "index"),
        **valued(values, known, np.where(np.isinf(most), np.nan, most), "activation"),
        "taken_as": Column(filled[order], "activation"),
        "standardised": Column(shapes, "σ"),
    }
    drawn = {"clusters": found.clusters, "known": known, "names": studied.names, "tokens": studied.tokens}
    return Table(values.shape, columns, drawn | {"breaks": studied.breaks})


def figure(table: Table, theme: str) -> go.Figure:
    """Neurons × steps in the order of the groups.

    Traces: 0 what is expected of missing values (pale), 1 captured values, 2 the strip of groups. customdata of 0 and
    1: the name of the row's first neuron. Beyond MOST_ROWS or MOST_COLUMNS a cell is the mean of its neighbours.
    """
    c, clusters, names, tokens = THEMES[theme], table["clusters"], table["names"], table["tokens"]
    order, ordered, known = clusters.order, table["standardised"], table["known"]
    rows, columns = _pieces(len(order), MOST_ROWS), _pieces(ordered.shape[1], MOST_COLUMNS)
    measured = _means(np.where(known, ordered, 0), rows, columns) / np.maximum(_means(known, rows, columns), 1e-9)
    share = _means(known, rows, columns)
    expected = _means(ordered, rows, columns)
    first = [names[order[i]] for i in rows]
    most = np.diff([*rows, len(order)])
    labels = [name if n == 1 else f"{name} and {n - 1} beside it" for name, n in zip(first, most, strict=True)]
    what = np.array([[label] * len(columns) for label in labels], dtype=object)
    ticks = [escaped(tokens[i]) for i in columns]
    signed = {"colorscale": colourscale("signed", theme), "zmin": -DEVIATIONS, "zmax": DEVIATIONS, "zmid": 0}
    common = {**signed, "customdata": what, "text": np.array([ticks] * len(rows), dtype=object), "xaxis": "x"}
    hover = "<b>%{customdata}</b><br>read %{text}<br><b>%{z:.3f}</b> deviations from its mean"
    out, groups = go.Figure(), clusters.labels[order[rows]]
    pale = {"showscale": False, "opacity": 0.32, "hovertemplate": hover + "<br>expected: not captured<extra></extra>"}
    out.add_heatmap(z=expected.astype(np.float32), **pale, **common)
    bright = {"colorbar": colorbar(theme) | {"title": {"text": "σ"}}, "hovertemplate": hover + "<extra></extra>"}
    captured_only = np.where(share > 0, measured, np.nan).astype(np.float32)
    out.add_heatmap(z=captured_only, hoverongaps=False, **bright, **common)
    colours = _steps([colour_of(group, theme) for group in range(12)])
    strip = {"colorscale": colours, "zmin": -0.5, "zmax": 11.5, "showscale": False, "xaxis": "x2"}
    about = {"text": [[f"{group + 1}"] for group in groups], "hovertemplate": "group %{text}<extra></extra>"}
    out.add_heatmap(z=groups[:, None].astype(np.float32), **strip, **about)
    for group in range(clusters.n_groups):
        members = np.flatnonzero(groups == group)
        if not len(members):
            continue
        place = {"x": 0, "xref": "x2", "y": float(members.mean()), "yref": "y", "xshift": -16}
        out.add_annotation(text=f"{group + 1}", showarrow=False, font={"size": 11, "color": c["text"]}, **place)
        if members[0]:
            out.add_hline(y=float(members[0]) - 0.5, line=stroke(c["text"], 0.7))
    mark_breaks(out, [int(np.searchsorted(columns, at)) for at in table["breaks"]], theme)
    every = max(1, -(-len(columns) // MOST_TOKENS))
    labelled = {"tickvals": [*range(0, len(columns), every)], "ticktext": ticks[::every], **UNDER}
    out.update_layout(xaxis={"domain": [0.035, 1], **labelled}, margin={"b": 64})
    out.update_layout(xaxis2={"domain": [0, 0.025], "visible": False, "fixedrange": True})
    out.update_layout(yaxis={"autorange": "reversed", "showticklabels": False, "showgrid": False})
    return finished(out, theme, "group-heatmap")


def _pieces(count: int, most: int) -> Ints:
    """First index of each of at most `most` pieces of the same length (the last may be shorter)."""
    return np.arange(0, count, -(-count // most))


def _means(values: npt.NDArray[np.generic], rows: Ints, columns: Ints) -> Doubles:
    """(n_rows, n_columns) of the pieces that begin there."""
    sums = np.add.reduceat(np.add.reduceat(values.astype(np.float64), rows, axis=0), columns, axis=1)
    sizes = np.outer(np.diff([*rows, len(values)]), np.diff([*columns, values.shape[1]]))
    means: Doubles = sums / sizes
    return means


def _steps(colours: Sequence[str]) -> list[tuple[float, str]]:
    """A colour scale of flat steps."""
    n = len(colours)
    return [(edge, colour) for i, colour in enumerate(colours) for edge in (i / n, (i + 1) / n)]


PANEL = Panel(
    name="group-heatmap",
    page="neurons",
    tab="groups",
    place=30,
    label="Neurons × steps",
    kind="derived",
    height_px=460,
    note="Rows in the order of Ward's tree, group by group. Bright: captured. Pale: not captured, expected "
    "between its bounds. Click a row for its dossier.",
    table=table,
    figure=figure,
    selects={"name": "customdata"},
)
