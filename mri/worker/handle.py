"""The server's handle on the warm generation worker: one child process, one generation at a time, a bounded queue.

The child is `python -m mri.worker.child`; both sides speak lines of protocol.py over its stdin and stdout. Frames
do not pass here: the child appends them to its session's journal. Imports no torch.

A child that dies fails the recording it had in hand and is started again for the next one in the queue.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from mri.errors import ConfigError, SessionNotFound, WorkerError
from mri.nanochat.locate import ModelRef
from mri.store.files import environment_of_child
from mri.worker.attribution import Attribution
from mri.worker.forking import OfSession
from mri.worker.protocol import CANCELLED, COMMANDS, EVENTS
from mri.worker.recording import Recording
from mri.worker.request import RecordRequest

Control = Literal["pause", "resume", "step"]
KEPT_RECORDINGS = 200
"""Recordings whose status is remembered; older ones that are over are forgotten (the library still has them)."""
MOST_ATTRIBUTIONS = 32
"""Gradients that are computed or wait for it."""
KEPT_ATTRIBUTIONS, KEPT_BYTES = 200, 64_000_000
"""Answers that are remembered, and what their arrays may weigh; the oldest are forgotten and can be computed again."""
UNWANTED_AFTER_S = 10.0
"""A page asks every second or so after what it waits for: what nobody asked after for so long is not wanted."""


class GenerationWorker:
    """Queues recordings and runs them one by one in a child process that keeps its model loaded.

    Nothing is started before `warm` or the first `submit`. Thread-safe.
    """

    def __init__(self, sessions: Path, *, program: Sequence[str] | None = None, max_waiting: int = 8) -> None:
        self.max_waiting = max_waiting
        self._program = [*(program or (sys.executable, "-P", "-m", "mri.worker.child")), "--sessions", str(sessions)]
        self._lock = threading.RLock()
        self._child: subprocess.Popen[str] | None = None
        self._ready = False
        self._recordings: dict[str, Recording] = {}
        self._waiting: deque[Recording] = deque()
        self._current: Recording | None = None
        self._attributions: dict[str, Attribution] = {}

    def warm(self) -> None:
        """Start the child if it is not running, so that torch is loaded by the time it is needed."""
        with self._lock:
            self._start()

    def submit(self, session_id: str, request: RecordRequest | OfSession, model: ModelRef) -> None:
        """Queue a recording under a new id. Raises WorkerError where the queue is full."""
        with self._lock:
            if len(self._waiting) >= self.max_waiting:
                raise WorkerError(f"{len(self._waiting)} recordings are already waiting: try again when one is over.")
            self._drop_unwanted()
            recording = Recording(session_id, request.command(session_id, model))
            self._recordings[session_id] = recording
            self._waiting.append(recording)
            self._forget_old()
            self._next()

    def status(self, session_id: str) -> dict[str, Any]:
        """JSON of GET /record/<id>; `position` is the place in the queue, 0 when it is running or over.

        Raises SessionNotFound for an id that was not recorded here.
        """
        status = self.status_or_none(session_id)
        if status is None:
            raise _unknown(session_id)
        return status

    def status_or_none(self, session_id: str) -> dict[str, Any] | None:
        """As `status`, None for an id that was not recorded here (the server may have been started anew since)."""
        with self._lock:
            recording = self._recordings.get(session_id)
            if recording is None:
                return None
            position = self._waiting.index(recording) + 1 if recording in self._waiting else 0
            return recording.to_json(position, is_worker_ready=self._ready)

    def stop(self, session_id: str) -> None:
        """End a recording early, keeping what it has; take it out of the queue if it waits. Raises SessionNotFound."""
        with self._lock:
            recording = self._known(session_id)
            if recording in self._waiting:
                self._waiting.remove(recording)
                recording.state, recording.message = "error", CANCELLED
            elif recording is self._current:
                self._send({"cmd": "stop", "id": session_id})

    def control(self, session_id: str, what: Control) -> None:
        """Pause a recording after the step in hand, let it go on, or let it make one step and pause again.

        Nothing where it is over. Raises SessionNotFound, and WorkerError for one that still waits in the queue.
        """
        with self._lock:
            recording = self._known(session_id)
            if recording in self._waiting:
                raise WorkerError("This recording has not begun: it can be paused when it runs, or stopped now.")
            if recording is self._current:
                self._send({"cmd": what, "id": session_id})

    def attribute(self, wanted: Attribution) -> dict[str, Any]:
        """Have something computed from the weights, after the recording in hand; what is known already is given back.

        -> its JSON. Raises WorkerError where too many wait."""
        with self._lock:
            self._drop_unwanted()
            known = self._attributions.get(wanted.id)
            if known is not None and known.state != "error":
                return self._asked_after(known)
            under_way = sum(each.state == "running" for each in self._attributions.values())
            if under_way >= MOST_ATTRIBUTIONS:
                raise WorkerError(f"{under_way} computations are already waiting: try again when one is over.")
            self._attributions[wanted.id] = wanted
            for attribution_id in [*self._attributions][:-KEPT_ATTRIBUTIONS]:
                del self._attributions[attribution_id]
            try:
                self._start()
            except OSError as error:
                wanted.state, wanted.message = "error", f"The generation worker did not start: {error}."
            else:
                self._send(wanted.command)
            return self._asked_after(wanted)

    def attribution(self, attribution_id: str) -> dict[str, Any] | None:
        """JSON of where it stands, None for one that was not asked for."""
        with self._lock:
            known = self._attributions.get(attribution_id)
            return None if known is None else self._asked_after(known)

    def explained(self, wanted: Attribution, ask: bool = True) -> dict[str, Any] | None:
        """As `attribute`, or without `ask` as `attribution`. What failed is said once to who waits, then asked anew.

        Raises ConfigError where the child refused, WorkerError where it failed, and where too many wait."""
        with self._lock:
            old = self._attributions.get(wanted.id)
            if old is not None and old.state == "error" and old.asked_at < time.monotonic() - UNWANTED_AFTER_S:
                del self._attributions[wanted.id]
            status = self.attribution(wanted.id) or (self.attribute(wanted) if ask else None)
            known = self._attributions.get(wanted.id)
            if known is not None and known.state == "error":
                del self._attributions[known.id]
                raise (ConfigError if known.is_refused else WorkerError)(known.message)
            return status

    def forget(self, attribution_id: str) -> None:
        """It is not wanted any more: it ends where it stands, and is asked for anew the next time."""
        with self._lock:
            if self._attributions.pop(attribution_id, None) is not None:
                self._send({"cmd": "stop", "id": attribution_id})

    def close(self, timeout_s: float = 5.0) -> None:
        """Let the child go. An idle one is waited for; one in the middle of a recording finishes it by itself."""
        with self._lock:
            child, busy = self._child, self._current is not None
            self._child = None
            self._waiting.clear()
            if child is None:
                return
            self._write(child, {"cmd": "quit"})
            self._hang_up(child)
        if busy:
            return
        try:
            child.wait(timeout_s)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()

    def _known(self, session_id: str) -> Recording:
        recording = self._recordings.get(session_id)
        if recording is None:
            raise _unknown(session_id)
        return recording

    def _drop_unwanted(self) -> None:
        """Tells the child of windows and sweeps that nobody waits for any more, and forgets them."""
        before = time.monotonic() - UNWANTED_AFTER_S
        for each in [*self._attributions.values()]:
            if each.is_explaining and each.state == "running" and each.asked_at < before:
                del self._attributions[each.id]
                self._send({"cmd": "stop", "id": each.id})

    def _forget_large(self) -> None:
        """The arrays that nobody asked for the longest, where all of them weigh too much."""
        excess = sum(each.nbytes for each in self._attributions.values()) - KEPT_BYTES
        for each in [each for each in self._attributions.values() if each.nbytes]:
            if excess <= 0:
                break
            excess -= each.nbytes
            del self._attributions[each.id]

    def _asked_after(self, attribution: Attribution) -> dict[str, Any]:
        """Its JSON; the last one asked after is forgotten last."""
        attribution.asked_at = time.monotonic()
        self._attributions[attribution.id] = self._attributions.pop(attribution.id)
        busy = "Waiting for the recording in hand…" if self._current else "Computing from the weights…"
        return attribution.to_json(busy if self._ready else "Starting the generation worker…")

    def _forget_old(self) -> None:
        over = [recording.id for recording in self._recordings.values() if recording.over]
        for session_id in over[: max(0, len(self._recordings) - KEPT_RECORDINGS)]:
            del self._recordings[session_id]

    def _next(self) -> None:
        """Hand the first waiting recording to the child, if the child has none in hand."""
        if self._current is None and self._waiting:
            self._current = self._waiting.popleft()
            self._current.state = "running"
            try:
                self._start()
            except OSError as error:  # no process can be had: this one fails, the next may not
                self._current.state, self._current.message = "error", f"The generation worker did not start: {error}."
                self._current = None
                self._next()
                return
            self._send(self._current.command)

    def _start(self) -> None:
        if self._child is not None:
            return
        self._ready = False
        self._child = subprocess.Popen(
            self._program,
            env=environment_of_child(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",  # a library in the child may print anything
            start_new_session=True,  # Ctrl-C in the server's terminal must not tear a recording
        )
        threading.Thread(target=self._read, args=(self._child,), name="worker-events", daemon=True).start()

    def _send(self, command: dict[str, Any]) -> None:
        if self._child is not None:
            self._write(self._child, command)

    @staticmethod
    def _write(child: subprocess.Popen[str], command: dict[str, Any]) -> None:
        assert child.stdin is not None
        with contextlib.suppress(OSError):  # a child that is gone: its reading thread fails what it had in hand
            child.stdin.write(COMMANDS.line_of(command) + "\n")
            child.stdin.flush()

    @staticmethod
    def _hang_up(child: subprocess.Popen[str]) -> None:
        assert child.stdin is not None
        with contextlib.suppress(OSError):
            child.stdin.close()

    def _read(self, child: subprocess.Popen[str]) -> None:
        """Body of the reading thread: one per child. Whatever ends it ends the child and what the child had in hand."""
        assert child.stdout is not None
        try:
            with child.stdout:
                for line in child.stdout:
                    event = EVENTS.message_of(line)
                    if event is not None:
                        with self._lock:
                            self._on_event(event)
        except BaseException:
            child.kill()
            raise
        finally:
            code = child.wait()
            with self._lock:
                self._on_exit(child, code)

    def _on_event(self, event: dict[str, Any]) -> None:
        if event["event"] == "ready":
            self._ready = True
            return
        attribution = self._attributions.get(event.get("id", ""))
        if attribution is not None:
            attribution.on_event(event)
            self._forget_large()
            return
        recording = self._recordings.get(event.get("id", ""))
        if recording is None:
            return
        recording.on_event(event)
        if recording.over and recording is self._current:
            self._current = None
            self._next()

    def _on_exit(self, child: subprocess.Popen[str], code: int) -> None:
        if self._child is not child:
            return  # closed on purpose
        self._hang_up(child)
        self._child = None
        for attribution in self._attributions.values():
            if attribution.state == "running":
                attribution.state = "error"
                attribution.message = f"The generation worker ended (exit code {code}): the server's terminal says why."
        if self._current is not None:
            cure = "what it recorded is kept" if self._ready else "the server's terminal says why"
            self._current.state = "error"
            self._current.message = f"The generation worker ended (exit code {code}): {cure}."
            self._current = None
        self._next()


def _unknown(session_id: str) -> SessionNotFound:
    return SessionNotFound(f"No recording {session_id!r} was started here: look for it in the session list.")
