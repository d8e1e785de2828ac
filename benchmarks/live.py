"""The live stream: how soon a token reaches a viewer, and what viewers, good and bad, take from a generation."""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

import psutil
import torch
from playwright.sync_api import sync_playwright
from rich.table import Table

from benchmarks.server import ROOT, get, serving
from mri.format.config import Sampling, TraceConfig
from mri.format.events import TraceSession
from mri.nanochat.checkpoint import load_model
from mri.run.record import record_generation
from mri.store.library import Library
from mri.worker.child import MAX_DELAY_MS
from tests.browser.ensure_browser import launch

REQUEST = {"prompt": "Once there was a girl named Mia.", "max_new_tokens": 300, "temperature": 1.5, "seed": 4}
"""A text that does not end before its 300 tokens."""
ASKED: dict[str, Any] = {"prompt": REQUEST["prompt"], "sampling": Sampling(300, 1.5, 50, 4)}
ASKED |= {"config": TraceConfig(), "max_delay_ms": MAX_DELAY_MS}
SETTLING_STEPS, SETTLING_MS = 20, 5000
"""After so many steps the generation waits so long: a page that comes to be loads its charts first."""
PAINTED = (
    ("20 steps/s, still between steps", 0.04, "reduce", "≤ 30 ms"),
    ("20 steps/s, particles in motion", 0.04, "no-preference", "≤ 30 ms"),
    ("full speed, particles in motion", 0.0, "no-preference", "≤ 60 ms"),
)
"""how, wait after each step, motion, goal"""
ROUNDS = 5  # of every crowd, in turn: single recordings differ by a fifth
CROWDS = {  # healthy, slow, stalled
    "0 viewers": (0, 0, 0),
    "1 viewer": (1, 0, 0),
    "8 viewers": (8, 0, 0),
    "32 viewers": (32, 0, 0),
    "32 viewers, 4 of them slow (80 kB/s), 4 stalled": (24, 4, 4),
}
GOALS = {"1 viewer": "≥ 0.95", "8 viewers": "≥ 0.85"}


def table() -> Table:
    out = Table(title=f"Live: {ROUNDS} rounds, embedded model, all on this machine", title_justify="left")
    for column in ("what", "measured", "goal"):
        out.add_column(column, justify="left" if column == "what" else "right")
    with tempfile.TemporaryDirectory() as folder, serving("--sessions", folder) as (server, address):
        port = int(urlsplit(address).port or 0)
        latencies = [each for _ in range(ROUNDS) for each in latency_ms(Path(folder), port)]
        out.add_row("token sampled → step at a viewer, median", f"{statistics.median(latencies):.1f} ms", "")
        out.add_row("… 95th percentile", f"{statistics.quantiles(latencies, n=20)[-1]:.1f} ms", "")
        for speed, pace_s, motion, goal in PAINTED:
            painted, num_painted, num_steps = painted_ms(Path(folder), address, pace_s, motion)
            out.add_row(f"token sampled → painted, {speed}, median", f"{statistics.median(painted):.1f} ms", "")
            out.add_row("… 95th percentile", f"{statistics.quantiles(painted, n=20)[-1]:.1f} ms", goal)
            out.add_row("… steps with a picture of their own", f"{num_painted} of {num_steps}", "")
        step_s: dict[str, list[float]] = {name: [] for name in CROWDS}
        healthy, slow, gone_s = [], [], []
        watched_recording(Path(folder), address, (0, 0, 0))  # loads torch and the model
        for _ in range(ROUNDS):
            for name, crowd in CROWDS.items():
                seconds, viewers, gone = watched_recording(Path(folder), address, crowd, server.pid)
                step_s[name].append(seconds)
                healthy += [viewer for viewer in viewers if viewer["kind"] == "healthy"]
                gone_s += gone
        alone = statistics.median(step_s["0 viewers"])
        out.add_row("generation nobody watches", f"{alone * 1e3:.2f} ms/step", "")
        for name, seconds_of_rounds in list(step_s.items())[1:]:
            ratio = alone / statistics.median(seconds_of_rounds)
            out.add_row(f"speed with {name}, of that", f"{ratio:.2f}", GOALS.get(name, ""))
        fine = sum(viewer["in_order"] and viewer["complete"] and not viewer["frames"] for viewer in healthy)
        out.add_row("healthy viewers that got every step in order", f"{fine} of {len(healthy)}", "all")
        out.add_row("stalled viewers gone after, slowest", f"{max(gone_s):.1f} s", "≤ 5 s")
        _, viewers, _ = watched_recording(Path(folder), address, (1, 4, 0), server.pid, preset="everything")
        slow = [viewer for viewer in viewers if viewer["kind"] == "slow"]
        exact = sum(viewer["exact"] for viewer in slow)
        drops = ", ".join(f"{viewer['payloads']} + {viewer['frames']}" for viewer in slow)
        out.add_row('slow viewers of "everything" told exactly what was dropped', f"{exact} of {len(slow)}", "all")
        out.add_row("… payloads + frames dropped", drops, "")
    return out


@contextlib.contextmanager
def watching(port: int, session_id: str, crowd: tuple[int, int, int]) -> Iterator[tuple[IO[str], list[int]]]:
    """The crowd, connected: where its report is read from, the stalled ones' ports. It goes when the block ends."""
    command = [sys.executable, "-m", "benchmarks.viewers", str(port), session_id, *map(str, crowd)]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        yield process.stdout, json.loads(process.stdout.readline())
    finally:
        process.stdin.close()
        process.wait(30)
        process.stdout.close()


