"""One viewer of one session: which messages come next, in which order. Knows no socket; asks no questions twice.

What was recorded before a viewer came is read from the disk at the viewer's own pace; from the moment that it has
caught up, steps come through its queue (buffer.py), which gives way where the viewer cannot follow.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from mri.web.live import messages
from mri.web.live.buffer import Drops, LiveStep, ViewerBuffer
from mri.web.live.channel import Channel

STATE_EVERY_S = 0.1
"""State messages are not sent more often than this."""
LOOK_S = 1.0
"""Longest wait between two looks at the socket."""

Message = str | bytes


class Viewer:
    """The messages for one socket. All calls come from the thread that writes to it.

    start     first step to send
    describe  session id -> the fields of GET /sessions/<id>/meta
    display   token bytes -> what a person sees
    over      the last message has been given out
    """

    def __init__(
        self,
        channel: Channel,
        start: int,
        buffer: ViewerBuffer,
        describe: Callable[[str], Mapping[str, Any]],
        display: Callable[[bytes], str],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.channel = channel
        self.buffer = buffer
        self.over = False
        self._start, self._describe, self._display, self._clock = start, describe, display, clock
        self._next_step = start  # while it reads from the disk
        self._has_caught_up = False
        self._greeted = False
        self._told_ids: set[int] = set()
        self._told_state: Mapping[str, Any] = {}
        self._told_state_at = -STATE_EVERY_S
        self._num_dropped = [0, 0]  # payloads, frames

    def messages(self) -> list[Message]:
        """What is to be sent now, in order; empty where there is nothing. Raises MriError where reading fails."""
        end = self.channel.end  # looked at first: what is in the queue after that is all there is
        out: list[Message] = []
        if not self._greeted and self.channel.is_open:
            self._greeted = True
            meta = self._describe(self.channel.session_id)
            out.append(messages.hello(meta, "finished" if end else self.channel.state["state"], self._start))
        if end is None:
            out += self._state()
        if self._greeted:
            steps = [] if self._has_caught_up else self._from_disk()
            if steps:
                return out + self._frames(steps, Drops())
            steps, drops = self.buffer.take()
            out += self._frames(steps, drops)
        if end is not None and not len(self.buffer) and not out:
            out += self._end()
        return out

    def wait_s(self) -> float:
        """Longest time until `messages` has to be asked again, if nothing wakes the thread before."""
        waits = [LOOK_S, self.buffer.due_in_s()]
        if self.channel.state != self._told_state and self.channel.end is None:
            waits.append(self._told_state_at + STATE_EVERY_S - self._clock())
        return max(0.0, min(wait for wait in waits if wait is not None))

    def _from_disk(self) -> list[LiveStep]:
        """The next steps that were there before; none once the viewer has caught up and gets what is new."""
        steps = self.channel.history(self._next_step, self.buffer)
        if steps:
            self._next_step = steps[-1].number + 1
        else:
            self._has_caught_up = True
        return steps

    def _frames(self, steps: list[LiveStep], drops: Drops) -> list[Message]:
        out: list[Message] = []
        if drops:
            self._num_dropped[0] += len(drops.payload_steps)
            self._num_dropped[1] += len(drops.frame_steps)
            out.append(messages.dropped(drops))
        new_ids = set().union(*(step.token_ids for step in steps)) - self._told_ids
        if new_ids:
            self._told_ids |= new_ids
            tokens = self.channel.token_bytes
            shown = {token_id: self._display(tokens[token_id]) for token_id in sorted(new_ids) if token_id in tokens}
            if shown:
                out.append(messages.text(shown))
        if steps:
            out.append(b"".join(step.record for step in steps))
        return out

    def _state(self) -> list[Message]:
        state, now = self.channel.state, self._clock()
        if not state or state == self._told_state or now - self._told_state_at < STATE_EVERY_S:
            return []
        self._told_state, self._told_state_at = state, now
        return [messages.message("state", **state)]

    def _end(self) -> list[Message]:
        self.over = True
        assert self.channel.end is not None
        out = self._frames([], self.buffer.take_drops())
        payloads, frames = self._num_dropped
        return [*out, messages.end(self.channel.end, self.channel.text, payloads, frames)]
