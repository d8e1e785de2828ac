"""Checks over HTTP: from the real worker, and what cannot be asked for."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from mri.web.server import create_app
from mri.web.services import EXTENSION
from mri.web.types import CheckStatus
from mri.worker.handle import GenerationWorker
from tests.web.test_types import faults

GOLDEN = Path(__file__).parents[2] / "golden" / "E5"
FAKE = [sys.executable, str(Path(__file__).parents[2] / "worker" / "fake_worker.py")]


@pytest.fixture(params=["real", "fake"])
def client(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[FlaskClient]:
    worker = GenerationWorker(tmp_path, program=FAKE if request.param == "fake" else None)
    app = create_app(tmp_path, GOLDEN, worker=worker)
    yield app.server.test_client()
    app.server.extensions[EXTENSION].worker.close()


def over(client: FlaskClient, check_id: str) -> dict[str, Any]:
    deadline = time.monotonic() + 120
    while (status := client.get(f"/check/{check_id}").json)["status"] == "running":
        assert faults(status, CheckStatus) == []
        assert time.monotonic() < deadline, status
        time.sleep(0.05)
    return status  # type: ignore[no-any-return]


@pytest.mark.parametrize("client", ["real"], indirect=True)
def test_a_sound_model_line_by_line(client: FlaskClient) -> None:
    started = client.post("/check", json={})
    assert started.status_code == 202
    assert faults(started.json, CheckStatus) == []
    status = over(client, started.json["id"])
    assert status["status"] == "finished", status
    assert status["is_right"] is True
    assert [line["name"] for line in status["lines"]][:3] == ["era", "file", "English"]
    assert status["text"].startswith("base/d3/10")
    assert status["text"].endswith(status["verdict"])
    assert faults(status, CheckStatus) == []


@pytest.mark.parametrize("client", ["fake"], indirect=True)
def test_called_off_it_is_not_known_any_more(client: FlaskClient) -> None:
    check_id = client.post("/check", json={"model": "embedded", "dtype": "bfloat16"}).json["id"]
    over(client, check_id)
    for _ in range(2):
        assert client.post(f"/check/{check_id}/stop").status_code == 200
    gone = client.get(f"/check/{check_id}")
    assert (gone.status_code, gone.json["error"]) == (404, "This check is not known here (any more): start it again.")


@pytest.mark.parametrize("client", ["fake"], indirect=True)
@pytest.mark.parametrize(
    ("body", "words"),
    [
        ([], "asked for with a JSON object"),
        ({"model": 3}, "send both as text"),
        ({"dtype": None}, "send both as text"),
        ({"model": "nobody"}, "There is no model 'nobody'"),
        ({"dtype": "float8"}, "cannot be run in 'float8'"),
    ],
)
def test_what_is_asked_wrongly_is_a_sentence(client: FlaskClient, body: Any, words: str) -> None:
    answer = client.post("/check", json=body)
    assert answer.status_code == 400
    assert words in answer.json["error"]
