"""The journal: an append-only file of checksummed records (wire.py), one per step.

`Journal` appends: a failed append takes back what it wrote and can be repeated once the cause is gone.
`whole_records` reads up to the first record that is not whole; it never writes, so recovery twice is recovery once.
Knows nothing of sessions, locks and HDF5.
"""

from __future__ import annotations

import mmap
import os
import threading
from collections.abc import Iterator
from pathlib import Path

from mri.wire import HEADER, KIND_END, KIND_FRAME, MAGIC, Record, read_record, record_size


class Journal:
    """An open journal at its end. Every append is in the system's hands when it returns (a killed process loses
    nothing); the disk has it at the latest `sync_ms` later (0: before `append` returns)."""

    def __init__(self, path: Path, sync_ms: int = 250) -> None:
        """Creates the file. Raises OSError, FileExistsError among them."""
        self._fd = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_APPEND | getattr(os, "O_BINARY", 0), 0o644)
        self._sync_ms = sync_ms
        self._end = (0, 0)  # bytes and records: one assignment, so that an interrupt finds both old or both new
        self.num_records_synced = 0
        self._torn = False
        self._sync_error: OSError | None = None
        self._closing = threading.Event()
        self._syncer = threading.Thread(target=self._sync_often, name="journal-sync", daemon=True)
        if sync_ms:
            self._syncer.start()

    @property
    def num_bytes(self) -> int:
        return self._end[0]

    @property
    def num_records(self) -> int:
        return self._end[1]

    def append(self, record: bytes) -> None:
        """All of the record or nothing, on an interrupt too. Raises OSError; the journal then ends with the last whole
        record."""
        if self._sync_error is not None:
            error, self._sync_error = self._sync_error, None
            raise error
        if self._torn:
            self._take_back()
        self._torn = True
        try:
            view = memoryview(record)
            while view:
                view = view[os.write(self._fd, view) :]
        except OSError:
            self._take_back()
            raise
        self._end = (self.num_bytes + len(record), self.num_records + 1)
        self._torn = False
        if not self._sync_ms:
            self.sync()

    def sync(self) -> None:
        """Everything appended so far is on the disk when this returns. Raises OSError."""
        num_records = self.num_records
        if num_records > self.num_records_synced:
            getattr(os, "fdatasync", os.fsync)(self._fd)  # macOS and Windows have no fdatasync
            self.num_records_synced = num_records

    def close(self) -> None:
        """Syncs and closes. Raises OSError if the disk did not take all of it; the file is closed all the same."""
        self._closing.set()
        if self._syncer.is_alive():
            self._syncer.join()
        try:
            self.sync()
        finally:
            os.close(self._fd)

    def _take_back(self) -> None:
        os.ftruncate(self._fd, self.num_bytes)
        self._torn = False

    def _sync_often(self) -> None:
        """Group commit: the recorder never waits for the disk."""
        while not self._closing.wait(self._sync_ms / 1000):
            try:
                self.sync()
            except OSError as error:
                self._sync_error = error  # the next append raises it


def whole_records(fd: int, offset: int = 0, step: int = 0) -> Iterator[Record]:
    """Records from byte `offset` of an open journal, up to the first that is cut off, damaged, foreign or out of
    turn (`step` is the number that must come next). Offsets are the file's; payloads are copies."""
    size = os.fstat(fd).st_size
    while (record := record_at(fd, offset, size)) is not None:
        if record.step != step or record.kind not in (KIND_FRAME, KIND_END):
            return
        yield record
        if record.kind == KIND_END:
            return
        offset, step = record.end, step + 1


def record_at(fd: int, offset: int, size: int) -> Record | None:
    """The whole record at byte `offset` of a file of `size` bytes, or None."""
    head = os.pread(fd, HEADER.size, offset)
    if len(head) < HEADER.size or not head.startswith(MAGIC):
        return None
    num_bytes = record_size(HEADER.unpack(head)[-1])
    if offset + num_bytes > size:  # looked at before memory is taken for it
        return None
    record = read_record(memoryview(os.pread(fd, num_bytes, offset)))
    return record and record._replace(offset=offset, end=offset + num_bytes)


def lost_record(fd: int, offset: int) -> Record | None:
    """First whole record behind byte `offset`, where `whole_records` stopped: None after a crash, which can only cut
    the end off; a record means that the file was damaged in the middle."""
    size = os.fstat(fd).st_size
    if offset >= size:
        return None
    with mmap.mmap(fd, size, access=mmap.ACCESS_READ) as journal:
        while (offset := journal.find(MAGIC, offset)) >= 0:
            if (record := record_at(fd, offset, size)) is not None:
                return record
            offset += 1
    return None