def latency_ms(sessions: Path, port: int) -> list[float]:
    """Of every step but the prefill: the end of its forward pass → the whole step read by a viewer.

    Records in this process as the page's worker does, because its clock is needed; the server follows the journal.
    """
    torch.set_num_threads(max(1, (os.cpu_count() or 2) // 2))
    loaded = load_model(None)
    stack = contextlib.ExitStack()
    began_s = 0.0
    out: list[IO[str]] = []

    def on_start(session: TraceSession) -> None:
        nonlocal began_s
        out.append(stack.enter_context(watching(port, session.id, (1, 0, 0)))[0])
        began_s = time.perf_counter()  # the recorder's clock starts with the next line but one

    with stack:
        told = {"sessions": sessions, "on_start": on_start}
        recording = record_generation(loaded, **ASKED, **told)
        arrivals = json.loads(out[0].readline())["arrivals"]
    with Library(sessions).open(recording.id) as reader:
        sampled_us = reader.steps()["time_us"]
    return [(arrivals[str(step)] - began_s - int(at_us) / 1e6) * 1e3 for step, at_us in enumerate(sampled_us) if step]


def painted_ms(sessions: Path, address: str, pace_s: float, motion: Any) -> tuple[list[float], int, int]:
    """The Live page in headless Chromium at 1440 × 900, software rendering: end of a step's forward pass → a picture of
    it painted, or of a later one. -> those of every step after SETTLING_STEPS, how many have a picture, how many
    there are.

    Records in this process, on the same cores that run server and browser; waits `pace_s` after each step. motion: of
    the page, "reduce" or "no-preference": then the tower is painted between steps, too, for its particles.
    """
    torch.set_num_threads(max(1, (os.cpu_count() or 2) // 2))
    loaded = load_model(None)
    began_ms, num_steps = 0.0, 0
    with sync_playwright() as playwright:
        browser = launch(playwright)
        page = browser.new_page(viewport={"width": 1440, "height": 900}, reduced_motion=motion)
        page.add_init_script("localStorage.setItem('mri-hints-seen', 'in a benchmark')")
        page.add_init_script("localStorage.setItem('mri-pace', 'Infinity')")

        def on_start(session: TraceSession) -> None:
            nonlocal began_ms
            page.goto(f"{address}/live?session={session.id}")
            page.wait_for_selector(".live-bar[data-state=running]")
            began_ms = time.time() * 1e3  # the recorder's clock starts with the next line but one

        def on_step(step: object, text: str) -> None:
            nonlocal num_steps
            num_steps += 1
            if num_steps == SETTLING_STEPS:
                page.wait_for_timeout(SETTLING_MS)
            time.sleep(pace_s)

        told = {"sessions": sessions, "on_start": on_start, "on_step": on_step}
        recording = record_generation(loaded, **ASKED, **told)
        page.wait_for_selector(".live-bar[data-state=over]")
        painted = [each for each in page.evaluate("window.mri.timings.painted") if each[0] > SETTLING_STEPS]
        browser.close()
    with Library(sessions).open(recording.id) as reader:
        sampled_ms = [began_ms + int(at_us) / 1e3 for at_us in reader.steps()["time_us"]]
    found = []
    pictures = iter(painted)
    shown, shown_ms = next(pictures)
    for step in range(SETTLING_STEPS + 1, painted[-1][0] + 1):
        while shown < step:
            shown, shown_ms = next(pictures)
        found.append(shown_ms - sampled_ms[step])
    return found, len(painted), len(found)


def watched_recording(
    sessions: Path, address: str, crowd: tuple[int, int, int], server_pid: int = 0, preset: str = "standard"
) -> tuple[float, list[dict[str, Any]], list[float]]:
    """One recording by the server's worker. -> seconds per step, what the viewers got, seconds until stalled ones went.

    It waits, paused after its first step, until everybody watches.
    """
    session_id = json.loads(get(f"{address}/record", REQUEST | {"preset": preset}))["id"]
    get(f"{address}/record/{session_id}/pause", {})
    while json.loads(get(f"{address}/record/{session_id}"))["state"] != "paused":
        time.sleep(0.02)
    viewers: list[dict[str, Any]] = []
    gone_s: list[float] = []
    port = int(urlsplit(address).port or 0)
    with watching(port, session_id, crowd) if any(crowd) else contextlib.nullcontext((None, [])) as (out, stalled):
        get(f"{address}/record/{session_id}/resume", {})
        resumed_at = time.monotonic()
        over = False
        while not over or stalled:
            time.sleep(0.25)
            over = over or json.loads(get(f"{address}/record/{session_id}"))["state"] in ("finished", "error")
            held = established(server_pid, port) if stalled else set()
            gone_s += [time.monotonic() - resumed_at for each in stalled if each not in held]
            stalled = [each for each in stalled if each in held]
        if out is not None:
            viewers = json.loads(out.readline())["viewers"]
    with Library(sessions).open(session_id) as reader:
        time_us = reader.steps()["time_us"]
    return float(time_us[-1] - time_us[2]) / 1e6 / (len(time_us) - 3), viewers, gone_s


def established(pid: int, port: int) -> set[int]:
    """The other sides' ports of connections to the server that it has not let go of."""
    connections = psutil.Process(pid).net_connections("tcp")
    return {
        each.raddr.port for each in connections if each.status == psutil.CONN_ESTABLISHED and each.laddr.port == port
    }
