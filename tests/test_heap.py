"""Threads of one process share a heap: seen in what malloc says of itself, and in a server's map of its memory."""

from __future__ import annotations

import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from tests.live.test_servers import server

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only glibc gives threads heaps of their own")

HEAP_BYTES = 64 << 20
"""What glibc reserves for each heap but the first, and at what it begins one."""

MANY_THREADS = """
import ctypes, sys, threading
from mri.heap import share_one_heap

if sys.argv[1] == "shared":
    share_one_heap()
all_there = threading.Barrier(6)

def allocate():
    all_there.wait()
    kept = bytes(50_000)
    all_there.wait()

threads = [threading.Thread(target=allocate) for _ in range(6)]
for thread in threads: thread.start()
for thread in threads: thread.join()
libc = ctypes.CDLL(None)
libc.fdopen.restype = ctypes.c_void_p
out = ctypes.c_void_p(libc.fdopen(1, b"w"))
libc.malloc_info(0, out)
libc.fflush(out)
"""


def heaps(how: str) -> int:
    said = subprocess.run([sys.executable, "-c", MANY_THREADS, how], text=True, capture_output=True, check=True).stdout
    return said.count("<heap ")


def test_threads_share_one_heap() -> None:
    assert heaps("as ever") > 1
    assert heaps("shared") == 1


def test_requests_of_a_server_share_one_heap(tmp_path: Path) -> None:
    with server(["app.py", "--port", "0", "--sessions", str(tmp_path)]) as (process, port):

        def answered(page: str) -> int:
            return requests.get(f"http://127.0.0.1:{port}/{page}", timeout=60).status_code

        with ThreadPoolExecutor(8) as clients:
            assert set(clients.map(answered, ["library/titles", "sessions/demo-story/series"] * 20)) == {200}
        maps = Path(f"/proc/{process.pid}/maps").read_text()
    reserved = re.findall(r"-([0-9a-f]+) ---p 00000000 00:00 0 *$", maps, re.MULTILINE)
    assert [end for end in reserved if int(end, 16) % HEAP_BYTES == 0] == []
