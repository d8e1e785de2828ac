"""The record box: what presets cost, and what each state of a recording shows."""

import time
from pathlib import Path

import pytest
from dash import no_update

from mri.errors import ModelError
from mri.format.config import PRESETS
from mri.nanochat.locate import find_checkpoint
from mri.web.parts import record_box
from mri.web.server import create_app
from mri.web.services import services
from mri.worker.handle import GenerationWorker
from mri.worker.request import RecordRequest
from tests.conftest import A_MODEL, FAKE_WORKER

ROOT = Path(__file__).parents[3]
GOLDEN = ROOT / "tests" / "golden" / "E5"

OUTPUTS = ("current", "tick_off", "start_off", "stop_off", "value", "max", "line", "text", "open", "href", "toast")


def words(component):
    if isinstance(component, str):
        return component
    children = getattr(component, "children", None) or []
    return "".join(map(words, children if isinstance(children, list) else [children]))


def test_every_preset_says_what_a_step_of_it_costs():
    line, options = record_box.describe_model(find_checkpoint(GOLDEN))
    assert "3 layers × 64, 4 heads, context 512 tokens" in line
    labels = {option["value"]: words(option["label"]) for option in options}
    assert list(labels) == list(PRESETS)
    # light, by hand: 30 points × 7 statistics; a token; 12 heads × (8 keys and weights, 2 numbers); 20 logits, 4 more
    num_bytes = 30 * 7 * 4 + 4 + 12 * (8 * 4 + 8) + 20 * 8 + 16
    assert f"· {num_bytes / 1000:.1f} KB a step" in labels["light"]
    assert "at most" in labels["rows"]


def test_no_model_is_a_sentence(tmp_path):
    with create_app(tmp_path, tmp_path).server.test_request_context(), pytest.raises(ModelError, match=r"\.$"):
        record_box.describe_model(services().model)


@pytest.fixture
def worker(tmp_path):
    """The app's worker, inside a request."""
    worker = GenerationWorker(tmp_path, program=FAKE_WORKER)
    app = create_app(tmp_path, worker=worker)
    with app.server.test_request_context():
        yield worker
    worker.close()


def shown(session_id, is_open=True):
    return dict(zip(OUTPUTS, record_box.progress(session_id, is_open), strict=True))


def shown_when(session_id, is_there, is_open=True, deadline_s=60):
    deadline = time.monotonic() + deadline_s
    while not is_there(outputs := shown(session_id, is_open)):
        assert time.monotonic() < deadline, outputs
        time.sleep(0.01)
    return outputs


def test_while_nothing_is_recorded_nothing_ticks(worker):
    assert shown(None)["tick_off"] is True
    assert shown("of-another-server")["current"] is None


def test_a_running_recording_shows_its_progress(worker):
    worker.submit("a", RecordRequest(prompt="hang", max_new_tokens=4), A_MODEL)
    worker.submit("b", RecordRequest(prompt="x"), A_MODEL)
    outputs = shown_when("a", lambda outputs: outputs["value"] == 4)
    assert outputs["line"] == "Step 4 of at most 4."
    assert (outputs["max"], outputs["text"], outputs["start_off"], outputs["stop_off"]) == (4, "ab " * 4, True, False)
    assert shown("b")["line"] == "Waiting: place 1 in the queue."
    worker.stop("b")
    worker.stop("a")


@pytest.mark.parametrize(("is_open", "href"), [(True, "/?session=a"), (False, no_update)])
def test_a_finished_recording_is_opened_where_the_box_is_open(worker, is_open, href):
    worker.submit("a", RecordRequest(prompt="x", max_new_tokens=1), A_MODEL)
    outputs = shown_when("a", lambda outputs: outputs["tick_off"] is True, is_open)
    assert outputs["href"] == href
    assert outputs["current"] is None
    assert outputs["toast"]["kind"] == "info"


def test_a_failed_recording_says_why(worker):
    worker.submit("a", RecordRequest(prompt="refuse"), A_MODEL)
    outputs = shown_when("a", lambda outputs: outputs["tick_off"] is True)
    assert outputs["toast"] == {"text": "The prompt has 700 tokens: 512 are the most.", "kind": "error"}
    assert outputs["start_off"] is False
