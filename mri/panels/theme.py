"""Colours: the scales of `assets/scales.json` (the one definition, JavaScript reads the same file) and Plotly themes.

Knows colours and nothing of what they are used for.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from mri.arrays import Doubles
from mri.paths import ASSETS

SCALES_FILE = ASSETS / "scales.json"

Stops = list[tuple[float, str]]

FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif'

COLOURS = """\
panel        #161f2d #ffffff
line         #233044 #d5dde8
text         #d7e1ee #16202e
muted        #8496ad #566579
accent       #4fd1e0 #0b7285
violet       #a78bfa #6741d9
bar          #3a6ea8 #5b8fd0
plot         #0e1520 #f3f6fa
not_captured #2b3a50 #dbe2ea
amber        #ffc35c #a86200
zero         #05080c #ffffff
selected     #ffffff #16202e
side_a       #f0a24a #a85b00
side_b       #6aa8ff #1c5fc4""".splitlines()
"""Name, in the dark theme, in the light one."""

THEMES: dict[str, dict[str, str]] = {
    theme: {row.split()[0]: row.split()[column] for row in COLOURS} for column, theme in enumerate(("dark", "light"), 1)
}
"""Colours of panels, lines and text; dark is the default. The page's CSS variables carry the same values."""


@cache
def scales() -> dict[str, Any]:
    """The parsed `assets/scales.json`: name -> stops [[t, "#rrggbb"], …] with t rising from 0 to 1, and `marks`."""
    return dict(json.loads(SCALES_FILE.read_text("utf-8")))


def colourscale(name: str, theme: str = "dark") -> Stops:
    """A scale as Plotly wants it. In the light theme the middle of `signed` and `comparison` is white and
    `attention` runs from light to dark, so that nothing always looks like the ground."""
    stops: Stops = [(float(t), str(colour)) for t, colour in scales()[name]]
    if theme == "dark":
        return stops
    if name == "attention":
        return [(t, colour) for (t, _), (_, colour) in zip(stops, reversed(stops), strict=True)]
    if name == "comparison":
        return [(0.0, THEMES[theme]["side_a"]), (0.5, "#ffffff"), (1.0, THEMES[theme]["side_b"])]
    if name == "signed":
        return [(0.0, "#1c5fc4"), (0.5, "#ffffff"), (1.0, "#c43320")]
    return stops


def dots(is_signed: bool, has_negative: bool) -> Stops:
    """The scale of the picture's dots, on the film in both themes: by size; with sign red and blue from near the middle
    outwards, as `dotScales` in assets/js/stage/legend.mjs, for the middle is the ground's colour."""
    if not is_signed:
        return colourscale("temperature")
    above, below = (
        [
            (t, "#" + "".join(f"{round(part):02x}" for part in colours("signed", 0.5 + side * (0.3 + 0.7 * t) / 2)))
            for t in (0, 0.25, 0.5, 0.75, 1)
        ]
        for side in (1, -1)
    )
    if not has_negative:
        return above
    return [((1 - t) / 2, colour) for t, colour in reversed(below)] + [((1 + t) / 2, colour) for t, colour in above]


def colours(name: str, t: npt.ArrayLike) -> Doubles:
    """Scale `name` at t in 0…1 (clamped), linear between stops in sRGB.  -> (…, 3) in 0…255"""
    stops = scales()[name]
    places = [place for place, _ in stops]
    rgb = np.array([[int(colour[i : i + 2], 16) for i in (1, 3, 5)] for _, colour in stops])  # (n_stops, 3)
    t = np.clip(np.asarray(t, np.float64), 0, 1)
    return np.stack([np.interp(t, places, rgb[:, channel]) for channel in range(3)], axis=-1)


@cache
def template(theme: str) -> go.layout.Template:
    """Plotly template of a theme: transparent paper, quiet axes, system fonts."""
    c = THEMES[theme]
    quiet, font = {"color": c["muted"], "size": 11}, {"family": FONT, "size": 12, "color": c["text"]}
    lines = dict.fromkeys(("gridcolor", "zerolinecolor", "linecolor", "tickcolor"), c["line"])
    axis = {**lines, "tickfont": quiet, "title": {"font": quiet}, "automargin": True}
    return go.layout.Template(
        layout={
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "font": font,
            "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
            "xaxis": axis,
            "yaxis": axis,
            "hoverlabel": {"bgcolor": c["panel"], "bordercolor": c["accent"], "font": font},
            "showlegend": False,
            "dragmode": False,
            "autotypenumbers": "strict",  # new data has Plotly guess the axis anew, and to it "5 ," is the number 5
            "colorway": [c["accent"], c["violet"], c["amber"]],
        }
    )
