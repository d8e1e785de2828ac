"""One head's row as bars, or all heads of a block over each other."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go

from mri.panels.attention import rows_of
from mri.panels.attention_chart import KNOWN, entropy_words, token_axis
from mri.panels.chart import finished, stroke
from mri.panels.panel import Panel
from mri.panels.scan import Scan
from mri.panels.selection import Selection
from mri.panels.table import Table
from mri.panels.theme import THEMES


def table(scan: Scan, at: Selection) -> Table:
    layer, head = scan.head(at)
    found = rows_of(scan, np.array([layer]), np.array([head]), head, f"Block {layer} · head {head}")
    drawn = dict(found.drawn) | {"overlaid": 0, "entropy": entropy_words(float(scan.captured.entropy()[layer, head]))}
    drawn |= {"weights": found["weight"][0], "bounds": found["bound"][0]}
    title = found.title
    if at.overlay:
        rows = scan.attention[0][layer]
        drawn |= {"overlaid": len(rows), "selected": head} | {f"weights_{i}": row for i, row in enumerate(rows)}
        title = f"Block {layer} · all heads"
    return Table(found.shape, found.columns, drawn, title, found.missing)


def figure(table: Table, theme: str) -> go.Figure:
    out = _overlaid(table, theme) if table["overlaid"] else _bars(table, theme)
    token_axis(out)
    out.update_yaxes(title_text="weight")
    return finished(out, theme, "heads" if table["overlaid"] else "head", gap=0.1)


def _bars(table: Table, theme: str) -> go.Figure:
    """Traces: 0 "at most" where not captured, 1 captured weights. Annotation 0: the entropy."""
    c, out = THEMES[theme], go.Figure()
    hollow = {"color": "rgba(0,0,0,0)", "line": stroke(c["not_captured"], 1)}
    hover = "to %{x}<br>not captured: at most %{y:.4g}<extra></extra>"
    out.add_bar(meta={"x": "key_name", "y": "bounds"}, marker=hollow, hovertemplate=hover)
    hover = "to %{x}<br>" + KNOWN.format("y")
    out.add_bar(meta={"x": "key_name", "y": "weights"}, marker={"color": c["accent"]}, hovertemplate=hover)
    out.update_yaxes(range=[0, 1])
    corner = {"xref": "paper", "yref": "paper", "x": 1, "y": 1, "xanchor": "right"}
    out.add_annotation(showarrow=False, font={"color": c["muted"], "size": 11}, **corner)
    return out.update_layout(barmode="overlay", meta={"layout": {"annotations[0].text": "entropy"}})


def _overlaid(table: Table, theme: str) -> go.Figure:
    """One line per head, a gap where not captured; the selected one in the accent colour and wide."""
    c, out = THEMES[theme], go.Figure()
    quiet = [c["text"], c["bar"], c["muted"]]
    for head in range(table["overlaid"]):
        is_selected = head == table["selected"]
        colour, width, size = (c["accent"], 2.5, 5) if is_selected else (quiet[head % len(quiet)], 1, 3)
        look: dict[str, Any] = {
            "line": stroke(colour, width, dash=DASHES[head % len(DASHES)]),
            "marker": {"size": size},
        }
        look |= {"mode": "lines+markers", "name": f"head {head}"}
        hover = f"head {head} to %{{x}}<br>" + KNOWN.format("y")
        out.add_scatter(meta={"x": "key_name", "y": f"weights_{head}"}, hovertemplate=hover, **look)
    out.update_traces(connectgaps=False)
    return out.update_yaxes(range=[0, 1.02])


DASHES = ("solid", "dot", "dash", "longdash", "dashdot")
"""By head, beside the colours: colour never tells lines apart alone."""

PANEL = Panel(
    name="head",
    page="scanner",
    tab="attention",
    place=30,
    label="One head",
    kind="measured",
    height_px=240,
    note="Bars: weights. Outlines: not captured, at most this much.",
    table=table,
    figure=figure,
    needs=("layer", "head", "overlay"),
    selects={"position": "pointNumber"},
)
