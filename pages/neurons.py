"""The Neurons page: groups of neurons by what they do over time, and one neuron's dossier. Layout and callbacks.

What is asked for is JavaScript's (assets/js/pages/neurons.mjs keeps it in the address); the study answers. No maths, no
HDF5.
"""

from __future__ import annotations

from typing import Any

import dash
import numpy as np
from dash import ClientsideFunction, Input, Output, callback, clientside_callback, ctx, dcc, html, no_update

from mri.errors import MriError
from mri.format.layout import Layout
from mri.measure.series import neuron_over_steps
from mri.panels.chart import message
from mri.panels.panel import panel_named, panels
from mri.panels.selection import Selection
from mri.panels.studied import Studied
from mri.study.activity import family
from mri.study.study import Question
from mri.web.parts import ids, neuron_layout, neuron_parts, session_rows, states
from mri.web.services import services
from mri.worker.attribution import has_direct_path, tokens_of_neuron

dash.register_page(__name__, path=ids.NEURONS_PATH, name="Neurons", title="Neurons · nanochat MRI", order=2)

View = dict[str, Any]
"""What JavaScript puts into the store: session, point, neuron, span, scope, method, groups, seed, tab, theme."""

TICK_MS = 600


def layout(session: str | None = None, point: str | None = None, **_: Any) -> html.Div:
    """The page for `?session=…&point=…`; without them a demo and its MLP neurons. The rest of the address is
    JavaScript's."""
    library = services().library
    infos = session_rows.readable(library) if session is None else []
    if not infos and session is None:
        return states.nothing_recorded()
    try:
        reader = library.open(session or session_rows.first_session(infos).id)
    except MriError as error:
        ways = states.way(*states.TO_SESSIONS), states.way("Neurons of another", ids.NEURONS_PATH)
        return states.state("This session cannot be opened", str(error), *ways, kind="error")
    here = reader.session.layout
    points = [each.key for each in here.points if each.key in here.places]
    if not points:
        return states.state(
            "Only statistics in this session",
            "No neuron's values were captured: record with another preset than light.",
            states.way("Neurons of another", ids.NEURONS_PATH),
            states.way_to_record(),
        )
    boot = {
        "session": reader.session.id,
        "point": point if point in points else default_point(here, points),
        "widths": {key: here.width(key) for key in points},
        "blocks": [key for key in points if len(family(here, key)) > 1],
        "comparable": bool(reader.session.run.hash),
    }
    return html.Div(
        [
            dcc.Store(id="neurons-boot", data=boot),
            dcc.Store(id=ids.NEURONS_VIEW),
            dcc.Store(id="neurons-mounted"),
            dcc.Interval(id="neurons-index-tick", interval=TICK_MS, disabled=True),
            dcc.Interval(id="neurons-tokens-tick", interval=TICK_MS, disabled=True),
            html.H1("Neurons"),
            neuron_layout.choices(library.info(reader.session.id), points, boot),
            neuron_layout.tabs(),
            neuron_layout.groups_panel(),
            neuron_layout.neuron_panel(),
        ],
        id=ids.NEURONS,
        className="mri-page neurons",
    )


def default_point(here: Layout, points: list[str]) -> str:
    """The MLP neurons of the middle block, what its MLP adds, or the first there is."""
    middle = here.n_layer // 2
    wanted = (f"block.{middle}.mlp_act", f"block.{middle}.mlp_out")
    return next((key for key in wanted if key in points), points[0])


clientside_callback(
    ClientsideFunction("mri", "mountNeurons"), Output("neurons-mounted", "data"), Input("neurons-boot", "data")
)


def _studied(view: View) -> Studied:
    return Studied(services().library, services().study, Question.from_mapping(view), view["neuron"])


BUSY = (Output("neurons-panel-groups", "className"), "neurons-panel is-busy", "neurons-panel")
SHOWN = [panel for panel in panels("neurons") if panel.figure]


