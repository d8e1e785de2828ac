"""Comparing two sessions of 1,000 steps: server time to the first picture, and of every part of it."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
from dash import Dash
from rich.table import Table

from benchmarks import measured
from mri.format.config import TraceConfig
from mri.measure.alignment import common_subsequence
from mri.store.opening import open_session
from mri.study.comparison import _aligned, compare
from mri.study.similarity import likeness
from mri.web.server import create_app
from tests.conftest import write_random_session

NUM_STEPS = 1_000
RUNS = 7


def table() -> Table:
    out = Table(title=f"Compare: two sessions of {NUM_STEPS:,} steps, 6 × 256", title_justify="left")
    for column in ("what", "measured", "goal"):
        out.add_column(column, justify="left" if column == "what" else "right")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        size = {"n_layer": 6, "n_embd": 256, "n_head": 4, "num_steps": NUM_STEPS, "num_prompt_tokens": 20}
        config = TraceConfig(topk=64, prefill="stepwise")
        for seed, session in enumerate("ab"):
            write_random_session(folder, session_id=session, seed=seed, config=config, **size)
        app = create_app(folder)
        for other, what in (("a", "a session with itself: all steps are matched"), ("b", "two sessions, exact tokens")):
            wall, cpu = measured(lambda other=other: first_picture(app, folder, other), RUNS)
            out.add_row(f"first picture of {what}, wall, median of {RUNS}", f"{wall * 1000:.0f} ms", "≤ 500 ms")
            out.add_row("… processor time of it", f"{cpu * 1000:.0f} ms", "")
        readers = open_session(folder / "a.h5"), open_session(folder / "b.h5")
        for strategy in ("mapping", "pooled"):
            found = compare(*readers, strategy)
            wall, _ = measured(lambda found=found: likeness(found), RUNS)
            out.add_row(f"how alike as a whole, {strategy}, at most 256 steps each", f"{wall * 1000:.0f} ms", "")
    rng = np.random.default_rng(0)
    ids = [rng.integers(0, 500, 10_000) for _ in range(2)]
    wall, _ = measured(lambda: common_subsequence(*ids), runs=1)
    out.add_row("exact tokens of two sequences of 10,000", f"{wall:.1f} s", "")
    return out


def first_picture(app: Dash, folder: Path, other: str) -> None:
    """All that the server does before the map can be seen: open both files, align, answer the page's request for the
    alignment, compute the map, and its figure as the JSON that is sent."""
    _aligned.cache_clear()
    for name in ("a", other):
        open_session(folder / f"{name}.h5").close()  # the server's own stay open from one picture to the next
    query = f"a=a&b={other}&align=mapping"
    assert app.server.test_client().get(f"/compare/alignment?{query}").status_code == 200
    page = next(module for name, module in sys.modules.items() if name.endswith("pages.compare"))
    with app.server.test_request_context():
        figure, _ = page.draw_map({"a": "a", "b": other, "align": "mapping", "by": "difference", "theme": "dark"})
    assert len(figure.to_json()) > 10_000
