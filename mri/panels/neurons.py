"""Figures of the Neurons page: groups on a map, in a heatmap and over the steps; one neuron's values by size.

Arrays in, `go.Figure` out; computes nothing but places. Knows no sessions, no callbacks.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from mri.format.arrays import Bools, Doubles, Floats, Ints
from mri.panels.chart import LEGEND, colorbar, ends, escaped, filled, finished, stroke
from mri.panels.theme import THEMES, colourscale, scales
from mri.panels.watched import DASHES
from mri.study.clustering import Clusters
from mri.study.moments import EDGES

MARKS = "circle square diamond triangle-up cross x pentagon triangle-down hexagram bowtie star hourglass"
SYMBOLS = MARKS.split(" ")
"""By group, beside its colour: colour never tells groups apart alone."""

MOST_ROWS, MOST_COLUMNS = 300, 400
"""Cells that a screen can show: more neurons or steps are drawn as means of neighbours."""
MOST_TOKENS = 40
UNDER: dict[str, Any] = {"tickangle": 90, "tickfont": {"size": 9}, "showgrid": False}
"""Of an axis of many tokens."""
DEVIATIONS = 3
"""Standard deviations at the ends of the heatmap's scale."""


def colour_of(group: int, theme: str) -> str:
    """Of a group, counted from 0."""
    return str(scales()["groups"][theme][group])


def group_map(clusters: Clusters, names: Sequence[str], *, selected: int | None, theme: str) -> go.Figure:
    """Every neuron at its first two components. names (n,): of the neurons; one trace for each group.

    customdata: the neuron's name, for clicks.
    """
    figure, text = go.Figure(), np.array(names, dtype=object)
    for group in range(clusters.n_groups):
        members = np.flatnonzero(clusters.labels == group)
        x, y = clusters.places[members].T
        marker = {"color": colour_of(group, theme), "symbol": SYMBOLS[group], "size": 6, "opacity": 0.85}
        hover = f"<b>%{{customdata}}</b><br>group {group + 1}<br>%{{x:.4g}}, %{{y:.4g}}<extra></extra>"
        about = {"customdata": text[members], "hovertemplate": hover}
        figure.add_scatter(x=x, y=y, mode="markers", name=f"{group + 1}", marker=marker, **about)
    if selected is not None:
        x, y = clusters.places[selected]
        marker = {"symbol": "circle-open", "size": 16, "color": THEMES[theme]["text"], "line": {"width": 2}}
        figure.add_scatter(x=[x], y=[y], mode="markers", hoverinfo="skip", showlegend=False, marker=marker)
    first, second = (f"{share * 100:.1f} %" for share in clusters.explained)
    figure.update_xaxes(title_text=f"component 1 · {first} of the variance", zeroline=False)
    figure.update_yaxes(title_text=f"component 2 · {second}", zeroline=False)
    _legend(figure, "group")
    return finished(figure, theme, "group-map")


