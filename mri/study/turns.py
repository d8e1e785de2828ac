"""So much at once and no more: what costs memory or processor time is done in turns. Knows not what is done."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from mri.errors import BusyError


class Turns:
    """most        how many may be under way at once
    waiting     how many more may wait for their turn
    what        what these are, in the sentence of a refusal: "downloads"
    """

    def __init__(self, most: int, what: str, *, waiting: int = 0) -> None:
        self.most, self.what, self.waiting = most, what, waiting
        self._places = threading.BoundedSemaphore(most + waiting)
        self._turn = threading.BoundedSemaphore(most)

    def take(self) -> Callable[[], None]:
        """Waits for a turn. -> what ends it, which may be called more than once. Raises BusyError where all places are
        taken."""
        if not self._places.acquire(blocking=False):
            raise BusyError(f"{self.most + self.waiting} {self.what} are under way already: try again in a moment.")
        self._turn.acquire()
        is_over = threading.Lock()

        def end() -> None:
            if is_over.acquire(blocking=False):
                self._turn.release()
                self._places.release()

        return end

    @contextmanager
    def turn(self) -> Iterator[None]:
        """A turn for as long as the block lasts. Raises BusyError."""
        end = self.take()
        try:
            yield
        finally:
            end()
