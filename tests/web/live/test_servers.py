"""Whole servers as processes: gunicorn as docs/deploy.md has it, and one that is killed while a model writes."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
import requests
from simple_websocket import ConnectionClosed

from mri.store.library import Library
from mri.store.opening import open_session
from mri.web.live.hub import MAX_VIEWERS
from tests.conftest import stored_bytes
from tests.web.live.conftest import Recorder, until
from tests.web.live.sockets import RawSocket, Watcher

ROOT = Path(__file__).parents[3]
GOLDEN = ROOT / "tests" / "golden" / "E5"


@contextmanager
def server(command: list[str], **environment: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A server process and the port that it says it listens on."""
    process = subprocess.Popen(
        [sys.executable, *command],
        cwd=ROOT,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    lines = []
    try:
        for line in process.stdout:
            lines.append(line)
            if found := re.search(r"http://127\.0\.0\.1:(\d+)", line):
                break
        else:
            raise AssertionError("".join(lines))
        yield process, int(found[1])
    finally:
        process.kill()
        process.stdout.close()
        process.wait(30)


def app(sessions: Path, port: int) -> list[str]:
    return ["app.py", "--port", str(port), "--sessions", str(sessions), "--model", str(GOLDEN)]


def start_recording(port: int, **fields: object) -> str:
    body = {"prompt": "ab ab", "temperature": 0, "max_new_tokens": 12} | fields
    answer = requests.post(f"http://127.0.0.1:{port}/record", json=body, timeout=60)
    assert answer.status_code == 202
    return answer.json()["id"]


def ask(port: int, session_id: str, what: str) -> None:
    assert requests.post(f"http://127.0.0.1:{port}/record/{session_id}/{what}", timeout=60).status_code == 200


def same_as_stored(payloads: list[bytes], sessions: Path, session_id: str) -> bool:
    with Library(sessions).open(session_id) as reader:
        return payloads == [stored_bytes(reader, step) for step in range(reader.num_steps)]


def payloads_of(*watchers: Watcher) -> list[bytes]:
    return [bytes(record.payload) for watcher in watchers for record in watcher.records]


def test_a_killed_server_does_not_end_the_recording_and_the_next_one_goes_on(tmp_path: Path) -> None:
    with server(app(tmp_path, 0)) as (process, port):
        session_id = start_recording(port)
        ask(port, session_id, "pause")  # it has not made its first step: torch takes seconds to load
        first = Watcher(port, session_id)
        first.hear_steps(1)
        for stop in (2, 3):
            ask(port, session_id, "step")
            first.hear_steps(stop)
        assert first.steps == [0, 1, 2]
        first.hear_state("paused")
        process.send_signal(signal.SIGKILL)
        process.wait(30)
        with pytest.raises(ConnectionClosed):
            first.hear()
    until(lambda: (tmp_path / f"{session_id}.h5").exists() or (tmp_path / session_id / "frames.journal").exists())
    with server(app(tmp_path, port)) as (_, again):
        assert again == port
        second = Watcher(port, session_id, 3)
        assert second.hear_all() == 1000
    assert second.heard[-1]["type"] == "end"
    assert second.heard[-1]["end_reason"] in ("max_new_tokens", "stop_token")
    assert [*first.steps, *second.steps] == list(range(second.heard[-1]["num_steps"]))
    until(lambda: (tmp_path / f"{session_id}.h5").exists() and not (tmp_path / session_id).exists())
    assert same_as_stored(payloads_of(first, second), tmp_path, session_id)


def test_a_killed_recorder_is_told_and_the_next_recording_works(tmp_path: Path) -> None:
    with server(app(tmp_path, 0)) as (process, port):
        session_id = start_recording(port)
        ask(port, session_id, "pause")
        watcher = Watcher(port, session_id)
        watcher.hear_steps(1)
        watcher.hear_state("paused")
        children = psutil.Process(process.pid).children()
        [worker] = [child for child in children if "mri.worker.child" in child.cmdline()]
        worker.kill()
        assert watcher.hear_all() == 1000
        end = watcher.heard[-1]
        assert end["end_reason"] == "died"
        assert "exit code" in end["reason"]
        assert end["reason"].endswith("what it recorded is kept.")
        assert payloads_of(watcher) == [stored_bytes(open_session(tmp_path / session_id), 0)]
        other = Watcher(port, start_recording(port, max_new_tokens=2))
        assert other.hear_all() == 1000
        assert other.heard[-1]["end_reason"] in ("max_new_tokens", "stop_token")


def test_the_gunicorn_line_of_the_documentation(tmp_path: Path, recorder: Callable[..., Recorder]) -> None:
    text = (ROOT / "docs" / "deploy.md").read_text("utf-8")
    line = re.search(r"gunicorn (.*?app:server)", text, re.DOTALL)[1].replace("\\\n", " ")
    command = ["-m", "gunicorn", *shlex.split(line.replace("127.0.0.1:8050", "127.0.0.1:0"))]
    assert "gthread" in command
    with server(command, MRI_SESSIONS=str(tmp_path), MRI_MODEL=str(GOLDEN)) as (process, port):
        session_id = start_recording(port)
        watchers = [Watcher(port, session_id) for _ in range(2)]
        for watcher in watchers:
            assert watcher.hear_all() == 1000
            assert watcher.heard[-1]["dropped"] == {"payloads": 0, "frames": 0}
        until(lambda: (tmp_path / f"{session_id}.h5").exists() and not (tmp_path / session_id).exists())
        for watcher in watchers:
            assert same_as_stored(payloads_of(watcher), tmp_path, session_id)
        for headers, status in (({"Origin": "http://evil.example"}, 403), ({"Host": "evil.example"}, 400)):
            raw = RawSocket(port, f"/live/{session_id}", **headers)
            assert raw.status == status
            raw.close()
        recorder().append(3)
        crowd = [Watcher(port, "now") for _ in range(MAX_VIEWERS + 24)]
        first_words = [watcher.hear()["type"] for watcher in crowd]
        assert (first_words.count("hello"), first_words.count("refused")) == (MAX_VIEWERS, 24)
        answer = requests.get(f"http://127.0.0.1:{port}/sessions/now/meta", timeout=60)
        assert answer.status_code == 200, "threads are left for pages"
        process.terminate()
        assert process.wait(30) == 0, "open streams hold nobody up"
        for watcher in crowd:
            watcher.hear_all()
            assert "end" not in watcher.kinds
