"""Lines over all steps. Drawn by assets/js/panels/timeline.mjs."""

from __future__ import annotations

from typing import Any

import numpy as np

from mri.format.hook_points import STATS
from mri.measure.series import extras_over_steps
from mri.panels import names
from mri.panels.panel import Panel
from mri.panels.scan import Scan
from mri.panels.selection import Selection
from mri.panels.table import Column, Table, column

SCALARS = ("logits/chosen_logprob", "logits/entropy")


def table(scan: Scan, at: Selection) -> Table:
    reader, extras = scan.reader, list(extras_over_steps(scan.reader))
    scalars: dict[str, list[Any]] = {name: [] for name in (*SCALARS, *(f"extra/{name}" for name in extras))}
    for step in range(reader.num_steps):
        arrays = reader.frame(step).arrays
        for name, values in scalars.items():
            values.append(arrays[name].item() if name in arrays else None)
    cells = {name: np.array(values, object) for name, values in scalars.items()}
    known = {name: np.array([value is not None for value in values], bool) for name, values in scalars.items()}
    nats = cells["logits/chosen_logprob"].astype(np.float64)
    l2 = reader.column("stats", reader.session.layout.row(at.point), STATS.index("l2"))  # (num_steps,)
    columns = {
        "step": column(np.arange(reader.num_steps), "index"),
        "read": column(np.array(names.texts_of_steps(reader), object)),
        "surprise": Column(-nats / np.log(2), "bits", ~np.isnan(nats)),
        "entropy": Column(cells["logits/entropy"], "bits", known["logits/entropy"]),
        f"l2 of {at.point}": column(l2, "activation"),
    }
    columns |= {name: Column(cells[f"extra/{name}"], "", known[f"extra/{name}"]) for name in extras}
    return Table((reader.num_steps,), columns)


PANEL = Panel(name="timeline", page="scanner", label="Timeline", kind="picture", table=table)
