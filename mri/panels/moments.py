"""Steps in which a neuron was strongest, over all finished sessions of the same weights. Words of the dossier."""

from __future__ import annotations

import numpy as np

from mri.panels.panel import Panel
from mri.panels.selection import Selection
from mri.panels.studied import Studied
from mri.panels.table import Table, column


def table(studied: Studied, at: Selection) -> Table:
    run_hash = studied.reader.session.run.hash
    found = studied.study.indexer.strongest(run_hash, studied.question.point, studied.neuron)
    columns = {
        "session": column(np.array([moment.session for moment in found], object)),
        "step": column(np.array([moment.step for moment in found], int), "index"),
        "value": column(np.array([moment.value for moment in found], object), "activation"),
    }
    return Table((len(found),), columns)


PANEL = Panel(name="moments", page="neurons", tab="neuron", label="Strongest moments", kind="measured", table=table)
