"""One panel: where it stands, what it is made of, what it shows. Each is a file of this folder with a PANEL.

From the files in the folder (`panels`) follow the pages' hosts, captions and callbacks, the addresses of CSV, and the
targets of lessons. Knows no page and no panel.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal, NamedTuple

import plotly.graph_objects as go

import mri.panels
from mri.errors import ConfigError
from mri.panels.binding import filled
from mri.panels.chart import message
from mri.panels.selection import Selection
from mri.panels.table import Table
from mri.paths import ASSETS

Page = Literal["scanner", "compare", "neurons"]


@dataclass(frozen=True)
class Panel:
    """name       of its file and of its CSV
    page, tab  where it is; tab "" where a page has none
    place      in its tab, from the top
    label      its caption, where the table has no title
    kind       measured, derived from what was measured, or a picture that JavaScript draws from frames
    note       what it shows, or how
    table      (what the page reads from, Selection) -> Table
    figure     (Table, theme) -> go.Figure, whose traces name the table's columns (see binding.py); None: no chart
    needs      fields of the selection that the chart is of, the step aside: frames in memory move it only while they
               stay as they are
    selects    field of the selection -> where a clicked point of the chart has it: "x", "y", "customdata.0", …;
               `position`: of a token, whose step is sought
    target     name for lessons; "" is <tab>.<name>
    height_px  of the chart
    """

    name: str
    page: Page
    label: str
    kind: Literal["measured", "derived", "picture"]
    table: Callable[[Any, Selection], Table]
    figure: Callable[[Table, str], go.Figure] | None = None
    tab: str = ""
    place: int = 100
    note: str = ""
    needs: tuple[str, ...] = ()
    selects: Mapping[str, str] = field(default_factory=dict)
    target: str = ""
    height_px: int = 230

    @property
    def id(self) -> str:
        """Of the element that holds the chart."""
        return self.name if self.page == "neurons" else f"graph-{self.name}"

    @property
    def moves(self) -> bool:
        """Whether a script has its columns from frames in memory, so that it moves with the clock."""
        return self.figure is not None and (ASSETS / "js" / "panels" / f"{self.name}.mjs").is_file()

    @property
    def csv_name(self) -> str:
        """In the address of its numbers."""
        return self.name.removeprefix(f"{self.page}-")

    def csv(self, source: Any, selected: Selection) -> Iterator[bytes]:
        """Its numbers, in pieces. Raises ConfigError, UnknownHookPoint."""
        return self.table(source, selected).csv()

    def draw(self, source: Any, selected: Selection, theme: str) -> Drawn:
        """The chart, or a sentence in its place that says why there is none."""
        assert self.figure is not None
        # plotly takes pandas from sys.modules, half imported by another thread too: an import of our own waits for it
        importlib.import_module("pandas")
        try:
            table = self.table(source, selected)
        except ConfigError as error:
            return Drawn(message(str(error), theme), self.label)
        title = table.title or self.label
        if table.missing:
            return Drawn(message(table.missing, theme), title)
        of = {name: getattr(selected, name) for name in self.needs}
        return Drawn(filled(self.figure(table, theme), table, of), title, table.says)


class Drawn(NamedTuple):
    """A chart, the caption over it, and what is said of it in words."""

    figure: go.Figure
    title: str
    says: tuple[str, ...] = ()


@cache
def panels(page: Page) -> tuple[Panel, ...]:
    """Of a page, in the order in which they stand there: every module of this folder that has a PANEL."""
    names = [module.name for module in pkgutil.iter_modules(mri.panels.__path__)]
    modules = [importlib.import_module(f"mri.panels.{name}") for name in names]
    found = [module.PANEL for module in modules if hasattr(module, "PANEL")]
    return tuple(sorted((panel for panel in found if panel.page == page), key=lambda panel: (panel.place, panel.name)))


def panel_named(page: Page, name: str) -> Panel:
    """Raises ConfigError."""
    for panel in panels(page):
        if panel.csv_name == name:
            return panel
    there = ", ".join(panel.csv_name for panel in panels(page))
    raise ConfigError(f"There is no table of {name!r}: the panels with one are {there}.")
