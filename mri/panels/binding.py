"""Columns into figures: a trace says in its `meta` which column each of its attributes is, and gets it here.

`meta` of a trace: attribute -> column, or a list of columns that are stacked; `rows`: into so many rows the cells of a
heatmap are folded. `meta["layout"]` of the figure: attribute of the layout -> what is drawn there. While the clock
moves, assets/js/panels/feeder.mjs does the same with columns from frames.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import plotly.graph_objects as go

from mri.panels.table import Table, Values

CELLS = ("z", "customdata", "text")


def filled(figure: go.Figure, table: Table, of: Mapping[str, Any]) -> go.Figure:
    """The figure with the table's numbers; of: what it shows apart from the step."""
    for trace in figure.data:
        named = trace.meta or {}
        rows = named.get("rows", 0)
        for attribute, name in named.items():
            if attribute == "rows":
                continue
            columns = [np.asarray(table[each]) for each in ([name] if isinstance(name, str) else name)]
            parts = [folded(each, rows if attribute in CELLS else 0) for each in columns]
            values = parts[0] if isinstance(name, str) else np.stack(parts, axis=-1)
            trace[attribute] = values if values.ndim else values.item()
    named = (figure.layout.meta or {}).get("layout", {})
    for attribute, name in named.items():
        value = table[name]
        figure.layout[attribute] = value.tolist() if isinstance(value, np.ndarray) else value
    figure.update_layout(meta={**(figure.layout.meta or {}), "of": dict(of)})
    return figure


def folded(values: Values, rows: int) -> Values:
    """(n,) or more dimensions -> (rows, columns), NaN, "" or 0 in cells beyond the last; with rows = 0, and of one
    number, as it is. Numbers leave as Plotly packs them: float32 and int32."""
    if values.dtype.kind == "f":
        values = values.astype(np.float32)
    elif values.dtype.kind in "iu":
        values = values.astype(np.int32)
    if not rows or not values.ndim:
        return values
    flat = values.ravel()
    columns = -(-len(flat) // rows)
    if rows * columns == len(flat):
        return flat.reshape(rows, columns)
    padding: Any = np.nan if flat.dtype.kind == "f" else "" if flat.dtype.kind in "OU" else 0
    return np.concatenate([flat, np.full(rows * columns - len(flat), padding, flat.dtype)]).reshape(rows, columns)
