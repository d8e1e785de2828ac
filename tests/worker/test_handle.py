"""The server's handle on the generation worker, against a fake child that speaks the protocol."""

import sys
import threading
import time
from pathlib import Path

import pytest

import mri
from mri.errors import SessionNotFound, WorkerError
from mri.worker.handle import GenerationWorker
from mri.worker.request import RecordRequest
from tests.conftest import A_MODEL

FAKE = [sys.executable, str(Path(__file__).with_name("fake_worker.py"))]


@pytest.fixture
def worker(tmp_path):
    worker = GenerationWorker(tmp_path, program=FAKE, max_waiting=2)
    yield worker
    worker.close()


def wait_for(worker, session_id, *states, deadline_s=60):
    deadline = time.monotonic() + deadline_s
    while (status := worker.status(session_id))["state"] not in states:
        assert time.monotonic() < deadline, status
        time.sleep(0.01)
    return status


def test_the_child_is_where_the_server_is_and_finds_its_package(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code = "import mri; open('found', 'w').write(mri.__file__)"
    worker = GenerationWorker(tmp_path, program=[sys.executable, "-c", code])
    worker.warm()
    deadline = time.monotonic() + 60
    while not (tmp_path / "found").exists() or not (tmp_path / "found").read_text():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert (tmp_path / "found").read_text() == mri.__file__
    worker.close()


def test_a_recording_runs_to_its_end(worker):
    worker.submit("one", RecordRequest(prompt="Once", max_new_tokens=3), A_MODEL)
    status = wait_for(worker, "one", "finished")
    assert status == {
        "id": "one",
        "state": "finished",
        "position": 0,
        "step": 2,
        "max_steps": 3,
        "text": "ab ab ab ",
        "message": "max_new_tokens",
    }


def test_one_at_a_time_the_others_wait_with_their_place(worker):
    worker.submit("a", RecordRequest(prompt="hang", max_new_tokens=1), A_MODEL)
    worker.submit("b", RecordRequest(prompt="then this", max_new_tokens=1), A_MODEL)
    worker.submit("c", RecordRequest(prompt="then that", max_new_tokens=1), A_MODEL)
    assert [worker.status(name)["position"] for name in "abc"] == [0, 1, 2]
    with pytest.raises(WorkerError, match="2 recordings are already waiting"):
        worker.submit("d", RecordRequest(prompt="too much"), A_MODEL)
    worker.stop("b")
    assert worker.status("b")["message"] == "Cancelled before it began."
    assert worker.status("c")["position"] == 1
    worker.stop("a")
    assert wait_for(worker, "a", "finished")["message"] == "stopped"
    assert wait_for(worker, "c", "finished")["text"] == "ab "


def test_pause_step_and_resume(worker):
    worker.submit("a", RecordRequest(prompt="hang", max_new_tokens=2), A_MODEL)
    worker.submit("b", RecordRequest(prompt="x"), A_MODEL)
    with pytest.raises(WorkerError, match="has not begun"):
        worker.control("b", "pause")
    worker.control("a", "pause")
    assert wait_for(worker, "a", "paused")["step"] == 1
    worker.control("a", "step")
    deadline = time.monotonic() + 60
    while worker.status("a")["step"] < 2:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert (worker.status("a")["state"], worker.status("a")["text"]) == ("paused", "ab ab ab ")
    worker.control("a", "resume")
    wait_for(worker, "a", "running")
    worker.stop("a")
    wait_for(worker, "a", "finished")
    worker.control("a", "pause")
    assert worker.status("a")["state"] == "finished", "what is over stays over"


def test_a_dead_child_fails_its_recording_and_the_next_one_gets_a_new_child(worker):
    worker.submit("fine", RecordRequest(prompt="fine", max_new_tokens=1), A_MODEL)
    wait_for(worker, "fine", "finished")
    worker.submit("bad", RecordRequest(prompt="die"), A_MODEL)
    worker.submit("good", RecordRequest(prompt="fine", max_new_tokens=1), A_MODEL)
    assert "exit code 9" in wait_for(worker, "bad", "error")["message"]
    assert wait_for(worker, "good", "finished")["text"] == "ab "


def test_an_error_of_the_worker_is_passed_on_as_its_sentence(worker):
    worker.submit("long", RecordRequest(prompt="refuse"), A_MODEL)
    assert wait_for(worker, "long", "error")["message"] == "The prompt has 700 tokens: 512 are the most."


def test_a_program_that_cannot_start_fails_every_recording_and_does_not_loop(tmp_path):
    worker = GenerationWorker(tmp_path, program=[sys.executable, "-c", "raise SystemExit(3)"])
    worker.submit("a", RecordRequest(prompt="x"), A_MODEL)
    worker.submit("b", RecordRequest(prompt="y"), A_MODEL)
    for name in "ab":
        assert "exit code 3" in wait_for(worker, name, "error")["message"]
    worker.close()


def test_odd_lines_on_the_childs_stdout_do_not_stop_the_queue(worker):
    worker.submit("odd", RecordRequest(prompt="odd", max_new_tokens=1), A_MODEL)
    worker.submit("next", RecordRequest(prompt="x", max_new_tokens=1), A_MODEL)
    assert wait_for(worker, "odd", "finished")["text"] == "ab "
    assert wait_for(worker, "next", "finished")["text"] == "ab "


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_fault_of_our_own_in_the_reading_thread_ends_the_recording_in_hand_not_the_queue(worker, monkeypatch):
    before = set(threading.enumerate())
    worker.submit("hit", RecordRequest(prompt="hang", max_new_tokens=1), A_MODEL)
    readers = set(threading.enumerate()) - before
    monkeypatch.setattr(type(worker._recordings["hit"]), "on_event", lambda *_: 1 / 0)
    assert "generation worker ended" in wait_for(worker, "hit", "error")["message"]
    for reader in readers:
        reader.join()  # its exception is told after the recording's end: here, not in the next test
    monkeypatch.undo()
    worker.submit("next", RecordRequest(prompt="x", max_new_tokens=1), A_MODEL)
    assert wait_for(worker, "next", "finished")["text"] == "ab "


def test_unknown_ids_are_refused(worker):
    for ask in (worker.status, worker.stop, lambda name: worker.control(name, "pause")):
        with pytest.raises(SessionNotFound, match="nobody"):
            ask("nobody")


def test_close_lets_an_idle_child_go(tmp_path):
    worker = GenerationWorker(tmp_path, program=FAKE)
    worker.submit("a", RecordRequest(prompt="x", max_new_tokens=1), A_MODEL)
    wait_for(worker, "a", "finished")
    child = worker._child
    worker.close()
    assert child.returncode == 0
    worker.close()  # twice is fine


def test_importing_the_handle_imports_no_torch():
    import subprocess

    code = "import sys, mri.worker.handle; assert 'torch' not in sys.modules and 'h5py' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])
