"""What may be asked of the generation worker."""

from dataclasses import replace

import pytest

from mri.errors import ConfigError, MriError, PromptError
from mri.nanochat.locate import Loading
from mri.worker.request import RecordRequest
from tests.conftest import A_MODEL


def test_a_request_becomes_the_workers_command():
    request = RecordRequest.from_json({"prompt": "Mia", "preset": "rows", "top_k": None, "seed": 7})
    command = request.command("some-id", A_MODEL)
    assert command.pop("sampling") == {"max_new_tokens": 64, "temperature": 0.6, "top_k": None, "seed": 7}
    assert command.pop("config") == "rows"
    assert command == {"cmd": "record", "id": "some-id", "model": A_MODEL.to_json(), "prompt": "Mia", "chat": False}


def test_where_and_as_what_the_model_runs_is_part_of_its_loading():
    loading = RecordRequest(prompt="x", device="cuda:1", dtype="bfloat16").command("a", A_MODEL)["model"]["loading"]
    assert (loading["device"], loading["dtype"]) == ("cuda:1", "bfloat16")
    given = replace(A_MODEL, loading=Loading(device="mps", dtype="bfloat16"))
    loading = RecordRequest(prompt="x").command("a", given)["model"]["loading"]
    assert (loading["device"], loading["dtype"]) == ("mps", "bfloat16")


@pytest.mark.parametrize("prompt", ["", "  \n", [], [{"role": "user", "content": ""}]])
def test_an_empty_prompt_is_refused(prompt):
    with pytest.raises(PromptError, match="empty"):
        RecordRequest(prompt=prompt)


@pytest.mark.parametrize(
    "fields",
    [
        {"prompt": 3},
        {"prompt": [{"role": "user"}]},
        {"prompt": ["x"]},
        {"prompt": "x" * 20_001},
        {"chat": "yes"},
        {"max_new_tokens": 0},
        {"max_new_tokens": 1.5},
        {"max_new_tokens": True},
        {"top_k": 0},
        {"seed": -1},
        {"temperature": -0.1},
        {"temperature": "hot"},
        {"temperature": float("nan")},
        {"preset": "all"},
        {"color": 1},
        {"prompt": "a \ud800 b"},
        {"model": 3},
        {"model": None},
        {"device": "../cpu"},
        {"device": None},
        {"dtype": "int4"},
        {"dtype": ["float32"]},
        {"prompt": [{"role": ["user"], "content": "x"}]},
        {"preset": ["rows"]},
        {"preset": {}},
    ],
)
def test_settings_that_cannot_work_get_a_sentence(fields):
    with pytest.raises(MriError, match=r"\.$"):
        RecordRequest.from_json({"prompt": "x", **fields})


def test_something_else_than_an_object_is_refused():
    with pytest.raises(ConfigError, match="JSON object"):
        RecordRequest.from_json(["x"])
