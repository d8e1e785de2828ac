"""Viewers with real sockets that are slow, stalled, loud, foreign or too many: what they get and cannot do."""

import json
import os
import socket
import threading
from dataclasses import replace

import numpy as np
import psutil
import pytest
from werkzeug.test import EnvironBuilder, run_wsgi_app

from mri.format.wire import bytes_from_frame, frame_from_bytes
from mri.store.opening import open_session
from mri.web.live.hub import MAX_VIEWERS
from tests.conftest import random_frame
from tests.web.live.conftest import until
from tests.web.live.sockets import NORMAL, POLICY, TOO_BIG, TRY_LATER, RawSocket, Watcher, expected, payloads

HANDSHAKE = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


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


@pytest.mark.parametrize(
    "headers",
    [{"Sec-WebSocket-Version": "8"}, {"Sec-WebSocket-Version": "x"}, {"Sec-WebSocket-Key": None}],
    ids=["an old version", "no version", "no key"],
)
def test_what_is_no_handshake_is_refused_as_a_sentence(site, recorder, headers, caplog):
    port, services = site
    recorder()
    raw = RawSocket(port, "/live/now", **headers)
    assert raw.status == 400
    raw.close()
    assert services.hub.num_viewers == 0
    assert "Traceback" not in caplog.text


def test_a_handshake_that_is_broken_off_is_no_error_of_the_server(app, recorder, caplog):
    ours, theirs = socket.socketpair()
    theirs.close()
    environ = EnvironBuilder(path="/live/now", base_url="http://localhost", headers=HANDSHAKE).get_environ()
    with ours:
        run_wsgi_app(app.server.wsgi_app, {**environ, "werkzeug.socket": ours})
    assert caplog.text == ""


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


def test_a_slow_reader_loses_payloads_first_and_is_told_exactly(site, recorder, monkeypatch):
    monkeypatch.setattr("mri.web.live.transport.STALL_S", 600)  # slow, however slow the machine: not stalled
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
        frame = frame_from_bytes(record.payload)
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
    monkeypatch.setattr("mri.web.live.transport.STALL_S", 0.3)
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


def test_pings_do_not_tear_large_frames(site, recorder, monkeypatch):
    """Pongs are written by another thread, in the middle of frames that a slow reader takes piece by piece."""
    monkeypatch.setattr("mri.web.live.transport.STALL_S", 600)
    port, _ = site
    recording = recorder(n_embd=64)
    recording.append(1)
    big, rng = bytes_of_size(4_000_000), np.random.default_rng(0)
    raw = RawSocket(port, "/live/now?from=1")
    while b"hello" not in raw.frame()[1]:
        pass
    for step in range(1, 4):
        frame = random_frame(recording.layout, rng, step, "decode", step + 3, 1, chosen_id=1)
        recording.writer.append(replace(frame, arrays=frame.arrays | {"extra/big": big}))
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
