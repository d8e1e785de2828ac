"""One neuron over all steps: what is known of it, and the most that it can be where it is not."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from mri.panels.chart import ends, filled, finished, mark_step, stroke
from mri.panels.panel import Panel
from mri.panels.scan import Scan
from mri.panels.selection import Selection
from mri.panels.table import Table
from mri.panels.theme import THEMES
from mri.panels.watched import histories


def table(scan: Scan, at: Selection) -> Table:
    found = histories(scan, ((at.point, at.neuron),))
    bounds, values = found["bound"][0], found["value"][0]
    least = np.minimum(bounds, 0) if scan.never_negative(at.point) else -bounds
    drawn = {
        "steps": np.arange(len(values)),
        "values": values,
        "bounds": bounds,
        "band": bounds - least,
        "base": least,
        "token": found["token"],
        "step_now": scan.step,
        "unit": scan.unit(at.point),
        "neuron_now": at.neuron,
    }
    known = np.isfinite(values).any() or np.isfinite(bounds).any()
    title = f"{at.point} · neuron {at.neuron}"
    missing = "" if known else "This neuron was captured in no step."
    return Table(found.shape, found.columns, drawn, title, missing)


def figure(table: Table, theme: str) -> go.Figure:
    """Traces: 0 the band within the bound where the neuron was below the top-k, 1 captured values."""
    c, name, unit = THEMES[theme], f"neuron {table['neuron_now']}", table["unit"]
    out, read = go.Figure(), "step %{x} · read %{customdata[0]}<br>"
    hover = read + "not captured: at most %{customdata[1]:.6g} in magnitude<extra></extra>"
    names = {"x": "steps", "y": "band", "base": "base", "customdata": ["token", "bounds"]}
    out.add_bar(meta=names, width=1, marker=filled(c["not_captured"]), hovertemplate=hover)
    look = {
        "mode": "lines+markers",
        "line": stroke(c["text"], 1.5),
        "marker": {"size": 4, "color": c["text"]},
        "connectgaps": False,
    }
    names = {"x": "steps", "y": "values", "customdata": ["token"]}
    out.add_scatter(meta=names, hovertemplate=f"{read}<b>%{{y:.6g}}</b> {unit}<extra></extra>", **look)
    mark_step(out, theme)
    out.update_xaxes(title_text="step", range=ends(len(table["steps"])))
    out.update_yaxes(title_text=f"{name} ({unit})", zeroline=True)
    return finished(out, theme, name, gap=0)


PANEL = Panel(
    name="history",
    page="scanner",
    tab="neurons",
    place=20,
    label="Neuron over all steps",
    kind="measured",
    note="Line: captured values. Band: below the top-k, the value lies in it.",
    table=table,
    figure=figure,
    selects={"step": "x"},
)
