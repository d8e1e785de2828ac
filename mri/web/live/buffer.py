"""What waits to be sent to one viewer: a queue that is bounded in bytes, thins before it forgets, and counts both.

Pure: no sockets, no files, no clock of its own. Knows records, not what is done with them.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from mri.format.events import Array
from mri.format.wire import HEADER, KIND_FRAME, bytes_from_frame, frame_from_bytes, record_bytes, views_from_bytes

QUEUE_BYTES = 8 << 20
MAX_MESSAGES_PER_S = 120.0
"""More frames than that a second reach a viewer several in one message; none is left out for that reason."""
MAX_MESSAGE_BYTES = 1 << 20
"""Frames are put together into one message up to this size; a larger frame goes alone."""
BURST_S = 0.1
"""A viewer that had less than its rate may have so much of it at once."""


class LiveStep:
    """One step on its way: exactly the record that the journal holds, or its thin form. Shared by all viewers."""

    def __init__(self, number: int, record: bytes, is_thin: bool = False) -> None:
        self.number = number
        self.record = record
        self.is_thin = is_thin

    @cached_property
    def thinned(self) -> LiveStep:
        """The same step without payloads, or the step itself where there are none to leave out. Made once for all."""
        if self.is_thin:
            return self
        frame = frame_from_bytes(self.payload)
        thin = frame.without_payloads()
        if len(thin.arrays) == len(frame.arrays):
            return self
        return LiveStep(self.number, record_bytes(KIND_FRAME, self.number, bytes_from_frame(thin)), is_thin=True)

    @property
    def payload(self) -> memoryview:
        """The frame's bytes."""
        num_bytes = HEADER.unpack_from(self.record)[-1]
        return memoryview(self.record)[HEADER.size : HEADER.size + num_bytes]

    @cached_property
    def view(self) -> tuple[dict[str, Any], dict[str, Array]]:
        """Header and arrays, as views into the record."""
        return views_from_bytes(self.payload)

    @cached_property
    def token_ids(self) -> frozenset[int]:
        """Ids that somebody who shows this step may have to name."""
        header, arrays = self.view
        named = (arrays[name].ravel().tolist() for name in ("tokens", "logits/token_ids") if name in arrays)
        return frozenset(token_id for ids in (*named, [header["chosen_id"]]) for token_id in ids if token_id >= 0)


@dataclass
class Drops:
    """Steps that went out without payloads, and steps that did not go out at all; ascending."""

    payload_steps: list[int] = field(default_factory=list)
    frame_steps: list[int] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.payload_steps or self.frame_steps)


class ViewerBuffer:
    """The queue of one viewer. `put` by whoever follows the journal, `take` by the one thread that writes.

    When it is full, payloads give way first, oldest first; then whole frames, oldest first. `put` never waits.

    clock   seconds, for the rate
    """

    def __init__(
        self,
        max_bytes: int = QUEUE_BYTES,
        max_messages_per_s: float = MAX_MESSAGES_PER_S,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.max_bytes = max_bytes
        self.num_bytes = 0
        self._rate = max_messages_per_s
        self._clock = clock
        self._lock = threading.Lock()
        self._queue: deque[LiveStep] = deque()
        self._num_thin = 0  # the first so many cannot be made thinner
        self._forgotten: list[int] = []
        self._burst = max(1.0, max_messages_per_s * BURST_S)
        self._credit, self._credited_at = self._burst, clock()

    def __len__(self) -> int:
        return len(self._queue)

    def put(self, step: LiveStep) -> None:
        """Takes a step whose number is larger than that of any before."""
        with self._lock:
            self._queue.append(step)
            self.num_bytes += len(step.record)
            self._thin_until_it_fits()
            self._forget_until_it_fits()

    def take(self) -> tuple[list[LiveStep], Drops]:
        """The steps of the next message: one, or more above the rate limit, none where nothing is there or due.

        The drops are those since the last call that gave steps, and those among the steps given.
        """
        with self._lock:
            due = self._due_in_s() <= 0
            if not self._queue or not due:
                return [], Drops()
            most = 1 if self._credit >= len(self._queue) else len(self._queue)
            self._credit -= 1
            steps = [self._pop()]
            num_bytes = len(steps[0].record)
            while len(steps) < most and num_bytes + len(self._queue[0].record) <= MAX_MESSAGE_BYTES:
                steps.append(self._pop())
                num_bytes += len(steps[-1].record)
            return steps, Drops([step.number for step in steps if step.is_thin], self._forgotten_now())

    def take_drops(self) -> Drops:
        """What was forgotten since the last message: for the very end, when no frame follows any more."""
        with self._lock:
            return Drops([], self._forgotten_now())

    def due_in_s(self) -> float | None:
        """Seconds until `take` may give something, None where it needs a `put` first."""
        with self._lock:
            return self._due_in_s() if self._queue else None

    def _due_in_s(self) -> float:
        now = self._clock()
        self._credit = min(self._burst, self._credit + (now - self._credited_at) * self._rate)
        self._credited_at = now
        return max(0.0, (1 - self._credit) / self._rate)

    def _pop(self) -> LiveStep:
        step = self._queue.popleft()
        self._num_thin = max(0, self._num_thin - 1)
        self.num_bytes -= len(step.record)
        return step

    def _forgotten_now(self) -> list[int]:
        forgotten, self._forgotten = self._forgotten, []
        return forgotten

    def _thin_until_it_fits(self) -> None:
        while self.num_bytes > self.max_bytes and self._num_thin < len(self._queue):
            step = self._queue[self._num_thin]
            self._queue[self._num_thin] = step.thinned
            self.num_bytes -= len(step.record) - len(step.thinned.record)
            self._num_thin += 1

    def _forget_until_it_fits(self) -> None:
        while self.num_bytes > self.max_bytes:
            self._forgotten.append(self._pop().number)
