"""The Scanner: one session, replayed. Layout, and the callbacks that serve the inspector's figures.

The picture that moves is JavaScript's, from frames in its memory; these callbacks draw the charts when it rests,
from the session file, and alone serve every step where there is no canvas. No maths, no HDF5.
"""

from __future__ import annotations

from typing import Any

import dash
import numpy as np
from dash import ClientsideFunction, Input, Output, callback, clientside_callback, html, no_update

from mri.errors import MriError
from mri.export.panels import MOST_WATCHED
from mri.format.captured import Captured
from mri.format.hook_points import STATS
from mri.measure.attention import attention_map, mean_distance
from mri.measure.predictions import predictions, strongest
from mri.measure.series import full_scales, largest_statistic, neuron_over_steps
from mri.panels import attention, figures, statistics
from mri.panels.chart import message
from mri.panels.watched import WatchedNeuron, watched_history
from mri.store.reader import SessionReader
from mri.web.parts import components, ids, labels, record_box, session_rows, states
from mri.web.services import services

dash.register_page(__name__, path=ids.SCANNER_PATH, name="Scanner", title="nanochat MRI", order=0)

View = dict[str, Any]
"""What JavaScript puts into the store of the open tab: session, step, point, layer, head, neuron, tab, watched, theme,
and what the tabs' own controls say: stat, by, overlay, temperature."""

STAT_UNITS = {"sparsity": "share"}


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
    info = library.info(reader.session.id)
    return components.scanner(boot, info, notice=record_box.loaded_line(info) if session is None else None)


clientside_callback(ClientsideFunction("mri", "mountScanner"), Output(ids.MOUNTED, "data"), Input(ids.BOOT, "data"))
clientside_callback(ClientsideFunction("mri", "showToast"), Output(ids.TOAST, "id"), Input(ids.TOAST, "data"))


@callback([Output(ids.panel(tab), "children") for tab in ids.TABS], Input(ids.MOUNTED, "data"))
def mount_graphs(session: str | None) -> Any:
    """The graphs come after the first picture: Plotly is large, and the scan does not need it."""
    return components.inspector_panels() if session else no_update


def _reader(view: View) -> SessionReader:
    return services().library.open(view["session"]).as_of_now()


@callback(Output("graph-neurons", "figure"), Input(ids.view("neurons"), "data"))
def draw_neurons(view: View | None) -> Any:
    if view is None:
        return no_update
    reader = _reader(view)
    layout, key = reader.session.layout, view["point"]
    captured = Captured(reader.frame(view["step"]), layout)
    if not captured.mask(key).any():
        dropped = captured.is_dropped(key)
        said = "Not captured in this step." if dropped else "Only statistics of this hook point in this step."
        return message(said, view["theme"])
    values, known, bound = captured.values(key), captured.mask(key), captured.bound(key)
    what = {"key": key, "unit": layout.points[layout.row(key)].unit, "selected": view["neuron"] or 0}
    return figures.neuron_heatmap(values, known, bound, theme=view["theme"], **what)


@callback(ids.outputs("graph-history.figure graph-history-title.children"), Input(ids.view("neurons"), "data"))
def draw_history(view: View | None) -> Any:
    if view is None:
        return no_update
    reader = _reader(view)
    key, neuron = view["point"], view["neuron"] or 0
    name = f"{key} · neuron {neuron}"
    values, bounds = neuron_over_steps(reader, key, neuron)
    if not np.isfinite(values).any() and not np.isfinite(bounds).any():
        return message("This neuron was captured in no step.", view["theme"]), name
    unit = reader.session.layout.points[reader.session.layout.row(key)].unit
    read, theme = labels.tokens_of_steps(reader), view["theme"]
    shown = {"step": view["step"], "name": f"neuron {neuron}", "unit": unit, "tokens": read, "theme": theme}
    return figures.neuron_history(values, bounds, **shown), name


@callback(Output("graph-watched", "figure"), Input(ids.view("neurons"), "data"))
def draw_watched(view: View | None) -> Any:
    if view is None:
        return no_update
    reader = _reader(view)
    layout, neurons = reader.session.layout, []
    for name in [*dict.fromkeys(view.get("watched") or [])][:MOST_WATCHED]:
        key, _, neuron = name.rpartition(":")
        values, bounds = neuron_over_steps(reader, key, int(neuron))
        neurons.append(WatchedNeuron(f"{key} · {neuron}", layout.points[layout.row(key)].unit, values, bounds))
    if not neurons:
        return message("No neuron is watched.", view["theme"])
    return watched_history(neurons, step=view["step"], tokens=labels.tokens_of_steps(reader), theme=view["theme"])


