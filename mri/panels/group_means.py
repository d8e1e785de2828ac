"""Mean course of each group over the steps."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from mri.panels.chart import ends, escaped, finished, stroke
from mri.panels.group_chart import MOST_TOKENS, UNDER, colour_of, legend, mark_breaks
from mri.panels.panel import Panel
from mri.panels.selection import Selection
from mri.panels.studied import Studied
from mri.panels.table import Table, column
from mri.panels.watched import DASHES


def table(studied: Studied, at: Selection) -> Table:
    found = studied.grouping
    means = found.clusters.means
    columns = {
        "session": column(studied.sessions),
        "step": column(found.history.activity.step, "index"),
        "read": column(np.array(studied.texts, object), "token"),
    }
    columns |= {f"group_{group + 1}": column(course, "σ") for group, course in enumerate(means)}
    drawn = {"clusters": found.clusters, "tokens": studied.tokens, "breaks": studied.breaks}
    return Table((means.shape[1],), columns, drawn)


def figure(table: Table, theme: str) -> go.Figure:
    """Mean course of each group, a token under each step. One trace for each group; x is the column."""
    clusters, tokens = table["clusters"], table["tokens"]
    out, steps = go.Figure(), np.arange(len(tokens), dtype=np.int32)
    token = np.array([escaped(text) for text in tokens], dtype=object)
    for group in range(clusters.n_groups):
        means, read = clusters.means[group].astype(np.float32), f"<b>group {group + 1}</b> · read %{{customdata}}<br>"
        line = stroke(colour_of(group, theme), 1.6, dash=DASHES[group % len(DASHES)])
        hover = read + "<b>%{y:.3f}</b> deviations<extra></extra>"
        about = {"customdata": token, "hovertemplate": hover}
        out.add_scatter(x=steps, y=means, mode="lines", name=f"{group + 1}", line=line, **about)
    mark_breaks(out, table["breaks"], theme)
    every = max(1, -(-len(tokens) // MOST_TOKENS))
    out.update_xaxes(tickvals=steps[::every], ticktext=token[::every].tolist(), range=ends(len(tokens)), **UNDER)
    out.update_yaxes(title_text="mean of the group (σ)")
    out.update_layout(margin={"b": 64}, hovermode="closest")
    legend(out, "group")
    return finished(out, theme, "group-means")


PANEL = Panel(
    name="group-means",
    page="neurons",
    tab="groups",
    place=20,
    label="What each group does",
    kind="derived",
    height_px=380,
    note="Mean over the group of each neuron's value in its own standard deviations (σ), so that strong and "
    "weak neurons count alike.",
    table=table,
    figure=figure,
)
