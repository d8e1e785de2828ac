"""The Compare page: two sessions on one clock. Layout, and the callbacks that serve its charts from the session files.

Picture, words with their map, and clock are JavaScript's (assets/js/pages/pair.mjs). No maths, no HDF5.
"""

from __future__ import annotations

from typing import Any

import dash
from dash import ClientsideFunction, Input, Output, callback, clientside_callback, html, no_update

from mri.errors import MriError
from mri.measure.alignment import DEFAULT, STRATEGIES
from mri.measure.series import full_scales, largest_statistic
from mri.panels.pair import Pair
from mri.panels.panel import panels
from mri.panels.selection import Selection
from mri.store.library import SessionInfo
from mri.web.parts import compare, ids, session_rows, states
from mri.web.routes.compare import comparison_of
from mri.web.services import services

dash.register_page(__name__, path=ids.COMPARE_PATH, name="Compare", title="Compare · nanochat MRI", order=2)

View = dict[str, Any]
"""What JavaScript puts into the store of a pair: a, b, align, theme; of a moment: moment, layer and head, too."""


def layout(a: str | None = None, b: str | None = None, align: str = DEFAULT, **_: Any) -> html.Div:
    """The page for `?a=…&b=…&align=…`; without two sessions, the ways to them."""
    library = services().library
    if not a or not b:
        return compare.start(_first_two(a), bool(a), _is_there)
    try:
        readers = [library.open(session) for session in (a, b)]
    except MriError as error:
        ways = states.way("Choose two others", ids.COMPARE_PATH), states.way(*states.TO_SESSIONS)
        return states.state("These sessions cannot be compared", str(error), *ways, kind="error")
    for reader in readers:
        if not reader.num_steps:
            return states.no_steps(reader.session, library.is_recording(reader.session.id))
    scales = [full_scales(reader) for reader in readers]
    boot = {
        "a": a,
        "b": b,
        "align": align if align in STRATEGIES else DEFAULT,
        "full_scale": {key: max(scale.get(key, 0) for scale in scales) for key in {**scales[0], **scales[1]}},
        "limit": max(largest_statistic(reader) for reader in readers),
    }
    return compare.comparison(boot, library.info(a), library.info(b))


def _first_two(a: str | None) -> list[SessionInfo]:
    """What the pickers begin with: A where it was chosen, else the newest, and another one; fewer where there are."""
    readable = session_rows.readable(services().library)
    first = [services().library.info(a)] if a and _is_there(a) else readable[:1]
    return [*first, *[info for info in readable if info not in first][:1]]


def _is_there(session_id: str) -> bool:
    return session_rows.is_there(services().library, session_id)


clientside_callback(
    ClientsideFunction("mri", "mountCompare"), Output("compare-mounted", "data"), Input(ids.COMPARE_BOOT, "data")
)

clientside_callback(
    ClientsideFunction("mri", "openPair"),
    Output("compare-opened", "data"),
    Input("compare-open", "n_clicks"),
    prevent_initial_call=True,
)
clientside_callback(
    ClientsideFunction("mri", "fillPickers"), Output("compare-picked", "data"), Input("compare-pickers", "data")
)


def _draw(tab: str, store: str) -> Any:
    """Have the charts of `tab` drawn when `store` says what is wanted.  -> the callback"""
    shown = [panel for panel in panels("compare") if panel.figure and panel.tab == tab]
    figures = [Output(panel.id, "figure") for panel in shown]
    titles = [Output(f"{panel.id}-title", "children") for panel in shown]
    words = [Output(host, "children") for name, host in SAYS.items() if any(panel.name == name for panel in shown)]

    @callback(figures, titles, words, Input(store, "data"))
    def draw(view: View | None) -> Any:
        if view is None:
            return [no_update] * len([*figures, *titles, *words])
        found = comparison_of(view["a"], view["b"], view["align"])
        selected = Selection.from_mapping(view)
        pair = Pair(found, min(selected.moment, len(found.moments.steps) - 1))
        drawn = {panel.name: panel.draw(pair, selected, view["theme"]) for panel in shown}
        says = [_words(name, drawn[name].says) for name in SAYS if name in drawn]
        return [*(each.figure for each in drawn.values()), *(each.title for each in drawn.values()), *says]

    return draw


SAYS = {"compare-similarity": "compare-score", "compare-predictions": "compare-kl"}
"""Of a panel that says something in words: where."""


def _words(name: str, says: tuple[str, ...]) -> Any:
    if not says:
        return ""
    if name == "compare-similarity":
        number, of, of_cka, *tiles = says
        words = [number and html.Span(number, className="compare-number"), of, of_cka]
        each = (tile.split("|") for tile in tiles)
        shown = [html.Div([html.Dt(label), html.Dd(mean, title=sure)], title=sure) for label, mean, sure in each]
        return [html.Dl(shown, className="compare-tiles"), html.P(words, className="compare-words")]
    meaning = "Kullback–Leibler divergence of B from A, Σ p log₂(p/q): bounded from the captured logits, see docs."
    return html.P([says[0], html.B(says[1]), says[2]], title=meaning)


DRAWS = {tab: _draw(tab, store) for tab, store in (("pair", ids.COMPARE_PAIR), ("moment", ids.COMPARE_VIEW))}
