"""The journal at every byte: what is whole is read, what is not is not, and nothing is written by reading."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from mri.errors import BadSession
from mri.format.wire import KIND_END, KIND_FRAME, record_bytes
from mri.store.journal import Journal, lost_record, whole_records
from mri.store.unsealed import JournalReader
from tests.conftest import stored_bytes


def records_in(path, step=0):
    fd = os.open(path, os.O_RDONLY)
    try:
        return [(record.step, bytes(record.payload)) for record in whole_records(fd, 0, step)]
    finally:
        os.close(fd)


def lost_in(path, offset):
    fd = os.open(path, os.O_RDONLY)
    try:
        return lost_record(fd, offset)
    finally:
        os.close(fd)


@pytest.fixture
def journal(tmp_path):
    """-> path, and where each of its four records ends."""
    path, ends = tmp_path / "journal", [0]
    writing = Journal(path)
    for step, payload in enumerate([b"", b"a" * 7, b"MRIJ" * 3, b"z"]):
        writing.append(record_bytes(KIND_FRAME, step, payload))
        ends.append(writing.num_bytes)
    writing.close()
    return path, ends


def test_cut_anywhere_it_reads_up_to_the_last_whole_record(journal, tmp_path):
    path, ends = journal
    whole, everything = path.read_bytes(), records_in(path)
    assert len(everything) == 4
    cut = tmp_path / "cut"
    for size in range(len(whole) + 1):
        cut.write_bytes(whole[:size])
        num_whole = sum(end <= size for end in ends[1:])
        assert records_in(cut) == everything[:num_whole], size
        assert records_in(cut) == everything[:num_whole], "a second recovery differs"
        assert cut.read_bytes() == whole[:size], "recovery wrote"
        assert lost_in(cut, ends[num_whole]) is None


def test_with_any_byte_flipped_it_never_reads_a_wrong_record(journal, tmp_path):
    path, ends = journal
    whole, everything = path.read_bytes(), records_in(path)
    flipped = tmp_path / "flipped"
    for place in range(len(whole)):
        for bit in (0, 7):
            damaged = bytearray(whole)
            damaged[place] ^= 1 << bit
            flipped.write_bytes(damaged)
            number = next(i for i, end in enumerate(ends[1:]) if place < end)
            start, payload = ends[number], everything[number][1]
            if place >= start + 16 + len(payload) + 4:  # padding carries nothing
                assert records_in(flipped) == everything
            else:
                assert records_in(flipped) == everything[:number], place
                if number < 3:
                    assert lost_in(flipped, ends[number]).step == number + 1


def test_records_out_of_turn_and_behind_the_end_are_not_read(tmp_path):
    path = tmp_path / "journal"
    path.write_bytes(record_bytes(KIND_FRAME, 0, b"") + record_bytes(KIND_FRAME, 2, b""))
    assert [step for step, _ in records_in(path)] == [0]
    path.write_bytes(record_bytes(KIND_END, 0, b"{}") + record_bytes(KIND_FRAME, 1, b""))
    assert [step for step, _ in records_in(path)] == [0]
    path.write_bytes(record_bytes(7, 0, b"a kind of the future"))
    assert records_in(path) == []


def test_a_length_beyond_the_file_takes_no_memory(tmp_path):
    path = tmp_path / "journal"
    head = bytearray(record_bytes(KIND_FRAME, 0, b""))
    head[12:16] = (2**30).to_bytes(4, "little")
    path.write_bytes(head)
    assert records_in(path) == []


def test_sync_each_step(tmp_path):
    journal = Journal(tmp_path / "journal", sync_ms=0)
    for step in range(3):
        journal.append(record_bytes(KIND_FRAME, step, b"x"))
        assert journal.num_records_synced == step + 1
    journal.close()


def test_group_commit_reaches_every_record_without_another_append(tmp_path):
    journal = Journal(tmp_path / "journal", sync_ms=1)
    for step in range(3):
        journal.append(record_bytes(KIND_FRAME, step, b"x"))
    deadline = time.monotonic() + 30
    while journal.num_records_synced < 3:
        assert time.monotonic() < deadline, "no group commit"
        os.sched_yield()
    journal.close()


def test_a_journal_is_never_overwritten(tmp_path):
    Journal(tmp_path / "journal").close()
    with pytest.raises(FileExistsError):
        Journal(tmp_path / "journal")


def test_a_failed_sync_is_raised_by_the_next_append(tmp_path, monkeypatch):
    journal = Journal(tmp_path / "journal", sync_ms=0)

    def refuse(fd):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fdatasync", refuse)
    with pytest.raises(OSError, match="Input/output"):
        journal.append(record_bytes(KIND_FRAME, 0, b"x"))
    monkeypatch.undo()
    journal.close()
    assert len(records_in(tmp_path / "journal")) == 1


FULL_DISK = """
import resource, sys
from pathlib import Path
from mri.store.journal import Journal
from mri.format.wire import KIND_FRAME, record_bytes
path = Path(sys.argv[1])
journal = Journal(path)
record = record_bytes(KIND_FRAME, 0, b"0" * 400)
journal.append(record)
for room in range(len(record), 2 * len(record)):  # the disk is full at every byte of the second record
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, resource.RLIM_INFINITY))
    try:
        journal.append(record_bytes(KIND_FRAME, 1, b"1" * 400))
    except OSError as error:
        assert error.errno == 27, error
    else:
        sys.exit("it wrote where there was no room")
    assert path.stat().st_size == len(record), room
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
journal.append(record_bytes(KIND_FRAME, 1, b"2" * 400))
journal.close()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="file-size limits are Unix")
def test_a_full_disk_takes_back_the_torn_record_and_goes_on_once_there_is_room(tmp_path):
    path = tmp_path / "journal"
    subprocess.run([sys.executable, "-c", FULL_DISK, str(path)], check=True, timeout=60)
    assert records_in(path) == [(0, b"0" * 400), (1, b"2" * 400)]


