"""Export and import: rows per second into each format, against pandas' own writer of the same rows; memory of a long
session; taking in a good file, and refusing those that were made to harm."""

from __future__ import annotations

import contextlib
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
from rich.table import Table

from mri.errors import BadSession
from mri.export.files import TABLES, table_pieces
from mri.export.trace import open_trace
from mri.format.config import TraceConfig
from mri.format.events import TraceSession
from mri.store.intake.intake import import_file
from mri.store.library import Library
from mri.store.opening import open_session
from mri.store.writer import SessionWriter
from tests.conftest import TINY_VOCABULARY, random_frame, random_layout, write_handmade_session
from tests.store.hostile import KINDS

FORMATS = ("parquet", "csv", "json")
MEMORY = """
import psutil, sys
from pathlib import Path
from mri.export.files import TABLES, table_pieces
from mri.store.intake.intake import import_file
from mri.store.library import Library
from mri.store.opening import open_session
me, num_bytes, peak = psutil.Process(), 0, 0
with open_session(Path(sys.argv[1])) as reader:
    for table in TABLES:
        for piece in table_pieces(reader, table, sys.argv[2]):
            num_bytes += len(piece)
            peak = max(peak, me.memory_info().rss)
print(num_bytes, peak)
"""


def table() -> Table:
    out = Table(title="Export", title_justify="left")
    out.add_column("what")
    out.add_column("measured", justify="right")
    out.add_column("pandas' writer", justify="right")
    out.add_column("goal", justify="right")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = session(folder, 1000)
        for kind in FORMATS:
            rows, ours, theirs = seconds(path, folder, kind)
            what = f"topk of 1,000 steps of 6 × 256 as {kind}, {rows:,} rows, per CPU second"
            pandas = f"{rows / theirs / 1e6:.2f}, {theirs / ours:.1f} × as long"
            out.add_row(what, f"{rows / ours / 1e6:.2f} million rows", pandas, "")
        path = session(folder, 10_000)
        for kind in FORMATS:
            num_bytes, peak = memory(path, kind)
            size = f"{num_bytes / 1e6:,.0f} MB: most memory of the process"
            what = f"10,000 steps, {len(TABLES)} tables as {kind}, {size}"
            out.add_row(what, f"{peak / 1e6:.0f} MB", "", "≤ 500 MB")
        num_bytes, taken = import_seconds(path, folder)
        out.add_row(f"import of these 10,000 steps, {num_bytes / 1e6:.0f} MB", f"{taken:.1f} s", "", "")
        worst, taken, by_clock, growth = refusals(folder)
        what = f"refusing the {len(KINDS)} kinds of hostile files, CPU seconds of the slowest ({worst})"
        out.add_row(what, f"{taken:.2f} s", "", "≤ 1 s")
        out.add_row("… all of them together, by the clock", f"{by_clock:.1f} s", "", "")
        out.add_row("… memory of the process that asked for it", f"+{growth / 1e6:.1f} MB", "", "unmoved")
    return out


def session(folder: Path, num_steps: int) -> Path:
    """A session of a 6 × 256 model with the default capture; each step has activations of its own."""
    layout, rng = random_layout(6, 256, 4, TraceConfig(topk=64)), np.random.default_rng(0)
    frame = random_frame(layout, rng, 0, "decode", 64, 1, chosen_id=3)
    with SessionWriter(folder, TraceSession(f"of-{num_steps}", layout), vocabulary=TINY_VOCABULARY) as writer:
        for step in range(num_steps):
            values = rng.standard_normal(frame.arrays["topk/256/values"].shape).astype(np.float16)
            writer.append(replace(frame, step=step, pos0=64 + step, arrays={**frame.arrays, "topk/256/values": values}))
        return writer.finish("stopped")


def seconds(path: Path, folder: Path, kind: str) -> tuple[int, float, float]:
    """Rows; CPU seconds from the session's file to the table's; of pandas, from a DataFrame in memory, without the time
    that it took to make it."""
    target = folder / f"topk.{kind}"
    frame = open_trace(path).topk()
    writers: dict[str, Callable[[], object]] = {
        "parquet": lambda: frame.to_parquet(target),
        "csv": lambda: frame.to_csv(target, index=False),
        "json": lambda: frame.to_json(target, orient="records"),
    }
    theirs = timed(writers[kind])

    def ours() -> None:
        with open_session(path) as reader, open(target, "wb") as file:
            file.writelines(table_pieces(reader, "topk", kind))

    return len(frame), timed(ours), theirs


def timed(work: Callable[[], object]) -> float:
    """Seconds of the processor, all threads together: others' work on the machine counts little. The less of two."""
    taken = []
    for _ in range(2):
        began = time.process_time()
        work()
        taken.append(time.process_time() - began)
    return min(taken)


def memory(path: Path, kind: str) -> tuple[int, int]:
    """Bytes that all tables are as files, and the most memory of a process that makes them."""
    done = subprocess.run([sys.executable, "-c", MEMORY, str(path), kind], capture_output=True, text=True, check=True)
    num_bytes, peak = map(int, done.stdout.split())
    return num_bytes, peak


def import_seconds(path: Path, folder: Path) -> tuple[int, float]:
    began = time.perf_counter()
    import_file(Library(folder / "taken in"), path)
    return path.stat().st_size, time.perf_counter() - began


def refusals(folder: Path) -> tuple[str, float, float, int]:
    """The kind that took longest, the CPU seconds of its child process, the seconds of all kinds, the bytes by which
    this process grew while it asked for all of them."""
    library, me = Library(folder / "refused"), psutil.Process()
    taken, by_clock, growth = {}, 0.0, 0
    for kind, (make, _) in KINDS.items():
        here = folder / kind.replace(" ", "-")
        here.mkdir()
        path = write_handmade_session(here)
        make(path)
        began, used, before = time.perf_counter(), seconds_of_children(), me.memory_info().rss
        with contextlib.suppress(BadSession):
            import_file(library, path)
            raise AssertionError(f"{kind} was imported")
        taken[kind] = seconds_of_children() - used
        by_clock += time.perf_counter() - began
        growth += me.memory_info().rss - before
    worst = max(taken, key=lambda kind: taken[kind])
    return worst, taken[worst], by_clock, growth


def seconds_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
