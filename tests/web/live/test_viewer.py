"""Which message comes next: order, rate of state messages, the end. A channel and a clock of the test's own."""

import json

import numpy as np
import pytest

from mri.format.config import TraceConfig
from mri.format.wire import KIND_FRAME, bytes_from_frame, iter_records, record_bytes
from mri.web.live.buffer import LiveStep, ViewerBuffer
from mri.web.live.tail import End
from mri.web.live.viewer import LOOK_S, STATE_EVERY_S, Viewer
from tests.conftest import random_frame, random_layout


class FakeChannel:
    session_id = "now"

    def __init__(self):
        self.state = {"state": "running", "step": 0}
        self.end = None
        self.is_open = True
        self.token_bytes = {n: bytes([97 + n]) for n in range(26)}
        self.text = "abc"
        self.stored = []

    def history(self, start, buffer):
        return self.stored[start : start + 2]


class Clock:
    now_s = 50.0

    def __call__(self):
        return self.now_s


def live_step(number):
    layout = random_layout(2, 8, 2, TraceConfig(topk=4, logits_topk=1))
    frame = random_frame(layout, np.random.default_rng(0), number, "decode", number, 1, chosen_id=number % 26)
    frame.arrays["tokens"][:] = frame.arrays["logits/token_ids"][:] = 3
    return LiveStep(number, record_bytes(KIND_FRAME, number, bytes_from_frame(frame)))


@pytest.fixture
def channel():
    return FakeChannel()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def viewer(channel, clock):
    buffer = ViewerBuffer(clock=clock)
    return Viewer(channel, 0, buffer, lambda session_id: {"name": session_id}, lambda token: token.decode(), clock)


def kinds(out):
    return ["frame" if isinstance(message, bytes) else json.loads(message)["type"] for message in out]


def test_hello_comes_first_and_once(viewer, channel):
    out = viewer.messages()
    assert kinds(out) == ["hello", "state"]
    assert json.loads(out[0]) == {"type": "hello", "name": "now", "state": "running", "from": 0}
    assert viewer.messages() == []


def test_before_the_session_is_there_only_states(viewer, channel):
    channel.is_open = False
    channel.state = {"state": "queued", "position": 1}
    assert kinds(viewer.messages()) == ["state"]
    channel.end = End("error", "Too long.", 0)
    out = viewer.messages()
    assert kinds(out) == ["end"]
    assert viewer.over


def test_stored_steps_first_then_the_queue(viewer, channel):
    channel.stored = [live_step(number) for number in range(3)]
    seen = []
    for _ in range(3):
        seen += [message for message in viewer.messages() if isinstance(message, bytes)]
    viewer.buffer.put(live_step(3))
    seen += [message for message in viewer.messages() if isinstance(message, bytes)]
    steps = [[record.step for record in iter_records(message)] for message in seen]
    assert steps == [[0, 1], [2], [3]]


def test_ids_are_told_once_before_the_frame_that_names_them(viewer):
    viewer.messages()
    viewer.buffer.put(live_step(5))
    out = viewer.messages()
    assert kinds(out) == ["text", "frame"]
    assert json.loads(out[0])["text"] == {"3": "d", "5": "f"}
    viewer.buffer.put(live_step(6))
    out = viewer.messages()
    assert json.loads(out[0])["text"] == {"6": "g"}
    viewer.buffer.put(live_step(6 + 26))
    assert kinds(viewer.messages()) == ["frame"]


def test_states_come_at_their_own_pace_and_the_last_one_comes(viewer, channel, clock):
    viewer.messages()
    channel.state = {"state": "running", "step": 1}
    assert viewer.messages() == []
    assert viewer.wait_s() == pytest.approx(STATE_EVERY_S)
    channel.state = {"state": "running", "step": 2}
    clock.now_s += STATE_EVERY_S + 0.001
    out = viewer.messages()
    assert json.loads(out[0]) == {"type": "state", "state": "running", "step": 2}
    assert viewer.wait_s() == LOOK_S


def test_a_queue_that_is_not_due_is_waited_for(viewer, clock):
    viewer.messages()
    for number in range(200):
        viewer.buffer.put(live_step(number))
    while viewer.messages():
        pass
    assert len(viewer.buffer) == 0 or 0 < viewer.wait_s() < 0.01


def test_the_end_comes_after_everything_and_counts(channel, clock):
    room = len(live_step(0).thinned.record) + 100
    viewer = Viewer(channel, 0, ViewerBuffer(room, clock=clock), lambda _: {}, lambda token: token.decode(), clock)
    viewer.messages()
    for number in range(3):
        viewer.buffer.put(live_step(number))
    channel.end = End("stopped", "Stopped.", 3)
    out = viewer.messages()
    assert kinds(out) == ["dropped", "text", "frame"]
    assert json.loads(out[0]) == {
        "type": "dropped",
        "payloads": 1,
        "frames": 2,
        "payload_steps": [[2, 2]],
        "frame_steps": [[0, 1]],
    }
    assert not viewer.over
    [end] = viewer.messages()
    assert viewer.over
    assert json.loads(end)["dropped"] == {"payloads": 1, "frames": 2}


def test_what_was_forgotten_last_is_told_before_the_end(channel, clock):
    viewer = Viewer(channel, 0, ViewerBuffer(10, clock=clock), lambda _: {}, lambda token: token.decode(), clock)
    viewer.messages()
    viewer.buffer.put(live_step(0))
    channel.end = End("stopped", "Stopped.", 1)
    assert kinds(viewer.messages()) == ["dropped", "end"]
