"""The stage: every neuron of the hook points that it shows. Drawn by assets/js/stage."""

from __future__ import annotations

import numpy as np

from mri.panels.neurons import columns_of
from mri.panels.panel import Panel
from mri.panels.scan import Scan
from mri.panels.selection import Selection
from mri.panels.table import Column, Table, valued


def table(scan: Scan, at: Selection) -> Table:
    parts = [columns_of(scan, key) for key in dict.fromkeys(at.points)]  # each once
    units = sorted({scan.unit(key) for key in at.points})
    empty = np.empty(0, np.float32)
    columns = {"hook_point": Column(np.empty(0, object)), "neuron": Column(np.empty(0, np.int64), "index")}
    columns |= valued(empty, empty > 0, empty, " or ".join(units))
    for name, first in columns.items():
        values = np.concatenate([first.values, *(part[name].values for part in parts)])
        known = None if first.known is None else np.concatenate([first.known, *(part[name].known for part in parts)])
        columns[name] = Column(values, first.unit, known, first.words)
    return Table(columns["neuron"].values.shape, columns)


PANEL = Panel(name="stage", page="scanner", label="Stage", kind="picture", table=table)
