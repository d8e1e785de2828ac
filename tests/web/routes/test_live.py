"""Recording over HTTP: what is refused, the queue, the models on offer, pause, resume and single steps."""

import time
from pathlib import Path

import pytest

from mri.nanochat.constants import Constants
from mri.nanochat.locate import Loading
from mri.web.server import create_app
from mri.web.services import EXTENSION
from mri.worker.handle import GenerationWorker
from tests.conftest import FAKE_WORKER

GOLDEN = Path(__file__).parents[2] / "golden" / "E5"


@pytest.fixture
def app(tmp_path):
    app = create_app(tmp_path, GOLDEN, worker=GenerationWorker(tmp_path, program=FAKE_WORKER, max_waiting=1))
    yield app
    app.server.extensions[EXTENSION].worker.close()


def status_once(client, session_id, condition, deadline_s=60):
    deadline = time.monotonic() + deadline_s
    while not condition(status := client.get(f"/record/{session_id}").json):
        assert time.monotonic() < deadline, status
        time.sleep(0.01)
    return status


def is_over(status):
    return status["state"] not in ("queued", "running")


def test_recording(client):
    response = client.post("/record", json={"prompt": "Once", "max_new_tokens": 2, "preset": "light"})
    assert response.status_code == 202
    status = status_once(client, response.json["id"], is_over)
    assert (status["state"], status["text"], status["max_steps"]) == ("finished", "ab ab ", 2)


def test_a_recording_can_be_stopped(client):
    session_id = client.post("/record", json={"prompt": "hang", "max_new_tokens": 2}).json["id"]
    assert client.post(f"/record/{session_id}/stop").status_code == 200
    assert status_once(client, session_id, is_over)["message"] == "stopped"


def test_a_full_queue_is_a_sentence(client):
    ids = [client.post("/record", json={"prompt": "hang", "max_new_tokens": 1}).json["id"] for _ in range(2)]
    assert len(set(ids)) == 2
    response = client.post("/record", json={"prompt": "x"})
    assert (response.status_code, list(response.json)) == (503, ["error"])
    for session_id in reversed(ids):
        client.post(f"/record/{session_id}/stop")


@pytest.mark.parametrize(
    "body", ["", "[]", "{}", '{"prompt": "", "chat": true}', '{"prompt": "x", "preset": "?"}', "{"]
)
def test_a_bad_recording_is_refused(client, body):
    response = client.post("/record", data=body, content_type="application/json")
    assert response.status_code == 400
    assert response.json["error"]


def test_json_without_end_is_refused(client):
    answer = client.post("/record", data="[" * 20_000, content_type="application/json")
    assert answer.status_code == 400
    assert "is no valid JSON" in answer.json["error"]


def test_a_form_of_another_site_cannot_record(client):
    response = client.post("/record", data={"prompt": "x"})
    assert response.status_code == 415


def test_too_large_a_request_is_refused(client):
    response = client.post("/record", data=b'"' + b"x" * (3 << 20) + b'"', content_type="application/json")
    assert response.status_code == 413


def test_models_are_named_by_ids_that_are_no_paths(app, client):
    models = client.get("/models").json
    assert models[0]["label"].endswith(f"({GOLDEN})"), "the server's own first"
    assert "embedded" in models[1]["label"]
    for model in models:
        assert model["id"].isalnum()

    recorded = [record_with(app, client, model["id"]) for model in models]
    assert GOLDEN in Path(recorded[0]["file"]).parents
    assert recorded[0] == record_with(app, client, ""), "the server's own"
    assert len({model["file"] for model in recorded}) == len(models)


def test_constants_are_those_of_the_servers_own_model_however_it_was_chosen(tmp_path):
    """Until 2026-11 they were lost where the Live page, which sends the model's id, chose it."""
    worker = GenerationWorker(tmp_path, program=FAKE_WORKER)
    app = create_app(tmp_path, GOLDEN, worker=worker, loading=Loading(Constants(softcap=20)))
    client = app.server.test_client()
    own, other, *_ = client.get("/models").json
    softcaps = [
        record_with(app, client, model)["loading"]["constants"]["softcap"]
        for model in ("", own["id"], other["id"], "embedded")
    ]
    assert softcaps == [20, 20, None, None]
    worker.close()


def record_with(app, client, model_id):
    """Has something recorded with a model -> that of the worker's command."""
    answer = client.post("/record", json={"prompt": "x", "max_new_tokens": 1, "model": model_id})
    assert answer.status_code == 202
    status_once(client, answer.json["id"], lambda status: status["state"] == "finished")
    return app.server.extensions[EXTENSION].worker._recordings[answer.json["id"]].command["model"]


@pytest.mark.parametrize("model", ["../../etc/passwd", "nobody", str(GOLDEN), 3, None])
def test_no_other_model_can_be_asked_for(client, model):
    answer = client.post("/record", json={"prompt": "x", "model": model})
    assert answer.status_code == 400
    assert "GET /models" in answer.json["error"]


def test_a_recording_with_a_chosen_model(app, client):
    other = client.get("/models").json[1]["id"]
    file = record_with(app, client, other)["file"]
    assert file.endswith(".pt")
    assert str(GOLDEN) not in file


def test_pause_step_resume_stop(client):
    session_id = client.post("/record", json={"prompt": "hang", "max_new_tokens": 2}).json["id"]
    waiting = client.post("/record", json={"prompt": "x", "max_new_tokens": 1}).json["id"]
    refused = client.post(f"/record/{waiting}/pause")
    assert (refused.status_code, "has not begun" in refused.json["error"]) == (503, True)
    assert client.post(f"/record/{session_id}/pause").status_code == 200
    status_once(client, session_id, lambda status: status["state"] == "paused")
    client.post(f"/record/{session_id}/step")
    status_once(client, session_id, lambda status: status["step"] == 2 and status["state"] == "paused")
    client.post(f"/record/{session_id}/resume")
    status_once(client, session_id, lambda status: status["state"] == "running")
    client.post(f"/record/{session_id}/stop")
    status_once(client, session_id, lambda status: status["state"] == "finished")
    assert client.post(f"/record/{session_id}/pause").json["state"] == "finished"


@pytest.mark.parametrize("what", ["pause", "resume", "step"])
def test_who_was_not_recorded_here_cannot_be_paused(client, what):
    assert client.post(f"/record/nobody/{what}").status_code == 404


def test_nothing_else_can_be_asked_of_a_recording(client):
    answer = client.post("/record/nobody/explode")
    assert answer.status_code in (404, 405)
    assert answer.json["error"].endswith(".")
