"""Who is at a session folder: its lock, and what the recorder left about itself beside it.

A lock that is held proves life; one that is free proves nothing: some disks have no locks, and on some network disks a
lock is seen on its own machine only. So a recorder writes down who it is and touches that file while it lives. Dead is
only a process of this machine that is not there any more, or a recorder that has been silent for minutes.
Knows nothing of frames and HDF5.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import platform
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import filelock

from mri.store import description
from mri.store.files import JOURNAL, LOCK, RECORDER, SESSION, read_file

QUIET_S = 120.0
"""A recorder that cannot be asked is dead after so many seconds without a sign of life."""
BEAT_S = 20.0
"""It gives one at least so often."""

MAX_BYTES = 512
"""recorder.json has always so many, filled up with spaces: it is written over in place."""

FAULTS = "ENOLCK EOPNOTSUPP ENOTSUP ENOSYS EINVAL ENOTTY EBADF"
LOCKLESS = tuple(getattr(errno, name) for name in FAULTS.split())
"""What disks without locks answer. A session is recorded there all the same."""


class SessionLock:
    """The lock of a session folder. Its holder alone appends to the journal or seals it."""

    def __init__(self, folder: Path) -> None:
        self._lock = filelock.FileLock(folder / LOCK, thread_local=False, fallback_to_soft=False)

    def acquire(self, timeout_s: float) -> None:
        """Does nothing on a disk without locks. Raises filelock.Timeout where another has it, OSError."""
        try:
            self._lock.acquire(timeout=timeout_s)
        except OSError as error:
            if error.errno not in LOCKLESS:
                raise

    def release(self) -> None:
        with contextlib.suppress(OSError):  # the disk went: the lock with it
            self._lock.release()


@dataclass(frozen=True)
class Recorder:
    """A process that records. started: its start in the machine's clock ticks, 0 where the system does not tell;
    pid 0: it has ended; synced_bytes: so much of the journal the disk has for certain."""

    host: str
    boot: str
    pid_space: str
    pid: int
    started: int
    synced_bytes: int = 0


class RecorderFile:
    """recorder.json of a recording: written at its beginning, and again while it lives. Failing is no harm: it only
    makes others wait longer."""

    def __init__(self, folder: Path) -> None:
        """Raises OSError."""
        self._path = folder / RECORDER
        self._me = _this_process()
        self._last = (-1, 0.0)
        fd = os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644)
        os.close(fd)
        self.beat(0)

    def beat(self, synced_bytes: int) -> None:
        """A sign of life, at most every BEAT_S unless there is news."""
        now = time.monotonic()
        if synced_bytes == self._last[0] and now - self._last[1] < BEAT_S:
            return
        self._last = synced_bytes, now
        self._write(self._me.pid)

    def let_go(self, synced_bytes: int) -> None:
        """Nobody records any more."""
        self._last = synced_bytes, 0.0
        self._write(0)

    def _write(self, pid: int) -> None:
        text = json.dumps({**asdict(self._me), "pid": pid, "synced_bytes": self._last[0]}).encode()
        with contextlib.suppress(OSError):  # in place: also where the disk is full
            fd = os.open(self._path, os.O_WRONLY)
            try:
                os.write(fd, text.ljust(MAX_BYTES))
            finally:
                os.close(fd)


def recorder_of(folder: Path) -> Recorder | None:
    """Who recorded, or does; None where nobody wrote it down, or it cannot be read."""
    try:
        return Recorder(**json.loads(read_file(folder / RECORDER, 10 * MAX_BYTES)))
    except (OSError, ValueError, TypeError, RecursionError):
        return None


def is_held(folder: Path) -> bool:
    """Whether somebody records or seals this session right now, or may."""
    if (folder / LOCK).exists():
        lock = SessionLock(folder)
        try:
            lock.acquire(0)
        except filelock.Timeout:
            return True
        except OSError:  # a folder that may not be written to: the recorder's own words are left
            pass
        else:
            lock.release()
    return may_be_recorded(folder)


def may_be_recorded(folder: Path) -> bool:
    """The same of a folder whose lock is free, or held by who asks."""
    recorder, me = recorder_of(folder), _this_process()
    if recorder is not None and recorder.pid == 0:
        return False
    if recorder is None:
        return _says_that_it_records(folder) and not _is_quiet(folder)
    if me.boot and (recorder.boot, recorder.pid_space) == (me.boot, me.pid_space):
        started = _started(recorder.pid)
        return started is not None and started == recorder.started
    return not _is_quiet(folder)


def _says_that_it_records(folder: Path) -> bool:
    try:
        return bool(json.loads(read_file(folder / SESSION, description.MAX_BYTES))["state"] == "recording")
    except (OSError, ValueError, TypeError, LookupError, RecursionError):
        return False


def _is_quiet(folder: Path) -> bool:
    """No sign of life for QUIET_S. By the disk's own clock: that of the machine that records may be apart from ours."""
    times = [path.stat().st_mtime for path in (folder / JOURNAL, folder / RECORDER) if path.exists()]
    try:
        os.utime(folder / LOCK)
        now = (folder / LOCK).stat().st_mtime
    except OSError:
        now = time.time()
    return not times or now - max(times) > QUIET_S


def _this_process() -> Recorder:
    pid = os.getpid()
    return Recorder(platform.node(), _boot(), _pid_space(), pid, _started(pid) or 0)


def _boot() -> str:
    """Names this run of this machine, also in containers on it; empty where the system does not tell."""
    with contextlib.suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return ""


def _pid_space() -> str:
    """Process numbers mean the same where this is the same."""
    with contextlib.suppress(OSError):
        return os.readlink("/proc/self/ns/pid")
    return ""


def _started(pid: int) -> int | None:
    """When a process of this machine began; None where there is none any more."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else int(fields[19])
