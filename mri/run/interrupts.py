"""Ctrl-C between two steps: an interrupt breaks off neither a forward pass nor the writing of what it left.

Knows signals; refuses to know what is interrupted.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def held_interrupts() -> Iterator[Callable[[], bool]]:
    """Inside, the first interrupt is only remembered, and the function given tells whether it came; the second raises
    KeyboardInterrupt at once. Changes nothing where Python would raise none: in other threads than the main one, and
    where interrupts are ignored or somebody else's."""
    came = False

    def remember(_number: int, _frame: FrameType | None) -> None:
        nonlocal came
        if came:
            raise KeyboardInterrupt
        came = True

    in_main = threading.current_thread() is threading.main_thread()
    if not in_main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield lambda: False
        return
    signal.signal(signal.SIGINT, remember)
    try:
        yield lambda: came
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
