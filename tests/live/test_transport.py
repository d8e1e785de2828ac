"""The stream over real sockets: what a viewer gets, and what bad viewers cannot do."""

import json
import logging
import os
import sys
import threading
from pathlib import Path

import psutil
import pytest

from mri.events import StepFrame
from mri.live.hub import MAX_VIEWERS
from mri.live.worker import GenerationWorker
from mri.server import create_app
from mri.store.reader import open_session
from mri.ui.services import EXTENSION
from mri.wire import bytes_from_frame, frame_from_bytes
from tests.live.conftest import until
from tests.live.sockets import RawSocket, Watcher, served

FAKE = [sys.executable, str(Path(__file__).with_name("fake_worker.py"))]
NORMAL, POLICY, TOO_BIG, TRY_LATER = 1000, 1008, 1009, 1013


@pytest.fixture
def site(tmp_path):
    """Port and hub of an app on `tmp_path`."""
    app = create_app(tmp_path, worker=GenerationWorker(tmp_path, None, program=FAKE))
    services = app.server.extensions[EXTENSION]
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    with served(app) as port:
        yield port, services
    services.worker.close()


def payloads(watcher):
    return [bytes(record.payload) for record in watcher.records]


def expected(frames, start=0):
    return [bytes_from_frame(frame) for frame in frames[start:]]


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
        "type": "end", "reason": "The model ended its answer.", "end_reason": "stop_token", "num_steps": 5,
        "text": "abcde", "dropped": {"payloads": 0, "frames": 0},
    }  # fmt: skip
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
        assert payloads(watcher) == [reader.frame_bytes(step) for step in (5, 6, 7)]
    assert watcher.heard[-1]["num_steps"] == 8


def test_a_recording_that_waits_can_be_watched(site):
    port, services = site
    from mri.live.request import RecordRequest

    services.worker.submit("first", RecordRequest("hang", max_new_tokens=1))
    services.worker.submit("second", RecordRequest("refuse"))
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


def test_compression_is_not_agreed_to(site, recorder):
    port, _ = site
    recorder()
    raw = RawSocket(port, "/live/now?from=0")
    assert raw.status == 101
    assert b"deflate" not in raw.answer
    raw.close()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Host": "rebound.example:8050"}, 400),
        ({"Origin": "http://rebound.example", "Host": "rebound.example"}, 400),
    ],
)
def test_pages_of_others_are_refused_before_the_upgrade(site, recorder, headers, status):
    port, services = site
    recorder()
    raw = RawSocket(port, "/live/now", **headers)
    assert raw.status == status
    raw.close()
    assert services.hub.num_viewers == 0


def test_the_servers_own_page_is_not(site, recorder):
    port, _ = site
    recorder()
    raw = RawSocket(port, "/live/now", Origin=f"http://127.0.0.1:{port}")
    assert raw.status == 101
    raw.close()


def test_who_speaks_too_long_is_let_go(site, recorder):
    port, services = site
    recorder()
    raw = RawSocket(port, "/live/now")
    raw.frame()
    raw.send(1, b"x" * 2000)
    codes = []
    while not codes:
        opcode, payload = raw.frame()
        codes += [int.from_bytes(payload[:2], "big")] if opcode == 8 else []
    assert codes == [TOO_BIG]
    until(lambda: services.hub.num_viewers == 0)
    raw.close()


def test_who_speaks_at_all_is_let_go(site, recorder):
    port, services = site
    recorder()
    watcher = Watcher(port, "now")
    watcher.hear("hello")
    watcher.ws.send("hello")
    assert watcher.hear_all() == POLICY
    until(lambda: services.hub.num_viewers == 0)


def test_one_viewer_too_many_gets_a_sentence(site, recorder):
    port, services = site
    assert services.hub.max_viewers == MAX_VIEWERS < 64, "of gthread's 64 threads some must be left for pages"
    services.hub.max_viewers = 2
    recorder().append(1)
    watchers = [Watcher(port, "now") for _ in range(2)]
    for watcher in watchers:
        watcher.hear("hello")
    third = Watcher(port, "now")
    assert third.hear_all() == TRY_LATER
    assert third.heard == [
        {"type": "refused", "reason": "2 viewers are watching already: close another tab and try again."}
    ]
    watchers[0].close()
    until(lambda: services.hub.num_viewers == 1)
    fourth = Watcher(port, "now")
    fourth.hear("hello")
    for watcher in (*watchers, fourth):
        watcher.close()