ATTENTION = "graph-heads.figure graph-attention.figure graph-attention-title.children graph-head.figure"


@callback(ids.outputs(f"{ATTENTION} graph-head-title.children"), Input(ids.view("attention"), "data"))
def draw_attention(view: View | None) -> Any:
    if view is None:
        return no_update
    reader = _reader(view)
    captured = Captured(reader.frame(view["step"]), reader.session.layout)
    layer, head, theme = view["layer"], view["head"], view["theme"]
    if not captured.has_attention:
        empty = message("No attention was captured in this step.", theme)
        return empty, empty, "Where each head looks", empty, "One head"
    tokens = labels.tokens(reader)
    rows, most = captured.attention()  # (n_layer, n_head, n_keys), (n_layer, n_head)
    entropy, (low, high) = captured.entropy(), mean_distance(rows, most, captured.weight_rounding(rows))
    weights = rows[layer]
    bounds = attention.bounds_of_cells(weights, most[layer])
    about = {"tokens": tokens, "theme": theme}
    if view.get("overlay"):
        row = attention.heads_overlaid(weights, layer=layer, head=head, **about)
    else:
        bits = float(entropy[layer, head])
        row = attention.head_row(weights[head], bounds[head], entropy_bits=bits, head=(layer, head), **about)
    by = {"by": view.get("by", "entropy"), "n_positions": len(tokens), "selected": (layer, head), "theme": theme}
    return (
        attention.heads_grid(entropy, low, high, most, **by),
        attention.attention_rows(weights, bounds, layer=layer, head=head, **about),
        f"Where each head of block {layer} looks",
        row,
        f"Block {layer} · all heads" if view.get("overlay") else f"Block {layer} · head {head}",
    )


@callback(ids.outputs("graph-looks.figure graph-looks-title.children"), Input(ids.view("attention"), "data"))
def draw_looks(view: View | None) -> Any:
    if view is None:
        return no_update
    reader = _reader(view)
    layer, head, theme = view["layer"], view["head"], view["theme"]
    title = f"Block {layer} · head {head} over all steps"
    if not reader.session.layout.n_head or reader.session.kind == "training":
        return message("No attention was captured in this session.", theme), title
    try:
        weights, bounds = attention_map(reader, layer, head)
    except MriError as error:
        return message(str(error), view["theme"]), title
    frame = reader.frame(view["step"])
    about = {"head": (layer, head), "tokens": labels.tokens(reader), "theme": theme}
    return attention.attention_map(weights, bounds, step_query=frame.pos0 + frame.t_add - 1, **about), title


@callback(Output("graph-predictions", "figure"), Input(ids.view("predictions"), "data"))
def draw_predictions(view: View | None) -> Any:
    if view is None:
        return no_update
    reader = _reader(view)
    frame, temperature = reader.frame(view["step"]), float(view.get("temperature", 1))
    found = predictions(frame, temperature)
    if found is None:
        return message("No predictions were captured in this step.", view["theme"])
    shown = strongest(found)
    tokens = [labels.token(reader, int(token_id)) for token_id in shown.token_ids]
    said = {"num_captured": len(found.probs), "temperature": temperature, "how": labels.how_chosen(reader, frame)}
    return figures.predictions(tokens, shown, theme=view["theme"], **said)


@callback(
    ids.outputs("graph-map.figure graph-map-title.children graph-bars.figure"), Input(ids.view("statistics"), "data")
)
def draw_statistics(view: View | None) -> Any:
    if view is None:
        return no_update
    reader = _reader(view)
    layout, stat = reader.session.layout, view["stat"] if view["stat"] in STATS else "l2"
    keys, selected = list(layout.rows), layout.row(view["point"])
    over_steps = reader.column("stats", slice(None), STATS.index(stat)).T.astype(np.float32)  # (n_points, num_steps)
    unit = STAT_UNITS.get(stat, "")
    here = reader.column("stats", steps=[view["step"]])[0]  # (n_points, 7)
    about = {"selected": selected, "theme": view["theme"]}
    over = statistics.statistic_map(keys, over_steps, stat=stat, unit=unit, step=view["step"], **about)
    return over, f"{stat}: hook points × steps", statistics.statistics_bars(keys, here, **about)
