"""What a person studies of neurons: groups by what they do, one neuron's dossier. Chooses sessions, keeps results.

Puts together activity, clustering and the index of moments. Knows no pages and no figures.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, is_dataclass
from typing import Any, Literal, NamedTuple, TypeVar, cast

import numpy as np

from mri.arrays import Floats, Ints
from mri.errors import ConfigError
from mri.format.checks import whole
from mri.store.library import Library
from mri.store.reader import SessionReader
from mri.study.activity import Activity, activity_of, family, filled, standardised
from mri.study.clustering import MOST_NEURONS, Clusters, Method, cluster
from mri.study.companions import company
from mri.study.indexer import Indexer
from mri.study.turns import Turns

Span = Literal["point", "blocks"]
Scope = Literal["session", "weights"]

LEAST_CAPTURED = 2
"""A neuron that was captured less often has no course that could be compared."""

MOST_CELLS = 12_000_000
"""Neurons × steps that are taken together at most: sessions beyond are left out, oldest first."""

KEPT = 6
KEPT_BYTES = 200 << 20
"""Results that are remembered, of which the last is in any case."""

LOOK_S = 0.3
"""So long a question waits for files that nobody looked into yet."""
MOST_SESSIONS = 64
"""Sessions that are taken together at most, with MOST_CELLS: each is an open file."""

Found = TypeVar("Found")


@dataclass(frozen=True)
class Question:
    """Which neurons, over which steps.

    span    point: of one hook point; blocks: of the same place in every block
    scope   session: over its steps; weights: over those of all finished sessions with the same weights
    """

    session: str
    point: str
    span: Span = "point"
    scope: Scope = "session"
    method: Method = "kmeans"
    n_groups: int | None = None
    seed: int = 0

    @classmethod
    def from_mapping(cls, given: Mapping[str, Any]) -> Question:
        """Of an address or a page's view: session, point, span, scope, method, groups, seed. Raises ConfigError."""
        span, scope = given.get("span") or "point", given.get("scope") or "session"
        for name, value, known in (("span", span, ("point", "blocks")), ("scope", scope, ("session", "weights"))):
            if value not in known:
                raise ConfigError(f"{name}={value!r} is not known: use one of {', '.join(known)}.")
        groups = str(given.get("groups") or "auto")
        number = None if groups == "auto" else whole("groups", groups)
        seed = whole("seed", str(given.get("seed") or "0"))
        method = str(given.get("method") or "kmeans")
        session, point = (str(given.get(name) or "") for name in ("session", "point"))
        return cls(session, point, cast(Span, span), cast(Scope, scope), cast(Method, method), number, seed)


@dataclass(frozen=True, eq=False)
class History:
    """Activity with what stands in for the missing values, `filled` (n, n_steps); name: what it was made of.

    sessions_without     with these weights, but they kept no values of the hook points, or only repeat texts
    sessions_left_out    those beyond MOST_CELLS or MOST_SESSIONS, which were not looked at
    """

    name: tuple[Any, ...]
    activity: Activity
    filled: Floats
    sessions_without: int
    sessions_left_out: int

    @property
    def share_captured(self) -> float:
        return float(np.isfinite(self.activity.values).mean())