def test_a_slow_reader_loses_payloads_first_and_is_told_exactly(site, recorder):
    port, services = site
    services.hub.queue_bytes = 60_000
    recording = recorder(n_embd=256, mode="full")
    recording.append(1)
    slow = RawSocket(port, "/live/now?from=0")
    fast = Watcher(port, "now")
    fast.hear_steps(1)
    until(lambda: services.hub.num_viewers == 2)
    while len(recording.frames) < 150:
        recording.append(1)
        fast.hear_steps(len(recording.frames))  # the slow one reads nothing in the meantime
    recording.finish()
    assert fast.hear_all() == NORMAL
    assert payloads(fast) == expected(recording.frames)
    assert fast.of("dropped") == []

    heard = Watcher.__new__(Watcher)
    heard.heard = []
    while True:
        opcode, payload = slow.frame()
        if opcode == 8:
            break
        heard.heard.append(json.loads(payload) if opcode == 1 else payload)
    slow.close()
    drops = heard.of("dropped")
    gone = [step for drop in drops for first, last in drop["frame_steps"] for step in range(first, last + 1)]
    thin = [step for drop in drops for first, last in drop["payload_steps"] for step in range(first, last + 1)]
    assert gone
    assert thin
    assert heard.steps == sorted(set(range(150)) - set(gone))
    assert len(gone) == sum(drop["frames"] for drop in drops) == heard.heard[-1]["dropped"]["frames"]
    assert len(thin) == sum(drop["payloads"] for drop in drops) == heard.heard[-1]["dropped"]["payloads"]
    for record in heard.records:
        frame: StepFrame = frame_from_bytes(record.payload)
        whole = recording.frames[record.step]
        if record.step in thin:
            assert frame.dropped
            assert set(frame.arrays) == {"stats", "tokens"}
            assert frame.arrays["stats"].tobytes() == whole.arrays["stats"].tobytes()
        else:
            assert bytes(record.payload) == bytes_from_frame(whole)
    for place, kind in enumerate(heard.kinds[:-2]):
        if kind == "dropped":
            assert "frame" in heard.kinds[place + 1 : place + 3]


def test_a_stalled_reader_is_gone_soon_and_holds_nobody_up(site, recorder, monkeypatch):
    monkeypatch.setattr("mri.live.transport.STALL_S", 0.3)
    port, services = site
    recording = recorder(n_embd=256, mode="full")
    stalled = RawSocket(port, "/live/now?from=0")
    fast = Watcher(port, "now")
    until(lambda: services.hub.num_viewers == 2)
    while services.hub.num_viewers == 2:
        recording.append(5)
        fast.hear_steps(len(recording.frames))
        assert len(recording.frames) < 5000
    recording.finish()
    assert fast.hear_all() == NORMAL
    assert fast.steps == list(range(len(recording.frames)))
    assert stalled.is_over()
    stalled.close()


def test_pings_do_not_tear_large_frames(site, recorder):
    """Pongs are written by another thread, in the middle of frames that a slow reader takes piece by piece."""
    port, _ = site
    recording = recorder(n_embd=64)
    recording.append(1)
    big = recording.frames[0].arrays | {"extra/big": bytes_of_size(4_000_000)}
    raw = RawSocket(port, "/live/now?from=1")
    while b"hello" not in raw.frame()[1]:
        pass
    for step in range(1, 4):
        recording.writer.append(StepFrame(step, "decode", step + 3, 1, big, chosen_id=1))
    for number in range(2000):
        raw.send(9, number.to_bytes(2, "big"))
    pongs, frames = [], []
    while len(frames) < 3 or len(pongs) < 2000:
        opcode, payload = raw.frame()
        if opcode == 10:
            pongs.append(int.from_bytes(payload, "big"))
        elif opcode == 2:
            frames.append(payload)
    assert pongs == list(range(2000))
    with open_session(recording.writer.folder) as reader:
        assert frames == [reader.records(step, step + 1) for step in (1, 2, 3)]
    raw.close()


def bytes_of_size(size):
    import numpy as np

    return np.random.default_rng(0).integers(0, 255, size, np.uint8)


def test_threads_and_files_return_to_their_base(site, recorder):
    port, services = site
    recording = recorder()
    recording.append(3)

    def come_and_go(count):
        for number in range(count):
            if number % 2:
                watcher = Watcher(port, "now")
                watcher.hear("hello")
                watcher.close()
            else:
                raw = RawSocket(port, "/live/now")
                raw.frame()
                raw.close()  # without a word

    process = psutil.Process(os.getpid())
    come_and_go(5)
    until(lambda: services.hub.num_viewers == 0)
    until(lambda: not any("tail-now" in thread.name for thread in threading.enumerate()))
    base = until(lambda: (threading.active_count(), process.num_fds()))
    come_and_go(200)
    until(lambda: threading.active_count() <= base[0] and process.num_fds() <= base[1])
    assert services.hub.num_viewers == 0


def test_a_fault_of_ours_is_logged_and_closes_cleanly(site, recorder, monkeypatch, caplog):
    port, services = site
    recorder()
    monkeypatch.setattr("mri.live.viewer.messages.hello", lambda *_: 1 / 0)
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
    import requests

    port, _ = site
    answer = requests.get(f"http://127.0.0.1:{port}/live/now", timeout=60)
    assert answer.status_code in (400, 404)
    assert answer.json()["error"].endswith(".")
