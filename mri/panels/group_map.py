"""Every neuron at its first two components, by its group."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from mri.panels.chart import finished
from mri.panels.group_chart import colour_of, legend
from mri.panels.panel import Panel
from mri.panels.selection import Selection
from mri.panels.studied import Studied
from mri.panels.table import Table, column
from mri.panels.theme import THEMES

MARKS = "circle square diamond triangle-up cross x pentagon triangle-down hexagram bowtie star hourglass"
SYMBOLS = MARKS.split(" ")
"""By group, beside its colour: colour never tells groups apart alone."""


def table(studied: Studied, at: Selection) -> Table:
    found = studied.grouping
    clusters, neurons = found.clusters, found.neurons
    x, y = clusters.places.T
    columns = {
        "hook_point": column(np.array(neurons.keys, object)[neurons.point]),
        "neuron": column(neurons.neuron, "index"),
        "group": column(clusters.labels + 1, "1 = largest"),
        "component_1": column(x, "σ"),
        "component_2": column(y, "σ"),
        "distance": column(clusters.distance, "σ, to the group's middle"),
        "captured": column(neurons.captured, "steps"),
        "place": column(np.argsort(clusters.order), "row of the heatmap"),
    }
    names, chosen = studied.names, f"{studied.question.point} · {studied.neuron}"
    selected = names.index(chosen) if chosen in names else None
    return Table(x.shape, columns, {"clusters": clusters, "names": np.array(names, object), "selected": selected})


def figure(table: Table, theme: str) -> go.Figure:
    """Every neuron at its first two components. One trace for each group.

    customdata: the neuron's name, for clicks.
    """
    out, clusters, text, selected = go.Figure(), table["clusters"], table["names"], table["selected"]
    for group in range(clusters.n_groups):
        members = np.flatnonzero(clusters.labels == group)
        x, y = clusters.places[members].T
        marker = {"color": colour_of(group, theme), "symbol": SYMBOLS[group], "size": 6, "opacity": 0.85}
        hover = f"<b>%{{customdata}}</b><br>group {group + 1}<br>%{{x:.4g}}, %{{y:.4g}}<extra></extra>"
        about = {"customdata": text[members], "hovertemplate": hover}
        out.add_scatter(x=x, y=y, mode="markers", name=f"{group + 1}", marker=marker, **about)
    if selected is not None:
        x, y = clusters.places[selected]
        marker = {"symbol": "circle-open", "size": 16, "color": THEMES[theme]["text"], "line": {"width": 2}}
        out.add_scatter(x=[x], y=[y], mode="markers", hoverinfo="skip", showlegend=False, marker=marker)
    first, second = (f"{share * 100:.1f} %" for share in clusters.explained)
    out.update_xaxes(title_text=f"component 1 · {first} of the variance", zeroline=False)
    out.update_yaxes(title_text=f"component 2 · {second}", zeroline=False)
    legend(out, "group")
    return finished(out, theme, "group-map")


PANEL = Panel(
    name="group-map",
    page="neurons",
    tab="groups",
    place=10,
    label="Map of the neurons",
    kind="derived",
    height_px=380,
    note="Each neuron at its first two principal components. Near: similar over time. Click one for its "
    "dossier. Ring: the neuron of the other tab.",
    table=table,
    figure=figure,
    selects={"name": "customdata"},
)
