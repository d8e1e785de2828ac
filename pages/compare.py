"""The Compare page: two sessions on one clock. Layout, and the callbacks that serve its charts from the session files.

Picture, ribbons and clock are JavaScript's (assets/js/pages/pair.mjs), from frames in its memory. No maths, no HDF5.
"""

from __future__ import annotations

from typing import Any

import dash
import numpy as np
from dash import ClientsideFunction, Input, Output, State, callback, clientside_callback, html, no_update

from mri.errors import ModelError, MriError, SessionNotFound
from mri.measure.alignment import DEFAULT, STRATEGIES
from mri.measure.difference import difference_map, length_map
from mri.measure.divergence import PredictionDivergence, attention_divergence, prediction_divergence
from mri.measure.series import full_scales, largest_statistic
from mri.panels import compare_figures
from mri.panels.chart import message
from mri.store.library import SessionInfo
from mri.study.comparison import Comparison
from mri.study.similarity import LEAST_CKA_STEPS, Likeness, cka_keys, cka_of_points, likeness
from mri.web.parts import compare, ids, labels, record_box, session_rows, states
from mri.web.routes.compare import comparison_of
from mri.web.services import services

dash.register_page(__name__, path=ids.COMPARE_PATH, name="Compare", title="Compare · nanochat MRI", order=2)

Pair = dict[str, Any]
"""What JavaScript puts into the store of a pair: a, b, align, by, theme; of a moment: moment, layer and head, too."""


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
    try:
        services().library.path(session_id)
    except SessionNotFound:
        return False
    return True


clientside_callback(
    ClientsideFunction("mri", "mountCompare"), Output("compare-mounted", "data"), Input(ids.COMPARE_BOOT, "data")
)
PROMPTS = [State(name, "value") for name in ("compare-prompt", "compare-prompt-b")]
clientside_callback(
    ClientsideFunction("mri", "recordPair"),
    Output("compare-recorded", "data"),
    Input("compare-record", "n_clicks"),
    [*PROMPTS, *record_box.states("compare")],
    prevent_initial_call=True,
)


@callback(
    ids.outputs("compare-preset.options compare-preset.value compare-record.disabled"), Input("compare-record", "id")
)
def describe(_: str) -> tuple[Any, ...]:
    """What a step of each preset costs; of those, one that gives each prompt token a step of its own."""
    try:
        _line, options = record_box.describe_model(services().model)
    except ModelError:
        return [], no_update, True
    return options, "rows", False


clientside_callback(
    ClientsideFunction("mri", "openPair"),
    Output("compare-opened", "data"),
    Input("compare-open", "n_clicks"),
    prevent_initial_call=True,
)
clientside_callback(
    ClientsideFunction("mri", "fillPickers"), Output("compare-picked", "data"), Input("compare-pickers", "data")
)


def _comparison(view: Pair) -> Comparison:
    return comparison_of(view["a"], view["b"], view["align"])


@callback(ids.outputs("graph-compare-map.figure graph-compare-map-title.children"), Input(ids.COMPARE_PAIR, "data"))
def draw_map(view: Pair | None) -> Any:
    if view is None:
        return no_update, no_update
    found, theme = _comparison(view), view["theme"]
    by = view["by"] if view["by"] in compare_figures.MEASURES else "difference"
    title = f"Where they differ: {compare_figures.MEASURES[by]}"
    if found.alignment.strategy == "pooled":
        return message("Pooled, no step stands for another:<br>the means are compared below.", theme), title
    if not len(found.matched_steps):
        other = ": choose another alignment." if found.same_tokens and not found.has_training else "."
        return message(f"No steps are matched{other}", theme), title
    keys = found.lengths if by == "length" else found.keys
    if not keys:
        return message("One side kept statistics only:<br>choose to show the length.", theme), title
    columns, every = found.columns()
    at = np.flatnonzero(columns >= 0)
    steps = found.moments.steps[columns[at]]
    values, ranges = np.full((len(keys), len(columns)), np.nan), None
    if by == "length":
        values[:, at] = length_map(found.one, found.other, steps, keys)
    else:
        distances = difference_map(found.one, found.other, steps, keys)
        low, high = np.full(values.shape, np.nan), np.full(values.shape, np.nan)
        cosine = by == "cosine"
        values[:, at] = distances.cosine if cosine else distances.difference
        low[:, at] = distances.cosine_low if cosine else distances.low
        high[:, at] = distances.cosine_high if cosine else distances.high
        ranges = low, high
    read = labels.tokens_of_steps(found.one)
    names = [_column_name(found, moment, read) if moment >= 0 else "" for moment in columns.tolist()]
    shown = {"by": by, "every": every, "columns": names, "theme": theme}
    return compare_figures.difference_map(keys, values, ranges, **shown), title


def _column_name(found: Comparison, moment: int, read: list[str]) -> str:
    a, b = found.moments.steps[moment].tolist()
    return f"step {a} of A, step {b} of B<br>read “{compare_figures.escaped(read[a])}”"


@callback(
    ids.outputs("graph-compare-similarity.figure compare-score.children"),
    Input(ids.COMPARE_PAIR, "data"),
    State("compare-score", "children"),
)
def draw_similarity(view: Pair | None, _: Any) -> Any:
    if view is None:
        return no_update, no_update
    found, theme = _comparison(view), view["theme"]
    if not found.keys:
        return message("No hook point has values in both sessions.", theme), ""
    alike = likeness(found)
    if alike.reason:
        return message(alike.reason.replace(": ", ":<br>", 1), theme), ""
    cka, of_cka = _cka(found)
    figure = compare_figures.similarity_bars(found.keys, alike.cosine, alike.low, alike.high, cka, theme=theme)
    return figure, html.P([*_score_words(found, alike), of_cka], className="compare-words")


