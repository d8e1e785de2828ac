"""The server: how soon it is ready, what it imports, and what its callbacks take from a running generation."""

from __future__ import annotations

import contextlib
import json
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
RUNS = 5
PAIRS = 8  # recordings alone and crowded, in turn: single ones differ by a fifth


def table() -> Table:
    out = Table(title="Server", title_justify="left")
    for column in ("what", "measured", "goal"):
        out.add_column(column, justify="left" if column == "what" else "right")
    ready, loaded, rss = [], [], 0
    for _ in range(RUNS):
        began = time.perf_counter()
        with serving() as (process, address):
            get(f"{address}/")
            ready.append(time.perf_counter() - began)
            maps = Path(f"/proc/{process.pid}/maps")
            loaded.append("libtorch" in maps.read_text() if maps.exists() else False)
            rss = psutil.Process(process.pid).memory_info().rss
    out.add_row(
        "`python app.py` until the first page is served, median", f"{statistics.median(ready):.2f} s", "≤ 2.5 s"
    )
    out.add_row("… the slowest of five", f"{max(ready):.2f} s", "")
    out.add_row("torch in the server process", "yes" if any(loaded) else "no", "no")
    out.add_row("memory of the server process", f"{rss / 1e6:.0f} MB", "")
    quiet, busy = generation_seconds()
    out.add_row("generation under continuous callbacks, of its speed alone", f"{quiet / busy:.2f}", "≥ 0.80")
    return out


@contextlib.contextmanager
def serving(*options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`python app.py` on a free port, ended when the block ends."""
    command = [sys.executable, "app.py", "--port", "0", *options]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        match = re.search(r"http://\S+", line)
        assert match, line
        threading.Thread(target=process.stdout.read, daemon=True).start()
        yield process, match[0]
    finally:
        process.terminate()
        process.wait(30)


def get(url: str, body: object = None) -> bytes:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"} if data else {})
    with urllib.request.urlopen(request, timeout=60) as answer:
        content: bytes = answer.read()
    return content


def generation_seconds() -> tuple[float, float]:
    """Seconds per step of a recording on the server: alone, and while a client asks for callbacks without pause.

    The callback asked for is the one every page calls first; runs alternate, medians are returned.
    """
    alone, crowded = [], []
    with tempfile.TemporaryDirectory() as folder, serving("--sessions", folder) as (_, address):
        record_seconds(address)  # loads torch and the model
        for _ in range(PAIRS):
            alone.append(record_seconds(address))
            stop = threading.Event()
            thread = threading.Thread(target=hammer, args=(address, stop))
            thread.start()
            crowded.append(record_seconds(address))
            stop.set()
            thread.join()
    return statistics.median(alone), statistics.median(crowded)


def record_seconds(address: str) -> float:
    """Seconds per step of one recording, by the recorder's own clock, which is in the session."""
    body = {"prompt": "Once there was a girl named Mia.", "max_new_tokens": 300, "temperature": 1.0, "seed": 3}
    started = json.loads(get(f"{address}/record", body))
    while True:
        status = json.loads(get(f"{address}/record/{started['id']}"))
        if status["state"] in ("finished", "error"):
            break
        time.sleep(0.2)
    assert status["state"] == "finished", status
    session = json.loads(get(f"{address}/sessions/{started['id']}/meta"))["session"]
    return float(session["duration_s"]) / int(session["num_steps"])


def hammer(address: str, stop: threading.Event) -> None:
    """Dash's page callback, again and again, as a second browser under constant clicking would."""
    dependencies = json.loads(get(f"{address}/_dash-dependencies"))
    pages = next(d for d in dependencies if "_pages_content" in d["output"])
    body = {
        "output": pages["output"],
        "outputs": [
            {"id": part.rsplit(".", 1)[0], "property": part.rsplit(".", 1)[1]}
            for part in pages["output"].strip(".").split("...")
        ],
        "inputs": [{**i, "value": "/sessions" if i["property"] == "pathname" else ""} for i in pages["inputs"]],
        "changedPropIds": ["_pages_location.pathname"],
        "state": [{**s, "value": None} for s in pages["state"]],
    }
    while not stop.is_set():
        get(f"{address}/_dash-update-component", body)
