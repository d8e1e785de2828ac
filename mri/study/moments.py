"""The strongest moments of every neuron over many sessions, and how its values are distributed: an index that grows.

Sessions of one model are added one by one; a neuron's line can be read at any time. Arrays, and one file to keep them
in; which sessions there are, and when they are added, is indexer.py's business.
"""

from __future__ import annotations

import io
import json
import threading
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from mri.arrays import Floats, Ids, Ints
from mri.store.files import replace_file
from mri.store.reader import SessionReader
from mri.study.activity import values_of
from mri.study.contexts import contexts

KEPT = 16
"""Moments kept of each neuron; PER_SESSION of them at most from one session, so that one does not fill the list."""
PER_SESSION = 4

EDGES: Floats = (2.0 ** np.arange(-5, 9.5, 0.5)).astype(np.float32)
"""Magnitudes between the bins of a distribution, half a power of two apart: 2⁻⁵ … 2⁹."""
NUM_BINS = 2 * len(EDGES) + 1
"""Bins of a distribution: negative ones by falling magnitude, one around zero, positive ones."""

FORMAT = 2
ARRAYS = ("values", "sessions", "steps", "counts", "contributors")


class Moment(NamedTuple):
    session: str
    step: int
    value: float


@dataclass(eq=False)
class Point:
    """One hook point, (width, …) arrays.

    values    (width, KEPT) by falling magnitude, NaN where there are fewer; sessions, steps: where they were
    counts    (width, NUM_BINS) captured values by size      steps_seen   steps in which the hook point was captured
    contributors    numbers of the sessions whose values are in
    """

    values: Floats
    sessions: Ids
    steps: Ids
    counts: npt.NDArray[np.uint32]
    contributors: Ids
    steps_seen: int = 0

    @classmethod
    def empty(cls, width: int) -> Point:
        return cls(
            np.full((width, KEPT), np.nan, np.float32),
            np.full((width, KEPT), -1, np.int32),
            np.full((width, KEPT), -1, np.int32),
            np.zeros((width, NUM_BINS), np.uint32),
            np.zeros(0, np.int32),
        )

    def add(self, session: int, values: Floats, bounds: Floats) -> int:
        """Take in a session's values (width, num_steps). -> captured values"""
        known = np.isfinite(values)
        if known.any():
            self.contributors = np.append(self.contributors, np.int32(session))
        self.steps_seen += int((known.any(axis=0) | np.isfinite(bounds)).sum())
        rows, columns = np.nonzero(known)
        bins = np.bincount(rows * NUM_BINS + bin_of(values[rows, columns]), minlength=self.counts.size)
        self.counts += bins.reshape(self.counts.shape).astype(np.uint32)
        most = min(PER_SESSION, values.shape[1])
        size = np.where(known, np.abs(values), -1)
        steps = np.argsort(-size, axis=1, kind="stable")[:, :most]  # (width, most), the earlier of two equal ones first
        strongest = np.take_along_axis(values, steps, 1)
        all_values = np.concatenate([self.values, strongest], axis=1)
        order = np.argsort(-np.nan_to_num(np.abs(all_values), nan=-1), axis=1, kind="stable")[:, :KEPT]
        for name, new in (("values", strongest), ("steps", steps), ("sessions", np.full(steps.shape, session))):
            both = np.concatenate([getattr(self, name), new], axis=1)
            setattr(self, name, np.take_along_axis(both, order, 1).astype(getattr(self, name).dtype))
        return len(rows)


