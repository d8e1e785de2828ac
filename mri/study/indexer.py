"""Keeps the index of strongest moments up to date: one thread, which reads sessions in the background.

Lives beside the sessions, in the folder `.neurons`. Only finished sessions that say what was run are read,
and only while somebody wants to know. Knows no pages.
"""

from __future__ import annotations

import contextlib
import hashlib
import math
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from mri.errors import MriError
from mri.format.events import Array
from mri.format.run import hashes_by_contents
from mri.store.library import Library, SessionInfo
from mri.study.moments import Moment, MomentIndex

FOLDER = ".neurons"
LOOK_EVERY_S = 2.0
REST_AFTER_S = 60.0
"""The thread ends when nobody asked for so long; the next question starts another."""
SAVE_EVERY_S = 5.0


@dataclass(frozen=True)
class Progress:
    """done of all sessions of the run are in the index; `values`: captured values that were read this time."""

    done: int
    all: int
    values: int = 0
    problem: str = ""


class Indexer:
    """Strongest moments and distributions, one index for all sessions of the same run (mri/format/run.py). Thread-safe;
    starts nothing before it is asked. `run_hash` may be made with the hash of the checkpoint file, as older sessions
    have it, if any session of the library knows both."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._wanted: dict[str, float] = {}  # run hash -> when it was last asked for
        self._indexes: dict[str, MomentIndex] = {}
        self._progress: dict[str, Progress] = {}
        self._contents: dict[str, str] = {}  # as older sessions tell it -> by the weights
        self._stop = threading.Event()

    def want(self, run_hash: str) -> Progress:
        """Have the sessions of the run read. -> how far it is"""
        run_hash = self._of_contents(run_hash)
        with self._lock:
            self._wanted[run_hash] = time.monotonic()
            if self._thread is None or not self._thread.is_alive():
                self._stop.clear()
                self._thread = threading.Thread(target=self._run, name="neuron-index", daemon=True)
                self._thread.start()
            return self._progress.get(run_hash, Progress(0, 0))

    def strongest(self, run_hash: str, key: str, neuron: int) -> list[Moment]:
        """Of the sessions that are in the index by now and have not been deleted."""
        with self._lock:
            index = self._indexes.get(self._of_contents(run_hash))
            return index.strongest(key, neuron) if index else []

    def distribution(self, run_hash: str, key: str, neuron: int) -> tuple[Array, int]:
        """See MomentIndex.distribution."""
        run_hash = self._of_contents(run_hash)
        with self._lock:
            return self._indexes.get(run_hash, MomentIndex(run_hash)).distribution(key, neuron)

    def sessions_with(self, run_hash: str, key: str) -> int:
        """See MomentIndex.sessions_with."""
        run_hash = self._of_contents(run_hash)
        with self._lock:
            return self._indexes.get(run_hash, MomentIndex(run_hash)).sessions_with(key)

    def sessions_of(self, run_hash: str, within_s: float = math.inf) -> list[SessionInfo]:
        """Finished sessions of the run, newest first; `within_s` as in `Library.listed`."""
        infos = [info for info in self._library.listed(within_s)[0] if info.state == "finished"]
        self._contents |= hashes_by_contents(info.run for info in infos)
        wanted = self._of_contents(run_hash)
        found = ((info, info.run.hash) for info in infos)
        return [info for info, said in found if said and self._of_contents(said) == wanted]

    def _of_contents(self, run_hash: str) -> str:
        return self._contents.get(run_hash, run_hash)

    def close(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            with self._lock:
                now = time.monotonic()
                wanted = [name for name, asked in self._wanted.items() if now - asked < REST_AFTER_S]
                if not wanted:
                    self._thread = None
                    return
            for run_hash in wanted:
                try:
                    self._bring_up_to_date(run_hash)
                except (MriError, OSError) as error:  # the folder cannot be read: said, and tried again
                    self._tell(run_hash, Progress(0, 0, problem=str(error)))
            self._stop.wait(LOOK_EVERY_S)

    def _bring_up_to_date(self, run_hash: str) -> None:
        """Read what is new. A session that went or changed cannot be taken out of the sums: all begins anew then."""
        infos = {info.id: info for info in self.sessions_of(run_hash)}
        run_hash = self._of_contents(run_hash)
        path = self._path(run_hash)
        index = self._indexes.get(run_hash) or MomentIndex.load(path, run_hash)
        if any(name not in infos or _signature(infos[name]) != signed for name, signed in index.sessions.items()):
            index = MomentIndex(run_hash)
        with self._lock:
            self._indexes[run_hash] = index
        count, problem, saved_at, is_saved = 0, "", time.monotonic(), True
        new = [info for info in infos.values() if info.id not in index.sessions]
        self._tell(run_hash, Progress(len(infos) - len(new), len(infos)))
        for done, info in enumerate(reversed(new), len(infos) - len(new) + 1):
            if self._stop.is_set():
                break
            try:
                count += index.add(self._library.open(info.id), _signature(info))
                is_saved = False
            except MriError as error:
                problem = f"{info.id}: {error}"
                index.sessions[info.id] = _signature(info)  # not again until it changes
            self._tell(run_hash, Progress(done, len(infos), count, problem))
            if time.monotonic() - saved_at > SAVE_EVERY_S:
                is_saved, saved_at = self._save(index, path), time.monotonic()
        if not is_saved:
            self._save(index, path)

    def _path(self, run_hash: str) -> Path:
        return self._library.folder / FOLDER / f"{hashlib.sha256(run_hash.encode()).hexdigest()[:32]}.npz"

    def _save(self, index: MomentIndex, path: Path) -> bool:
        """Indexes of runs that no session is of any more go; those under names of before 2026-11, too."""
        with contextlib.suppress(OSError):  # a folder that cannot be written to: the index lives in memory
            index.save(path)
            used = {self._path(self._of_contents(info.run.hash)) for info in self._library.list()}
            for left_over in {*path.parent.glob("*.npz")} - used:
                left_over.unlink(missing_ok=True)
        return True

    def _tell(self, run_hash: str, progress: Progress) -> None:
        with self._lock:
            self._progress[run_hash] = progress


def _signature(info: SessionInfo) -> str:
    return f"{info.bytes_on_disk}-{info.start_time}-{info.num_steps}"
