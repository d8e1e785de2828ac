"""The store: bytes per step, sealing, and reading one step from short and long sessions."""

from __future__ import annotations

import contextlib
import random
import statistics
import tempfile
import time
from pathlib import Path

from rich.table import Table

from mri.format.config import Sampling, TraceConfig
from mri.nanochat.checkpoint import load_model
from mri.run.record import record_generation
from mri.store.opening import open_session
from mri.store.writer import seal_in_child
from tests.conftest import write_random_session

READS = 400


def table() -> Table:
    out = Table(title="Store", title_justify="left")
    out.add_column("what")
    out.add_column("measured", justify="right")
    out.add_column("goal", justify="right")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        journal, sealed = bytes_per_step(folder)
        out.add_row("bytes per step, embedded model, defaults: journal", f"{journal:,.0f} B", "")
        out.add_row("… sealed", f"{sealed:,.0f} B ({sealed / journal:.2f} of it)", "")
        out.add_row("sealing, per 1,000 steps of 12 × 768", f"{seconds_to_seal(folder):.2f} s", "")
        short, long = reading_ms(folder, 100, 10_000)
        out.add_row("frame(k), session of 100 steps, median", f"{short:.2f} ms", "≤ 2 ms")
        out.add_row("frame(k), session of 10,000 steps, median", f"{long:.2f} ms", "≤ 2 ms")
        out.add_row("… ratio", f"{long / short:.2f}", "≤ 1.30")
    return out


def bytes_per_step(folder: Path) -> tuple[float, float]:
    """Bytes of journal and of .h5, per step, for a story of the embedded model."""
    sizes = []

    def watch(step: object, text: str) -> None:
        sizes.append(sum(file.stat().st_size for file in folder.glob("story/frames.journal")))

    told = {"sessions": folder, "session_id": "story", "on_step": watch, "max_delay_ms": 0}
    asked = {"sampling": Sampling(200, seed=1), "config": TraceConfig()}
    recording = record_generation(load_model(), "Once there was a girl named Mia.", **asked, **told)
    return sizes[-1] / recording.num_steps, recording.path.stat().st_size / recording.num_steps


def seconds_to_seal(folder: Path) -> float:
    path = write_random_session(
        folder,
        n_layer=12,
        n_embd=768,
        n_head=6,
        num_steps=1000,
        session_id="seal",
        config=TraceConfig(topk=128),
        seal=False,
    )
    began = time.perf_counter()
    error = seal_in_child(path)
    assert not error, error
    return time.perf_counter() - began


def reading_ms(folder: Path, *nums_steps: int) -> list[float]:
    """Median milliseconds of reading one step at random, of sessions of so many steps of a 6 × 256 model with top-k 64.
    The sessions take turns, so that a slow moment of the machine meets them all."""
    chosen = random.Random(0)
    times: list[list[float]] = [[] for _ in nums_steps]
    with contextlib.ExitStack() as stack:
        readers = [stack.enter_context(open_session(readable(folder, num_steps))) for num_steps in nums_steps]
        for reader in readers:
            reader.frame(0)
        for _ in range(READS):
            for reader, taken in zip(readers, times, strict=True):
                step = chosen.randrange(reader.num_steps)
                began = time.perf_counter()
                reader.frame(step)
                taken.append(time.perf_counter() - began)
    return [statistics.median(taken) * 1e3 for taken in times]


def readable(folder: Path, num_steps: int) -> Path:
    size = {"n_layer": 6, "n_embd": 256, "n_head": 4, "num_steps": num_steps, "num_prompt_tokens": 4}
    return write_random_session(folder, session_id=f"read-{num_steps}", config=TraceConfig(topk=64), **size)
