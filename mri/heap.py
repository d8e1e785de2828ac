"""One heap for all threads of the server, on Linux: the C library would give threads heaps of their own.

A request comes on any thread, and what outlives it (an open session: 1.6 MB, most of it HDF5's) is taken from that
thread's heap. A heap keeps the room of its fullest moment, and glibc makes up to eight for each core: the server's
memory would rise for hours while no more of it is in use.
"""

from __future__ import annotations

import ctypes
import sys

M_ARENA_MAX = -8
"""Of glibc's malloc.h."""


def share_one_heap() -> None:
    """For threads that are started from now on. Nothing where the C library has no such heaps."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None:
        mallopt(M_ARENA_MAX, 1)
