"""docs/deploy.md as it stands: its nginx block in a real nginx before its gunicorn line, and clients that are slow."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from tests.conftest import write_handmade_session, write_random_session
from tests.slow_clients import KINDS, slow_clients
from tests.web.live.conftest import until
from tests.web.live.sockets import Watcher
from tests.web.live.test_servers import GOLDEN, server

ROOT = Path(__file__).parents[1]
DEPLOY = (ROOT / "docs" / "deploy.md").read_text("utf-8")
NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
MOST_S = 8.0
"""Most seconds that an honest request may take on a busy machine; a server without free threads answers never."""

needs_nginx = pytest.mark.skipif(
    NGINX is None, reason="nginx is not installed (Debian, Ubuntu: apt install nginx-light)"
)


@contextmanager
def nginx_before(port: int, folder: Path) -> Iterator[int]:
    """nginx with the block of the documentation, but for its port and gunicorn's. -> its port"""
    assert NGINX is not None
    with socket.create_server(("127.0.0.1", 0)) as free:
        front = free.getsockname()[1]
    block = re.search(r"```nginx\n(.*?)```", DEPLOY, re.DOTALL)[1]
    assert block.count("listen 80;") == block.count("127.0.0.1:8050") == 1
    block = block.replace("listen 80;", f"listen 127.0.0.1:{front};").replace("127.0.0.1:8050", f"127.0.0.1:{port}")
    temp = "".join(
        f"{name}_temp_path {folder}/{name}; " for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"{'user root; ' if os.geteuid() == 0 else ''}daemon off; pid {folder}/pid; error_log {folder}/error.log;\n"
        f"events {{ worker_connections 2048; }}\nhttp {{ access_log off; {temp}\n{block}\n}}\n"
    )
    process = subprocess.Popen([NGINX, "-c", f"{folder}/nginx.conf", "-p", str(folder), "-e", f"{folder}/error.log"])
    try:
        until(lambda: process.poll() is not None or _answers(front))
        assert process.poll() is None, (folder / "error.log").read_text()
        yield front
    finally:
        process.terminate()
        process.wait(30)


def _answers(port: int) -> bool:
    try:
        return requests.get(f"http://127.0.0.1:{port}/", timeout=30).status_code == 200
    except requests.ConnectionError:
        return False


@pytest.fixture(scope="module")
def sessions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sessions")
    write_handmade_session(folder)
    write_random_session(folder, session_id="long", num_steps=400, n_embd=64)  # 100 MB as JSON
    return folder


@pytest.fixture(scope="module")
def front(sessions: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    line = re.search(r"gunicorn (.*?app:server)", DEPLOY, re.DOTALL)[1].replace("\\\n", " ")
    command = ["-m", "gunicorn", *shlex.split(line.replace("127.0.0.1:8050", "127.0.0.1:0"))]
    with (
        server(command, MRI_SESSIONS=str(sessions), MRI_MODEL=str(GOLDEN)) as (_, port),
        nginx_before(port, tmp_path_factory.mktemp("nginx")) as front,
    ):
        yield front


HONEST = {
    "/": 200,
    "/sessions/handmade/meta": 200,
    "/sessions/handmade/frames?start=0&stop=5": 200,
    "/_dash-layout": 200,
    "/record/nobody": 404,
}


def honest_requests(port: int) -> list[float]:
    """Seconds that each of some ordinary requests takes."""
    address, took = f"http://127.0.0.1:{port}", []
    for path, status in HONEST.items():
        began = time.monotonic()
        assert requests.get(address + path, timeout=60).status_code == status
        took.append(time.monotonic() - began)
    began = time.monotonic()
    assert Watcher(port, "handmade").hear_all() == 1000
    return [*took, time.monotonic() - began]


@pytest.mark.long
@needs_nginx
@pytest.mark.parametrize("kind", KINDS)
def test_honest_requests_are_answered_beside_100_slow_clients_of(kind: str, front: int) -> None:
    with slow_clients(front, kind, 100):
        time.sleep(3)  # they have begun to be slow
        took = honest_requests(front) + honest_requests(front)
    assert max(took) < MOST_S, took


@pytest.mark.long
@needs_nginx
def test_a_file_larger_than_nginxs_own_limit_comes_in_and_a_recording_is_watched(
    front: int, sessions: Path, tmp_path: Path
) -> None:
    file = write_handmade_session(tmp_path, "theirs").read_bytes() + bytes(2 << 20)  # HDF5 allows a tail
    answer = requests.post(f"http://127.0.0.1:{front}/import?name=theirs.h5", data=file, timeout=120)
    assert answer.status_code == 202, answer.text
    status = f"http://127.0.0.1:{front}/import/{answer.json()['id']}"
    until(lambda: requests.get(status, timeout=60).json()["state"] in ("finished", "error"))
    assert requests.get(status, timeout=60).json()["state"] == "finished"
    body = {"prompt": "ab ab", "temperature": 0, "max_new_tokens": 4}
    session_id = requests.post(f"http://127.0.0.1:{front}/record", json=body, timeout=60).json()["id"]
    watcher = Watcher(front, session_id)
    assert watcher.hear_all() == 1000
    assert watcher.heard[-1]["end_reason"] in ("max_new_tokens", "stop_token")


@pytest.mark.parametrize("kind", KINDS)
def test_app_py_answers_beside_slow_clients_of(kind: str, alone: int) -> None:
    with slow_clients(alone, kind, 100):
        took = honest_requests(alone)
    assert max(took) < MOST_S, took


@pytest.fixture(scope="module")
def alone(sessions: Path) -> Iterator[int]:
    """The port of `python app.py`."""
    with server(["app.py", "--port", "0", "--sessions", str(sessions)]) as (_, port):
        yield port
