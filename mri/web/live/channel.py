"""One watched session: a thread that follows its journal, and the queues that its steps go to.

Knows viewers' queues, not their sockets.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from typing import Any

from mri.errors import MriError
from mri.web.live.buffer import MAX_MESSAGE_BYTES, LiveStep, ViewerBuffer
from mri.web.live.tail import End, Tail

POLL_S = 0.002
"""Between two looks at a journal."""

log = logging.getLogger("mri")


class Channel:
    """One watched session: its tail, the thread that follows it, the queues that its steps go to.

    state    where the recording stands, as the `state` message has it; a new dict whenever something changed
    end      set once nothing more will come
    """

    def __init__(self, tail: Tail, status: Callable[[], dict[str, Any] | None]) -> None:
        self.session_id = tail.session_id
        self.state: dict[str, Any] = {}
        self.end: End | None = None
        self.num_viewers = 0  # the hub's count
        self._tail, self._status = tail, status
        self._lock = threading.Lock()
        self._next_step: int | None = None  # None until the session is open
        self._following: dict[ViewerBuffer, int] = {}  # who gets what is new, from which step on
        self._wakes: set[Callable[[], None]] = set()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"tail-{tail.session_id}", daemon=True)

    @property
    def is_open(self) -> bool:
        return self._next_step is not None

    @property
    def token_bytes(self) -> Mapping[int, bytes]:
        return self._tail.reader.token_bytes if self._tail.reader else {}

    @property
    def text(self) -> str:
        return self._tail.text

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()

    def listen(self, wake: Callable[[], None]) -> None:
        """Have `wake` called whenever there is something new to say."""
        with self._lock:
            self._wakes.add(wake)

    def leave(self, buffer: ViewerBuffer, wake: Callable[[], None]) -> None:
        with self._lock:
            self._following.pop(buffer, None)
            self._wakes.discard(wake)

    def history(self, start: int, buffer: ViewerBuffer) -> list[LiveStep]:
        """Some steps from `start` on that were recorded before, at most MAX_MESSAGE_BYTES of more than one; or none,
        and from now on `buffer` gets every step from `start` on. In between there is neither gap nor repetition."""
        with self._lock:
            assert self._next_step is not None
            stop = self._next_step
            if start >= stop:
                self._following[buffer] = start
                return []
        reader, steps, num_bytes = self._tail.reader, [], 0
        assert reader is not None
        while start < stop and num_bytes < MAX_MESSAGE_BYTES:
            steps.append(LiveStep(start, reader.records(start, start + 1)))
            num_bytes += len(steps[-1].record)
            start += 1
        if len(steps) > 1 and num_bytes > MAX_MESSAGE_BYTES:
            steps.pop()
        return steps

    def tick(self) -> None:
        """One look at the journal and the worker; what is new goes to the queues."""
        steps = self._tail.poll()
        with self._lock:
            for step in steps:
                for buffer, start in self._following.items():
                    if step.number >= start:
                        buffer.put(step)
            state = self._state_now()
            news = bool(steps) or state != self.state or self._tail.end is not None
            if state != self.state:
                self.state = state
            if self._tail.reader is not None:
                self._next_step = self._tail.next_step
            self.end = self._tail.end
            wakes = list(self._wakes) if news else []
        for wake in wakes:
            wake()

    def _state_now(self) -> dict[str, Any]:
        status = self._status() or {}
        names = ("state", "position", "step", "max_steps", "text", "message")
        if self._tail.reader is None:
            return {name: status[name] for name in names} if status else {}
        paused = status.get("state") == "paused"
        return {
            "state": "paused" if paused else "running",
            "position": 0,
            "step": max(0, self._tail.next_step - 1),
            "max_steps": self._tail.reader.session.max_steps,
            "text": self._tail.text,
            "message": status.get("message", "") if status.get("state") == "running" else "",
        }

    def _run(self) -> None:
        while not self._stop.is_set() and self.end is None:
            try:
                self.tick()
            except MriError as error:
                self._fail(str(error))
            except Exception:
                log.exception("Following %s failed", self.session_id)
                self._fail("The server could not follow this recording any further: its terminal has the details.")
            self._stop.wait(POLL_S)

    def _fail(self, sentence: str) -> None:
        with self._lock:
            self.end = End("error", sentence, self._tail.next_step)
            wakes = list(self._wakes)
        for wake in wakes:
            wake()
