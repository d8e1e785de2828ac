"""The doors to the dialog that records."""

from pathlib import Path

import pytest

from mri.store.library import SessionInfo
from mri.web.parts import record
from mri.web.server import create_app

GOLDEN = Path(__file__).parents[2] / "golden" / "E5"


def test_a_door_says_what_the_dialog_begins_with():
    made = record.door("A sum", {"prompt": "2 + 2", "chat": "true"}).to_plotly_json()["props"]
    wanted = {"data-mri-action": "record", "data-mri-prompt": "2 + 2", "data-mri-chat": "true"}
    assert {name: made[name] for name in wanted} == wanted
    assert (made["children"], made["className"], made["type"]) == ("A sum", "mri-button", "button")
    assert record.open_button().id == "record-open"


@pytest.mark.parametrize(("model", "is_said"), [(None, False), (GOLDEN, True)])
def test_a_recording_of_another_model_than_the_loaded_one_says_so_with_a_door(tmp_path, model, is_said):
    shown = SessionInfo("a", "finished", 1, model_id="another/model/1")
    with create_app(tmp_path, model).server.test_request_context():
        line = record.loaded_line(shown)
    assert (line is not None) is is_said
    if line is not None:
        assert "This recording is of another/model/1." in str(line)
        assert line.children[1].to_plotly_json()["props"]["data-mri-action"] == "record"


def test_a_model_that_is_not_there_is_not_spoken_of(tmp_path):
    with create_app(tmp_path, tmp_path).server.test_request_context():
        assert record.loaded_line(SessionInfo("a", "finished", 1)) is None
