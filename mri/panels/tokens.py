"""The tokens of the session: which were read, forced, predicted. Drawn by assets/js/panels/ribbon.mjs."""

from __future__ import annotations

import numpy as np

from mri.export.rows import Rows, values_of
from mri.panels.panel import Panel
from mri.panels.scan import Scan
from mri.panels.selection import Selection
from mri.panels.table import Column, Table, column

UNITS = {
    "pos": "index",
    "token_id": "id",
    "token": "",
    "in_prompt": "",
    "forced": "",
    "read_by": "index",
    "logprob": "nats",
}


def table(scan: Scan, at: Selection) -> Table:
    found = Rows(scan.reader).tokens()
    columns = {}
    for name, unit in UNITS.items():
        values = values_of(found[name])
        columns[name] = column(np.array(values, object) if name == "token" else values, unit)
    logprob = columns["logprob"].values
    columns["logprob"] = Column(logprob, "nats", ~np.isnan(logprob))  # nothing predicted the first token
    return Table(logprob.shape, columns)


PANEL = Panel(name="tokens", page="scanner", label="Tokens", kind="picture", table=table)
