"""What crashes leave in a sessions folder beside sessions, and its end: half-made folders, temporary files, imports;
and what was deleted.

Only what this program named, only what nobody can be at any more. Sessions themselves are the library's.
"""

from __future__ import annotations

import contextlib
import os
import re
import time
from pathlib import Path

from mri.errors import SessionNotFound, StoreError
from mri.store.files import (
    DELETED,
    JOURNAL,
    LOCK,
    PARTIAL,
    RECORDER,
    SESSION,
    STAGING,
    VOCABULARY,
    disk_error,
    is_session_id,
    remove_tree,
    shown,
)
from mri.store.locks import QUIET_S, is_held
from mri.store.unsealed import JournalReader

STALE_S = 3600.0
"""Temporary files and imports are younger while somebody is at them: no import may take longer than half of it. What
was deleted can be brought back for as long."""

_TEMPORARY = re.compile(r"\.(?P<of>.+)\.[0-9a-f]{16}" + re.escape(PARTIAL) + r"|[\w-]{1,64}\.name\.partial")


def sweep(folder: Path) -> None:
    """Takes it away. What cannot be taken away stays, unsaid: the next sweep finds it."""
    with contextlib.suppress(OSError):
        for path in folder.iterdir():
            with contextlib.suppress(OSError):
                _sweep(path)


def _sweep(path: Path) -> None:
    if path.is_symlink():
        return
    if path.name in (STAGING, DELETED) and path.is_dir():
        is_old = _age_s(path) > STALE_S  # a new one may be empty because its first upload is on its way
        for each in path.iterdir():
            if _age_s(each) > STALE_S:
                _remove(each)
        if is_old:
            path.rmdir()
    elif found := _TEMPORARY.fullmatch(path.name):
        if path.is_dir() and found["of"] and _age_s(path) > QUIET_S:
            _end_removal(path, path.with_name(found["of"]))
        elif path.is_file() and _age_s(path) > STALE_S:
            path.unlink()
    elif is_session_id(path.name) and path.is_dir() and _age_s(path) > QUIET_S and _never_began(path):
        remove_tree(path)


def _age_s(path: Path) -> float:
    return time.time() - path.lstat().st_mtime


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        remove_tree(path)
    else:
        path.unlink()


def _never_began(folder: Path) -> bool:
    """A recording that was killed before its first step could be: its own files, no description, nothing recorded."""
    names = [path.name for path in folder.iterdir()]
    ours = all(name in (LOCK, RECORDER, VOCABULARY, JOURNAL) or _TEMPORARY.fullmatch(name) for name in names)
    if not names or not ours or SESSION in names:
        return False
    return not (JOURNAL in names and (folder / JOURNAL).stat().st_size) and not is_held(folder)


def _end_removal(gone: Path, folder: Path) -> None:
    """A journal that was packed, on its way out: it goes where the file has all of it, else it goes back."""
    from mri.store.sealed import SealedReader  # h5py: see opening.open_session

    target = folder.with_name(folder.name + ".h5")
    if target.exists():
        with JournalReader(gone) as journal, SealedReader(target) as sealed:
            if (sealed.num_steps, sealed.session.start_time) == (journal.num_steps, journal.session.start_time):
                remove_tree(gone)
    elif not folder.exists():
        gone.rename(folder)


def set_aside(folder: Path, session_id: str) -> None:
    """Deletes a session so that `bring_back` can undo it until a sweep. Raises StoreError where the disk refuses."""
    gone = folder / DELETED / session_id
    try:
        remove_tree(gone)  # an earlier one of this id
        gone.mkdir(parents=True)
        for name in (session_id, f"{session_id}.h5", f"{session_id}.name"):
            if os.path.lexists(folder / name):
                (folder / name).rename(gone / name)
    except OSError as error:
        raise disk_error("delete", folder / session_id, error) from error


def bring_back(folder: Path, session_id: str) -> None:
    """Undoes `set_aside`. Raises SessionNotFound where its space is free already; StoreError."""
    gone = folder / DELETED / session_id
    if not is_session_id(session_id) or not gone.is_dir():
        raise SessionNotFound(f"The deleted session {session_id!r} is not kept any more: record or import it again.")
    there = [path for path in gone.iterdir() if (folder / path.name).exists()]
    if there:
        raise StoreError(f"There is a session {session_id} again: rename its file {shown(there[0].name)} first.")
    try:
        for path in gone.iterdir():
            path.rename(folder / path.name)
        gone.rmdir()
    except OSError as error:
        raise disk_error("bring back", gone, error) from error
