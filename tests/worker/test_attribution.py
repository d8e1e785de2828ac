"""Asking the worker for gradients: from a session's step to the answer's JSON, against the fake child."""

import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from mri.errors import ConfigError, SessionNotFound, UnknownHookPoint, WorkerError
from mri.format.run import Model, Run
from mri.store.opening import open_session
from mri.worker.attribution import Attribution, attribution_of_step, tokens_of_neuron
from mri.worker.handle import MOST_ATTRIBUTIONS, GenerationWorker
from mri.worker.request import RecordRequest
from tests.conftest import A_MODEL

FAKE = [sys.executable, str(Path(__file__).with_name("fake_worker.py"))]


@pytest.fixture
def worker(tmp_path):
    worker = GenerationWorker(tmp_path, program=FAKE)
    yield worker
    worker.close()


def wanted(attribution_id="demo/1a/3", weights_hash="same"):
    command = {"cmd": "attribute", "id": attribution_id, "model": A_MODEL.to_json(), "ids": [1, 2], "token_id": 5}
    return Attribution(attribution_id, command | {"weights_hash": weights_hash, "model_path": ""})


def wait_for(worker, attribution_id, deadline_s=60):
    deadline = time.monotonic() + deadline_s
    while (status := worker.attribution(attribution_id))["status"] == "running":
        assert time.monotonic() < deadline, status
        time.sleep(0.01)
    return status


def test_gradients_arrive_and_are_kept(worker):
    assert worker.attribution("demo/1a/3") is None
    assert worker.attribute(wanted())["status"] == "running"
    status = wait_for(worker, "demo/1a/3")
    assert status == {"status": "finished", "token_id": 5, "message": "", "signed": [0.5, 1.0], "logit": 1.5}
    assert worker.attribute(wanted(weights_hash="die")) == status  # known: the child is not asked again


def test_they_wait_for_the_recording_in_hand(worker):
    worker.submit("long", RecordRequest(prompt="hang", max_new_tokens=1), A_MODEL)
    deadline = time.monotonic() + 60
    while worker.status("long")["max_steps"] == 0:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert worker.attribute(wanted())["message"] == "Waiting for the recording in hand…"
    worker.stop("long")
    assert wait_for(worker, "demo/1a/3")["status"] == "finished"


def test_so_many_may_wait_and_no_more(worker):
    worker.submit("r", RecordRequest(prompt="hang", max_new_tokens=1), A_MODEL)
    for step in range(MOST_ATTRIBUTIONS):
        worker.attribute(wanted(f"demo/1a/{step}"))
    with pytest.raises(WorkerError, match=f"{MOST_ATTRIBUTIONS} computations are already waiting"):
        worker.attribute(wanted("demo/1a/x"))
    assert worker.attribute(wanted("demo/1a/0"))["status"] == "running", "what was asked for already is no new one"
    worker.stop("r")
    wait_for(worker, f"demo/1a/{MOST_ATTRIBUTIONS - 1}")
    worker.attribute(wanted("demo/1a/x"))


def test_an_error_is_told_and_may_be_tried_again(worker):
    worker.attribute(wanted(weights_hash="other"))
    assert wait_for(worker, "demo/1a/3") == {
        "status": "error",
        "token_id": 5,
        "message": "Other weights: start the server with --model x.",
    }
    worker.attribute(wanted())
    assert wait_for(worker, "demo/1a/3")["status"] == "finished"


def test_a_dead_child_is_told(worker):
    worker.attribute(wanted(weights_hash="die"))
    assert "exit code 9" in wait_for(worker, "demo/1a/3")["message"]


def test_tokens_of_a_neuron_are_asked_for_once_for_all_sessions_of_the_weights(tmp_path, worker, handmade_session):
    with open_session(handmade_session(tmp_path)) as reader:
        asked = tokens_of_neuron(OfAModel(reader), "block.1.mlp_act", 3, A_MODEL)
        assert asked.command["weights_hash"] == "abc"
        assert worker.attribute(asked)["status"] == "running"
        status = wait_for(worker, asked.id)
        assert (status["point"], status["neuron"], status["suppressed"]) == (
            "block.1.mlp_act",
            3,
            [[29, b"<|bos|>".hex(), -0.7]],
        )
        assert [token for token, _, _ in status["promoted"]] == [0, 1, 2]
        with pytest.raises(UnknownHookPoint):
            tokens_of_neuron(OfAModel(reader), "block.9.mlp_act", 3, A_MODEL)
        with pytest.raises(ConfigError, match="does not say which weights"):
            tokens_of_neuron(reader, "block.1.mlp_act", 3, A_MODEL)


class OfAModel:
    """A reader whose session says which weights made it."""

    def __init__(self, reader, **model):
        self._reader = reader
        self.session = replace(reader.session, run=Run(Model("abc", model_path="/models/d6", **model)))

    def __getattr__(self, name):
        return getattr(self._reader, name)


def test_what_a_step_read_and_predicted(tmp_path, handmade_session):
    with open_session(handmade_session(tmp_path)) as reader:
        command = attribution_of_step(OfAModel(reader), 3, "handmade/1a/3", A_MODEL).command
        assert command == {
            "cmd": "attribute",
            "id": "handmade/1a/3",
            "model": A_MODEL.to_json(),
            "ids": [0, 26, 1, 2],
            "token_id": 3,
            "weights_hash": "abc",
            "model_path": "/models/d6",
        }
        assert (
            attribution_of_step(OfAModel(reader), 1, "handmade/1a/1", A_MODEL).command["token_id"] == 1
        )  # the top one
        other = OfAModel(reader, softcap=20.0)
        asked = attribution_of_step(other, 3, "handmade/1a/3", A_MODEL).command["model"]
        assert (asked["loading"]["constants"]["softcap"], asked["loading"]["dtype"]) == (20.0, "float32")
        rounded = attribution_of_step(OfAModel(reader, dtype="bfloat16"), 3, "handmade/1a/3", A_MODEL).command["model"]
        assert rounded["loading"]["dtype"] == "bfloat16", "other numbers have another hash"
        with pytest.raises(SessionNotFound, match="no step 5"):
            attribution_of_step(OfAModel(reader), 5, "handmade/1a/5", A_MODEL)
        with pytest.raises(ConfigError, match="does not say which weights"):
            attribution_of_step(reader, 3, "handmade/1a/3", A_MODEL)


def test_what_was_run_with_edits_is_not_computed_from_the_weights_as_they_are(tmp_path, handmade_session):
    with open_session(handmade_session(tmp_path)) as reader:
        edited = OfAModel(reader)
        edited.session = replace(edited.session, run=replace(edited.session.run, edits=("block.4.head.2 = 0",)))
        for ask in (
            lambda: attribution_of_step(edited, 3, "handmade/1a/3", A_MODEL),
            lambda: tokens_of_neuron(edited, "block.1.mlp_act", 3, A_MODEL),
        ):
            with pytest.raises(ConfigError, match=r"with edits \(block"):
                ask()