def _score_words(found: Comparison, alike: Likeness) -> list[Any]:
    if not np.isfinite(alike.cosine).any():
        return [f"No hook point has a number: {alike.left_out}. "]
    score, low, high = alike.score
    num_known = int(np.isfinite(alike.cosine).sum())
    steps = f"{int(alike.num_steps.max())} matched steps that have values in both"
    if found.alignment.strategy == "pooled":
        steps = f"means over all {found.one.num_steps} and {found.other.num_steps} steps"
    left_out = f"; {alike.left_out}" if alike.left_out else ""
    return [
        html.Span(f"{score:.3f}", className="compare-number"),
        f" mean cosine over {num_known} of {len(found.keys)} hook points{left_out}; {steps}"
        f" (certain: {low:.2f} … {high:.2f}). ",
    ]


def _cka(found: Comparison) -> tuple[Any, str]:
    """Linear CKA (n_keys,), NaN where there is none, and what is said of it."""
    one, other, keys = found.one, found.other, found.keys
    cka = np.full(len(keys), np.nan)
    with_cka = cka_keys(one.session.layout, other.session.layout, keys)
    if not with_cka:
        return cka, "CKA needs the same neurons in every step: capture everything, or a sample."
    cka[[keys.index(key) for key in with_cka]] = cka_of_points(one, other, found.matched_steps, with_cka)
    if np.isfinite(cka).any():
        return cka, f"Mean linear CKA, debiased, {np.nanmean(cka):.3f} over {len(found.matched_steps)} matched steps."
    return cka, f"CKA needs {LEAST_CKA_STEPS} matched steps with values in both: of fewer, unrelated ones look alike."


ATTENTION = "graph-compare-heads.figure graph-compare-attention.figure graph-compare-attention-title.children"
PREDICTIONS = "graph-compare-predictions.figure compare-kl.children"


@callback(ids.outputs(f"{ATTENTION} {PREDICTIONS}"), Input(ids.COMPARE_VIEW, "data"))
def draw_moment(view: Pair | None) -> Any:
    if view is None:
        return (no_update,) * 5
    found, theme = _comparison(view), view["theme"]
    a, b = found.moments.steps[min(view["moment"], len(found.moments.steps) - 1)].tolist()
    if a < 0 or b < 0:
        alone = message(f"Only {'A' if b < 0 else 'B'} has a step at this moment.", theme)
        return alone, alone, "Where the head looks", alone, ""
    return *_attention(found, a, b, view), *_predictions(found, a, b, theme)


def _attention(found: Comparison, a: int, b: int, view: Pair) -> tuple[Any, ...]:
    one, other, theme = found.one, found.other, view["theme"]
    title = "Where the head looks"
    if not any(found.moments.matched & (found.moments.steps == (a, b)).all(axis=1)):
        apart = message("These two tokens do not stand for each other:<br>their attention is not compared.", theme)
        return apart, apart, title
    rows = attention_divergence(
        one.frame(a), one.session.layout, other.frame(b), other.session.layout, found.alignment.positions
    )
    if rows is None:
        none = message("One of the steps has no attention, or other heads.", theme)
        return none, none, title
    layer, head = min(view["layer"], rows.low.shape[0] - 1), min(view["head"], rows.low.shape[1] - 1)
    names = [""] * rows.a.shape[-1]
    for reader, places in ((one, rows.place_a), (other, rows.place_b)):
        for place, name in zip(places.tolist(), labels.tokens(reader), strict=False):
            names[place] = name
    return (
        compare_figures.divergence_map(rows, selected=(layer, head), theme=theme),
        compare_figures.attention_pair(rows, names, head=(layer, head), theme=theme),
        f"Block {layer} · head {head}: where it looks",
    )


def _predictions(found: Comparison, a: int, b: int, theme: str) -> tuple[Any, Any]:
    one, other = found.one, found.other
    if not found.same_tokens:
        return message("Their tokenizers differ: predictions are of other tokens.", theme), ""
    frames, softcap = (one.frame(a), other.frame(b)), other.session.run.model.softcap
    apart = prediction_divergence(*frames, one.session.layout.n_vocab, softcap)
    if apart is None:
        return message("One of the steps has no predictions, or NaN.", theme), ""
    readers = [one if int(token_id) in one.token_bytes else other for token_id in apart.token_ids]
    names = [labels.token(reader, int(token_id)) for reader, token_id in zip(readers, apart.token_ids, strict=True)]
    chosen = [_followed(reader, step) for reader, step in ((one, a), (other, b))]
    figure = compare_figures.predictions_pair(apart, names, (chosen[0], chosen[1]), theme=theme)
    return figure, _kl_words(apart)


def _followed(reader: Any, step: int) -> int:
    """The token after this step, read from the prompt or chosen; −1 where none does."""
    steps, tokens = reader.steps(), reader.token_ids()
    position = int(steps["pos0"][step] + steps["t_add"][step])
    return int(tokens[position]) if position < len(tokens) else -1


def _kl_words(apart: PredictionDivergence) -> Any:
    most = "no upper bound" if np.isinf(apart.kl_high) else f"at most {apart.kl_high:.3f} bits"
    meaning = "Kullback–Leibler divergence of B from A, Σ p log₂(p/q): bounded from the captured logits, see docs."
    return html.P(["KL(A‖B) at least ", html.B(f"{apart.kl_low:.3f}"), f" bits, {most}"], title=meaning)