@dataclass(eq=False)
class MomentIndex:
    """Of all sessions of one model. `sessions`: id -> signature of the file that was read, in the order they came.
    `texts`: what stood before a step (see contexts.py) -> numbers of the sessions that have values behind it; each text
    counts once for a hook point.

    One thread adds, any may ask meanwhile.
    """

    run_hash: str
    sessions: dict[str, str] = field(default_factory=dict)
    points: dict[str, Point] = field(default_factory=dict)
    texts: dict[int, list[int]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add(self, reader: SessionReader, signature: str) -> int:
        """Take in a session. -> captured values. Raises BadSession where it cannot be read; hook points that could be
        read before are in."""
        layout, number = reader.session.layout, len(self.sessions)
        keys = [point.key for point in layout.points if point.key in layout.places]
        count = 0
        texts = contexts(reader).tolist()
        before = [(step, self.texts[text]) for step, text in enumerate(texts) if text in self.texts]
        has_values = np.zeros(len(texts), bool)
        for key, (values, bounds) in values_of(reader, keys):
            has_values |= np.isfinite(values).any(axis=0)
            with self._lock:
                point = self.points.setdefault(key, Point.empty(len(values)))
                contributors = set(point.contributors.tolist())
                repeated = [step for step, sessions in before if not contributors.isdisjoint(sessions)]
                values[:, repeated], bounds[repeated] = np.nan, np.nan
                count += point.add(number, values, bounds)
        for step in np.flatnonzero(has_values):
            self.texts.setdefault(texts[step], []).append(number)
        self.sessions[reader.session.id] = signature
        return count

    def strongest(self, key: str, neuron: int) -> list[Moment]:
        """By falling magnitude; empty where it was captured in no session."""
        with self._lock:
            point = self.points.get(key)
            if point is None or not 0 <= neuron < len(point.values):
                return []
            ids = [*self.sessions]
            arrays = (point.sessions[neuron], point.steps[neuron], point.values[neuron])
            columns = [*zip(*(array.tolist() for array in arrays), strict=True)]
        return [
            Moment(ids[session], step, value)
            for session, step, value in columns
            if 0 <= session < len(ids) and not np.isnan(value)  # the one that is being added is not in `ids` yet
        ]

    def distribution(self, key: str, neuron: int) -> tuple[Ints, int]:
        """(NUM_BINS,) captured values of each size, and the steps in which the hook point was captured."""
        with self._lock:
            point = self.points.get(key)
            if point is None or not 0 <= neuron < len(point.counts):
                return np.zeros(NUM_BINS, np.int64), 0
            return point.counts[neuron].astype(np.int64), point.steps_seen

    def sessions_with(self, key: str) -> int:
        """How many sessions have values of the hook point that no other before them had."""
        with self._lock:
            return len(self.points[key].contributors) if key in self.points else 0

    def save(self, path: Path) -> None:
        """Atomic. Raises OSError."""
        out = io.BytesIO()
        head: dict[str, Any] = {"format": FORMAT, "run_hash": self.run_hash, "sessions": self.sessions}
        head["steps_seen"] = {key: point.steps_seen for key, point in self.points.items()}
        arrays: dict[str, Any] = {}
        for key, point in self.points.items():
            arrays |= {f"{key}/{name}": getattr(point, name) for name in ARRAYS}
        texts = [(text, session) for text, sessions in self.texts.items() for session in sessions]
        arrays["texts"] = np.array(texts, np.uint64).reshape(-1, 2)
        np.savez(out, head=np.frombuffer(json.dumps(head).encode(), np.uint8), **arrays)
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, out.getvalue())

    @classmethod
    def load(cls, path: Path, run_hash: str) -> MomentIndex:
        """An empty one where there is no file, or none that can be read: it is made anew from the sessions."""
        try:
            with open(path, "rb") as raw, np.load(raw, allow_pickle=False) as file:
                head = json.loads(file["head"].tobytes())
                if (head["format"], head["run_hash"]) != (FORMAT, run_hash):
                    return cls(run_hash)
                points = {
                    key: Point(**{name: file[f"{key}/{name}"] for name in ARRAYS}, steps_seen=seen)
                    for key, seen in head["steps_seen"].items()
                }
                texts: dict[int, list[int]] = {}
                for text, session in file["texts"].tolist():
                    texts.setdefault(text, []).append(session)
                return cls(run_hash, head["sessions"], points, texts)
        except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile):
            return cls(run_hash)


def bin_of(values: Floats) -> Ints:
    """Number of the bin of each value; a magnitude at an edge belongs to the bin above it."""
    size = np.searchsorted(EDGES, np.abs(values), side="right")  # 0: around zero
    return np.where(values < 0, len(EDGES) - size, len(EDGES) + size)
