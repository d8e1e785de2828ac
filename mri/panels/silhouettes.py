"""How many groups there are: the mean silhouette of each number of them."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from mri.panels.chart import finished, stroke
from mri.panels.panel import Panel
from mri.panels.selection import Selection
from mri.panels.studied import Studied
from mri.panels.table import Column, Table, column
from mri.panels.theme import THEMES


def table(studied: Studied, at: Selection) -> Table:
    found = studied.grouping.clusters
    counts = np.array([*found.silhouettes])
    chosen, shifted = counts == found.n_groups, float(found.null.max())
    agreement = np.array([found.agreement.get(count, np.nan) for count in found.silhouettes])
    columns = {
        "groups": column(counts, "number"),
        "silhouette": column([*found.silhouettes.values()], "mean"),
        "agreement": Column(agreement, "adjusted Rand index with other seeds", ~np.isnan(agreement)),
        "chosen": column(chosen),
        "silhouette_shifted": Column(np.full(len(counts), shifted), "largest of shifted copies", chosen),
        "found": Column(np.full(len(counts), found.found), "", chosen),
    }
    return Table(counts.shape, columns, {"now": found.n_groups, "shifted": shifted})


def figure(table: Table, theme: str) -> go.Figure:
    """Mean silhouette by number of groups; the bar of the chosen number stands out, with a line across: the largest
    silhouette of as many groups of shifted neurons."""
    c, counts, values = THEMES[theme], table["groups"].tolist(), table["silhouette"]
    marker = {"color": [c["selected"] if n == table["now"] else c["bar"] for n in counts]}
    hover = "%{x} groups<br>mean silhouette <b>%{y:.4f}</b><extra></extra>"
    out = go.Figure(go.Bar(x=counts, y=values, marker=marker, hovertemplate=hover, cliponaxis=False))
    text, font = [f"{value:.2f}" for value in values], {"size": 10, "color": c["muted"]}
    out.update_traces(text=text, textposition="outside", textfont=font)
    out.add_hline(y=table["shifted"], line=stroke(c["muted"], 1.5, dash="dot"))
    out.update_xaxes(title_text="number of groups", tickvals=counts, showgrid=False)
    out.update_yaxes(title_text="mean silhouette")
    return finished(out, theme, "silhouettes", gap=0.3)


PANEL = Panel(
    name="silhouettes",
    page="neurons",
    tab="groups",
    place=40,
    label="How many groups?",
    kind="derived",
    note="Mean silhouette (Rousseeuw 1987) of each number of groups: how much nearer neurons are to their own "
    "group than to the next. Dotted: the most that as many groups reach when every neuron's steps are "
    "shifted.",
    table=table,
    figure=figure,
)