@callback(
    [Output(panel.id, "figure") for panel in SHOWN if panel.tab == "groups"],
    ids.outputs("neurons-summary.children neurons-cards.children"),
    Input(ids.NEURONS_VIEW, "data"),
    running=[BUSY],
)
def draw_groups(view: View | None) -> Any:
    shown = [panel for panel in SHOWN if panel.tab == "groups"]
    if view is None or view["tab"] != "groups":
        return [no_update] * (len(shown) + 2)
    studied, theme = _studied(view), view["theme"]
    try:
        found = studied.grouping
    except MriError as error:
        empty = message("Nothing is grouped here.", theme)
        here = f"{ids.NEURONS_PATH}?session={view['session']}&point={view['point']}"
        ways = states.way("Look at one of them", f"{here}&tab=neuron"), states.way(*states.TO_SESSIONS)
        return [*[empty] * len(shown), states.state("These neurons cannot be grouped", str(error), *ways), None]
    figures = [panel.draw(studied, Selection(), theme).figure for panel in shown]
    return [*figures, neuron_parts.summary(found), neuron_parts.cards(found, studied.tokens)]


@callback(
    [Output(panel.id, "figure") for panel in SHOWN if panel.tab == "neuron" and panel.name != "distribution"],
    ids.outputs("dossier-head.children dossier-companions.children"),
    Input(ids.NEURONS_VIEW, "data"),
)
def draw_neuron(view: View | None) -> Any:
    shown = [panel for panel in SHOWN if panel.tab == "neuron" and panel.name != "distribution"]
    if view is None or view["tab"] != "neuron":
        return [no_update] * (len(shown) + 2)
    neuron, studied = view["neuron"], _studied(view)
    values, _bounds = neuron_over_steps(studied.reader, view["point"], neuron)
    strongest = int(np.nanargmax(np.abs(values))) if np.isfinite(values).any() else 0
    width = studied.reader.session.layout.width(view["point"])
    head = neuron_parts.head(studied.question, neuron, values, strongest, width)
    try:
        moving = neuron_parts.companions(services().study.companions(studied.question, neuron), studied.question)
    except MriError as error:
        moving = html.P(str(error), className="mri-note")
    return [*(panel.draw(studied, Selection(), view["theme"]).figure for panel in shown), head, moving]


MOMENTS = "dossier-moments.children dossier-progress.children distribution.figure neurons-index-tick.disabled"


@callback(ids.outputs(MOMENTS), Input(ids.NEURONS_VIEW, "data"), Input("neurons-index-tick", "n_intervals"))
def draw_moments(view: View | None, _: int | None) -> Any:
    if view is None or view["tab"] != "neuron":
        return no_update, no_update, no_update, True
    key, neuron, studied, indexer = view["point"], view["neuron"], _studied(view), services().study.indexer
    sizes = panel_named("neurons", "distribution").draw(studied, Selection(), view["theme"]).figure
    run_hash = studied.reader.session.run.hash
    if not run_hash:
        why = "This session does not say which weights it was recorded from: no other session can be put beside it."
        return html.P(why, className="mri-note"), None, sizes, True
    progress = indexer.want(run_hash)
    found = indexer.strongest(run_hash, key, neuron)
    is_done = 0 < progress.all == progress.done
    words = no_update
    if found or is_done:
        words = neuron_parts.moments(services().library, found, studied.question, neuron)
    return words, neuron_parts.indexing(progress, indexer.sessions_with(run_hash, key)), sizes, is_done


@callback(
    ids.outputs("dossier-tokens.children neurons-tokens-tick.disabled"),
    Input(ids.NEURONS_VIEW, "data"),
    Input("neurons-tokens-tick", "n_intervals"),
)
def draw_tokens(view: View | None, _: int | None) -> Any:
    if view is None or view["tab"] != "neuron":
        return no_update, True
    if not has_direct_path(view["point"]):
        words = f"{view['point']} has no direct path of its own: choose mlp_act, mlp_out, attn_out, a resid_… or ln_f."
        return html.P(words, className="mri-note"), True
    try:
        reader = _studied(view).reader
        wanted = tokens_of_neuron(reader, view["point"], view["neuron"], services().model_of(reader))
    except MriError as error:
        return html.P(str(error), className="mri-note"), True
    status = services().worker.attribution(wanted.id)
    if status is None or (status["status"] == "error" and ctx.triggered_id != "neurons-tokens-tick"):
        status = services().worker.attribute(wanted)  # what failed is tried again when somebody comes back to it
    return neuron_parts.spoken_tokens(status), status["status"] != "running"
