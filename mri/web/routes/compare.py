"""HTTP routes of the Compare page: how two sessions are aligned, and the numbers of its panels.

Reads the address's query; the work is done in measure and study. Errors leave as {"error": sentence} (see answers.py).
"""

from __future__ import annotations

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from mri.measure.alignment import DEFAULT
from mri.panels.compare_map import cells
from mri.panels.pair import Pair
from mri.panels.panel import panel_named
from mri.panels.selection import Selection
from mri.study.comparison import Comparison, compare, summary
from mri.web.routes.downloads import sent
from mri.web.routes.sessions import compress, revalidated_json
from mri.web.services import services

compare_routes = Blueprint("compare_routes", __name__)


@compare_routes.get("/compare/alignment")
@compress.compressed()
def alignment() -> ResponseReturnValue:
    """`?a=&b=&align=`: which steps and tokens stand for each other, and what cannot be compared."""
    return revalidated_json(summary(comparison_of(_given("a"), _given("b"), _given("align") or DEFAULT)))


@compare_routes.get("/compare/map")
@compress.compressed()
def cells_of_map() -> ResponseReturnValue:
    """`?a=&b=&align=&by=&points=`: how far these hook points are apart at every moment."""
    selected = Selection.from_mapping(request.args)
    return revalidated_json(cells(comparison_of(_given("a"), _given("b"), _given("align") or DEFAULT), selected))


@compare_routes.get("/compare/panels/<kind>.csv")
def panel(kind: str) -> ResponseReturnValue:
    """`?a=&b=&align=&moment=&point=&layer=&head=`: the numbers of one panel, names with their units in the header."""
    panel, selected = panel_named("compare", kind), Selection.from_mapping(request.args)
    found = Pair(comparison_of(_given("a"), _given("b"), _given("align") or DEFAULT), selected.moment)
    return sent(lambda: panel.csv(found, selected), "text/csv")


def comparison_of(a: str, b: str, align: str) -> Comparison:
    """Of two sessions by their ids, as of now. Raises SessionNotFound, BadSession, ConfigError."""
    one, other = (services().library.open(session).as_of_now() for session in (a, b))
    with services().computations.turn():
        return compare(one, other, align)


def _given(name: str) -> str:
    return request.args.get(name, "")
