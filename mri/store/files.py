"""Where a session's files lie, and the few ways of touching them: atomic replacement, lock, free space.

    <library>/<id>/session.json           TraceSession as JSON, replaced atomically
                   vocabulary.safetensors token bytes of the whole vocabulary, written once
                   frames.journal         one record per step (wire.py)
                   lock                   held by whoever records or seals
    <library>/<id>.h5                     the sealed session; the folder is gone then
    <library>/<id>.name                   the name a person gave it later, UTF-8

Knows nothing of frames and HDF5.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

import filelock

from mri.errors import BadSession, ConfigError, StoreError
from mri.events import TraceSession

FORMAT = "nanochat-mri"
FORMAT_VERSION = 1
SESSION, VOCABULARY, JOURNAL, LOCK = "session.json", "vocabulary.safetensors", "frames.journal", "lock"

MIN_FREE_BYTES = 200_000_000
"""Recording stops below this much free disk, so that the machine stays usable and sealing has room."""

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


def is_session_id(text: str) -> bool:
    """Whether `text` may name a session. Nothing else ever becomes part of a path."""
    return _ID.fullmatch(text) is not None


def free_bytes(folder: Path) -> int:
    """Bytes that are free on the disk that holds `folder`."""
    return shutil.disk_usage(folder).free


def disk_error(what: str, path: Path, error: OSError) -> StoreError:
    """The sentence for an OSError: what could not be done, why, and the cure."""
    return StoreError(f"Cannot {what} {path} ({error.strerror or error}): {_cure(error)}.")


def _cure(error: OSError) -> str:
    if isinstance(error, PermissionError) or error.errno == 30:  # EROFS
        return "make the folder writable or choose another with --sessions"
    if error.errno in (28, 122, 27):  # ENOSPC, EDQUOT, EFBIG
        return "free some disk space"
    return "check the disk and the sessions folder"


def environment_of_child() -> dict[str, str]:
    """For `python -m mri.…` from anywhere: the package that runs now is the one that the child finds."""
    path = os.pathsep.join([str(Path(__file__).parents[2]), *filter(None, [os.environ.get("PYTHONPATH")])])
    return {**os.environ, "PYTHONPATH": path}


def sync_folder(folder: Path) -> None:
    """fsync of a folder, so that a rename in it survives a power cut (nothing where the system has no such thing)."""
    with contextlib.suppress(PermissionError):  # Windows cannot open folders
        fd = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


def replace_file(path: Path, content: bytes) -> None:
    """Atomic: a reader, or a crash, sees the old content or the new, never a part. Raises OSError."""
    temporary = path.with_name(path.name + ".partial")
    with open(temporary, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)
    sync_folder(path.parent)


def session_json(session: TraceSession) -> str:
    """The text of session.json, and of the attribute `session` of an .h5 file."""
    return json.dumps({"format": FORMAT, "format_version": FORMAT_VERSION, **session.to_json()}, ensure_ascii=False)


def session_from_json(text: str | bytes, path: Path) -> TraceSession:
    """Inverse of `session_json`. Raises BadSession."""
    try:
        fields: dict[str, Any] = json.loads(text)
        if fields.pop("format") != FORMAT:
            raise ValueError("another format")
        if (version := fields.pop("format_version")) != FORMAT_VERSION:
            raise BadSession(
                f"{path.name} has trace format version {version}, this program reads version {FORMAT_VERSION}: "
                "open it with the program that recorded it."
            )
        return TraceSession.from_json(fields)
    except (ValueError, KeyError, TypeError, AttributeError, ConfigError) as error:
        raise BadSession(f"{path} holds no session of this program ({error}): delete it or restore a copy.") from error


def session_lock(folder: Path) -> filelock.BaseFileLock:
    """The lock of a session folder, not yet acquired. Its holder alone appends to the journal or seals it."""
    return filelock.FileLock(folder / LOCK, thread_local=False)


def is_locked(folder: Path) -> bool:
    """Whether somebody records or seals this session right now."""
    if not (folder / LOCK).exists():
        return False
    lock = session_lock(folder)
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        return True
    except OSError:  # a read-only folder: nobody writes there
        return False
    lock.release()
    return False
