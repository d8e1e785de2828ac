"""The stream over real sockets, as a good viewer gets it. Bad ones: test_bad_viewers.py."""

import threading

import pytest
import requests

from mri.store.opening import open_session
from mri.worker.request import RecordRequest
from tests.conftest import A_MODEL, stored_bytes
from tests.web.live.conftest import until
from tests.web.live.sockets import NORMAL, POLICY, RawSocket, Watcher, expected, payloads


def test_a_recording_as_a_viewer_gets_it(site, recorder, tmp_path):
    port, _ = site
    recording = recorder()
    recording.append(2)
    watcher = Watcher(port, "now")
    hello = watcher.hear("hello")
    assert (hello["from"], hello["state"], hello["num_steps"]) == (0, "running", 2)
    assert hello["session"]["prompt"] == "once"
    assert hello["groups"]
    watcher.hear_steps(2)
    recording.append(3)
    watcher.hear_steps(5)
    path = recording.finish("stop_token", seal=True)
    assert watcher.hear_all() == NORMAL
    with open_session(path) as reader:
        assert b"".join(each for each in watcher.heard if isinstance(each, bytes)) == reader.records(0, 5)
    end = watcher.heard[-1]
    assert end == {
        "type": "end",
        "reason": "The model ended its answer.",
        "end_reason": "stop_token",
        "num_steps": 5,
        "text": "abcde",
        "dropped": {"payloads": 0, "frames": 0},
    }
    states = watcher.of("state")
    assert {state["state"] for state in states} == {"running"}
    assert states[0]["max_steps"] == 1000
    told = {key: shown for text in watcher.of("text") for key, shown in text["text"].items()}
    assert told["0"] == "a"
    assert told["27"] == "\\xff"
    for place, kind in enumerate(watcher.kinds):
        assert kind != "text" or watcher.kinds[place + 1] == "frame"


def test_below_the_rate_every_step_is_a_message_of_its_own(site, recorder):
    port, _ = site
    recording = recorder()
    watcher = Watcher(port, "now")
    watcher.hear("hello")
    until(lambda: watcher.hear("state"))
    for stop in range(1, 6):
        recording.append(1)
        watcher.hear_steps(stop)
    assert watcher.kinds.count("frame") == 5
    watcher.close()


def test_viewers_that_come_late_get_neither_gap_nor_repetition(site, recorder):
    port, _ = site
    recording = recorder()
    recording.append(20)
    early = Watcher(port, "now")
    early.hear_steps(20)
    stop = threading.Event()

    def write():
        while not stop.is_set():
            recording.append(1)
            stop.wait(0.002)

    writing = threading.Thread(target=write)
    writing.start()
    late = [Watcher(port, "now", start) for start in (0, 7, 20)]
    for watcher in late:
        watcher.hear_steps(len(recording.frames) + 10)
    stop.set()
    writing.join()
    recording.finish()
    for watcher, start in zip([early, *late], (0, 0, 7, 20), strict=True):
        assert watcher.hear_all() == NORMAL
        assert watcher.steps == list(range(start, len(recording.frames)))
        assert payloads(watcher) == expected(recording.frames, start)


def test_a_start_ahead_of_the_recording_waits_for_it(site, recorder):
    port, _ = site
    recording = recorder()
    recording.append(1)
    watcher = Watcher(port, "now", 3)
    watcher.hear("state")
    recording.append(4)
    recording.finish()
    assert watcher.hear_all() == NORMAL
    assert watcher.steps == [3, 4]


def test_a_finished_session_is_a_short_stream(site, tmp_path, random_session):
    port, _ = site
    path = random_session(tmp_path)
    watcher = Watcher(port, "random", 5)
    assert watcher.hear_all() == NORMAL
    assert watcher.heard[0]["state"] == "finished"
    with open_session(path) as reader:
        assert payloads(watcher) == [stored_bytes(reader, step) for step in (5, 6, 7)]
    assert watcher.heard[-1]["num_steps"] == 8


def test_a_recording_that_waits_can_be_watched(site):
    port, services = site
    services.worker.submit("first", RecordRequest(prompt="hang", max_new_tokens=1), A_MODEL)
    services.worker.submit("second", RecordRequest(prompt="refuse"), A_MODEL)
    watcher = Watcher(port, "second")
    state = watcher.hear("state")
    assert (state["state"], state["position"]) == ("queued", 1)
    services.worker.stop("first")
    assert watcher.hear_all() == NORMAL
    assert watcher.heard[-1]["reason"] == "The prompt has 700 tokens: 512 are the most."
    assert watcher.heard[-1]["num_steps"] == 0
    assert "hello" not in watcher.kinds


@pytest.mark.parametrize(
    ("address", "words"),
    [("nobody", "There is no session 'nobody'"), ("now?from=-1", "from='-1'"), ("now?from=x", "from='x'")],
)
def test_what_cannot_be_watched_is_refused_with_a_sentence(site, address, words):
    port, _ = site
    raw = RawSocket(port, f"/live/{address}")
    opcode, payload = raw.frame()
    assert (opcode, b'"refused"' in payload) == (1, True)
    assert words.encode() in payload
    opcode, payload = raw.frame()
    assert (opcode, int.from_bytes(payload[:2], "big")) == (8, POLICY)
    raw.close()


def test_a_recorder_that_is_killed_in_mid_stream(site, recorder):
    port, _ = site
    recording = recorder()
    watcher = Watcher(port, "now")
    recording.append(4)
    watcher.hear_steps(4)
    recording.die()
    assert watcher.hear_all() == NORMAL
    assert watcher.steps == [0, 1, 2, 3]
    assert watcher.heard[-1]["end_reason"] == "died"
    assert watcher.heard[-1]["reason"] == "The recorder ended without a word: what it recorded is kept."


def test_a_fault_of_ours_is_logged_and_closes_cleanly(site, recorder, monkeypatch, caplog):
    port, services = site
    recorder()
    monkeypatch.setattr("mri.web.live.viewer.messages.hello", lambda *_: 1 / 0)
    assert Watcher(port, "now").hear_all() == 1011
    until(lambda: services.hub.num_viewers == 0)
    assert "ZeroDivisionError" in caplog.text


def test_nobody_watches_nothing_runs(site, recorder):
    port, _ = site
    recorder()

    def tails():
        return [thread.name for thread in threading.enumerate() if thread.name.startswith("tail-")]

    assert tails() == []
    watchers = [Watcher(port, "now") for _ in range(3)]
    for watcher in watchers:
        watcher.hear("hello")
    assert tails() == ["tail-now"], "one, however many watch"
    for watcher in watchers:
        watcher.close()
    until(lambda: tails() == [])


def test_over_plain_http_there_is_nothing(site):
    port, _ = site
    answer = requests.get(f"http://127.0.0.1:{port}/live/now", timeout=60)
    assert answer.status_code in (400, 404)
    assert answer.json()["error"].endswith(".")
