"""All neurons of a hook point in one step, as cells."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from mri.arrays import Bools, Floats, Ids
from mri.panels.chart import FRAME, colorbar, finished, frame, framed, name_places
from mri.panels.panel import Panel
from mri.panels.scan import Scan
from mri.panels.selection import Selection
from mri.panels.table import Column, Table, column, valued
from mri.panels.theme import THEMES, dots, scales

NAN = np.float32(np.nan)
HEIGHT_PX = 300
SMALL = 0.4
"""Of a cell's height is left free around the mark of what was not captured: it covers less than any value."""


def table(scan: Scan, at: Selection) -> Table:
    captured, key = scan.captured, at.point
    values, known, bound = captured.values(key), captured.mask(key), captured.bound(key)
    finite, odd = known & np.isfinite(values), np.flatnonzero(known & ~np.isfinite(values))
    limit = float(np.abs(values[finite]).max(initial=0)) or 1.0
    rows, cols = grid_shape(len(values))
    drawn = {
        "number": np.where(finite, values if at.sign else np.abs(values), NAN),
        "exact": np.where(finite, values, NAN),
        "unknown": np.where(known, NAN, np.float32(0)),
        "bound": np.full(len(values), bound, np.float32),
        "rank": ranks(values, known),
        "low": -limit if at.sign and not scan.never_negative(key) else 0.0,
        "high": limit,
        "odd": np.array([_odd_name(values[i]) for i in odd], object),
        "odd_neuron": odd,
        "odd_x": odd % cols,
        "odd_y": odd // cols,
        "point": key,
        "unit": scan.unit(key),
        "is_signed": at.sign,
        "grid": (rows, cols),
        "has_bound": np.isfinite(bound),
        **framed(at.neuron % cols, at.neuron // cols if at.neuron < len(values) else -9),
    }
    dropped = captured.is_dropped(key)
    why = "Not captured in this step." if dropped else "Only statistics of this hook point in this step."
    return Table(values.shape, columns_of(scan, key), drawn, missing="" if known.any() else why)


def columns_of(scan: Scan, key: str) -> dict[str, Column]:
    """Every neuron of a hook point: its value, or the most that it can be."""
    captured, width = scan.captured, scan.layout.width(key)
    bounds = np.full(width, captured.bound(key), np.float32)
    named = {"hook_point": column(np.full(width, key, object)), "neuron": column(np.arange(width), "index")}
    quantization = scan.layout.config.quantization
    values = captured.values(key), captured.mask(key), bounds, scan.unit(key)
    return named | valued(*values, quantization=quantization)


def figure(table: Table, theme: str) -> go.Figure:
    """On the film's dark ground, in the picture's colours. Traces: 0 small marks of what was not captured, 1 captured
    values, 2 marks on captured NaN and ±∞. Shape 0: the selected one."""
    (rows, cols), unit, count = table["grid"], table["unit"], table.shape[0]
    out, title, grey = go.Figure(), "<b>neuron %{customdata[0]}</b><br>", scales()["marks"]["not_captured"]
    gap = max(1, round(SMALL * HEIGHT_PX / rows))
    small, look = {"xgap": gap, "ygap": gap}, {"xgap": 1, "ygap": 1, "hoverongaps": False}
    at_most = ": at most %{customdata[1]:.6g} in magnitude" if table["has_bound"] else ""
    names = {"z": "unknown", "customdata": ["neuron", "bound"], "rows": rows}
    hover = f"{title}not captured{at_most}<extra></extra>"
    plain = {"colorscale": [[0, grey], [1, grey]], "showscale": False}
    out.add_heatmap(meta=names, hovertemplate=hover, **plain, **look | small)
    names = {"z": "number", "customdata": ["neuron", "rank", "exact"], "zmin": "low", "zmax": "high", "rows": rows}
    hover = f"{title}%{{customdata[2]:.6g}} {unit}<br>rank %{{customdata[1]}} of {count} by magnitude<extra></extra>"
    scale = {"colorscale": dots(table["is_signed"], table["low"] < 0), "colorbar": colorbar(theme)}
    out.add_heatmap(meta=names, hovertemplate=hover, **scale, **look)
    names = {"x": "odd_x", "y": "odd_y", "text": "odd", "customdata": ["odd_neuron"]}
    font = {"color": "#ff4fd8", "size": 10}
    out.add_scatter(meta=names, mode="text", textfont=font, hovertemplate=f"{title}%{{text}}<extra></extra>")
    frame(out, "dark", 0, 0)
    name_places(out, FRAME)
    out.update_layout(plot_bgcolor=THEMES["dark"]["plot"])
    out.update_xaxes(visible=False, range=[-0.5, cols - 0.5])
    out.update_yaxes(visible=False, range=[rows - 0.5, -0.5])
    return finished(out, theme, table["point"])


def grid_shape(width: int) -> tuple[int, int]:
    """(rows, cols) in which `width` neurons are shown: the squarest rectangle that is exactly full, wider than tall;
    where only a thin one is (primes), the squarest with empty cells. The canvas uses the same (`stage/plates.mjs`)."""
    rows = next(r for r in range(int(width**0.5), 0, -1) if width % r == 0)
    if rows * 4 < width // rows:
        cols = int(np.ceil(width**0.5))
        return -(-width // cols), cols
    return rows, width // rows


def ranks(values: Floats, captured: Bools) -> Ids:
    """(width,) rank by magnitude among the captured, 1 = strongest; 0 where not captured."""
    out = np.zeros(len(values), np.int32)
    where = np.flatnonzero(captured)
    order = np.argsort(-np.nan_to_num(np.abs(values[where]), nan=-1.0), kind="stable")
    out[where[order]] = np.arange(1, len(where) + 1)
    return out


def _odd_name(value: float) -> str:
    return "NaN" if np.isnan(value) else "+∞" if value > 0 else "−∞"


PANEL = Panel(
    name="neurons",
    page="scanner",
    tab="neurons",
    place=10,
    label="Neurons of the hook point",
    kind="measured",
    height_px=HEIGHT_PX,
    note="Colour: size of the value as in the picture; with ± sign red above 0, blue below. Small grey marks: not "
    "captured in this step, at most the bound under the pointer.",
    table=table,
    figure=figure,
    needs=("point", "sign"),
    selects={"neuron": "customdata.0"},
    target="neurons.map",
)
