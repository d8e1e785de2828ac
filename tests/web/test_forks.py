"""Forks over HTTP, against the fake child: a fork is queued as a recording, its control is asked for like a sweep."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from flask.testing import FlaskClient

from mri.format.config import TraceConfig
from mri.format.events import TraceSession
from mri.format.run import Model, Run
from mri.format.wire import views_from_bytes
from mri.paths import demos
from mri.store.writer import SessionWriter
from mri.web.server import create_app
from mri.web.services import EXTENSION
from mri.worker.handle import GenerationWorker
from tests.conftest import FAKE_WORKER, SPECIAL_IDS, TINY_VOCABULARY, random_frame, random_layout


@pytest.fixture
def client(tmp_path: Path) -> Iterator[FlaskClient]:
    app = create_app(tmp_path, demos=demos(), worker=GenerationWorker(tmp_path, program=FAKE_WORKER))
    yield app.server.test_client()
    app.server.extensions[EXTENSION].worker.close()


def test_a_fork_is_a_recording(client: FlaskClient) -> None:
    answer = client.post("/sessions/demo-list/fork", json={"step": 11, "edits": ["block.3.head.1 = 0"]})
    assert answer.status_code == 202, answer.data
    status = client.get(f"/record/{answer.json['id']}")
    assert status.status_code == 200
    assert status.json["state"] in ("queued", "running", "finished")


@pytest.mark.parametrize(
    ("wanted", "code", "words"),
    [
        ({"step": 11, "edits": ["off"]}, 400, "is no edit"),
        ({"step": 99}, 404, "no step 99"),
        ([], 400, "JSON object"),
        ({"step": 11, "edits": ["block.0.mlp = 0 @ 2"]}, 400, "before step 11"),
    ],
)
def test_what_is_wrong_is_said_at_once(client: FlaskClient, wanted: object, code: int, words: str) -> None:
    answer = client.post("/sessions/demo-list/fork", json=wanted)
    assert answer.status_code == code
    assert words in answer.json["error"]


def test_only_forks_have_a_control_and_costs(client: FlaskClient) -> None:
    answers = [
        client.post("/sessions/demo-list/control", json={}),
        client.get("/sessions/demo-list/control"),
        client.get("/sessions/demo-list/costs"),
    ]
    assert [answer.status_code for answer in answers] == [400] * 3
    assert all("is no fork" in answer.json["error"] for answer in answers)
    assert client.post("/sessions/demo-list/control", json={"draw": 3}).status_code == 400
    assert client.post("/sessions/nobody/fork", json={"step": 1}).status_code == 404


def write_fork(folder: Path) -> str:
    """Of demo-list, four steps of tokens that mean nothing."""
    layout = random_layout(2, 16, 2, TraceConfig(prefill="stepwise"))
    run = Run(Model("same", softcap=15.0), ("block.0.mlp = 0 @ 3:",), "demo-list", 3)
    told = {"run": run, "num_prompt_tokens": 2, "sampling": {"max_new_tokens": 4, "temperature": 0.0, "seed": 1}}
    session = TraceSession("fork", layout, start_time="2026-01-02T03:04:05+00:00", **told)  # type: ignore[arg-type]
    rng = np.random.default_rng(0)
    with SessionWriter(folder, session, vocabulary=TINY_VOCABULARY, special_ids=SPECIAL_IDS) as writer:
        for step in range(4):
            writer.append(random_frame(layout, rng, step, "prefill" if step < 2 else "decode", step, 1, chosen_id=3))
        writer.finish("max_new_tokens", seal=False)
    return "fork"


def test_a_controls_rows_are_asked_for_until_they_are_there(client: FlaskClient, tmp_path: Path) -> None:
    fork = write_fork(tmp_path)
    assert client.get(f"/sessions/{fork}/control").status_code == 404, "nobody asked yet"
    address = f"/sessions/{fork}/control?draws=3&seed=1"
    assert client.post(f"/sessions/{fork}/control", json={"draws": 3, "seed": 1}).status_code in (200, 202)
    deadline = time.monotonic() + 60
    while (answer := client.get(address)).status_code == 202:
        assert time.monotonic() < deadline
    assert answer.status_code == 200
    assert views_from_bytes(answer.data)[1]["lost"].tolist() == [0, 1, 2]
    while (answer := client.get(f"/sessions/{fork}/costs")).status_code == 202:
        assert time.monotonic() < deadline
    assert answer.status_code == 200
