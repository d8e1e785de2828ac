"""What tracing costs: the same generation untraced and traced, runs interleaved, total wall times, last flush included.

Traced means the default TraceConfig and the journal on disk (group commit); sealing is measured in store.py.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from rich.table import Table

from mri.capture.recorder import GenerationRecorder, layout_of_model
from mri.format.config import Sampling, TraceConfig
from mri.format.events import TraceSession
from mri.making.initial import init_weights
from mri.nanochat.checkpoint import load_model
from mri.nanochat.model import GPT, GPTConfig
from mri.run.engine import generate
from mri.store.library import Library
from mri.store.writer import SessionWriter

RUNS = 9


def table() -> Table:
    out = Table(title=f"Tracing: decode step, medians of {RUNS} interleaved runs", title_justify="left")
    for column in (
        "model",
        "reduced",
        "untraced ms/step",
        "traced ms/step",
        "ratio of wall times",
        "worst ratio",
        "goal",
    ):
        out.add_column(column, justify="left" if column in ("model", "reduced") else "right")
    cases = (
        ("embedded", load_model().model, 200, 1.40, 1.65),
        ("random 12 × 768", random_model(12, 768, 6, 8192), 60, 1.15, None),
    )
    for name, model, num_steps, goal, goal_alone in cases:
        plain, together, alone = measure(model, num_steps)
        for how, traced, limit in (("together", together, goal), ("each alone", alone, goal_alone)):
            ratios = sorted(t / p for t, p in zip(traced, plain, strict=True))
            row = [statistics.median(plain) / num_steps * 1e3, statistics.median(traced) / num_steps * 1e3]
            row += [statistics.median(ratios), ratios[-1]]
            out.add_row(name, how, *(f"{value:.2f}" for value in row), f"≤ {limit:.2f}" if limit else "")
    return out


def measure(model: GPT, num_steps: int) -> tuple[list[float], list[float], list[float]]:
    """Wall seconds of RUNS generations: untraced, traced, traced with every step reduced on its own."""
    ids = [1 + i % 200 for i in range(32)]
    times: tuple[list[float], list[float], list[float]] = ([], [], [])
    with tempfile.TemporaryDirectory() as folder:
        for run in range(RUNS + 1):
            seconds = (
                untraced(model, ids, num_steps),
                traced(model, ids, num_steps, Path(folder), 300.0),
                traced(model, ids, num_steps, Path(folder), 0.0),
            )
            if run:  # the first one warms up
                for kept, value in zip(times, seconds, strict=True):
                    kept.append(value)
    return times


def untraced(model: GPT, ids: Sequence[int], num_steps: int) -> float:
    began = time.perf_counter()
    for _ in generate(model, ids, Sampling(num_steps, temperature=0)):
        pass
    return time.perf_counter() - began


def traced(model: GPT, ids: Sequence[int], num_steps: int, folder: Path, max_delay_ms: float) -> float:
    layout = layout_of_model(model, TraceConfig())
    writer = SessionWriter(folder, TraceSession(Library(folder).new_id(), layout))
    began = time.perf_counter()
    recorder = GenerationRecorder(model, layout, writer, max_delay_ms=max_delay_ms, cache_only_grows=True)
    with recorder:
        for step in generate(model, ids, Sampling(num_steps, temperature=0)):
            recorder.choose(step.next_id, forced=step.forced, phase=step.phase)
    writer.finish("max_new_tokens", seal=False)
    seconds = time.perf_counter() - began
    assert recorder.num_steps == num_steps, recorder.stopped
    return seconds


def random_model(n_layer: int, n_embd: int, n_head: int, vocab_size: int) -> GPT:
    model = GPT(GPTConfig(512, vocab_size, n_layer, n_head, n_head, n_embd, "SSSL"))
    init_weights(model, seed=0)
    return model.eval()
