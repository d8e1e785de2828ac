"""What was deleted a short while ago: in a folder of its own until it is brought back or swept up (leftovers.py)."""

from __future__ import annotations

import os
from pathlib import Path

from mri.errors import SessionNotFound, StoreError
from mri.store.files import DELETED, disk_error, is_session_id, remove_tree, shown


def set_aside(folder: Path, session_id: str) -> None:
    """File, journal and name of a session leave the sessions folder; what was deleted under its id before is gone.
    Raises OSError."""
    gone = folder / DELETED / session_id
    remove_tree(gone)
    gone.mkdir(parents=True)
    for name in (session_id, f"{session_id}.h5", f"{session_id}.name"):
        if os.path.lexists(folder / name):
            (folder / name).rename(gone / name)


def bring_back(folder: Path, session_id: str) -> None:
    """Raises SessionNotFound where its space is free already; StoreError where another one has its place."""
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
