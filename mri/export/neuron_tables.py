"""What a panel of the Neurons page shows, as CSV (see panels.py for the form).

Numbers come from what the study found; a value that was not captured is an empty cell, with what it can be at most
beside it and, in the heatmap, what it was taken for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from mri.errors import ConfigError
from mri.export.cells import header
from mri.export.panels import Header, csv_pieces, tokens_read
from mri.nanochat.reach import ERASED_BELOW
from mri.store.library import Library
from mri.study.activity import Activity, standardised
from mri.study.moments import EDGES
from mri.study.study import Question, Study

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
    columns = header(
        "hook_point; neuron [index]; factor [c, share that reaches the last norm]; list; token_id [index]; token; "
        "effect [logits per unit]"
    )
    where = [point, neuron, factor]
    rows = [
        [*where, said, token_id, bytes.fromhex(raw).decode("utf-8", "replace"), effect]
        for name, said in (("promoted", "promotes"), ("suppressed", "suppresses"))
        for token_id, raw, effect in status[name]
    ]
    return csv_pieces(columns, [[*where, "erased later", None, None, None]] if abs(factor) < ERASED_BELOW else rows)


def _groups(library: Library, study: Study, question: Question, neuron: int) -> Table:
    found = study.grouping(question)
    clusters, neurons = found.clusters, found.neurons
    columns = header(
        "hook_point; neuron [index]; group [1 = largest]; component_1 [σ]; component_2 [σ]; "
        "distance [σ, to the group's middle]; captured [steps]; place [row of the heatmap]"
    )
    places, keys = np.argsort(clusters.order), [neurons.keys[point] for point in neurons.point]
    numbers = (neurons.neuron, clusters.labels + 1, *clusters.places.T, clusters.distance, neurons.captured, places)
    return columns, (list(row) for row in zip(keys, *numbers, strict=True))


def _heatmap(library: Library, study: Study, question: Question, neuron: int) -> Table:
    found = study.grouping(question)
    neurons, history = found.neurons, found.history
    filled = history.filled[found.rows]
    shapes = standardised(filled)
    columns = header(
        "hook_point; neuron [index]; group [1 = largest]; session; step [index]; value [activation]; state; "
        "at_most [|activation|]; taken_as [activation]; standardised [σ]"
    )

    def rows() -> Iterator[list[Any]]:
        for i in found.clusters.order:
            key, label = neurons.keys[neurons.point[i]], int(found.clusters.labels[i]) + 1
            for column in range(filled.shape[1]):
                where = [neurons.sessions[neurons.session[column]], int(neurons.step[column])]
                value, most = neurons.values[i, column], neurons.high[neurons.point[i], column]
                known = np.isfinite(value)
                state = [value, "captured", None] if known else [None, "not captured", _bound(most)]
                yield [key, int(neurons.neuron[i]), label, *where, *state, filled[i, column], shapes[i, column]]

    return columns, rows()


def _means(library: Library, study: Study, question: Question, neuron: int) -> Table:
    found = study.grouping(question)
    activity, means = found.history.activity, found.clusters.means
    read = _tokens_read(library, activity)
    groups = "".join(f"; group_{group + 1} [σ]" for group in range(len(means)))
    rows = (
        [activity.sessions[activity.session[i]], int(activity.step[i]), read[i], *means[:, i]]
        for i in range(means.shape[1])
    )
    return header(f"session; step [index]; read [token]{groups}"), rows


def _silhouettes(library: Library, study: Study, question: Question, neuron: int) -> Table:
    found = study.grouping(question).clusters
    of_chosen = [True, found.null.max(), found.found]
    rows = (
        [count, value, found.agreement.get(count), *(of_chosen if count == found.n_groups else [False, None, None])]
        for count, value in found.silhouettes.items()
    )
    columns = header(
        "groups [number]; silhouette [mean]; agreement [adjusted Rand index with other seeds]; chosen; "
        "silhouette_shifted [largest of shifted copies]; found"
    )
    return columns, rows


def _distribution(library: Library, study: Study, question: Question, neuron: int) -> Table:
    reader = library.open(question.session)
    counts, seen = study.indexer.distribution(reader.session.run.hash, question.point, neuron)
    unit = reader.session.layout.points[reader.session.layout.row(question.point)].unit
    edges = [-np.inf, *(-EDGES[::-1]), *EDGES, np.inf]
    rows = ([edges[i], edges[i + 1], int(count)] for i, count in enumerate(counts))
    return header(f"from [{unit}]; to [{unit}]; captured_values [of {seen} steps]"), rows


def _moments(library: Library, study: Study, question: Question, neuron: int) -> Table:
    run_hash = library.open(question.session).session.run.hash
    found = study.indexer.strongest(run_hash, question.point, neuron)
    rows = ([moment.session, moment.step, moment.value] for moment in found)
    return header("session; step [index]; value [activation]"), rows


def _companions(library: Library, study: Study, question: Question, neuron: int) -> Table:
    found = study.companions(question, neuron, most=10_000)
    rows = (
        [each.point, each.neuron, each.r, each.without, each.chance, each.together, each.active]
        for each in (*found.rising, *found.falling[::-1])
    )
    columns = header(
        "hook_point; neuron [index]; r [correlation]; r_without_strongest_step [correlation]; "
        f"chance [share of {found.shifts} shifts]; both_captured [steps]; both_active [steps]"
    )
    return columns, rows


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
