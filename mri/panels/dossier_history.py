"""The dossier's neuron over all steps of its session; the line across is at its strongest step."""

from __future__ import annotations

import numpy as np

from mri.panels import history
from mri.panels.panel import Panel
from mri.panels.scan import Scan
from mri.panels.selection import Selection
from mri.panels.studied import Studied
from mri.panels.table import Table


def table(studied: Studied, at: Selection) -> Table:
    selected = Selection(point=studied.question.point, neuron=studied.neuron)
    found = history.table(Scan(studied.reader, 0), selected)
    values = np.abs(found["values"])
    drawn = {**found.drawn, "step_now": int(np.nanargmax(values)) if np.isfinite(values).any() else 0}
    missing = "This neuron was captured in no step of this session." if found.missing else ""
    return Table(found.shape, found.columns, drawn, missing=missing)


PANEL = Panel(
    name="dossier-history",
    page="neurons",
    tab="neuron",
    place=10,
    label="In this session",
    kind="measured",
    height_px=260,
    note="Line: captured values. Band: below the top-k, the value lies in it. Line across: its strongest step.",
    table=table,
    figure=history.figure,
)
