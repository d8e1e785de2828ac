"""app.py as a person starts it: address, exit codes, readiness, gunicorn. Every test runs a real process."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from mri.paths import demos

ROOT = Path(__file__).parents[1]
MODEL = ROOT / "tests" / "golden" / "E5"


@contextmanager
def running(*command, env=None, deadline_s=120):
    """A server process and the address it answers at: printed by app.py, or what gunicorn says it listens on."""
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, **(env or {})},
    )
    lines = []
    address = threading.Event()

    def read():
        for line in process.stdout:
            lines.append(line)
            if re.search(r"http://\S+:\d+", line):
                address.set()

    reader = threading.Thread(target=read)
    reader.start()
    try:
        assert address.wait(deadline_s), lines
        yield process, re.search(r"http://[^\s)]+", "".join(lines))[0], lines
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)
        reader.join()
        process.stdout.close()


def app(*arguments):
    return running(sys.executable, "app.py", "--port", "0", *map(str, arguments))


def until_it_answers(address, deadline_s=30):
    deadline = time.monotonic() + deadline_s
    while True:
        try:
            return requests.get(address, timeout=120)
        except requests.ConnectionError:
            assert time.monotonic() < deadline
            time.sleep(0.05)


def test_a_constant_that_there_is_not_is_one_sentence():
    command = [sys.executable, "app.py", "--port", "0", "--set", "rope=3"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    known = "softcap, rotary_base, qk_scale, eps, window_pattern"
    assert (done.returncode, done.stderr.strip()) == (1, f"There is no constant 'rope': known are {known}.")


def test_it_says_where_it_is_and_what_it_found(tmp_path, handmade_session):
    handmade_session(tmp_path)
    with app("--sessions", tmp_path, "--model", MODEL) as (process, address, lines):
        assert requests.get(address, timeout=120).status_code == 200
        assert requests.get(f"{address}/sessions/handmade/meta", timeout=120).json()["num_steps"] == 5
        text = "".join(lines)
        assert "base d3, step 10" in text
        assert f"1 in {tmp_path}, and {len(demos())} that came with the project" in text
        listed = {
            row["id"]: row["words"] for row in requests.get(f"{address}/library/rows", timeout=120).json()["rows"]
        }
        assert (listed["handmade"], listed["demo-gift"]) == ("finished", "bundled")
        assert "1 in" in text
    assert process.returncode == 0
    assert "Traceback" not in "".join(lines)


def test_without_torch_it_shows_recordings_and_says_what_records(tmp_path):
    code = "import sys; sys.modules['torch'] = None; from mri.serve import run; run()"
    with running(sys.executable, "-c", code, "--port", "0", "--sessions", str(tmp_path)) as (_, address, lines):
        assert requests.get(f"{address}/sessions/demo-gift/meta", timeout=120).status_code == 200
        answer = requests.post(f"{address}/record", json={"prompt": "a"}, timeout=120)
        assert "PyTorch is not installed here" in answer.json()["error"]
        until_it_answers(address)
        assert "none to record with. PyTorch is not installed here" in "".join(lines)


def test_a_taken_port_is_one_sentence(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = subprocess.run(
            [sys.executable, "app.py", "--port", str(port), "--sessions", str(tmp_path)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert result.returncode == 1
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    assert f"127.0.0.1:{port}" in result.stderr
    assert "--port" in result.stderr


def test_a_wrong_model_path_is_one_sentence(tmp_path):
    result = subprocess.run(
        [sys.executable, "app.py", "--port", "0", "--model", str(tmp_path / "nothing")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (result.returncode, result.stderr.count("\n")) == (1, 1)


def test_help_lists_the_options():
    result = subprocess.run(
        [sys.executable, "app.py", "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
        env={**os.environ, "COLUMNS": "120", "NO_COLOR": "1", "TERM": "dumb"},
    )
    for option in ("--host", "--port", "--model", "--sessions", "--allow-host", "--debug"):
        assert option in result.stdout


def test_the_first_page_needs_no_torch_and_no_tables(tmp_path):
    code = """
import sys
from pathlib import Path
from mri.web.server import create_app
client = create_app(Path(sys.argv[1])).server.test_client()
assert client.get("/").status_code == 200
slow = {"torch", "tiktoken", "pandas", "pyarrow", "xarray", "sklearn", "scipy"}
assert not slow & set(sys.modules), sorted(slow & set(sys.modules))
"""
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, check=True, timeout=120)


def test_importing_app_starts_nothing(tmp_path):
    code = """
import threading, app
assert threading.active_count() == 1
assert app.server is app.app.server
"""
    env = {**os.environ, "MRI_SESSIONS": str(tmp_path)}
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=120, env=env)


@pytest.mark.skipif(sys.platform == "win32", reason="gunicorn needs a Unix")
def test_gunicorn(tmp_path, handmade_session):
    handmade_session(tmp_path)
    line = "-k gthread -w 1 --threads 64 --graceful-timeout 2 --no-control-socket -b 127.0.0.1:0 app:server"
    with running(sys.executable, "-m", "gunicorn", *line.split(), env={"MRI_SESSIONS": str(tmp_path)}) as (
        _,
        address,
        _,
    ):
        assert until_it_answers(f"{address}/sessions/handmade/meta").json()["num_steps"] == 5
        assert requests.get(address, headers={"Host": "evil.example"}, timeout=120).status_code == 400
        body = json.dumps({"prompt": ""})
        headers = {"Content-Type": "application/json"}
        assert requests.post(f"{address}/record", data=body, headers=headers, timeout=120).status_code == 400
