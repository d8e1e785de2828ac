"""A neuron's captured values by size, over all finished sessions of the same weights."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from mri.panels.chart import filled, finished
from mri.panels.panel import Panel
from mri.panels.selection import Selection
from mri.panels.studied import Studied
from mri.panels.table import Table, column
from mri.panels.theme import THEMES
from mri.study.moments import EDGES


def table(studied: Studied, at: Selection) -> Table:
    run_hash, unit = studied.reader.session.run.hash, studied.unit
    counts, seen = studied.study.indexer.distribution(run_hash, studied.question.point, studied.neuron)
    edges = np.array([-np.inf, *(-EDGES[::-1]), *EDGES, np.inf])
    columns = {
        "from": column(edges[:-1], unit),
        "to": column(edges[1:], unit),
        "captured_values": column(counts, f"of {seen} steps"),
    }
    progress = studied.study.indexer.want(run_hash) if run_hash else None
    is_done = progress is not None and 0 < progress.all == progress.done
    missing = (
        "" if counts.any() else "Captured in no finished session of these weights." if is_done else "Reading sessions …"
    )
    return Table(counts.shape, columns, {"unit": unit}, missing=missing if run_hash else UNKNOWN)


UNKNOWN = "Known only over sessions of known weights."


def figure(table: Table, theme: str) -> go.Figure:
    """Captured values by size, one bar for each bin of moments.EDGES that lies between the outermost used ones."""
    counts, unit = table["captured_values"], table["unit"]
    used = np.flatnonzero(counts)
    low, high = max(0, int(used[0]) - 1), min(len(counts), int(used[-1]) + 2)
    bins = np.arange(low, high)
    c, middle = THEMES[theme], len(EDGES)
    names = [_bin_name(int(i)) for i in bins]
    marker = filled(c["bar"])
    hover = f"%{{customdata}} {unit}<br><b>%{{y}}</b> captured values<extra></extra>"
    about = {"customdata": names, "hovertemplate": hover}
    out = go.Figure(go.Bar(x=bins, y=counts[low:high].astype(np.int32), width=1, marker=marker, **about))
    every = 1 if len(bins) < 12 else 2 if len(bins) < 24 else 4
    ticks = [int(i) for i in bins if i == middle or (abs(i - middle) - 1) % every == 0]
    edges, text = [i - 0.5 * np.sign(i - middle) for i in ticks], [_edge_name(i) for i in ticks]
    title = f"{unit}, each bar √2 wide in magnitude"
    out.update_xaxes(title_text=title, tickvals=edges, ticktext=text, showgrid=False)
    out.update_yaxes(title_text="captured values")
    return finished(out, theme, "distribution", gap=0)


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


PANEL = Panel(
    name="distribution",
    page="neurons",
    tab="neuron",
    place=20,
    label="How large its values are",
    kind="measured",
    height_px=260,
    note="Captured values by size, over all finished sessions of these weights. Those below the top-k are not "
    "among them.",
    table=table,
    figure=figure,
)
