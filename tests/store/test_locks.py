"""Who is at a session: alive is what may be alive, dead only what is provably dead; disks with and without locks."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from mri.errors import BadSession, StoreError
from mri.format.events import TraceSession
from mri.store.library import Library
from mri.store.locks import LOCKLESS, QUIET_S, is_held, may_be_recorded, recorder_of
from mri.store.opening import open_session
from mri.store.seal import seal
from mri.store.unsealed import JournalReader
from mri.store.writer import SessionWriter
from tests.golden_frame.build import topk_f16


@pytest.fixture
def frame():
    return replace(topk_f16()[0], step=0)


@pytest.fixture
def writer(tmp_path):
    writer = SessionWriter(tmp_path, TraceSession("one", topk_f16()[1], start_time="2026-01-02"))
    yield writer
    if not writer._finished:
        writer.finish("stopped", seal=False)


RECORDS = """
import sys
from dataclasses import replace
from pathlib import Path
from mri.format.events import TraceSession
from mri.store.writer import SessionWriter
from tests.golden_frame.build import topk_f16
frame, layout, _ = topk_f16()
writer = SessionWriter(Path(sys.argv[1]), TraceSession("one", layout, start_time="2026-01-02"))
writer.append(replace(frame, step=0))
print("recorded", flush=True)
sys.stdin.read()
"""


def recording_elsewhere(folder: Path) -> subprocess.Popen[str]:
    """Another process, which has recorded one step and waits."""
    child = subprocess.Popen(
        [sys.executable, "-c", RECORDS, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([os.getcwd(), os.environ.get("PYTHONPATH", "")])},
    )
    assert child.stdout.readline() == "recorded\n"
    return child


def grow_old(folder: Path, seconds: float = QUIET_S + 60) -> None:
    for name in ("frames.journal", "recorder.json"):
        if (folder / name).exists():
            then = (folder / name).stat().st_mtime - seconds
            os.utime(folder / name, (then, then))


def test_a_recorder_whose_lock_nobody_sees_is_alive_until_it_is_killed(tmp_path):
    child = recording_elsewhere(tmp_path)
    library, folder = Library(tmp_path), tmp_path / "one"
    (folder / "lock").unlink()  # as on a network disk with locks of each machine's own
    grow_old(folder)
    assert library.info("one").state == "recording"
    assert library.seal_unsealed() == {}
    with pytest.raises(StoreError, match="still being recorded"):
        seal(folder)
    with pytest.raises(StoreError, match="is being recorded: stop"):
        library.delete("one")
    child.send_signal(signal.SIGKILL)
    child.communicate()
    assert library.info("one").state == "unsealed"
    assert library.seal_unsealed() == {}
    assert library.info("one").state == "finished"
    assert [path.name for path in tmp_path.iterdir()] == ["one.h5"]


def test_a_process_that_is_dead_and_not_yet_buried_is_dead(tmp_path):
    child = recording_elsewhere(tmp_path)
    child.send_signal(signal.SIGKILL)
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert not is_held(tmp_path / "one")
    child.communicate()


@pytest.mark.parametrize("field", ["boot", "pid_space"])
def test_a_recorder_of_another_machine_is_dead_after_minutes_of_silence(writer, frame, field):
    writer.append(frame)
    file = writer.folder / "recorder.json"
    writer._recorder_file._me = replace(writer._recorder_file._me, **{field: "another"})
    writer._recorder_file.beat(1)
    (writer.folder / "lock").unlink()
    assert is_held(writer.folder)
    grow_old(writer.folder, QUIET_S - 5)
    assert is_held(writer.folder)
    grow_old(writer.folder, 10)
    assert not is_held(writer.folder)
    file.touch()  # a sign of life
    assert is_held(writer.folder)


def test_another_process_under_the_same_number_is_not_the_recorder(writer):
    writer._recorder_file._me = replace(writer._recorder_file._me, started=1)
    writer._recorder_file.beat(1)
    assert not may_be_recorded(writer.folder)


@pytest.mark.parametrize("content", [None, b"", b"{", b"[]", b'{"pid": 1}', b"\xff" * 99])
def test_without_a_readable_word_only_silence_is_death(writer, content):
    file = writer.folder / "recorder.json"
    file.unlink()
    if content is not None:
        file.write_bytes(content)
    assert recorder_of(writer.folder) is None
    assert may_be_recorded(writer.folder)
    grow_old(writer.folder)
    assert not may_be_recorded(writer.folder)


def test_silence_is_measured_by_the_disks_own_clock(writer, monkeypatch):
    (writer.folder / "recorder.json").unlink()
    monkeypatch.setattr(time, "time", lambda: os.stat(writer.folder).st_mtime + 3600)
    assert may_be_recorded(writer.folder)


def test_who_ended_is_gone_at_once(tmp_path, writer, frame):
    writer.append(frame)
    writer.finish("stopped", seal=False)
    assert not is_held(writer.folder)
    assert Library(tmp_path).seal_unsealed() == {}
    assert Library(tmp_path).info("one").state == "finished"


def test_a_heartbeat_moves_the_file_without_a_step(writer, monkeypatch):
    file = writer.folder / "recorder.json"
    os.utime(file, (1, 1))
    writer._recorder_file.beat(writer._recorder_file._last[0])
    assert file.stat().st_mtime == 1, "not so often"
    monkeypatch.setattr("mri.store.locks.BEAT_S", 0)
    writer._recorder_file.beat(writer._recorder_file._last[0])
    assert file.stat().st_mtime > 1


@pytest.mark.parametrize("number", LOCKLESS, ids=lambda number: errno.errorcode[number])
def test_on_a_disk_without_locks_everything_works_and_nothing_is_left(tmp_path, frame, number, monkeypatch):
    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", refuse)
    library = Library(tmp_path)
    with SessionWriter(tmp_path, TraceSession("one", topk_f16()[1])) as writer:
        writer.append(frame)
        assert library.info("one").state == "recording"
        with pytest.raises(StoreError, match="exists already"):
            SessionWriter(tmp_path, TraceSession("one", topk_f16()[1]))
        with pytest.raises(StoreError, match="still being recorded"):
            seal(writer.folder)
        writer.finish("stopped", seal=False)
    assert library.info("one").state == "unsealed"
    seal(writer.folder)
    assert [path.name for path in tmp_path.iterdir()] == ["one.h5"]


@pytest.mark.parametrize("number", [errno.EIO, errno.ESTALE, errno.ENOSPC])
def test_a_disk_that_fails_at_the_lock_is_a_sentence_and_leaves_nothing(tmp_path, number, monkeypatch):
    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(StoreError, match="Cannot write to"):
        SessionWriter(tmp_path, TraceSession("one", topk_f16()[1]))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("go", ["deleted", "moved", "deleted and made anew"])
def test_a_lost_folder_ends_the_recording_with_a_sentence(tmp_path, writer, frame, go):
    writer.append(frame)
    if go == "moved":
        writer.folder.rename(tmp_path / "elsewhere")
    else:
        shutil.rmtree(writer.folder)
    if go == "deleted and made anew":
        writer.folder.mkdir()
        (writer.folder / "frames.journal").touch()
    with pytest.raises(StoreError, match=r"Cannot append to .* \(No such file or directory\)"):
        writer.append(replace(frame, step=1))
    path = writer.finish("stopped")
    assert (path, bool(writer.seal_error)) == (writer.folder, True)
    if go == "moved":
        with JournalReader(tmp_path / "elsewhere") as reader:
            assert reader.num_steps == 1


def test_a_journal_that_grew_while_it_was_packed_keeps_its_folder(tmp_path, writer, frame, monkeypatch):
    """A recorder on another machine went on after a long silence: what it wrote is acknowledged, and stays."""
    writer.append(frame)
    writer._recorder_file.let_go(0)
    writer._lock.release()
    sync = sys.modules["mri.store.seal"].sync_folder

    def goes_on(folder: Path) -> None:
        sync(folder)
        writer.append(replace(frame, step=1))

    monkeypatch.setattr("mri.store.seal.sync_folder", goes_on)
    with pytest.raises(StoreError, match="still being recorded"):
        seal(writer.folder)
    monkeypatch.undo()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one"]
    writer.append(replace(frame, step=2))
    with open_session(writer.finish("stopped")) as sealed:
        assert sealed.num_steps == 3


def test_a_hole_in_what_was_never_synced_is_no_damage(tmp_path, writer, frame):
    """A power cut may keep a later write and lose an earlier one, of those that the disk had not for certain."""
    for step in range(3):
        writer.append(replace(frame, step=step))
    writer._journal._closing.set()  # no group commit behind the test's back
    writer._journal._syncer.join()
    size = writer._journal.num_bytes // 3
    content = bytearray((writer.folder / "frames.journal").read_bytes())
    content[size : size + 400] = bytes(400)
    (writer.folder / "frames.journal").write_bytes(content)
    text = json.loads((writer.folder / "recorder.json").read_text())
    for synced_bytes, whole in ((0, True), (size, True), (2 * size, False)):
        text["synced_bytes"] = synced_bytes
        (writer.folder / "recorder.json").write_text(json.dumps(text))
        with JournalReader(writer.folder) as reader:
            assert reader.num_steps == 1
            if whole:
                reader.check_middle()
            else:
                with pytest.raises(BadSession, match="damaged after 1 steps"):
                    reader.check_middle()
