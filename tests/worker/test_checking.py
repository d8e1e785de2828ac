"""A check as the server asks the worker for it: its lines as they come, against the fake child."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from mri.errors import ConfigError
from mri.nanochat.locate import ModelRef
from mri.worker.checking import Checking, checking_of
from mri.worker.handle import GenerationWorker
from tests.conftest import A_MODEL

FAKE = [sys.executable, str(Path(__file__).with_name("fake_worker.py"))]


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[GenerationWorker]:
    worker = GenerationWorker(tmp_path, program=FAKE)
    yield worker
    worker.close()


def named(name: str) -> ModelRef:
    return replace(A_MODEL, file=A_MODEL.file.with_name(name))


def wait(worker: GenerationWorker, wanted: Checking, num_lines: int = 99) -> dict[str, object]:
    deadline = time.monotonic() + 60
    while True:
        status = worker.attribution(wanted.id)
        assert status is not None
        if status["status"] != "running" or len(status["lines"]) >= num_lines:
            return status
        assert time.monotonic() < deadline, status
        time.sleep(0.01)


def test_lines_come_one_by_one_and_then_what_they_say_together(worker: GenerationWorker) -> None:
    wanted = checking_of(named("model_1.pt"), "bfloat16")
    assert wanted.command["model"]["loading"]["dtype"] == "bfloat16"
    first = worker.attribute(wanted)
    assert (first["status"], first["lines"], first["verdict"]) == ("running", [], "")
    status = wait(worker, wanted)
    assert [line["name"] for line in status["lines"]] == ["era", "cached"]  # type: ignore[attr-defined]
    assert {name: status[name] for name in ("status", "message", "is_right", "verdict", "text")} == {
        "status": "finished",
        "message": "",
        "is_right": False,
        "verdict": "Wrong: cached. 3 s.",
        "text": "the table",
    }
    assert wanted.id == f"check/{status['id']}"


def test_each_is_one_of_its_own() -> None:
    assert checking_of(A_MODEL, "").id != checking_of(A_MODEL, "").id
    with pytest.raises(ConfigError, match="cannot be run in 'float8'"):
        checking_of(A_MODEL, "float8")


def test_what_is_being_done_is_said_and_it_can_be_called_off(worker: GenerationWorker) -> None:
    wanted = checking_of(named("model_2.pt"), "")
    worker.attribute(wanted)
    status = wait(worker, wanted, 1)
    assert (status["status"], status["message"]) == ("running", "era is done…")
    worker.forget(wanted.id)
    assert worker.attribution(wanted.id) is None
    after = checking_of(named("model_1.pt"), "")
    worker.attribute(after)
    assert wait(worker, after)["status"] == "finished", "the worker is free again"


def test_loading_is_told_in_words() -> None:
    wanted = checking_of(A_MODEL, "")
    wanted.on_event({"event": "loading", "id": wanted.id, "words": "reading the weights", "done": 400})
    told = wanted.to_json("Computing from the weights…")
    assert (told["message"], told["done"], told["of"]) == ("Reading the weights…", 400, 1000)
    wanted.on_event({"event": "error", "id": wanted.id, "message": "It is gone: put it back."})
    assert (wanted.to_json()["status"], wanted.to_json()["message"]) == ("error", "It is gone: put it back.")
