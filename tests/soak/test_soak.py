"""An hour of everything at once: two servers and two recorders on one folder, four browsers, deletes and imports.

MRI_SOAK_S says for how long (an hour where it is not set). At the end nothing is lost, nobody saw an error that was not
written for a person, and memory, descriptors and threads of the servers are what they were after the first fifth.
"""

from __future__ import annotations

import contextlib
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests
from playwright.sync_api import Error as BrowserError
from playwright.sync_api import sync_playwright

from mri.format.config import TraceConfig
from mri.store.library import Library
from mri.store.opening import open_session
from tests.browser.ensure_browser import launch
from tests.browser.serving import HARNESS
from tests.conftest import write_handmade_session, write_random_session
from tests.web.live.test_servers import GOLDEN, server

ROOT = Path(__file__).parents[2]
DURATION_S = float(os.environ.get("MRI_SOAK_S") or 3600)
KEPT_SESSIONS = 40
"""The oldest recordings beyond are deleted, so that the disk stays as it is."""
RECORDER = """
import sys, time, warnings
import mri
sessions, until, seed = sys.argv[1], time.time() + float(sys.argv[2]), int(sys.argv[3])
while time.time() < until:
    trace = mri.record("ab ab", model=sys.argv[4], max_new_tokens=12, seed=seed, sessions=sessions, name=f"soak {seed}")
    print(trace.session.id, len(trace.tokens()), flush=True)
    seed += 2
    time.sleep(1)
"""
PAGES = ("/sessions", "/", "/live", "/learn?lesson=1-perceptron", "/sessions", "/compare", "/neurons", "/sessions")


@dataclass
class Seen:
    """What all threads put down."""

    wrong: list[str] = field(default_factory=list)
    recorded: dict[str, int] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)
    imported: int = 0
    pages: int = 0


@pytest.mark.long
def test_an_hour_of_everything_at_once(tmp_path: Path) -> None:
    folder = tmp_path / "sessions"
    write_handmade_session(folder)
    write_random_session(folder, session_id="wide", n_embd=64, num_steps=20, config=TraceConfig(prefill="stepwise"))
    theirs = write_handmade_session(tmp_path / "theirs", "theirs").read_bytes()
    seen, over = Seen(), threading.Event()
    log = tmp_path / "servers.log"
    with two_servers(folder, log) as servers, recorders(folder, seen):
        ports = [port for _, port in servers]
        for port in ports:
            load_all(port)
        threads = [
            threading.Thread(target=keep_on, args=(over, seen, act, pause_s), daemon=True)
            for act, pause_s in (
                (lambda: upload(ports, theirs, seen), 5.0),
                (lambda: delete_old(folder, seen), 4.0),
                (lambda: record_on_a_page(random.choice(ports), seen), 6.0),
            )
        ]
        threads += [threading.Thread(target=browse, args=(over, port, seen)) for port in ports * 2]
        for thread in threads:
            thread.start()
        early, late = measured(servers, over)
        for thread in threads:
            thread.join(120)
    print(f"{seen.pages} pages, {len(seen.recorded)} recordings, {seen.imported} imports, {len(seen.deleted)} deleted")
    for name, first, last in zip(("memory", "descriptors", "threads"), early, late, strict=True):
        print(f"{name}: {first} -> {last}")
    assert not seen.wrong, seen.wrong[:10]
    assert "Traceback" not in log.read_text(), log.read_text()[-3000:]
    assert seen.pages > 4
    assert seen.imported > 0
    assert lost(folder, seen) == []
    for first, last in zip(*(early[0], late[0]), strict=True):
        assert last < 1.05 * first + 10e6, "memory"
    for before, after in zip(early[1:], late[1:], strict=True):
        assert all(last <= first + 40 for first, last in zip(before, after, strict=True)), "descriptors or threads"


@contextmanager
def two_servers(folder: Path, log: Path) -> Iterator[list[tuple[subprocess.Popen[str], int]]]:
    """On one folder: app.py and gunicorn. All that they say goes on to the log."""
    options = ["-k", "gthread", "-w", "1", "--threads", "64", "--no-control-socket", "-b", "127.0.0.1:0", "app:server"]
    environment = {"MRI_SESSIONS": str(folder), "MRI_MODEL": str(GOLDEN)}
    with (
        server(["app.py", "--port", "0", "--sessions", str(folder), "--model", str(GOLDEN)]) as first,
        server(["-m", "gunicorn", *options], **environment) as second,
    ):
        both = [first, second]
        for process, _ in both:
            threading.Thread(target=_write_on, args=(process, log), daemon=True).start()
        yield both


def _write_on(process: subprocess.Popen[str], log: Path) -> None:
    assert process.stdout is not None
    with contextlib.suppress(ValueError):  # closed
        for line in process.stdout:
            with log.open("a") as file:
                file.write(line)


@contextmanager
def recorders(folder: Path, seen: Seen) -> Iterator[None]:
    """Two more processes, as notebooks are."""
    children = [
        subprocess.Popen(
            [sys.executable, "-c", RECORDER, str(folder), str(DURATION_S), str(seed), str(GOLDEN)],
            cwd=ROOT,
            text=True,
            stdout=subprocess.PIPE,
        )
        for seed in (1, 2)
    ]

    def hear(child: subprocess.Popen[str]) -> None:
        assert child.stdout is not None
        for line in child.stdout:
            session_id, number = line.split()
            seen.recorded[session_id] = int(number)

    threads = [threading.Thread(target=hear, args=(child,)) for child in children]
    for thread in threads:
        thread.start()
    yield
    for child, thread in zip(children, threads, strict=True):
        status = child.wait(300)
        thread.join()
        assert child.stdout is not None
        child.stdout.close()
        if status:
            seen.wrong.append(f"a recorder ended with {status}")


