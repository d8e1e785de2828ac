"""The tokens of both recordings on one clock. Drawn by assets/js/panels/pair_words.mjs."""

from __future__ import annotations

import numpy as np

from mri.panels import names
from mri.panels.pair import Pair
from mri.panels.panel import Panel
from mri.panels.selection import Selection
from mri.panels.table import Column, Table, column


def table(pair: Pair, at: Selection) -> Table:
    clock = pair.comparison.moments
    columns = {"moment": column(np.arange(len(clock.steps)), "index")}
    for side, reader, steps in zip("ab", pair.readers, clock.steps.T, strict=True):
        of, texts, there = reader.steps(), names.texts(reader), steps >= 0
        position = np.where(there, (of["pos0"] + of["t_add"] - 1).astype(int)[steps], -1)
        read = [texts[place] if 0 <= place < len(texts) else "" for place in position.tolist()]
        columns[f"step_{side}"] = Column(steps, "index", there)
        columns[f"position_{side}"] = Column(position, "index", there)
        columns[f"token_{side}"] = column(np.array(read, object))
    columns["matched"] = column(clock.matched.astype(bool))
    return Table((len(clock.steps),), columns)


PANEL = Panel(name="compare-tokens", page="compare", label="Tokens of both", kind="picture", table=table)
