"""Session id → who watches it. One thread follows each watched session; where nobody watches, nothing runs.

Knows viewers' queues, not their sockets.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

from mri.errors import LiveError
from mri.store.library import Library
from mri.web.live.buffer import MAX_MESSAGES_PER_S, QUEUE_BYTES, ViewerBuffer
from mri.web.live.channel import Channel
from mri.web.live.tail import Tail
from mri.web.live.viewer import Viewer
from mri.worker.handle import GenerationWorker

MAX_VIEWERS = 40
"""On all sessions together. Each holds a thread of the server: docs/deploy.md gives it 64, and pages need some."""


class Hub:
    """Who watches what. Thread-safe.

    describe, display      see Viewer
    queue_bytes            of each viewer
    max_messages_per_s     to each viewer; above it, frames share messages
    """

    def __init__(
        self,
        library: Library,
        worker: GenerationWorker,
        describe: Callable[[str], Mapping[str, Any]],
        display: Callable[[bytes], str],
        *,
        queue_bytes: int = QUEUE_BYTES,
        max_messages_per_s: float = MAX_MESSAGES_PER_S,
        max_viewers: int = MAX_VIEWERS,
    ) -> None:
        self._library, self._worker, self._describe, self._display = library, worker, describe, display
        self.queue_bytes, self.max_messages_per_s, self.max_viewers = queue_bytes, max_messages_per_s, max_viewers
        self._lock = threading.Lock()
        self._channels: dict[str, Channel] = {}
        self.num_viewers = 0

    def join(self, session_id: str, start: int, wake: Callable[[], None]) -> Viewer:
        """A viewer of the session from step `start` on. `wake` is called, from other threads, when there is news.

        Raises SessionNotFound for a session that neither is there nor will be, LiveError where too many watch.
        """

        def status() -> dict[str, Any] | None:
            return self._worker.status_or_none(session_id)

        if status() is None:
            self._library.path(session_id)
        with self._lock:
            if self.num_viewers >= self.max_viewers:
                raise LiveError(f"{self.max_viewers} viewers are watching already: close another tab and try again.")
            channel = self._channels.get(session_id)
            is_new = channel is None or channel.end is not None
            if channel is None or is_new:
                channel = self._channels[session_id] = Channel(Tail(self._library, session_id, status), status)
            channel.num_viewers += 1
            self.num_viewers += 1
        buffer = ViewerBuffer(self.queue_bytes, self.max_messages_per_s)
        channel.listen(wake)
        if is_new:
            channel.start()
        return Viewer(channel, start, buffer, self._describe, self._display)

    def leave(self, viewer: Viewer, wake: Callable[[], None]) -> None:
        """The viewer is gone; with the last of a session goes the thread that follows it."""
        channel = viewer.channel
        channel.leave(viewer.buffer, wake)
        with self._lock:
            self.num_viewers -= 1
            channel.num_viewers -= 1
            if not channel.num_viewers:
                channel.stop()
                if self._channels.get(channel.session_id) is channel:
                    del self._channels[channel.session_id]
