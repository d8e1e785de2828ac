"""The inspector's charts without a server: every figure that Python would draw, its numbers left to the page where
that reads them from frames.

A chart is {"title", "looks": {theme: figure}, "numbers": [of each trace]}: what is the same in both themes stands once.
Its key in the book is what the panel needs of the selection, in the order of `KEYS`.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.utils import PlotlyJSONEncoder

from mri.errors import MriError
from mri.format.hook_points import STATS
from mri.panels import heads
from mri.panels.chart import message
from mri.panels.panel import Panel, panels
from mri.panels.scan import Scan
from mri.panels.selection import Selection
from mri.panels.theme import THEMES, template
from mri.store.reader import SessionReader

Chart = dict[str, Any]

FROM_FRAMES = ("attention", "everywhere", "head", "neurons", "history", "map")
"""Panels all of whose numbers the page has from frames."""
LEFT_OUT = ("looks", "watched")
"""Panels that need all steps at once and have no script: the page says so in their place."""
KEYS = {
    "attention": ("layer",),
    "head": ("layer", "head", "overlay"),
    "heads": ("heads",),
    "history": ("point",),
    "map": ("stat",),
    "neurons": ("point", "sign"),
}
"""What a panel's chart is of, beside the step and what only its columns say."""


def shown() -> list[Panel]:
    """The panels whose charts a page without a server draws."""
    return [panel for panel in panels("scanner") if panel.figure and panel.name not in LEFT_OUT]


def book(reader: SessionReader) -> dict[str, Any]:
    """{"templates": {theme: …}, "panels": {panel: {"needs", "keys", "charts": {key: chart}}}}."""
    scan = Scan(reader, reader.num_steps - 1)
    found = {}
    for panel in shown():
        keys = KEYS.get(panel.name, ())
        charts = {_key(at, keys): _chart(panel, scan, at) for at in _selections(scan, keys)}
        found[panel.name] = {"needs": panel.needs, "keys": keys, "charts": charts}
    templates = {theme: json.loads(json.dumps(template(theme), cls=PlotlyJSONEncoder)) for theme in THEMES}
    return {"templates": templates, "panels": found}


def _selections(scan: Scan, keys: tuple[str, ...]) -> Iterator[Selection]:
    layout = scan.layout
    first = Selection(point=layout.points[0].key)
    all_of: dict[str, Any] = {
        "layer": range(layout.n_layer),
        "head": range(layout.n_head),
        "overlay": (False, True),
        "sign": (False, True),
        "heads": tuple(heads.CHOICES),
        "stat": STATS,
        "point": [point.key for point in layout.points],
    }
    for values in itertools.product(*(all_of[key] for key in keys)):
        yield replace(first, **dict(zip(keys, values, strict=True)))


def _key(at: Selection, keys: tuple[str, ...]) -> str:
    return json.dumps([getattr(at, key) for key in keys], separators=(",", ":"))


def _chart(panel: Panel, scan: Scan, at: Selection) -> Chart:
    assert panel.figure is not None
    try:
        table = panel.table(scan, at)
        title, missing = table.title or panel.label, table.missing
    except MriError as error:
        title, missing = panel.label, str(error)
    if missing and panel.name != "history":  # whose neuron is any
        looks = {theme: _plain(message(missing, theme)) for theme in THEMES}
        return {"title": title, "looks": looks, "missing": missing}
    if panel.name in FROM_FRAMES:
        figures = {theme: panel.figure(table, theme) for theme in THEMES}
    else:
        figures = {theme: panel.draw(scan, at, theme).figure for theme in THEMES}
    looks = {theme: _plain(figure) for theme, figure in figures.items()}
    taken = [[_taken(trace) for trace in look["data"]] for look in looks.values()]
    numbers = taken[0]
    if panel.name == "map":
        numbers = [{name: each for name, each in numbers[0].items() if name == "x"}]
    return {"title": title, "looks": looks, "numbers": numbers}


def _plain(figure: go.Figure) -> dict[str, Any]:
    """As JSON has it, without the template, which all share."""
    found: dict[str, Any] = figure.to_plotly_json()
    found["layout"].pop("template", None)
    return found


def _taken(trace: dict[str, Any]) -> dict[str, Any]:
    """Out of a trace what are many numbers."""
    return {name: trace.pop(name) for name in [*trace] if _is_array(trace[name])}


def _is_array(value: Any) -> bool:
    """As Plotly has it: packed already, or about to be."""
    return isinstance(value, np.ndarray) or (isinstance(value, dict) and "bdata" in value)


def packed(found: dict[str, Any]) -> bytes:
    return json.dumps(found, cls=PlotlyJSONEncoder, separators=(",", ":")).encode()
