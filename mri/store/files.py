"""Where a session's files lie, and the few ways of touching them: whole reading, atomic replacement, free space.

    <library>/<id>/session.json           TraceSession as JSON, replaced atomically
                   vocabulary.safetensors token bytes of the whole vocabulary, written once
                   frames.journal         one record per step (wire.py)
                   lock                   held by whoever records or seals (locks.py)
                   recorder.json          who records, and how much of it the disk has (locks.py)
    <library>/<id>.h5                     the sealed session; the folder is gone then
    <library>/<id>.name                   the name a person gave it later, UTF-8

Knows nothing of frames and HDF5.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from mri.errors import StoreError
from mri.paths import IS_INSTALLED, ROOT

SESSION, VOCABULARY, JOURNAL = "session.json", "vocabulary.safetensors", "frames.journal"
LOCK, RECORDER = "lock", "recorder.json"
PARTIAL = ".partial"
"""End of the names of files that are being written; they begin with a dot and have something random before it."""

STAGING = ".imports"
"""Folder in the sessions folder for imports under way."""

DELETED = ".deleted"
"""Folder in the sessions folder for what was deleted a short while ago: a folder for each session."""

MIN_FREE_BYTES = 200_000_000
"""Recording stops below this much free disk, so that the machine stays usable and sealing has room."""

NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)

Signature = tuple[Path, int, int, int]
"""Path, inode, time of change, size."""

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


def is_session_id(text: str) -> bool:
    """Whether `text` may name a session. Nothing else ever becomes part of a path."""
    return _ID.fullmatch(text) is not None


def signature_of(path: Path) -> Signature:
    """Changes when the file at `path` is another one (a folder keeps its own as long as it is the same folder).
    Raises OSError."""
    status = path.stat()
    if path.is_dir():
        return path, status.st_ino, 0, 0
    return path, status.st_ino, status.st_mtime_ns, status.st_size


def free_bytes(folder: Path) -> int:
    """Bytes that are free on the disk that holds `folder`."""
    return shutil.disk_usage(folder).free


def disk_error(what: str, path: Path, error: OSError) -> StoreError:
    """The sentence for an OSError: what could not be done, why, and the cure."""
    return StoreError(f"Cannot {what} {shown(path)} ({error.strerror or error}): {_cure(error)}.")


def shown(path: Path | str) -> str:
    """A path as text: names that are no UTF-8 with replacement characters, so that it can be printed and sent."""
    return os.fsencode(path).decode("utf-8", "replace")


def _cure(error: OSError) -> str:
    if isinstance(error, PermissionError) or error.errno == errno.EROFS:
        return "make the folder writable or choose another with --sessions"
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return "free some disk space"
    return "check the disk and the sessions folder"


def storable(text: str) -> str:
    """Without half surrogate pairs, which no file takes: "?" stands for each."""
    return text.encode("utf-8", "replace").decode()


def environment_of_child() -> dict[str, str]:
    """For `python -P -m mri.…` from anywhere (-P: nothing of the folder that one stands in is taken for a module): the
    package that runs now is the one that the child finds."""
    if IS_INSTALLED:  # Python finds it, and PYTHONPATH would put all of site-packages before Python's own modules
        return {**os.environ}
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    return {**os.environ, "PYTHONPATH": path}


def sync_folder(folder: Path) -> None:
    """fsync of a folder, so that a rename in it survives a power cut (nothing where the system has no such thing)."""
    try:
        fd = os.open(folder, os.O_RDONLY)
    except PermissionError:  # Windows cannot open folders
        return
    try:
        os.fsync(fd)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.EOPNOTSUPP, errno.ENOSYS, errno.EBADF):  # some network disks
            raise
    finally:
        os.close(fd)


def remove_tree(folder: Path) -> None:
    """A folder and all in it, as far as the disk lets go of it."""
    with contextlib.suppress(OSError):  # some come through in spite of ignore_errors
        shutil.rmtree(folder, ignore_errors=True)
    with contextlib.suppress(OSError):
        folder.rmdir()


def replace_file(path: Path, content: bytes) -> None:
    """Atomic: a reader, or a crash, sees the old content or the new, never a part. Raises OSError, and then leaves
    nothing behind."""
    with replacing(path) as file:
        file.write(content)


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """As `replace_file`, of what is written to the file that it gives."""
    temporary = partial(path)
    try:
        with open(temporary, "xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def partial(path: Path) -> Path:
    """A name to write to before it becomes `path`. Nobody can have put a link there: open it with "x"."""
    return path.with_name(f".{path.name}.{secrets.token_hex(8)}{PARTIAL}")


def open_regular(path: Path, flags: int = 0) -> int:
    """A descriptor for reading a plain file. Raises OSError, also for pipes and devices, which could wait for ever."""
    fd = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | flags)
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise OSError("it is no file with content")
    return fd


def read_file(path: Path, most_bytes: int, flags: int = 0) -> bytes:
    """All of a plain file. Raises OSError, also for what is none or has more than `most_bytes`."""
    with open(open_regular(path, flags), "rb") as file:
        content = file.read(most_bytes + 1)
    if len(content) > most_bytes:
        raise OSError(f"it has more than {most_bytes:,} bytes")
    return content
