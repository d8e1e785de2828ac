"""Comparing two sessions of 1,000 steps: server time to the first picture, and of every part of it."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from rich.table import Table

from mri.analysis.alignment import common_subsequence
from mri.analysis.comparison import compare
from mri.analysis.difference import difference_map
from mri.analysis.similarity import pooled
from mri.config import TraceConfig
from mri.store.reader import open_session
from tests.conftest import write_random_session

NUM_STEPS = 1_000
RUNS = 7


def table() -> Table:
    out = Table(title=f"Compare: two sessions of {NUM_STEPS:,} steps, 6 × 256", title_justify="left")
    for column in ("what", "measured", "goal"):
        out.add_column(column, justify="left" if column == "what" else "right")
    with tempfile.TemporaryDirectory() as folder:
        for seed, name in enumerate("ab"):
            write_random_session(
                Path(folder), n_layer=6, n_embd=256, n_head=4, num_steps=NUM_STEPS, session_id=name, seed=seed,
                config=TraceConfig(topk=64, prefill="stepwise"), num_prompt_tokens=20,
            )  # fmt: skip
        a, b = Path(folder) / "a.h5", Path(folder) / "b.h5"
        for wall, name, goal in (
            (first_picture(a, a), "first picture of a session with itself: all steps matched, 256 columns", "≤ 500 ms"),
            (first_picture(a, b), "first picture of two sessions by exact tokens", "≤ 500 ms"),
        ):
            out.add_row(f"{name}, wall, median of {RUNS}", f"{wall[0] * 1000:.0f} ms", goal)
            out.add_row("… of which this process computed", f"{wall[1] * 1000:.0f} ms", "")
        readers = open_session(a), open_session(b)
        found = compare(*readers, "mapping")
        alike = measured(lambda: pooled(*readers, found.keys))
        out.add_row("pooled cosines of both, 256 steps each", f"{alike[0] * 1000:.0f} ms", "")
    rng = np.random.default_rng(0)
    ids = [rng.integers(0, 500, 10_000) for _ in range(2)]
    longest = measured(lambda: common_subsequence(*ids), runs=1)
    out.add_row("exact tokens of two sequences of 10,000", f"{longest[0]:.1f} s", "")
    return out


def first_picture(a: Path, b: Path) -> tuple[float, float]:
    """What the server does for the alignment and the map: open both, align, read columns, compute distances."""

    def picture() -> None:
        found = compare(open_session(a), open_session(b), "mapping")
        columns, _ = found.columns()
        steps = found.moments.steps[columns[columns >= 0]]
        assert difference_map(found.one, found.other, steps, found.keys).difference.shape == (32, len(steps))

    return measured(picture)


def measured(work: Callable[[], Any], runs: int = RUNS) -> tuple[float, float]:
    """Median wall and processor seconds."""
    walls, cpus = [], []
    for _ in range(runs):
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    return statistics.median(walls), statistics.median(cpus)
