"""What a panel of the Neurons page shows, as CSV (see panels.py for the form).

Numbers come from what the study found; a value that was not captured is an empty cell, with what it can be at most
beside it and, in the heatmap, what it was taken for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from mri.analysis.activity import Activity, standardised
from mri.analysis.moments import EDGES
from mri.analysis.study import Question, Study
from mri.errors import ConfigError
from mri.export.panels import Header, csv_pieces, tokens_read
from mri.nanochat.reach import ERASED_BELOW
from mri.store.library import Library

Table = tuple[Header, Iterable[list[Any]]]


def neurons_csv(library: Library, study: Study, kind: str, question: Question, neuron: int) -> Iterator[bytes]:
    """The table of one panel, in pieces. kind: one of `KINDS`. Raises ConfigError, SessionNotFound, UnknownHookPoint,
    BusyError."""
    if kind not in KINDS:
        raise ConfigError(f"There is no table of {kind!r}: the panels with one are {', '.join(KINDS)}.")
    return csv_pieces(*KINDS[kind](library, study, question, neuron))


def tokens_csv(status: dict[str, Any], point: str, neuron: int) -> Iterator[bytes]:
    """What the worker found of a neuron's direct path, as CSV: its tokens, or one row that says "erased later"."""
    factor = status["factor"]
    header = [("hook_point", ""), ("neuron", "index"), ("factor", "c, share that reaches the last norm"), ("list", ""),
              ("token_id", "index"), ("token", ""), ("effect", "logits per unit")]  # fmt: skip
    where = [point, neuron, factor]
    rows = [
        [*where, said, token_id, bytes.fromhex(raw).decode("utf-8", "replace"), effect]
        for name, said in (("promoted", "promotes"), ("suppressed", "suppresses"))
        for token_id, raw, effect in status[name]
    ]
    return csv_pieces(header, [[*where, "erased later", None, None, None]] if abs(factor) < ERASED_BELOW else rows)


def _groups(library: Library, study: Study, question: Question, neuron: int) -> Table:
    found = study.grouping(question)
    clusters, neurons = found.clusters, found.neurons
    counts = neurons.captured
    header = [("hook_point", ""), ("neuron", "index"), ("group", "1 = largest"), ("component_1", "σ"),
              ("component_2", "σ"), ("distance", "σ, to the group's middle"), ("captured", "steps"),
              ("place", "row of the heatmap")]  # fmt: skip
    places = np.empty(len(clusters.order), int)
    places[clusters.order] = np.arange(len(places))
    rows = (
        [neurons.keys[neurons.point[i]], int(neurons.neuron[i]), int(clusters.labels[i]) + 1, *clusters.places[i],
         clusters.distance[i], int(counts[i]), int(places[i])]
        for i in range(len(places))
    )  # fmt: skip
    return header, rows


def _heatmap(library: Library, study: Study, question: Question, neuron: int) -> Table:
    found = study.grouping(question)
    neurons, history = found.neurons, found.history
    filled = history.filled[found.rows]
    shapes = standardised(filled)
    header = [("hook_point", ""), ("neuron", "index"), ("group", "1 = largest"), ("session", ""), ("step", "index"),
              ("value", "activation"), ("state", ""), ("at_most", "|activation|"), ("taken_as", "activation"),
              ("standardised", "σ")]  # fmt: skip

    def rows() -> Iterator[list[Any]]:
        for i in found.clusters.order:
            key, label = neurons.keys[neurons.point[i]], int(found.clusters.labels[i]) + 1
            for column in range(filled.shape[1]):
                where = [neurons.sessions[neurons.session[column]], int(neurons.step[column])]
                value, most = neurons.values[i, column], neurons.high[neurons.point[i], column]
                known = np.isfinite(value)
                state = [value, "captured", None] if known else [None, "not captured", _bound(most)]
                yield [key, int(neurons.neuron[i]), label, *where, *state, filled[i, column], shapes[i, column]]

    return header, rows()


def _means(library: Library, study: Study, question: Question, neuron: int) -> Table:
    found = study.grouping(question)
    activity, means = found.history.activity, found.clusters.means
    read = _tokens_read(library, activity)
    header = [("session", ""), ("step", "index"), ("read", "token"),
              *((f"group_{group + 1}", "σ") for group in range(len(means)))]  # fmt: skip
    rows = (
        [activity.sessions[activity.session[i]], int(activity.step[i]), read[i], *means[:, i]]
        for i in range(means.shape[1])
    )
    return header, rows


def _silhouettes(library: Library, study: Study, question: Question, neuron: int) -> Table:
    found = study.grouping(question).clusters
    rows = (
        [count, value, found.agreement.get(count), count == found.n_groups, found.null.max() if is_chosen else None,
         found.found if is_chosen else None]
        for count, value in found.silhouettes.items() for is_chosen in [count == found.n_groups]
    )  # fmt: skip
    header = [("groups", "number"), ("silhouette", "mean"), ("agreement", "adjusted Rand index with other seeds"),
              ("chosen", ""), ("silhouette_shifted", "largest of shifted copies"), ("found", "")]  # fmt: skip
    return header, rows


def _distribution(library: Library, study: Study, question: Question, neuron: int) -> Table:
    reader = library.open(question.session)
    counts, seen = study.indexer.distribution(reader.session.run.hash, question.point, neuron)
    unit = reader.session.layout.points[reader.session.layout.row(question.point)].unit
    edges = [-np.inf, *(-EDGES[::-1]), *EDGES, np.inf]
    rows = ([edges[i], edges[i + 1], int(count)] for i, count in enumerate(counts))
    return [("from", unit), ("to", unit), ("captured_values", f"of {seen} steps")], rows


def _moments(library: Library, study: Study, question: Question, neuron: int) -> Table:
    run_hash = library.open(question.session).session.run.hash
    found = study.indexer.strongest(run_hash, question.point, neuron)
    rows = ([moment.session, moment.step, moment.value] for moment in found)
    return [("session", ""), ("step", "index"), ("value", "activation")], rows


def _companions(library: Library, study: Study, question: Question, neuron: int) -> Table:
    found = study.companions(question, neuron, most=10_000)
    rows = (
        [each.point, each.neuron, each.r, each.without, each.chance, each.together, each.active]
        for each in (*found.rising, *found.falling[::-1])
    )
    header = [("hook_point", ""), ("neuron", "index"), ("r", "correlation"),
              ("r_without_strongest_step", "correlation"), ("chance", f"share of {found.shifts} shifts"),
              ("both_captured", "steps"), ("both_active", "steps")]  # fmt: skip
    return header, rows


def _tokens_read(library: Library, activity: Activity) -> Sequence[str]:
    read = {i: tokens_read(library.open(session)) for i, session in enumerate(activity.sessions)}
    return [read[int(session)][int(step)] for session, step in zip(activity.session, activity.step, strict=True)]


def _bound(most: float) -> float | None:
    return None if np.isinf(most) else most


KINDS: dict[str, Callable[[Library, Study, Question, int], Table]] = {
    "group-map": _groups,
    "group-heatmap": _heatmap,
    "group-means": _means,
    "silhouettes": _silhouettes,
    "distribution": _distribution,
    "moments": _moments,
    "companions": _companions,
}
"""Panel -> its table: the names of the page's graphs and lists."""