def test_a_session_cut_at_every_byte_opens_and_tells_its_whole_steps(tmp_path, handmade_session):
    folder = handmade_session(tmp_path, seal=False)
    path = folder / "frames.journal"
    whole = path.read_bytes()
    with JournalReader(folder) as reader:
        frames = [stored_bytes(reader, step) for step in range(5)]
    for size in range(0, len(whole), 211):
        path.write_bytes(whole[:size])
        with JournalReader(folder) as reader:
            assert [stored_bytes(reader, step) for step in range(reader.num_steps)] == frames[: reader.num_steps]
            assert reader.num_steps == sum(size >= end for end in ends_of(whole))
            if reader.num_steps == 5:
                reader.verify()
            else:
                with pytest.raises(BadSession, match=f"has {reader.num_steps} of 5 steps"):
                    reader.verify()


def ends_of(journal):
    ends, offset = [], 0
    while offset < len(journal) and int.from_bytes(journal[offset + 6 : offset + 8], "little") == KIND_FRAME:
        offset += (16 + int.from_bytes(journal[offset + 12 : offset + 16], "little") + 4 + 7) // 8 * 8
        ends.append(offset)
    return ends


def test_a_journal_broken_in_the_middle_says_so(tmp_path, handmade_session):
    folder = handmade_session(tmp_path, seal=False)
    path = folder / "frames.journal"
    damaged = bytearray(path.read_bytes())
    damaged[ends_of(bytes(damaged))[1] + 100] ^= 1
    path.write_bytes(damaged)
    with JournalReader(folder) as reader:
        assert reader.num_steps == 2
        with pytest.raises(BadSession, match=r"damaged after 2 steps \(step 3 is whole again\)"):
            reader.verify()


@pytest.mark.parametrize("where", range(1, 30))
def test_an_interrupt_anywhere_in_an_append_leaves_whole_records(tmp_path, where):
    path = tmp_path / "journal"
    writing = Journal(path, sync_ms=0)
    writing.append(record_bytes(KIND_FRAME, 0, b"a"))
    lines = 0

    def interrupt(frame, event, _):
        nonlocal lines
        if frame.f_code is not Journal.append.__code__:
            return None
        lines += event == "line"
        if lines == where:
            raise KeyboardInterrupt
        return interrupt

    before = sys.gettrace()
    sys.settrace(interrupt)
    try:
        writing.append(record_bytes(KIND_FRAME, 1, b"b"))
    except KeyboardInterrupt:
        pass
    finally:
        sys.settrace(before)
    writing.append(record_bytes(KIND_END, writing.num_records, b"{}"))
    writing.close()
    steps = [step for step, _ in records_in(path)]
    assert steps in ([0, 1], [0, 1, 2])
    assert os.path.getsize(path) == writing.num_bytes