def group_heatmap(
    clusters: Clusters,
    shapes: Floats,
    captured: Bools,
    names: Sequence[str],
    tokens: Sequence[str],
    *,
    breaks: Sequence[int],
    theme: str,
) -> go.Figure:
    """Neurons × steps in the order of the groups.  shapes (n, n_steps): standardised values; captured: which of them
    were measured; breaks: columns at which another session begins.

    Traces: 0 what is expected of missing values (pale), 1 captured values, 2 the strip of groups. customdata of 0 and
    1: the name of the row's first neuron. Beyond MOST_ROWS or MOST_COLUMNS a cell is the mean of its neighbours.
    """
    c, order = THEMES[theme], clusters.order
    rows, columns = _pieces(len(order), MOST_ROWS), _pieces(shapes.shape[1], MOST_COLUMNS)
    ordered, known = shapes[order], captured[order]
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
    figure, groups = go.Figure(), clusters.labels[order[rows]]
    pale = {"showscale": False, "opacity": 0.32, "hovertemplate": hover + "<br>expected: not captured<extra></extra>"}
    figure.add_heatmap(z=expected.astype(np.float32), **pale, **common)
    bright = {"colorbar": colorbar(theme) | {"title": {"text": "σ"}}, "hovertemplate": hover + "<extra></extra>"}
    captured_only = np.where(share > 0, measured, np.nan).astype(np.float32)
    figure.add_heatmap(z=captured_only, hoverongaps=False, **bright, **common)
    colours = _steps([colour_of(group, theme) for group in range(12)])
    strip = {"colorscale": colours, "zmin": -0.5, "zmax": 11.5, "showscale": False, "xaxis": "x2"}
    about = {"text": [[f"{group + 1}"] for group in groups], "hovertemplate": "group %{text}<extra></extra>"}
    figure.add_heatmap(z=groups[:, None].astype(np.float32), **strip, **about)
    for group in range(clusters.n_groups):
        members = np.flatnonzero(groups == group)
        if not len(members):
            continue
        place = {"x": 0, "xref": "x2", "y": float(members.mean()), "yref": "y", "xshift": -16}
        figure.add_annotation(text=f"{group + 1}", showarrow=False, font={"size": 11, "color": c["text"]}, **place)
        if members[0]:
            figure.add_hline(y=float(members[0]) - 0.5, line=stroke(c["text"], 0.7))
    _mark_breaks(figure, [int(np.searchsorted(columns, at)) for at in breaks], theme)
    every = max(1, -(-len(columns) // MOST_TOKENS))
    labelled = {"tickvals": [*range(0, len(columns), every)], "ticktext": ticks[::every], **UNDER}
    figure.update_layout(xaxis={"domain": [0.035, 1], **labelled}, margin={"b": 64})
    figure.update_layout(xaxis2={"domain": [0, 0.025], "visible": False, "fixedrange": True})
    figure.update_layout(yaxis={"autorange": "reversed", "showticklabels": False, "showgrid": False})
    return finished(figure, theme, "group-heatmap")


def group_means(clusters: Clusters, tokens: Sequence[str], *, breaks: Sequence[int], theme: str) -> go.Figure:
    """Mean course of each group, a token under each step. One trace for each group; x is the column."""
    figure, steps = go.Figure(), np.arange(len(tokens), dtype=np.int32)
    token = np.array([escaped(text) for text in tokens], dtype=object)
    for group in range(clusters.n_groups):
        means, read = clusters.means[group].astype(np.float32), f"<b>group {group + 1}</b> · read %{{customdata}}<br>"
        line = stroke(colour_of(group, theme), 1.6, dash=DASHES[group % len(DASHES)])
        hover = read + "<b>%{y:.3f}</b> deviations<extra></extra>"
        about = {"customdata": token, "hovertemplate": hover}
        figure.add_scatter(x=steps, y=means, mode="lines", name=f"{group + 1}", line=line, **about)
    _mark_breaks(figure, breaks, theme)
    every = max(1, -(-len(tokens) // MOST_TOKENS))
    figure.update_xaxes(tickvals=steps[::every], ticktext=token[::every].tolist(), range=ends(len(tokens)), **UNDER)
    figure.update_yaxes(title_text="mean of the group (σ)")
    figure.update_layout(margin={"b": 64}, hovermode="closest")
    _legend(figure, "group")
    return finished(figure, theme, "group-means")


def silhouettes(clusters: Clusters, *, theme: str) -> go.Figure:
    """Mean silhouette by number of groups; the bar of the chosen number stands out, with a line across: the largest
    silhouette of as many groups of shifted neurons."""
    c, found, chosen = THEMES[theme], clusters.silhouettes, clusters.n_groups
    counts = [*found]
    marker = {"color": [c["accent"] if n == chosen else c["bar"] for n in counts]}
    hover = "%{x} groups<br>mean silhouette <b>%{y:.4f}</b><extra></extra>"
    figure = go.Figure(go.Bar(x=counts, y=[*found.values()], marker=marker, hovertemplate=hover, cliponaxis=False))
    text, font = [f"{value:.2f}" for value in found.values()], {"size": 10, "color": c["muted"]}
    figure.update_traces(text=text, textposition="outside", textfont=font)
    figure.add_hline(y=float(clusters.null.max()), line=stroke(c["amber"], 1.5, dash="dot"))
    figure.update_xaxes(title_text="number of groups", tickvals=counts, showgrid=False)
    figure.update_yaxes(title_text="mean silhouette")
    return finished(figure, theme, "silhouettes", gap=0.3)


def distribution(counts: Ints, *, unit: str, theme: str) -> go.Figure:
    """Captured values by size, one bar for each bin of moments.EDGES that lies between the outermost used ones."""
    used = np.flatnonzero(counts)
    low, high = max(0, int(used[0]) - 1), min(len(counts), int(used[-1]) + 2)
    bins = np.arange(low, high)
    c, middle = THEMES[theme], len(EDGES)
    names = [_bin_name(int(i)) for i in bins]
    marker = filled([c["bar"] if i >= middle else c["violet"] for i in bins])
    hover = f"%{{customdata}} {unit}<br><b>%{{y}}</b> captured values<extra></extra>"
    about = {"customdata": names, "hovertemplate": hover}
    figure = go.Figure(go.Bar(x=bins, y=counts[low:high].astype(np.int32), width=1, marker=marker, **about))
    every = 1 if len(bins) < 12 else 2 if len(bins) < 24 else 4
    ticks = [int(i) for i in bins if i == middle or (abs(i - middle) - 1) % every == 0]
    edges, text = [i - 0.5 * np.sign(i - middle) for i in ticks], [_edge_name(i) for i in ticks]
    title = f"{unit}, each bar √2 wide in magnitude"
    figure.update_xaxes(title_text=title, tickvals=edges, ticktext=text, showgrid=False)
    figure.update_yaxes(title_text="captured values")
    return finished(figure, theme, "distribution", gap=0)


def _bin_name(place: int) -> str:
    """As `−1.41 to −1`."""
    middle = len(EDGES)
    size = abs(place - middle)
    if size == 0:
        return f"magnitude below {EDGES[0]:.3g}"
    sign = "−" if place < middle else ""
    if size == middle:
        return f"{sign}{EDGES[-1]:.4g} and beyond"
    return f"{sign}{EDGES[size - 1]:.3g} to {sign}{EDGES[size]:.3g}"


def _edge_name(place: int) -> str:
    size = abs(place - len(EDGES))
    return "0" if size == 0 else f"{'−' if place < len(EDGES) else ''}{EDGES[size - 1]:.3g}"


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


def _mark_breaks(figure: go.Figure, breaks: Sequence[int], theme: str) -> None:
    for at in breaks:
        figure.add_vline(x=at - 0.5, line=stroke(THEMES[theme]["amber"], 1, dash="dot"))


def _legend(figure: go.Figure, title: str) -> None:
    legend = LEGEND | {"title": {"text": title + " ", "font": {"size": 10}}}
    figure.update_layout(showlegend=True, legend=legend, margin={"t": 30})
