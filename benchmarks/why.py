"""What it costs to record who wrote what, to switch every part off, and to ask what if.

Recording: the same generation with and without ledger and lens, by turns. Switching off: the sweep of one step, the
tokens before it read already, as in a worker that is warm. Patching: every place of the embedded model, and the stream
into its six blocks alone, with values of another text of 20 tokens. What if: the bundled story forked at step 40,
sealed, and 20 random pushes beside it.
"""

from __future__ import annotations

import statistics
import time
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import numpy as np
import torch
from rich.table import Table

from benchmarks.tracing import random_model
from mri.capture.recorder import GenerationRecorder, layout_of_model
from mri.explain.ablation import ablation
from mri.explain.asked import AskedStep
from mri.explain.cells import places, reached
from mri.explain.patching import Patching, passed
from mri.explain.replay import Replay
from mri.format.config import Sampling
from mri.format.events import StepFrame
from mri.format.presets import PRESETS
from mri.nanochat.checkpoint import LoadedModel, load_model
from mri.nanochat.model import GPT
from mri.run.draws import control
from mri.run.engine import generate
from mri.run.fork import fork_of
from mri.run.record import record_fork
from mri.store.library import whole_library

RUNS, STEPS = 9, 100


def table() -> Table:
    out = Table(title=f"Why: medians of {RUNS} runs", title_justify="left")
    for column in ("what", "model", "measured", "goal"):
        out.add_column(column, justify="left" if column in ("what", "model") else "right")
    embedded_model = load_model()
    embedded = embedded_model.model
    without, with_why = recorded(embedded)
    ratio = statistics.median(b / a for a, b in zip(without, with_why, strict=True))
    for what, seconds in (("recorded without ledger and lens", without), ("recorded with both", with_why)):
        out.add_row(what, "embedded", f"{statistics.median(seconds) / STEPS * 1e3:.2f} ms/step", "")
    out.add_row("ratio of wall times", "embedded", f"{ratio:.2f}", "≤ 1.15")
    cases = (("embedded", embedded, 50, 0.5), ("random 12 × 768", random_model(12, 768, 6, 8192), 32, 6.0))
    for name, model, prefix, goal in cases:
        seconds, n_parts = swept(model, prefix)
        what = f"{n_parts} parts switched off, after {prefix} tokens"
        out.add_row(what, name, f"{statistics.median(seconds):.3f} s", f"≤ {goal:g} s")
    for what, seconds in patched(embedded).items():
        goal = "≤ 2 s" if "6 × 20" in what else ""
        out.add_row(what, "embedded", f"{statistics.median(seconds):.2f} s", goal)
    forked, drawn = what_if(embedded_model)
    out.add_row("a fork of the story at step 40", "embedded", f"{statistics.median(forked):.2f} s", "≤ 2 s")
    out.add_row("20 random pushes beside it", "embedded", f"{statistics.median(drawn):.2f} s", "≤ 3 s")
    return out


def recorded(model: GPT) -> tuple[list[float], list[float]]:
    """Wall seconds of RUNS recordings of STEPS steps, with the preset standard: without ledger and lens, with both."""
    bare, whole = (
        layout_of_model(model, replace(PRESETS["standard"], **fields))
        for fields in ({"ledger": "none", "lens": "none"}, {})
    )
    times: tuple[list[float], list[float]] = ([], [])
    for run in range(RUNS + 1):
        for kept, layout in zip(times, (bare, whole), strict=True):
            began = time.perf_counter()
            with GenerationRecorder(model, layout, _Nowhere(), cache_only_grows=True) as recorder:
                for step in generate(model, [1 + i % 200 for i in range(8)], Sampling(STEPS, temperature=0)):
                    recorder.choose(step.next_id, forced=step.forced, phase=step.phase)
            if run:  # the first one warms up
                kept.append(time.perf_counter() - began)
    return times


def what_if(loaded: LoadedModel) -> tuple[list[float], list[float]]:
    """Wall seconds of RUNS forks, and of as many controls."""
    library = whole_library()
    fork = fork_of(library.open("demo-story"), 40, edits="block.3.head.1 = 0")
    forked, drawn = list[float](), list[float]()
    with TemporaryDirectory() as folder:
        for run in range(RUNS + 1):
            began = time.perf_counter()
            record_fork(loaded, fork, sessions=Path(folder), max_delay_ms=10.0)
            between = time.perf_counter()
            control(loaded, fork, library)
            if run:
                forked.append(between - began)
                drawn.append(time.perf_counter() - between)
    return forked, drawn


def patched(model: GPT) -> dict[str, list[float]]:
    """Wall seconds of RUNS patching maps, both texts read anew: what the map is of -> them."""
    own, given = np.random.default_rng(0).integers(1, 200, (2, 20)).tolist()
    rows = places(model.config.n_layer, model.config.n_head)
    streams = np.array([[row.target.endswith("resid_pre") for row in rows]]).T
    maps = {"patching map, streams: 6 × 20": streams, f"patching map, all: {len(rows)} × 20": np.ones_like(streams)}
    times: dict[str, list[float]] = {name: [] for name in maps}
    replay, at = Replay(model), np.arange(20)
    windows = [int(block.attn.window) for block in cast("list[Any]", model.transformer["h"])]
    for run in range(RUNS + 1):
        for name, chosen in maps.items():
            began = time.perf_counter()
            there = passed(replay, given, _nobody)
            patching = Patching(replay, passed(replay, own, _nobody), there, at, rows)
            patching.differences(reached(rows, windows, 19) & chosen, (1, 2), _nobody)
            if run:
                times[name].append(time.perf_counter() - began)
    return times


def _nobody(done: int, of: int) -> None:
    """Hears how far it is."""


class _Nowhere:
    """Takes the frames: the disk is measured in tracing.py."""

    def append(self, frame: StepFrame) -> None:
        pass


def swept(model: GPT, prefix: int) -> tuple[list[float], int]:
    """Wall seconds of RUNS sweeps of the step that reads the token after `prefix` others, and how many parts it has."""
    ids = np.random.default_rng(0).integers(1, 200, prefix + 1).tolist()
    with torch.inference_mode():
        logits = model(torch.tensor([ids]))[0, -1].numpy()
    top = np.argsort(-logits)[:20]
    step = AskedStep(prefix, prefix, int(top[0]), top, logits[top])
    replay, times = Replay(model), []
    replay.read(ids)
    for run in range(RUNS + 1):
        began = time.perf_counter()
        found = ablation(replay, step, step.all_ids())
        if run:
            times.append(time.perf_counter() - began)
    return times, len(found["after"])
