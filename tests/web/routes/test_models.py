"""Models over HTTP: what their files say, loading one before it is needed, and what a prompt would be for it."""

import time
from pathlib import Path

import pytest

from mri.paths import EMBEDDED
from mri.web.server import create_app
from mri.web.services import EXTENSION
from mri.worker.handle import GenerationWorker
from tests.conftest import FAKE_WORKER

GOLDEN = Path(__file__).parents[2] / "golden" / "E5"


@pytest.fixture
def client(tmp_path):
    worker = GenerationWorker(tmp_path, program=FAKE_WORKER)
    app = create_app(tmp_path, GOLDEN, worker=worker)
    yield app.server.test_client()
    worker.close()


def own(client):
    return client.get("/models").json[0]["id"]


def loaded(client, query="", deadline_s=60):
    """The first answer that does not say that it is running."""
    deadline = time.monotonic() + deadline_s
    while (answer := client.get(f"/models/{own(client)}/loaded{query}")).status_code == 202:
        assert answer.json["status"] == "running"
        assert time.monotonic() < deadline, answer.json
        time.sleep(0.01)
    return answer


def test_a_models_files_say_what_it_is(client):
    golden, embedded = (client.get(f"/models/{model['id']}").json for model in client.get("/models").json[:2])
    assert "3 layers, 4 looks each, 64 numbers for a word; 512 words (pieces) at most" in golden["sizes"]
    assert "n_layer 3, n_head 4, n_embd 64, context 512 tokens" in golden["field"]
    assert golden["reads"] == ""
    assert (golden["dtype"], golden["dtypes"]) == ("float32", ["float32", "bfloat16"])
    words = embedded["reads"].split(": ")[1].split(" words")[0]
    about = (EMBEDDED.parents[1] / "docs" / "embedded-model.md").read_text("utf-8")
    assert f"{words.replace(',', ' ')} different words" in about
    assert client.get("/models/nobody").status_code == 400


def test_a_model_is_loaded_before_it_is_needed_and_what_is_said_of_it_comes_along(client):
    answer = loaded(client, "?dtype=bfloat16")
    assert answer.status_code == 200
    assert answer.json["alarm"] == "Value embeddings are missing."
    assert answer.json["notes"] == ["config.json has a key that is not known: it is ignored."]
    assert (answer.json["device"], answer.json["dtype"], answer.json["devices"]) == ("cpu", "bfloat16", ["mps", "cpu"])


def test_a_device_that_is_not_there_and_odd_ones_are_sentences(client):
    assert "choose from mps, cpu" in loaded(client, "?device=cuda").json["error"]
    for query in ("?device=../x", "?dtype=int4", "?device=CPU"):
        answer = loaded(client, query)
        assert answer.status_code == 400, query
        assert answer.json["error"].endswith(".")


def test_loading_is_called_off(client):
    address = f"/models/{own(client)}/loaded?device=mps"  # which the fake worker does until it is called off
    deadline = time.monotonic() + 60
    while (told := client.get(address).json)["message"] != "Reading the weights…":
        assert time.monotonic() < deadline, told
        time.sleep(0.01)
    assert (told["done"], told["of"]) == (400, 1000)
    assert client.post(address.replace("loaded", "cancel")).json == {}
    assert loaded(client).status_code == 200, "the worker is free"


def test_a_recording_is_made_where_and_as_it_was_chosen(client):
    body = {"prompt": "x", "max_new_tokens": 1, "device": "cpu", "dtype": "bfloat16"}
    session_id = client.post("/record", json=body).json["id"]
    worker = client.application.extensions[EXTENSION].worker
    loading = worker._recordings[session_id].command["model"]["loading"]
    assert (loading["device"], loading["dtype"]) == ("cpu", "bfloat16")
    for odd in ({"device": 3}, {"dtype": "int4"}, {"device": "x" * 100}):
        assert client.post("/record", json={"prompt": "x", **odd}).status_code == 400


def test_a_prompt_is_looked_at_before_it_is_recorded(client):
    told = client.post("/record/check", json={"prompt": "Mia went", "max_new_tokens": 4}).json
    assert told["tokens"] > 2
    assert [preset["name"] for preset in told["presets"]] == ["light", "standard", "rows", "everything"]
    assert client.post("/record/check", json={}).json["tokens"] == 0
    longer = client.post("/record/check", json={"prompt": "Mia went " * 200}).json
    assert "the model's context holds 512: shorten it." in longer["problem"]


@pytest.mark.parametrize(
    "body",
    [
        {"prompt": 3},
        {"chat": 1},
        {"model": "nobody"},
        {"max_new_tokens": 0},
        {"max_new_tokens": "4"},
        {"prompt": "x" * 20_001},
    ],
)
def test_what_is_no_prompt_is_refused(client, body):
    answer = client.post("/record/check", json=body)
    assert answer.status_code == 400
    assert answer.json["error"].endswith(".")


def test_words_come_with_the_pieces_that_the_model_reads(client):
    words = client.get("/models/words", query_string={"text": "When Mia went"}).get_json()["words"]
    assert [word["text"] for word in words] == ["When", " Mia", " went"]
    assert ["".join(word["pieces"]) for word in words] == ["When", " Mia", " went"]
    assert max(len(word["pieces"]) for word in words) > 1
    answer = client.get("/models/words", query_string={"text": "x" * 401})
    assert answer.status_code == 400
    assert "send at most 400" in answer.get_json()["error"]
