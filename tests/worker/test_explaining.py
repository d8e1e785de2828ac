"""Asking the worker for windows of why and for sweeps, against the fake child: progress, arrays, what is not wanted."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mri.errors import ConfigError, SessionNotFound, WorkerError
from mri.format.wire import views_from_bytes
from mri.store.opening import open_session
from mri.worker import handle
from mri.worker.attribution import Attribution
from mri.worker.explaining import sweep_of_step, why_of_steps
from mri.worker.handle import GenerationWorker
from tests.conftest import A_MODEL, FAKE_WORKER
from tests.worker.test_attribution import OfAModel

RECORDINGS = Path(__file__).parents[1] / "recordings"


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[GenerationWorker]:
    worker = GenerationWorker(tmp_path, program=FAKE_WORKER)
    yield worker
    worker.close()


def wanted(question_id: str = "sweep/a", weights_hash: str = "same", step: int = 4) -> Attribution:
    command = {"cmd": "sweep", "id": question_id, "model": A_MODEL.to_json(), "path": "x", "step": step}
    command |= {"kind": "ablate", "base": ""}
    command |= {"token": None, "against": None, "weights_hash": weights_hash, "model_path": ""}
    return Attribution(question_id, command)


def wait_while(is_so: Callable[[], Any], deadline_s: float = 60) -> None:
    deadline = time.monotonic() + deadline_s
    while is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def finished(worker: GenerationWorker, question: Attribution) -> dict[str, Any]:
    wait_while(lambda: worker.explained(question)["status"] == "running")  # type: ignore[index]
    return worker.explained(question)  # type: ignore[return-value]


def test_arrays_arrive_as_bytes_and_are_kept(worker: GenerationWorker) -> None:
    assert worker.explained(wanted(), ask=False) is None
    status = finished(worker, wanted())
    assert views_from_bytes(status["blob"])[1]["lost"].tolist() == [0, 1, 2, 3]
    assert worker.explained(wanted(weights_hash="die")) == status, "known: the child is not asked again"


def test_how_far_it_has_come(worker: GenerationWorker) -> None:
    worker.explained(wanted(weights_hash="wait"))
    wait_while(lambda: worker.explained(wanted())["of"] == 0)  # type: ignore[index]
    status = worker.explained(wanted())
    assert status == {
        "status": "running",
        "message": "Reading the tokens again: 128 of 640…",
        "done": 128,
        "of": 640,
    }


def test_what_nobody_asks_after_is_called_off(worker: GenerationWorker, monkeypatch: pytest.MonkeyPatch) -> None:
    worker.explained(wanted("sweep/old", weights_hash="wait"))
    monkeypatch.setattr(handle, "UNWANTED_AFTER_S", -1.0)
    worker.explained(wanted("sweep/new"))
    assert worker.attribution("sweep/old") is None
    monkeypatch.setattr(handle, "UNWANTED_AFTER_S", 60.0)
    assert finished(worker, wanted("sweep/new"))["status"] == "finished", "the child went on to the next"


def test_a_refusal_is_said_once_and_then_asked_anew(worker: GenerationWorker) -> None:
    with pytest.raises(ConfigError, match="Other weights"):
        finished(worker, wanted(weights_hash="other"))
    assert finished(worker, wanted())["status"] == "finished"
    with pytest.raises(WorkerError, match="exit code 9"):
        finished(worker, wanted("sweep/b", weights_hash="die"))


def test_a_failure_that_nobody_heard_of_is_not_told_to_who_asks_later(
    worker: GenerationWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker.explained(wanted(weights_hash="die"))
    wait_while(lambda: worker._attributions["sweep/a"].state == "running")
    monkeypatch.setattr(handle, "UNWANTED_AFTER_S", -1.0)
    assert worker.explained(wanted()) is not None, "asked anew"
    monkeypatch.setattr(handle, "UNWANTED_AFTER_S", 60.0)
    assert finished(worker, wanted())["status"] == "finished"


def test_what_weighs_too_much_is_forgotten_the_oldest_first(
    worker: GenerationWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handle, "KEPT_BYTES", 20_000)
    for name in ("a", "b"):
        finished(worker, wanted(f"sweep/{name}", step=1000))  # 8 kB each
    worker.attribution("sweep/a")  # asked after last
    finished(worker, wanted("sweep/c", step=1000))
    assert [worker.attribution(f"sweep/{name}") is not None for name in "abc"] == [True, False, True]


def test_a_question_is_named_by_what_decides_its_answer(tmp_path: Path, handmade_session: Callable[..., Path]) -> None:
    with open_session(handmade_session(tmp_path)) as reader:
        of_a_model: Any = OfAModel(reader)
        asked = why_of_steps(of_a_model, 1, 99, None, 4, A_MODEL)
        assert {name: asked.command[name] for name in ("cmd", "start", "stop", "token", "against", "path")} == {
            "cmd": "why",
            "start": 1,
            "stop": 5,
            "token": None,
            "against": 4,
            "path": str(reader.path),
        }
        others = [
            why_of_steps(of_a_model, 1, 4, None, 4, A_MODEL),
            why_of_steps(of_a_model, 1, 5, 4, None, A_MODEL),
            why_of_steps(OfAModel(reader, config_hash="x"), 1, 5, None, 4, A_MODEL),  # type: ignore[arg-type]
            sweep_of_step(of_a_model, 1, "ablate", None, 4, A_MODEL),
            sweep_of_step(of_a_model, 1, "knockout", None, 4, A_MODEL),
            (patch := sweep_of_step(of_a_model, 1, "patch", None, 4, A_MODEL, of_a_model)),
        ]
        assert len({asked.id, *(other.id for other in others)}) == 7
        assert {name: patch.command[name] for name in ("cmd", "step", "kind", "base")} == {
            "cmd": "sweep",
            "step": 1,
            "kind": "patch",
            "base": str(reader.path),
        }
        assert why_of_steps(of_a_model, 1, 5, None, 4, A_MODEL).id == asked.id


def test_what_cannot_be_explained_is_refused_before_the_child_is_asked(
    tmp_path: Path, handmade_session: Callable[..., Path]
) -> None:
    with open_session(handmade_session(tmp_path)) as reader:
        of_a_model: Any = OfAModel(reader)
        for start, stop in ((5, 6), (2, 2)):
            with pytest.raises(SessionNotFound, match="name none of them"):
                why_of_steps(of_a_model, start, stop, None, None, A_MODEL)
        with pytest.raises(SessionNotFound, match="no step 5"):
            sweep_of_step(of_a_model, 5, "ablate", None, None, A_MODEL)
        with pytest.raises(ConfigError, match="no sweep 'gradient'"):
            sweep_of_step(of_a_model, 1, "gradient", None, None, A_MODEL)
        with pytest.raises(ConfigError, match="Name the other session"):
            sweep_of_step(of_a_model, 1, "patch", None, None, A_MODEL)
        with pytest.raises(ConfigError, match="does not say which weights"):
            sweep_of_step(reader, 1, "ablate", None, None, A_MODEL)
        of_a_model.session = replace(
            of_a_model.session, run=replace(of_a_model.session.run, edits=("block.4.head.2 = 0",))
        )
        with pytest.raises(ConfigError, match="with edits"):
            sweep_of_step(of_a_model, 1, "ablate", None, None, A_MODEL)
    with (
        open_session(RECORDINGS / "perceptron.h5") as reader,
        pytest.raises(ConfigError, match="another module than a nanochat model"),
    ):
        why_of_steps(reader, 0, 1, None, None, A_MODEL)