@dataclass(frozen=True, eq=False)
class Grouping:
    """rows: of `history`, the neurons that were grouped, as `clusters` counts them.
    too_rare: captured in less than LEAST_CAPTURED steps; beyond: more than can be grouped, the least often captured."""

    question: Question
    history: History
    rows: Ints
    clusters: Clusters
    too_rare: int
    beyond: int

    @property
    def neurons(self) -> Activity:
        return self.history.activity.taken(self.rows)

    def labels(self) -> dict[str, list[int]]:
        """Hook point -> group of each of its neurons, −1 where it has none."""
        activity = self.history.activity
        most = [int(activity.neuron[activity.point == i].max(initial=-1)) for i in range(len(activity.keys))]
        out = {key: np.full(number + 1, -1) for key, number in zip(activity.keys, most, strict=True)}
        for row, label in zip(self.rows, self.clusters.labels, strict=True):
            out[activity.keys[activity.point[row]]][activity.neuron[row]] = label
        return {key: labels.tolist() for key, labels in out.items()}

    def peaks(self, group: int, most: int = 5) -> Ints:
        """(most,) columns in which the group's mean is largest, the largest first."""
        peaks: Ints = np.argsort(-self.clusters.means[group], kind="stable")[:most]
        return peaks

    def typical(self, group: int, most: int = 6) -> Ints:
        """(most,) neurons nearest to the group's middle, as `clusters` counts them."""
        members = np.flatnonzero(self.clusters.labels == group)
        nearest: Ints = members[np.argsort(self.clusters.distance[members], kind="stable")[:most]]
        return nearest


@dataclass(frozen=True)
class Companion:
    """A neuron and how it moves with another, over the filled histories (see companions.py for the first three).

    r, without, chance   Pearson's correlation; without its strongest step; how often shifted steps reach that
    together, active     steps in which both were captured; in which both were captured and neither was 0
    """

    point: str
    neuron: int
    r: float
    without: float
    chance: float
    together: int
    active: int


class Companions(NamedTuple):
    """Those that move with a neuron, and against it; the largest |without| first. `shifts`: of the null."""

    rising: list[Companion]
    falling: list[Companion]
    num_steps: int
    shifts: int


class Study:
    """Answers questions about neurons over the sessions of a library. Thread-safe."""

    def __init__(self, library: Library, turns: Turns | None = None) -> None:
        """turns: in which results are made, one after the other where it is left out."""
        self._library = library
        self._turns = turns or Turns(1, "computations", waiting=16)
        self.indexer = Indexer(library)
        self._lock = threading.Lock()
        self._known: OrderedDict[tuple[Any, ...], Any] = OrderedDict()
        self._busy: dict[tuple[Any, ...], threading.Lock] = {}

    def grouping(self, question: Question) -> Grouping:
        """Raises SessionNotFound, UnknownHookPoint, ConfigError."""
        history = self.history(question)
        return self._once(("groups", question, history.name), lambda: _grouping(question, history))

    def history(self, question: Question) -> History:
        """Raises as `grouping`."""
        reader = self._library.open(question.session).as_of_now()
        layout = reader.session.layout
        layout.row(question.point)
        keys = family(layout, question.point) if question.span == "blocks" else (question.point,)
        readers, without, left_out = self._readers(reader, question.scope, keys)
        versions = tuple((each.session.id, each.session.start_time, each.num_steps) for each in readers)
        name = (keys, versions)
        return self._once(("history", *name), lambda: _history(name, readers, keys, without, left_out))

    def companions(self, question: Question, neuron: int, most: int = 8) -> Companions:
        """Neurons that move with this one, and against it. Both lists are empty where it was captured in too few steps.
        Raises as `grouping`."""
        history = self.history(question)
        activity, num_steps = history.activity, history.filled.shape[1]
        row, counts = activity.row(question.point, neuron), activity.captured
        if counts[row] < LEAST_CAPTURED:
            return Companions([], [], num_steps, 0)
        rows = np.flatnonzero(counts >= LEAST_CAPTURED)
        mine = int(np.searchsorted(rows, row))
        shapes = self._once(("shapes", history.name), lambda: standardised(history.filled[rows]))
        found = self._once(("company", history.name, row), lambda: company(shapes, mine))
        known = np.isfinite(activity.values[rows])
        is_active = known & (activity.values[rows] != 0)
        together, active = ((each & each[mine]).sum(axis=1) for each in (known, is_active))

        def companion(i: int) -> Companion:
            where = activity.keys[activity.point[rows[i]]], int(activity.neuron[rows[i]])
            likeness = float(found.r[i]), float(found.without[i]), float(found.chance[i])
            return Companion(*where, *likeness, int(together[i]), int(active[i]))

        def listed(sign: int) -> list[Companion]:
            order = np.argsort(-sign * found.without, kind="stable")
            return [companion(i) for i in order if i != mine and sign * found.r[i] > 0][:most]

        return Companions(listed(1), listed(-1), num_steps, found.shifts)

    def _readers(
        self, reader: SessionReader, scope: Scope, keys: tuple[str, ...]
    ) -> tuple[list[SessionReader], int, int]:
        """The session, and with scope="weights" the newest others that kept values of `keys`, oldest first; how many
        kept none, and how many would be too many."""
        if scope == "session":
            return [reader], 0, 0
        run_hash = reader.session.run.hash
        if not run_hash:
            raise ConfigError(
                "This session does not say which weights it was recorded from, so no other can be put beside it: "
                "look at this session alone."
            )
        width = sum(reader.session.layout.width(key) for key in keys)
        others = [info for info in self.indexer.sessions_of(run_hash, LOOK_S) if info.id != reader.session.id]
        fitting, steps, without = [reader], reader.num_steps, 0
        for looked_at, info in enumerate(others):
            other = self._library.open(info.id)
            if not _keeps(other, reader, keys):
                without += 1
            elif (steps + info.num_steps) * width > MOST_CELLS or len(fitting) == MOST_SESSIONS:
                return fitting[::-1], without, len(others) - looked_at
            else:
                steps += info.num_steps
                fitting.append(other)
        return fitting[::-1], without, 0

    def _once(self, key: tuple[Any, ...], make: Callable[[], Found]) -> Found:
        """The result under `key`, made by one thread if many ask at once."""
        with self._lock:
            if key in self._known:
                self._known.move_to_end(key)
                return cast(Found, self._known[key])
            busy = self._busy.setdefault(key, threading.Lock())
        with busy:
            with self._lock:
                if key in self._known:
                    return cast(Found, self._known[key])
            try:
                with self._turns.turn():
                    found = make()
            except BaseException:
                with self._lock:
                    self._busy.pop(key, None)
                raise
            with self._lock:
                self._known[key] = found
                self._busy.pop(key, None)
                while len(self._known) > 1 and (len(self._known) > KEPT or self._num_bytes() > KEPT_BYTES):
                    self._known.popitem(last=False)
            return found

    def _num_bytes(self) -> int:
        """Of the arrays of all results, each counted once."""
        every = {id(array): array.nbytes for found in self._known.values() for array in _arrays_of(found)}
        return sum(every.values())


