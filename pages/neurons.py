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
from mri.panels import figures, neurons
from mri.panels.chart import message
from mri.store.reader import SessionReader
from mri.study.activity import family, standardised
from mri.study.study import Question
from mri.web.parts import ids, labels, neuron_layout, neuron_parts, session_rows, states
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


def _reader(view: View) -> SessionReader:
    return services().library.open(view["session"]).as_of_now()


GROUPS = "neurons-summary.children neurons-cards.children group-map.figure group-means.figure group-heatmap.figure"
BUSY = (Output("neurons-panel-groups", "className"), "neurons-panel is-busy", "neurons-panel")


@callback(ids.outputs(f"{GROUPS} silhouettes.figure"), Input(ids.NEURONS_VIEW, "data"), running=[BUSY])
def draw_groups(view: View | None) -> Any:
    if view is None or view["tab"] != "groups":
        return (no_update,) * 6
    theme = view["theme"]
    try:
        found = services().study.grouping(Question.from_mapping(view))
    except MriError as error:
        empty = message("Nothing is grouped here.", theme)
        here = f"{ids.NEURONS_PATH}?session={view['session']}&point={view['point']}"
        ways = states.way("Look at one of them", f"{here}&tab=neuron"), states.way(*states.TO_SESSIONS)
        return states.state("These neurons cannot be grouped", str(error), *ways), None, empty, empty, empty, empty
    members, clusters = found.neurons, found.clusters
    tokens = neuron_parts.tokens_of_columns(services().library, members)
    names = [neuron_parts.neuron_name(members, row) for row in range(len(found.rows))]
    breaks = (np.flatnonzero(np.diff(members.session)) + 1).tolist()
    chosen = f"{view['point']} · {view['neuron']}"
    shapes, captured = standardised(found.history.filled[found.rows]), np.isfinite(members.values)
    return (
        neuron_parts.summary(found),
        neuron_parts.cards(found, tokens),
        neurons.group_map(clusters, names, selected=names.index(chosen) if chosen in names else None, theme=theme),
        neurons.group_means(clusters, tokens, breaks=breaks, theme=theme),
        neurons.group_heatmap(clusters, shapes, captured, names, tokens, breaks=breaks, theme=theme),
        neurons.silhouettes(clusters, theme=theme),
    )


@callback(
    ids.outputs("dossier-head.children dossier-history.figure dossier-companions.children"),
    Input(ids.NEURONS_VIEW, "data"),
)
def draw_neuron(view: View | None) -> Any:
    if view is None or view["tab"] != "neuron":
        return (no_update,) * 3
    key, neuron, theme = view["point"], view["neuron"], view["theme"]
    reader, question = _reader(view), Question.from_mapping(view)
    values, bounds = neuron_over_steps(reader, key, neuron)
    strongest = int(np.nanargmax(np.abs(values))) if np.isfinite(values).any() else 0
    unit = reader.session.layout.points[reader.session.layout.row(key)].unit
    head = neuron_parts.head(question, neuron, values, strongest, reader.session.layout.width(key))
    if np.isfinite(values).any() or np.isfinite(bounds).any():
        read, name = labels.tokens_of_steps(reader), f"neuron {neuron}"
        shown = {"step": strongest, "name": name, "unit": unit, "tokens": read, "theme": theme}
        history = figures.neuron_history(values, bounds, **shown)
    else:
        history = message("This neuron was captured in no step of this session.", theme)
    try:
        moving = neuron_parts.companions(services().study.companions(question, neuron), question)
    except MriError as error:
        moving = html.P(str(error), className="mri-note")
    return head, history, moving


MOMENTS = "dossier-moments.children dossier-progress.children distribution.figure neurons-index-tick.disabled"


@callback(ids.outputs(MOMENTS), Input(ids.NEURONS_VIEW, "data"), Input("neurons-index-tick", "n_intervals"))
def draw_moments(view: View | None, _: int | None) -> Any:
    if view is None or view["tab"] != "neuron":
        return no_update, no_update, no_update, True
    key, neuron, theme = view["point"], view["neuron"], view["theme"]
    reader, indexer = _reader(view), services().study.indexer
    run_hash = reader.session.run.hash
    if not run_hash:
        why = "This session does not say which weights it was recorded from: no other session can be put beside it."
        unknown = message("Known only over sessions of known weights.", theme)
        return html.P(why, className="mri-note"), None, unknown, True
    progress = indexer.want(run_hash)
    found = indexer.strongest(run_hash, key, neuron)
    counts, _seen = indexer.distribution(run_hash, key, neuron)
    is_done = 0 < progress.all == progress.done
    if found or is_done:
        words = neuron_parts.moments(services().library, found, Question.from_mapping(view), neuron)
    else:
        words = no_update
    unit = reader.session.layout.points[reader.session.layout.row(key)].unit
    if counts.any():
        sizes = neurons.distribution(counts, unit=unit, theme=theme)
    else:
        sizes = message("Captured in no finished session of these weights." if is_done else "Reading sessions …", theme)
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
    model = services().model
    try:
        wanted = tokens_of_neuron(_reader(view), view["point"], view["neuron"], None if model is None else str(model))
    except MriError as error:
        return html.P(str(error), className="mri-note"), True
    status = services().worker.attribution(wanted.id)
    if status is None or (status["status"] == "error" and ctx.triggered_id != "neurons-tokens-tick"):
        status = services().worker.attribute(wanted)  # what failed is tried again when somebody comes back to it
    return neuron_parts.spoken_tokens(status), status["status"] != "running"
