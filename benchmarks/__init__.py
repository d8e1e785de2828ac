"""Measurements, one table each: `make bench`, or `python -m benchmarks tracing store` for some of them."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any


def measured(work: Callable[[], Any], runs: int = 3) -> tuple[float, float]:
    """Median seconds by the clock and of this process's processor time: a busy machine lengthens only the first."""
    walls, cpus = [], []
    for _ in range(runs):
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    return statistics.median(walls), statistics.median(cpus)
