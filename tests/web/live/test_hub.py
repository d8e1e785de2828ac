"""Sessions and who watches them, without sockets: the test says when the journal is looked at."""

import threading

import pytest

from mri.errors import LiveError, SessionNotFound
from mri.store.library import Library
from mri.web.live.buffer import ViewerBuffer
from mri.web.live.channel import Channel
from mri.web.live.hub import Hub
from mri.web.live.tail import Tail
from tests.web.live.conftest import until


def wake():
    """For who does not wait."""


class Worker:
    """Stands in for the generation worker: knows what the test lets it know."""

    def __init__(self):
        self.statuses = {}

    def status_or_none(self, session_id):
        return self.statuses.get(session_id)


def hub_of(folder, **settings):
    return Hub(
        Library(folder), Worker(), lambda session_id: {}, lambda token: token.decode(errors="replace"), **settings
    )


@pytest.fixture
def channel(tmp_path):
    return Channel(Tail(Library(tmp_path), "now", lambda: None), lambda: None)


def read_from(channel, start, buffer):
    """What a viewer reads from the disk until it follows. -> step numbers"""
    numbers = []
    while steps := channel.history(start, buffer):
        numbers += [step.number for step in steps]
        start = numbers[-1] + 1
    return numbers


def numbers_in(buffer):
    found = []
    while steps := buffer.take()[0]:
        found += [step.number for step in steps]
    return found


def test_history_and_queue_meet_without_gap_or_repetition(channel, recorder):
    recording = recorder()
    recording.append(4)
    channel.tick()
    for start in (0, 2, 4, 9):
        buffer = ViewerBuffer()
        before = read_from(channel, start, buffer)
        recording.append(1)  # on disk, but the tail has not seen it yet
        number = len(recording.frames) - 1
        channel.tick()
        assert before == list(range(start, number))
        assert numbers_in(buffer) == ([number] if number >= start else [])


def test_a_step_written_between_two_reads_comes_once(channel, recorder):
    recording = recorder()
    recording.append(3)
    channel.tick()
    buffer = ViewerBuffer()
    assert [step.number for step in channel.history(0, buffer)] == [0, 1, 2]
    recording.append(2)
    channel.tick()
    assert read_from(channel, 3, buffer) == [3, 4]
    recording.append(1)
    channel.tick()
    assert numbers_in(buffer) == [5]


def test_history_comes_in_messages_of_bounded_size(channel, recorder, monkeypatch):
    recording = recorder()
    recording.append(6)
    channel.tick()
    size = len(channel.history(1, ViewerBuffer())[0].record)
    monkeypatch.setattr("mri.web.live.channel.MAX_MESSAGE_BYTES", int(2.5 * size))
    assert [step.number for step in channel.history(1, ViewerBuffer())] == [1, 2]
    monkeypatch.setattr("mri.web.live.channel.MAX_MESSAGE_BYTES", 1)
    assert [step.number for step in channel.history(1, ViewerBuffer())] == [1], "one goes, however large"


def test_the_state_is_that_of_the_journal(tmp_path, recorder):
    status = {"state": "queued", "position": 2, "step": 0, "max_steps": 0, "text": "", "message": "", "id": "now"}
    channel = Channel(Tail(Library(tmp_path), "now", lambda: status), lambda: status)
    channel.tick()
    assert (channel.state["state"], channel.state["position"], channel.is_open) == ("queued", 2, False)
    recording = recorder()
    status["state"] = "running"
    recording.append(2)
    channel.tick()
    assert channel.state == {
        "state": "running",
        "position": 0,
        "step": 1,
        "max_steps": 1000,
        "text": "ab",
        "message": "",
    }
    status["state"] = "paused"
    channel.tick()
    assert channel.state["state"] == "paused"
    recording.finish("stopped")
    channel.tick()
    assert (channel.end.reason, channel.end.num_steps) == ("stopped", 2)


def test_who_listens_is_woken_by_news_only(channel, recorder):
    recording = recorder()
    woken = []
    channel.listen(lambda: woken.append(True))
    channel.tick()
    count = len(woken)
    channel.tick()
    assert len(woken) == count
    recording.append(1)
    channel.tick()
    assert len(woken) == count + 1


def test_who_left_gets_nothing_more(channel, recorder):
    recording = recorder()
    channel.tick()
    buffer = ViewerBuffer()
    assert channel.history(0, buffer) == []
    channel.leave(buffer, wake)
    recording.append(1)
    channel.tick()
    assert len(buffer) == 0


def test_one_thread_for_all_and_none_for_nobody(tmp_path, recorder):
    recorder()
    hub = hub_of(tmp_path)

    def tails():
        return [thread for thread in threading.enumerate() if thread.name == "tail-now"]

    viewers = [hub.join("now", 0, wake) for _ in range(3)]
    assert len(tails()) == 1
    assert hub.num_viewers == 3
    for viewer in viewers:
        hub.leave(viewer, wake)
    until(lambda: not tails())
    assert hub.num_viewers == 0


def test_limits_and_unknown_sessions(tmp_path, recorder):
    recorder()
    hub = hub_of(tmp_path, max_viewers=1)
    with pytest.raises(SessionNotFound, match="nobody"):
        hub.join("nobody", 0, wake)
    viewer = hub.join("now", 0, wake)
    with pytest.raises(LiveError, match="1 viewers are watching already"):
        hub.join("now", 0, wake)
    hub.leave(viewer, wake)
    hub.leave(hub.join("now", 0, wake), wake)


def test_a_journal_that_cannot_be_read_ends_the_stream_with_a_sentence(tmp_path, recorder):
    recorder().append(1)
    (tmp_path / "now" / "vocabulary.safetensors").write_bytes(b"damaged")
    hub = hub_of(tmp_path)
    viewer = hub.join("now", 0, wake)
    until(lambda: viewer.channel.end)
    assert "is damaged" in viewer.channel.end.sentence
    hub.leave(viewer, wake)


def test_what_nobody_thought_of_ends_the_stream_too(tmp_path, recorder, monkeypatch, caplog):
    recorder()
    monkeypatch.setattr(Tail, "poll", lambda tail: 1 / 0)
    hub = hub_of(tmp_path)
    viewer = hub.join("now", 0, wake)
    until(lambda: viewer.channel.end)
    assert viewer.channel.end.sentence.endswith("its terminal has the details.")
    assert "ZeroDivisionError" in caplog.text
    hub.leave(viewer, wake)
