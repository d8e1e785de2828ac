"""Stop, pause, resume, one step: what one thread says and the generating thread heeds between two steps."""

from __future__ import annotations

import threading


class Control:
    """Of one recording. Thread-safe; what is said before the first step counts."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._stopped = self._paused = False
        self._granted = 0  # steps that may still be made while paused

    def stop(self) -> None:
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def pause(self) -> None:
        with self._changed:
            self._paused, self._granted = True, 0

    def resume(self) -> None:
        with self._changed:
            self._paused = False
            self._changed.notify_all()

    def step(self) -> None:
        """One more step, then paused (again)."""
        with self._changed:
            if self._paused:
                self._granted += 1
            self._paused = True
            self._changed.notify_all()

    @property
    def is_paused(self) -> bool:
        return self._paused

    @property
    def is_stopped(self) -> bool:
        return self._stopped

    @property
    def must_wait(self) -> bool:
        """Whether `may_go_on` would wait now."""
        with self._changed:
            return self._waits()

    def may_go_on(self) -> bool:
        """Waits while paused; False once stopped. Called after each step by the thread that generates."""
        with self._changed:
            self._changed.wait_for(lambda: not self._waits())
            self._granted -= self._paused and self._granted > 0
            return not self._stopped

    def _waits(self) -> bool:
        return self._paused and not self._granted and not self._stopped
