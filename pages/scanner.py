"""The Scanner: one session, replayed. Layout, and the callback that serves the inspector's charts.

The picture that moves is JavaScript's, from frames in its memory; the callback draws the charts when it rests, from the
session file, and alone serves every step where there is no canvas. No maths, no HDF5: a chart is a file of mri/panels.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import dash
from dash import ClientsideFunction, Input, Output, callback, clientside_callback, html, no_update

from mri.errors import MriError
from mri.measure.series import full_scales, largest_statistic
from mri.panels.panel import Drawn, panels
from mri.panels.scan import Scan
from mri.panels.selection import Selection
from mri.web.parts import components, ids, record, session_rows, simple, states
from mri.web.services import services

dash.register_page(__name__, path=ids.SCANNER_PATH, name="Scanner", title="nanochat MRI", order=0)

View = dict[str, Any]
"""What JavaScript puts into the page's store: session, tab, theme, and what `Selection.from_mapping` reads."""


def layout(session: str | None = None, lanes: str = "", **_: Any) -> html.Div:
    """The page for `?session=…&lanes=…`; without a session, the first demo. All else in the address is JavaScript's."""
    library = services().library
    readable = session_rows.readable(library) if session is None else []
    if not readable and session is None:
        return states.nothing_recorded()
    try:
        reader = library.open(session or session_rows.first_session(readable).id)
        others = [library.open(name) for name in lanes.split(",")] if lanes else []
    except MriError as error:
        ways = states.way(*states.TO_SESSIONS), states.way(*states.TO_SCANNER)
        return states.state("This session cannot be opened", str(error), *ways, kind="error")
    for each in (reader, *others):
        if not each.num_steps:
            return states.no_steps(each.session, library.is_recording(each.session.id))
    boot = {"session": reader.session.id, "full_scale": full_scales(reader), "limit": largest_statistic(reader)}
    boot["lanes"] = [{"session": other.session.id, "full_scale": full_scales(other)} for other in others]
    boot["has_words"] = reader.session.layout.n_layer > 0 and reader.session.kind == "generation"
    boot["counterpart"] = simple.counterpart(reader.session.id, partial(session_rows.is_there, library))
    info = library.info(reader.session.id)
    notice = record.loaded_line(info) if session is None else None
    return components.scanner(boot, info, notice=notice, simple=simple.section())


clientside_callback(ClientsideFunction("mri", "mountScanner"), Output(ids.MOUNTED, "data"), Input(ids.BOOT, "data"))
clientside_callback(ClientsideFunction("mri", "showToast"), Output(ids.TOAST, "id"), Input(ids.TOAST, "data"))


@callback([Output(ids.panel(tab), "children") for tab in ids.TABS], Input(ids.MOUNTED, "data"))
def mount_graphs(session: str | None) -> Any:
    """The graphs come after the first picture: Plotly is large, and the scan does not need it."""
    return components.inspector_panels() if session else no_update


SHOWN = [panel for panel in panels("scanner") if panel.figure]


@callback(
    [Output(panel.id, "figure") for panel in SHOWN],
    [Output(f"{panel.id}-title", "children") for panel in SHOWN],
    Input(ids.VIEW, "data"),
)
def draw(view: View | None) -> Any:
    """The charts of the tab that is open, with their captions."""
    if view is None:
        return no_update
    reader = services().library.open(view["session"]).as_of_now()
    scan, selected = Scan(reader, view["step"]), Selection.from_mapping(view)
    drawn = [
        panel.draw(scan, selected, view["theme"]) if panel.tab == view["tab"] else Drawn(no_update, no_update)
        for panel in SHOWN
    ]
    return [*(each.figure for each in drawn), *(each.title for each in drawn)]
