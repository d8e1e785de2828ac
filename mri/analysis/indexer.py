"""Keeps the index of strongest moments up to date: one thread, which reads sessions in the background.

Lives beside the sessions, in the folder `.neurons`. Only finished sessions that say which weights made them are read,
and only while somebody wants to know. Knows no pages.
"""

from __future__ import annotations

import contextlib
import hashlib
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from mri.analysis.moments import Moment, MomentIndex
from mri.errors import MriError
from mri.events import Array
from mri.store.library import Library, SessionInfo

FOLDER = ".neurons"
LOOK_EVERY_S = 2.0
REST_AFTER_S = 60.0
"""The thread ends when nobody asked for so long; the next question starts another."""
SAVE_EVERY_S = 5.0


@dataclass(frozen=True)
class Progress:
    """done of all sessions of these weights are in the index; `values`: captured values that were read this time."""

    done: int
    all: int
    values: int = 0
    problem: str = ""


class Indexer:
    """Strongest moments and distributions, one index for each weights hash. Thread-safe; starts nothing before it is
    asked."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._wanted: dict[str, float] = {}  # weights hash -> when it was last asked for
        self._indexes: dict[str, MomentIndex] = {}
        self._progress: dict[str, Progress] = {}
        self._hashes: dict[tuple[str, str], str] = {}
        self._stop = threading.Event()

    def want(self, weights_hash: str) -> Progress:
        """Have the sessions of these weights read. -> how far it is"""
        with self._lock:
            self._wanted[weights_hash] = time.monotonic()
            if self._thread is None or not self._thread.is_alive():
                self._stop.clear()
                self._thread = threading.Thread(target=self._run, name="neuron-index", daemon=True)
                self._thread.start()
            return self._progress.get(weights_hash, Progress(0, 0))

    def strongest(self, weights_hash: str, key: str, neuron: int) -> list[Moment]:
        """Of the sessions that are in the index by now and have not been deleted."""
        with self._lock:
            index = self._indexes.get(weights_hash)
            return index.strongest(key, neuron) if index else []

    def distribution(self, weights_hash: str, key: str, neuron: int) -> tuple[Array, int]:
        """See MomentIndex.distribution."""
        with self._lock:
            return self._indexes.get(weights_hash, MomentIndex(weights_hash)).distribution(key, neuron)

    def sessions_with(self, weights_hash: str, key: str) -> int:
        """See MomentIndex.sessions_with."""
        with self._lock:
            return self._indexes.get(weights_hash, MomentIndex(weights_hash)).sessions_with(key)

    def sessions_of(self, weights_hash: str) -> list[SessionInfo]:
        """Finished sessions with these weights, newest first."""
        return [info for info in self._library.list() if info.state == "finished" and self._hash(info) == weights_hash]

    def close(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def _hash(self, info: SessionInfo) -> str:
        key = (info.id, _signature(info))
        if key not in self._hashes:
            try:
                found = self._library.open(info.id).session.provenance.get("weights_hash")
            except MriError:
                found = None
            self._hashes[key] = found if isinstance(found, str) else ""
        return self._hashes[key]

    def _run(self) -> None:
        while not self._stop.is_set():
            with self._lock:
                now = time.monotonic()
                wanted = [name for name, asked in self._wanted.items() if now - asked < REST_AFTER_S]
                if not wanted:
                    self._thread = None
                    return
            for weights_hash in wanted:
                try:
                    self._bring_up_to_date(weights_hash)
                except (MriError, OSError) as error:  # the folder cannot be read: said, and tried again
                    self._tell(weights_hash, Progress(0, 0, problem=str(error)))
            self._stop.wait(LOOK_EVERY_S)

    def _bring_up_to_date(self, weights_hash: str) -> None:
        """Read what is new. A session that went or changed cannot be taken out of the sums: all begins anew then."""
        path = self._library.folder / FOLDER / f"{hashlib.sha256(weights_hash.encode()).hexdigest()[:32]}.npz"
        infos = {info.id: info for info in self.sessions_of(weights_hash)}
        index = self._indexes.get(weights_hash) or MomentIndex.load(path, weights_hash)
        if any(name not in infos or _signature(infos[name]) != signed for name, signed in index.sessions.items()):
            index = MomentIndex(weights_hash)
        with self._lock:
            self._indexes[weights_hash] = index
        count, problem, saved_at, is_saved = 0, "", time.monotonic(), True
        new = [info for info in infos.values() if info.id not in index.sessions]
        self._tell(weights_hash, Progress(len(infos) - len(new), len(infos)))
        for done, info in enumerate(reversed(new), len(infos) - len(new) + 1):
            if self._stop.is_set():
                break
            try:
                count += index.add(self._library.open(info.id), _signature(info))
                is_saved = False
            except MriError as error:
                problem = f"{info.id}: {error}"
                index.sessions[info.id] = _signature(info)  # not again until it changes
            self._tell(weights_hash, Progress(done, len(infos), count, problem))
            if time.monotonic() - saved_at > SAVE_EVERY_S:
                is_saved, saved_at = self._save(index, path), time.monotonic()
        if not is_saved:
            self._save(index, path)

    @staticmethod
    def _save(index: MomentIndex, path: Path) -> bool:
        with contextlib.suppress(OSError):  # a folder that cannot be written to: the index lives in memory
            index.save(path)
        return True

    def _tell(self, weights_hash: str, progress: Progress) -> None:
        with self._lock:
            self._progress[weights_hash] = progress


def _signature(info: SessionInfo) -> str:
    return f"{info.bytes_on_disk}-{info.start_time}-{info.num_steps}"
