"""Takes in a session file that somebody else made: by a limited child process, which leaves a file that we wrote.

The server itself never opens such a file. Knows no HDF5 and no pages; `Importer` does it in the background.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from mri.errors import BadSession, BusyError, MriError, SessionNotFound, StoreError
from mri.paths import as_path
from mri.store.files import (
    MIN_FREE_BYTES,
    STAGING,
    disk_error,
    environment_of_child,
    free_bytes,
    remove_tree,
    shown,
    sync_folder,
)
from mri.store.library import Library
from mri.store.writer import seal_in_child

MAX_FILE_BYTES = 4 << 30
MAX_S = 1800
"""Most seconds that the child may take, by the clock."""

MAX_REMEMBERED = 100
"""Imports whose end can still be asked for; those that are not over are never forgotten."""
MAX_AT_ONCE = 16
"""Uploads that come or wait: each has a thread, and its file on the disk."""
STALE_S = 24 * 3600

OnProgress = Callable[[str, float], None]
"""Told what is being done ("checking", "converting") and which share of it is done, 0…1."""


def import_file(
    library: Library, path: Path, name: str = "", on_progress: OnProgress = lambda what, share: None
) -> str:
    """A session of ours, made from the file at `path`. -> its id, a new one. `name`: what a person calls the file.

    Raises BadSession with what is wrong with the file, StoreError where the disk refuses, SessionNotFound.
    """
    path = as_path(path)
    name = name or shown(path.name)
    try:
        size = path.stat().st_size
        if not path.is_file():
            raise BadSession(f"{name} was not imported: it is no file.")
        check_room(library, size)
        library.folder.mkdir(parents=True, exist_ok=True)
    except FileNotFoundError as error:
        raise SessionNotFound(f"There is no file {shown(path)}: check its name.") from error
    except OSError as error:
        raise disk_error("read", path, error) from error
    session_id = library.new_id()
    staging = library.folder / STAGING / session_id
    try:
        _look_at(path, staging, session_id, name, on_progress)
        if sentence := seal_in_child(staging / session_id):
            raise StoreError(sentence)
        on_progress("converting", 1.0)
        os.replace(staging / f"{session_id}.h5", library.folder / f"{session_id}.h5")
        sync_folder(library.folder)
    except OSError as error:
        raise disk_error("write to", library.folder, error) from error
    finally:
        remove_tree(staging)
        with contextlib.suppress(OSError):
            staging.parent.rmdir()  # if no other import is under way
    return session_id


def _look_at(path: Path, staging: Path, session_id: str, name: str, on_progress: OnProgress) -> None:
    """Has a child process check the file and make a journal of it, `staging/session_id`. Raises BadSession, StoreError,
    OSError."""
    quiet = {"OPENBLAS_NUM_THREADS": "1", "HDF5_PLUGIN_PRELOAD": "::"}  # HDF5 loads no filters that it finds
    child = subprocess.Popen(
        [sys.executable, "-P", "-m", "mri.store.intake.child", str(path.absolute()), str(staging), session_id, name],
        env=environment_of_child() | quiet,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        errors="replace",
    )
    watchdog = threading.Timer(MAX_S, child.kill)
    watchdog.start()
    said: dict[str, Any] = {}
    try:
        assert child.stdout is not None
        for line in child.stdout:
            with contextlib.suppress(ValueError, RecursionError):
                heard = json.loads(line)
                if not isinstance(heard, dict):  # a library in the child printed something
                    continue
                said = heard
                if "what" in said:
                    on_progress(said["what"], said["share"])
    except BaseException:  # Ctrl-C: the child goes too
        child.kill()
        raise
    finally:
        watchdog.cancel()
        child.wait()
        child.stdout.close()  # type: ignore[union-attr]
    if child.returncode == 0 and said.get("session") == session_id:
        return
    if "error" in said:
        raise StoreError(said["error"]) if said["is_disk"] else BadSession(said["error"])
    if free_bytes(staging.parents[1]) < MIN_FREE_BYTES:
        raise StoreError(f"{name} was not imported: the disk is full. Free some space.")
    raise BadSession(f"{name} was not imported: {_why_it_died(child.returncode)}.")


def check_room(library: Library, num_bytes: int, others_bytes: int = 0) -> None:
    """Raises StoreError where the disk has no room for a file of that size and for what becomes of it, beside others
    that are under way; BadSession where the file is larger than any session."""
    if num_bytes > MAX_FILE_BYTES:
        raise BadSession(f"This file was not imported: it has more than {MAX_FILE_BYTES / 2**30:.0f} GB.")
    folder = next(folder for folder in (library.folder, *library.folder.parents) if folder.exists())
    if free_bytes(folder) < 3 * (num_bytes + others_bytes) + MIN_FREE_BYTES:
        raise StoreError(f"Importing {num_bytes / 1e6:,.0f} MB needs three times as much disk: free some space.")


def _why_it_died(status: int) -> str:
    limits = {-getattr(signal, name, 0) for name in ("SIGXCPU", "SIGKILL")} - {0}
    if status in limits:
        return "looking at it took more time or memory than an import may have"
    return "the program that looked at it broke off, which such a file was made for or is damaged enough for"


@dataclass
class Import:
    """Where one import stands. share: of what is being done, 0…1; message: the sentence of a refusal."""

    id: str
    name: str
    state: Literal["waiting", "checking", "converting", "finished", "error"] = "waiting"
    share: float = 0.0
    session_id: str = ""
    message: str = ""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


class Importer:
    """Imports into one library, one after the other, each in a thread that waits for its child process."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self._turn = threading.Lock()
        self._lock = threading.Lock()
        self._uploads: dict[Path, int] = {}  # what comes or waits -> its bytes
        self._imports: dict[str, Import] = {}

    def place(self, num_bytes: int) -> Path:
        """Where an upload of that size may be written: a new name in a folder that no list of sessions shows; `start`
        or `give_up` come next. Raises StoreError, BadSession, and BusyError where too many come or wait already."""
        folder = self.library.folder / STAGING
        upload = folder / f"upload-{secrets.token_hex(8)}.h5"
        with self._lock:
            if len(self._uploads) >= MAX_AT_ONCE:
                raise BusyError(f"{MAX_AT_ONCE} imports are under way already: try again when one is over.")
            check_room(self.library, num_bytes, sum(self._uploads.values()))
            self._uploads[upload] = num_bytes
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for path in folder.glob("upload-*"):  # of a server that was killed
                if path.stat().st_mtime < time.time() - STALE_S:
                    path.unlink(missing_ok=True)
        except OSError as error:
            self.give_up(upload)
            raise disk_error("write to", folder, error) from error
        return upload

    def give_up(self, upload: Path) -> None:
        """An upload that `place` named is not wanted any more, or over."""
        with self._lock:
            self._uploads.pop(upload, None)
        with contextlib.suppress(OSError):
            upload.unlink(missing_ok=True)
            upload.parent.rmdir()  # if no other import is under way

    def start(self, upload: Path, name: str) -> Import:
        """Begins with a file that `place` named, which is gone afterwards."""
        job = Import(secrets.token_hex(8), name)
        with self._lock:
            self._imports[job.id] = job
            over = [each.id for each in self._imports.values() if each.state in ("finished", "error")]
            for import_id in over[: max(0, len(self._imports) - MAX_REMEMBERED)]:
                del self._imports[import_id]
        threading.Thread(target=self._run, args=(job, upload), name="import", daemon=True).start()
        return job

    def status(self, import_id: str) -> Import:
        """Raises SessionNotFound."""
        job = self._imports.get(import_id)
        if job is None:
            raise SessionNotFound("There is no such import: drop the file again.")
        return job

    def _run(self, job: Import, upload: Path) -> None:
        def on_progress(what: str, share: float) -> None:
            job.state, job.share = what, share  # type: ignore[assignment]

        with self._turn:
            try:
                job.session_id = import_file(self.library, upload, job.name, on_progress)
                job.state = "finished"
            except MriError as error:
                job.message, job.state = str(error), "error"
            except BaseException:
                job.message = f"{job.name} was not imported: the server failed at it, its terminal has the details."
                job.state = "error"
                raise
            finally:
                self.give_up(upload)
