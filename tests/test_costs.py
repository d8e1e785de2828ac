"""What one request may cost: a real server, and addresses made to be expensive. docs/deploy.md has the bounds."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest
import requests

from mri.paths import SESSIONS
from tests.tiers import sample
from tests.web.live.test_servers import server

MOST_CPU_S = 1.0
MOST_BYTES = 50e6


class Served(NamedTuple):
    port: int
    process: psutil.Process

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def cpu_s(self) -> float:
        return sum(self.process.cpu_times()[:2])

    def peak_bytes(self) -> int:
        """Since the last `forget_peak`."""
        line = next(line for line in self._proc("status").read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024

    def forget_peak(self) -> None:
        self._proc("clear_refs").write_text("5")

    def _proc(self, name: str) -> Path:
        return Path(f"/proc/{self.process.pid}/{name}")


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    if not Path("/proc/self/clear_refs").exists():
        pytest.skip("only Linux tells how much memory a process had at most")
    folder = tmp_path_factory.mktemp("sessions")
    shutil.copy(SESSIONS / "demo-story.h5", folder)
    with server(["app.py", "--port", "0", "--sessions", str(folder)]) as (process, port):
        yield Served(port, psutil.Process(process.pid))


POINTS = "final.logits," * 4000
NEURONS = ",".join(f"block.1.mlp_act:{neuron}" for neuron in range(1000))
SAME_NEURON = "block.1.mlp_act:5," * 2500
PANELS = "/sessions/demo-story/panels"
CRAFTED = {
    "one hook point 4000 times": (f"{PANELS}/stage.csv?step=1&points={POINTS}", 200),
    "1000 neurons": (f"{PANELS}/watched.csv?step=1&point=x&watched={NEURONS}", 400),
    "one neuron 2500 times": (f"{PANELS}/watched.csv?step=1&point=x&watched={SAME_NEURON}", 200),
    "a method of 50 kB": (f"/neurons/groups?session=demo-story&point=block.1.mlp_act&method={'x' * 50_000}", 400),
    "a session of 50 kB": (f"/sessions/{'x' * 50_000}/meta", 404),
    "a thousand arguments": (f"/sessions/demo-story/frames?{'start=0&stop=512&' * 1000}", 200),
    "steps beyond the limit": ("/sessions/demo-story/frames?start=0&stop=99999999999", 400),
}


@pytest.mark.parametrize("name", CRAFTED)
def test_an_address_made_to_be_expensive_is_not(demo: Served, name: str) -> None:
    address, status = CRAFTED[name]
    assert requests.get(demo.address + PANELS + "/bars.csv?step=1", timeout=60).status_code == 200  # all is loaded
    demo.forget_peak()
    cpu_before, before = demo.cpu_s(), demo.process.memory_info().rss
    with requests.get(demo.address + address, timeout=60) as answer:
        assert answer.status_code == status
        num_bytes = len(answer.content)
    assert demo.cpu_s() - cpu_before < MOST_CPU_S
    assert demo.peak_bytes() - before < MOST_BYTES
    assert num_bytes < 3e6


def test_the_table_of_the_stage_has_each_hook_point_once(demo: Served) -> None:
    one, many = (
        requests.get(f"{demo.address}{PANELS}/stage.csv?step=1&points={points}", timeout=60).text
        for points in ("block.0.mlp_out,final.ln_f", "block.0.mlp_out,final.ln_f,block.0.mlp_out,final.ln_f")
    )
    assert one == many


def test_downloads_that_nobody_reads_hold_little_and_are_refused_beyond_a_number(demo: Served) -> None:
    """One after the other is asked for and left unread; in the long run a hundred of them."""
    number = sample(ci=20, long=100)
    demo.forget_peak()
    before = demo.process.memory_info().rss
    clients, statuses = [], []
    try:
        for _ in range(number):
            client = socket.create_connection(("127.0.0.1", demo.port))
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.settimeout(60)
            clients.append(client)
            client.sendall(b"GET /sessions/demo-story/export/all.json HTTP/1.1\r\nHost: localhost\r\n\r\n")
            statuses.append(int(client.recv(12).split()[1]))
        assert set(statuses) == {200, 503}
        refused = requests.get(f"{demo.address}/sessions/demo-story/export/all.json", timeout=60)
        assert refused.status_code == 503
        assert refused.json()["error"] == "6 downloads are under way already: try again in a moment."
        assert int(refused.headers["Retry-After"]) > 0
        assert requests.get(f"{demo.address}/sessions/demo-story/meta", timeout=60).status_code == 200
    finally:
        for client in clients:
            client.close()
    assert statuses.count(200) >= 6
    assert demo.peak_bytes() - before < 250e6
    assert requests.get(f"{demo.address}/sessions/demo-story/export/tokens.json", timeout=60).status_code in (200, 503)


COMMAND = "-m gunicorn -k gthread -w 1 --threads 64 --no-control-socket -b 127.0.0.1:0 app:server"
GUNICORN = COMMAND.split()
SESSIONS_IN_TURN = 36  # more than the library keeps open: each is opened anew when its turn comes again


def test_memory_is_flat_while_one_session_after_the_other_is_opened(tmp_path: Path) -> None:
    """By eight at once. With a heap for each few threads it rises by 5 to 7 MB, although no more of it is in use."""
    if not Path("/proc/self/clear_refs").exists():
        pytest.skip("only Linux tells how much memory a process had at most")
    names = [f"demo-{i}" for i in range(SESSIONS_IN_TURN)]
    for name in names:
        shutil.copy(SESSIONS / "demo-story.h5", tmp_path / f"{name}.h5")
    with server(GUNICORN, MRI_SESSIONS=str(tmp_path)) as (process, port), ThreadPoolExecutor(8) as clients:

        def opened(name: str) -> int:
            return requests.get(f"http://127.0.0.1:{port}/sessions/{name}/series", timeout=60).status_code

        assert set(clients.map(opened, names * 2)) == {200}
        [answering] = psutil.Process(process.pid).children()
        before = answering.memory_info().rss
        assert set(clients.map(opened, names * 3)) == {200}
        assert answering.memory_info().rss - before < 3e6
