"""Following a journal: what is new, once; how it ends; recordings that wait, die or are damaged."""

import pytest

from mri.store.journal import Journal
from mri.store.library import Library
from mri.store.opening import open_session
from mri.web.live.tail import DIED, LOCK_LOOK_S, Tail


class Clock:
    def __init__(self):
        self.now_s = 0.0

    def __call__(self):
        return self.now_s


@pytest.fixture
def tail(tmp_path):
    return Tail(Library(tmp_path), "now", lambda: None)


def test_steps_come_once_and_are_the_stores_own_records(tail, recorder, tmp_path):
    recording = recorder()
    assert tail.poll() == []
    recording.append(3)
    steps = tail.poll()
    assert [step.number for step in steps] == [0, 1, 2]
    recording.append(1)
    steps += tail.poll()
    assert tail.poll() == []
    path = recording.finish(seal=True)
    with open_session(path) as reader:
        assert b"".join(step.record for step in steps) == reader.records(0, 4)
    assert tail.poll() == []
    assert (tail.end.reason, tail.end.num_steps) == ("max_new_tokens", 4)
    assert tail.end.sentence == "All the tokens that were asked for are written."


def test_it_begins_where_the_session_stands(tail, recorder):
    recording = recorder()
    recording.append(5)
    assert tail.poll() == []
    assert tail.next_step == 5
    assert tail.text == "abcde"
    recording.append(2)
    assert [step.number for step in tail.poll()] == [5, 6]
    assert tail.text == "abcdefg"


def test_a_session_that_is_over_is_over_at_once(tail, tmp_path, random_session):
    random_session(tmp_path, session_id="now")
    assert tail.poll() == []
    assert tail.next_step == 8
    assert (tail.end.reason, tail.end.num_steps) == ("max_new_tokens", 8)


def test_half_a_record_waits_for_its_other_half(tail, recorder, monkeypatch):
    recording = recorder()
    tail.poll()
    written = []
    monkeypatch.setattr(Journal, "append", lambda journal, record: written.append(record))
    recording.append(1)
    with open(recording.writer.folder / "frames.journal", "ab") as journal:
        journal.write(written[0][:1000])
        journal.flush()
        assert tail.poll() == []
        journal.write(written[0][1000:])
    assert [step.record for step in tail.poll()] == written


def test_a_long_journal_is_not_read_in_one_gulp(tail, recorder, monkeypatch):
    recording = recorder()
    tail.poll()
    recording.append(7)
    monkeypatch.setattr("mri.web.live.tail.MAX_POLL_BYTES", 1)
    assert [[step.number for step in tail.poll()] for _ in range(8)] == [[0], [1], [2], [3], [4], [5], [6], []]


def test_a_recorder_that_died_is_noticed_and_what_it_had_is_kept(recorder, tmp_path):
    clock = Clock()
    tail = Tail(Library(tmp_path), "now", lambda: None, clock)
    recording = recorder()
    tail.poll()
    recording.append(2)
    tail.poll()
    clock.now_s += LOCK_LOOK_S + 0.1
    assert tail.poll() == []
    assert tail.end is None, "it holds its lock"
    recording.append(1)
    recording.die()
    assert len(tail.poll()) == 1
    assert tail.poll() == []
    assert tail.end is None, "not looked yet"
    clock.now_s += LOCK_LOOK_S + 0.1
    tail.poll()
    assert (tail.end.reason, tail.end.num_steps) == (DIED, 3)
    assert tail.end.sentence == "The recorder ended without a word: what it recorded is kept."


def test_a_dead_worker_says_why(recorder, tmp_path):
    clock = Clock()
    status = {"state": "error", "message": "The generation worker ended (exit code 9)."}
    tail = Tail(Library(tmp_path), "now", lambda: status, clock)
    recorder().die()
    tail.poll()
    clock.now_s += LOCK_LOOK_S + 0.1
    tail.poll()
    assert tail.end.sentence == "The generation worker ended (exit code 9)."


def test_the_last_word_between_two_looks_is_heard(recorder, tmp_path, monkeypatch):
    """The journal is read, then the recorder ends it and lets its lock go, then the lock is looked at."""
    clock = Clock()
    library = Library(tmp_path)
    tail = Tail(library, "now", lambda: None, clock)
    recording = recorder()
    tail.poll()
    clock.now_s += LOCK_LOOK_S + 0.1

    def ends_now(session_id):
        recording.append(1)
        recording.finish("stop_token")
        return False

    monkeypatch.setattr(library, "is_recording", ends_now)
    assert tail.poll() == []
    assert tail.end is None
    assert len(tail.poll()) == 1
    tail.poll()
    assert tail.end.reason == "stop_token"


def test_a_recording_in_the_queue_is_waited_for(recorder, tmp_path):
    status = {"state": "queued", "message": ""}
    tail = Tail(Library(tmp_path), "now", lambda: status)
    assert tail.poll() == []
    assert (tail.reader, tail.end) == (None, None)
    recorder().append(1)
    assert tail.poll() == []
    assert tail.reader is not None
    assert tail.next_step == 1


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        ({"state": "error", "message": "Too long."}, "Too long."),
        ({"state": "finished", "message": "stop_token"}, "The recording is no longer there."),  # deleted since
        (None, "The recording is no longer there."),
    ],
)
def test_a_recording_that_never_began_is_an_end(tmp_path, status, sentence):
    tail = Tail(Library(tmp_path), "now", lambda: status)
    assert tail.poll() == []
    assert (tail.end.sentence, tail.end.num_steps) == (sentence, 0)


def test_a_training_run_has_no_text(tmp_path, recorder):
    recording = recorder()
    recording.writer.update(kind="training")
    recording.append(1)
    tail = Tail(Library(tmp_path), "now", lambda: None)
    tail.poll()
    assert tail.text == ""
