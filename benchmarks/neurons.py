"""Neurons: grouping 1 536 neurons over 1 000 steps, a page's answers, reading sessions into the index of moments; with
`python -m benchmarks.neurons fill`, how far the fill is from values that were hidden from it."""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks import measured
from mri.format.config import TraceConfig
from mri.store.library import Library
from mri.store.opening import open_session
from mri.study.activity import Activity, activity_of, filled
from mri.study.clustering import cluster
from mri.study.moments import MomentIndex
from mri.study.study import Question, Study
from tests.conftest import write_random_session

NEURONS, STEPS, TOPK, GROUPS = 1536, 1000, 64, 8
FILLED = ("block.0.resid_post", "block.3.resid_post", "block.3.mlp_out", "block.5.attn_out")
FILL_POINTS = (*FILLED, "final.ln_f", "block.3.mlp_act")


def table() -> Table:
    out = Table(title="Neurons", title_justify="left")
    for column in ("what", "measured", "goal"):
        out.add_column(column, justify="left" if column == "what" else "right")
    activity = courses()
    values = filled(activity)
    cluster(values[:100])  # scikit-learn is imported by now
    size = f"{NEURONS:,} neurons × {STEPS:,} steps"
    out.add_row(f"fill of what top-{TOPK} hides, {size}", seconds(lambda: filled(activity)), "")
    for method in ("kmeans", "ward"):
        what = f"groups by {method}: components, tree, 11 numbers of groups, silhouettes, agreement, null, {size}"
        out.add_row(what, seconds(lambda method=method: cluster(values, method=method)), "≤ 2 s")
    with tempfile.TemporaryDirectory() as folder:
        sessions(Path(folder), out)
    return out


def courses() -> Activity:
    """Neurons in GROUPS groups with noise, as top-k capture would keep them."""
    rng = np.random.default_rng(0)
    true = rng.standard_normal((GROUPS, STEPS))[rng.integers(0, GROUPS, NEURONS)]
    true = (true + rng.standard_normal((NEURONS, STEPS))).astype(np.float32)
    rows = ("block.0.mlp_out",), np.zeros(NEURONS, int), np.arange(NEURONS)
    columns = ("s",), np.zeros(STEPS, int), np.arange(STEPS)
    return hidden(Activity(*rows, *columns, true, true[:1], true[:1]))


def hidden(activity: Activity) -> Activity:
    """The same with all but the TOPK strongest values of each step hidden."""
    bound = np.sort(np.abs(activity.values), axis=0)[-TOPK - 1]
    values = np.where(np.abs(activity.values) > bound, activity.values, np.nan).astype(np.float32)
    low = np.zeros_like(bound) if activity.keys[0].endswith("mlp_act") else -bound
    return Activity(**{**vars(activity), "values": values, "low": low[None], "high": bound[None]})


def sessions(folder: Path, out: Table) -> None:
    """12 layers of 256: what one session costs the index, and what the page asks of a session."""
    steps, config = 200, TraceConfig(prefill="stepwise", topk=64, max_bytes_per_step=10**9)
    size = {"n_layer": 12, "n_embd": 256, "num_steps": steps}
    for i in range(3):
        of = {"session_id": f"s{i}", "seed": i, "provenance": {"weights_hash": "abc"}}
        write_random_session(folder, config=config, **size, **of)
    index, times, count = MomentIndex("abc"), [], 0
    for i in range(3):
        with open_session(folder / f"s{i}.h5") as reader:
            began = time.perf_counter()
            count = index.add(reader, "")
            times.append(time.perf_counter() - began)
    took = statistics.median(times)
    points = len(index.points)
    out.add_row(f"index: a session of {steps} steps, {points} hook points of 256, top-64", f"{took:.2f} s", "")
    out.add_row("index: captured values a second", f"{count / took / 1e6:.1f} million", "")
    began = time.perf_counter()
    index.strongest("block.3.mlp_out", 5)
    out.add_row("index: one neuron's strongest moments", f"{(time.perf_counter() - began) * 1e3:.2f} ms", "")
    path = folder / ".neurons" / "x.npz"
    index.save(path)
    out.add_row("index: file, uncompressed", f"{path.stat().st_size / 1e6:.1f} MB", "")
    question = Question("s0", "block.3.mlp_out", span="blocks")
    what = f"page: groups of the same place in 12 blocks, 3 072 neurons × {steps} steps, from the file"
    out.add_row(what, seconds(lambda: Study(Library(folder)).grouping(question)), "")
    one = Question("s0", "block.3.mlp_out")
    what = f"page: who moves with a neuron, 256 neurons × {steps} steps, from the file"
    out.add_row(what, seconds(lambda: Study(Library(folder)).companions(one, 5)), "")


def seconds(work: Callable[[], Any]) -> str:
    wall, processor = measured(work)
    return f"{wall:.2f} s (CPU {processor:.2f} s)"


def fill_table() -> Table:
    """The embedded model's story again, recorded in full: root mean square of the error over the hidden values."""
    from mri.api import record

    out = Table(title=f"Hidden values, all but the {TOPK} strongest of each step: error of what stands in")
    for column in ("hook point", "hidden", "zero", "own mean, cut", "expected"):
        out.add_column(column)
    with tempfile.TemporaryDirectory() as folder:
        config = TraceConfig(capture_mode="full", prefill="stepwise", edu=True, max_bytes_per_step=4_000_000)
        asked = {"max_new_tokens": 90, "temperature": 0.8, "config": config, "sessions": folder}
        path = record("Once there was a girl named Mia.", **asked).path
        with open_session(path) as reader:
            for key in FILL_POINTS:
                true = activity_of([reader], [key])
                given = hidden(true)
                missing = np.isnan(given.values)
                with np.errstate(invalid="ignore"):
                    mean = np.nan_to_num(np.nansum(given.values, axis=1) / (~missing).sum(axis=1))[:, None]
                guesses = (np.zeros((1, 1)), np.clip(mean, given.low, given.high), filled(given))
                errors = (np.sqrt(np.square(guess - true.values)[missing].mean()) for guess in guesses)
                out.add_row(key, f"{missing.mean() * 100:.0f} %", *(f"{error:.3f}" for error in errors))
    return out


if __name__ == "__main__":
    Console().print(fill_table() if sys.argv[1:] == ["fill"] else table())