def keep_on(over: threading.Event, seen: Seen, act: Callable[[], None], pause_s: float) -> None:
    while not over.wait(pause_s):
        try:
            act()
        except Exception as error:
            seen.wrong.append(repr(error))


def answer_of(response: requests.Response, seen: Seen) -> Any:
    """JSON; an error must be a sentence, and 500 is none of a person's."""
    body = response.json()
    if response.status_code == 500 or (not response.ok and not body.get("error", "").endswith(".")):
        seen.wrong.append(f"{response.status_code} {response.url} {body}")
    return body


def load_all(port: int) -> None:
    """What takes memory once: the libraries of exports and of groups."""
    for path in ("/sessions/wide/export/all.json", "/neurons/groups?session=wide&point=block.1.resid_post"):
        assert requests.get(f"http://127.0.0.1:{port}{path}", timeout=300).status_code == 200


def upload(ports: list[int], theirs: bytes, seen: Seen) -> None:
    address = f"http://127.0.0.1:{random.choice(ports)}"
    job = answer_of(requests.post(f"{address}/import?name=theirs.h5", data=theirs, timeout=120), seen)
    while "error" not in job and job["state"] not in ("finished", "error"):
        time.sleep(0.2)
        job = answer_of(requests.get(f"{address}/import/{job['id']}", timeout=120), seen)
    if job.get("state") == "finished":
        seen.imported += 1
        seen.recorded[job["session_id"]] = 6
    else:
        seen.wrong.append(str(job))


def record_on_a_page(port: int, seen: Seen) -> None:
    body = {"prompt": "ab ab", "max_new_tokens": 8}
    response = requests.post(f"http://127.0.0.1:{port}/record", json=body, timeout=120)
    told = answer_of(response, seen)
    if response.status_code == 202:
        for what in ("meta", "tokens", "series"):
            answer = requests.get(f"http://127.0.0.1:{port}/sessions/{told['id']}/{what}", timeout=120)
            if answer.status_code not in (200, 404):  # 404: not begun yet
                seen.wrong.append(f"{answer.status_code} {answer.url} {answer.text[:200]}")


def delete_old(folder: Path, seen: Seen) -> None:
    library = Library(folder)
    infos = [info for info in library.list() if info.state == "finished" and info.id not in ("handmade", "wide")]
    for info in infos[KEPT_SESSIONS:]:
        seen.deleted.add(info.id)
        library.delete(info.id)


def browse(over: threading.Event, port: int, seen: Seen) -> None:
    """One browser that goes from page to page, and looks at what is there."""
    with sync_playwright() as playwright:
        browser = launch(playwright)
        page = browser.new_page(base_url=f"http://127.0.0.1:{port}", reduced_motion="reduce")
        page.set_default_timeout(120_000)
        page.on("pageerror", lambda error: seen.wrong.append(f"page: {error.message}"))
        page.on(
            "console",
            lambda message: (
                message.type == "error"
                and HARNESS not in message.text
                and "404" not in message.text
                and seen.wrong.append(f"console: {message.text}")
            ),
        )
        for address in (PAGES[i % len(PAGES)] for i in range(10**9)):
            if over.is_set():
                break
            try:
                page.goto(address)
                page.wait_for_selector("#mri-content *")
                page.wait_for_timeout(1500)
                seen.pages += 1
                for toast in page.locator(".mri-toast").all_inner_texts():
                    if "went wrong" in toast:
                        seen.wrong.append(f"{address}: {toast}")
            except BrowserError as error:
                seen.wrong.append(f"{address}: {error.message[:300]}")
        browser.close()


def measured(servers: list[tuple[subprocess.Popen[str], int]], over: threading.Event) -> tuple[Any, Any]:
    """Memory, descriptors and threads of each server, after a fifth of the time and at its end."""
    plain, master = (psutil.Process(process.pid) for process, _ in servers)
    answering = [plain, master.children()[0]]
    began, early = time.monotonic(), None

    def now() -> tuple[list[int], list[int], list[int]]:
        return (
            [process.memory_info().rss for process in answering],
            [process.num_fds() for process in answering],
            [process.num_threads() for process in answering],
        )

    while (passed := time.monotonic() - began) < DURATION_S:
        if early is None and passed > DURATION_S / 5:
            early = now()
        time.sleep(1)
    late = now()
    over.set()
    return early, late


def lost(folder: Path, seen: Seen) -> list[str]:
    """Recordings that were made, not deleted, and cannot be opened with all they had."""
    missing = []
    library = Library(folder)
    for session_id, number in seen.recorded.items():
        if session_id in seen.deleted:
            continue
        try:
            with open_session(library.path(session_id)) as reader:
                if len(reader.token_ids()) < number:
                    missing.append(f"{session_id}: {len(reader.token_ids())} of {number} tokens")
        except Exception as error:
            missing.append(f"{session_id}: {error!r}")
    return missing
