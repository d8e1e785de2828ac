"""What may be asked of the generation worker."""

import pytest

from mri.errors import ConfigError, MriError, PromptError
from mri.worker.request import RecordRequest
from tests.conftest import A_MODEL


def test_a_request_becomes_the_workers_command():
    request = RecordRequest.from_json({"prompt": "Mia", "preset": "rows", "top_k": None, "seed": 7})
    command = request.command("some-id", A_MODEL)
    assert command.pop("sampling") == {"max_new_tokens": 64, "temperature": 0.6, "top_k": None, "seed": 7}
    assert command.pop("config") == "rows"
    assert command == {"cmd": "record", "id": "some-id", "model": A_MODEL.to_json(), "prompt": "Mia", "chat": False}


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