def _arrays_of(found: Any) -> Iterator[np.ndarray[Any, Any]]:
    """Every array in a result and in the parts it is made of."""
    if isinstance(found, np.ndarray):
        yield found
    elif isinstance(found, tuple):
        for part in found:
            yield from _arrays_of(part)
    elif is_dataclass(found):
        yield from _arrays_of(tuple(vars(found).values()))


def _keeps(other: SessionReader, reader: SessionReader, keys: tuple[str, ...]) -> bool:
    """Whether it has the same hook points (a session says so itself, whatever its hash) and kept values of some."""
    layout = other.session.layout
    return layout.points == reader.session.layout.points and any(key in layout.places for key in keys)


def _history(
    name: tuple[Any, ...], readers: list[SessionReader], keys: tuple[str, ...], without: int, left_out: int
) -> History:
    activity = activity_of(readers, keys)
    return History(name, activity, filled(activity), without + len(readers) - len(activity.sessions), left_out)


def _grouping(question: Question, history: History) -> Grouping:
    counts = history.activity.captured
    often = np.flatnonzero(counts >= LEAST_CAPTURED)
    rows = np.sort(often[np.argsort(-counts[often], kind="stable")[:MOST_NEURONS]])
    n_groups, seed = question.n_groups, question.seed
    clusters = cluster(history.filled[rows], method=question.method, n_groups=n_groups, seed=seed)
    return Grouping(question, history, rows, clusters, len(counts) - len(often), len(often) - len(rows))
