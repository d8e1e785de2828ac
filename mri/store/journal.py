"""The journal: an append-only file of checksummed records (wire.py), one per step.

`Journal` appends: a failed append takes back what it wrote and can be repeated once the cause is gone.
`whole_records` reads up to the first record that is not whole; it never writes, so recovery twice is recovery once.
Knows nothing of sessions, locks and HDF5.
"""

from __future__ import annotations

import errno
import mmap
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from mri.format.wire import HEADER, KIND_END, KIND_FRAME, MAGIC, Record, read_record, record_size

BEAT_S = 10.0
"""Between two calls of `on_beat` where no thread syncs."""


class Journal:
    """An open journal at its end. Every append is in the system's hands when it returns (a killed process loses
    nothing); the disk has it at the latest `sync_ms` later (0: before `append` returns)."""

    def __init__(self, path: Path, sync_ms: int = 250, on_beat: Callable[[int], None] = lambda num_bytes: None) -> None:
        """Creates the file. `on_beat` is called every now and then, from a thread, with the bytes that the disk has for
        certain. Raises OSError, FileExistsError among them."""
        self._fd = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_APPEND | getattr(os, "O_BINARY", 0), 0o644)
        self._path, self._file = path, os.fstat(self._fd)
        self._sync_ms, self._on_beat = sync_ms, on_beat
        self._end = (0, 0)  # bytes and records: one assignment, so that an interrupt finds both old or both new
        self._synced = (0, 0)
        self._torn = False
        self._sync_error: OSError | None = None
        self._closing = threading.Event()
        self._syncer = threading.Thread(target=self._sync_often, name="journal-sync", daemon=True)
        self._syncer.start()

    @property
    def num_bytes(self) -> int:
        return self._end[0]

    @property
    def num_records(self) -> int:
        return self._end[1]

    @property
    def num_bytes_synced(self) -> int:
        """Of these the disk has for certain."""
        return self._synced[0]

    @property
    def num_records_synced(self) -> int:
        return self._synced[1]

    def append(self, record: bytes) -> None:
        """All of the record or nothing, on an interrupt too. Raises OSError, also where the file was taken away; the
        journal then ends with the last whole record."""
        if self._sync_error is not None:
            error, self._sync_error = self._sync_error, None
            raise error
        if not os.path.samestat(os.stat(self._path), self._file):  # what is written to a deleted file, nobody finds
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(self._path))
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
        end = self._end
        if end != self._synced:
            getattr(os, "fdatasync", os.fsync)(self._fd)  # macOS and Windows have no fdatasync
            self._synced = end

    def close(self) -> None:
        """Syncs and closes. Raises OSError if the disk did not take all of it; the file is closed all the same."""
        self._closing.set()
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
        while not self._closing.wait(self._sync_ms / 1000 if self._sync_ms else BEAT_S):
            try:
                if self._sync_ms:
                    self.sync()
            except OSError as error:
                self._sync_error = error  # the next append raises it
            self._on_beat(self.num_bytes_synced)


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
    """First whole record behind byte `offset`, where `whole_records` stopped; None where there is none."""
    size = os.fstat(fd).st_size
    if offset >= size:
        return None
    with mmap.mmap(fd, size, access=mmap.ACCESS_READ) as journal:
        while (offset := journal.find(MAGIC, offset)) >= 0:
            if (record := record_at(fd, offset, size)) is not None:
                return record
            offset += 1
    return None
