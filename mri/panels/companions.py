"""Neurons that move with one neuron, or against it. Words of the dossier."""

from __future__ import annotations

import numpy as np

from mri.panels.panel import Panel
from mri.panels.selection import Selection
from mri.panels.studied import Studied
from mri.panels.table import Table, column

MOST = 10_000


def table(studied: Studied, at: Selection) -> Table:
    found = studied.study.companions(studied.question, studied.neuron, most=MOST)
    rows = [*found.rising, *found.falling[::-1]]
    units = {
        "r": ("r", "correlation"),
        "r_without_strongest_step": ("without", "correlation"),
        "chance": ("chance", f"share of {found.shifts} shifts"),
        "both_captured": ("together", "steps"),
        "both_active": ("active", "steps"),
    }
    columns = {
        "hook_point": column(np.array([each.point for each in rows], object)),
        "neuron": column(np.array([each.neuron for each in rows], int), "index"),
    }
    for name, (attribute, unit) in units.items():
        columns[name] = column(np.array([getattr(each, attribute) for each in rows], object), unit)
    return Table((len(rows),), columns)


PANEL = Panel(
    name="companions", page="neurons", tab="neuron", label="Neurons that move with it", kind="derived", table=table
)
