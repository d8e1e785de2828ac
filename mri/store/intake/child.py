"""The import's child process: `python -m mri.store.intake.child FILE FOLDER ID NAME`.

Checks a file that somebody else made (structure, storage, imports_session) and makes a session of ours from it: frames
into a journal, as if it had been recorded here, which its parent has sealed. The server opens only what came out.
Limits itself in memory and time. Says how far it is, and at the end what came of it, as lines of JSON.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import h5py
import numpy as np

from mri.errors import BadFrame, MriError, StoreError
from mri.format.events import TraceSession
from mri.format.frame_check import FrameCheck
from mri.format.rows import STEP_COLUMNS
from mri.store.intake.session import check_frame, check_steps, cleaned, session_of
from mri.store.intake.storage import check_storage
from mri.store.intake.structure import check_shapes, datasets_of, description_of, refuse
from mri.store.sealed import SealedReader
from mri.store.shelf import opened
from mri.store.writer import SessionWriter

MEMORY_BYTES = 2 << 30
CPU_S = 600
STEPS_AT_ONCE = 16

Say = Callable[[str, float], None]
"""Told what is being done, and which share of it is."""


def limit() -> None:
    """This process may not have more memory or time than an import needs. Nothing where the system has no limits."""
    try:
        import resource
    except ImportError:  # Windows
        return
    for what, most in (
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_CPU, CPU_S),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 64),
    ):
        with contextlib.suppress(OSError, ValueError):  # a lower limit stands already, or the system has none
            resource.setrlimit(what, (most, most))


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """Whatever HDF5 says of a file that it cannot read becomes one sentence."""
    try:
        yield
    except MriError:
        raise
    except MemoryError:
        refuse("looking at it takes more memory than an import may have")
    except Exception as error:
        said = str(error).strip("'\"").rpartition("(")[2].partition(":")[0].rstrip(")")
        refuse(f"it is cut off or damaged ({said or type(error).__name__}), get it again")


def check(path: Path, say: Say) -> TraceSession:
    """Looks at all of the file. -> its metadata. Raises BadSession."""
    file_bytes = path.stat().st_size
    with open(path, "rb") as raw:
        if raw.read(8) != b"\x89HDF\r\n\x1a\n":
            refuse("it is no HDF5 file")
    with _told(), opened(path) as file:
        found = datasets_of(file)
        session = session_of(description_of(file), path)
        check_shapes(found, session)
        total, done = sum(stored.num_bytes for stored in found.values()), 0
        for num_bytes in check_storage(found, file_bytes):
            done += num_bytes
            say("checking", 0.5 * done / max(1, total))
        check_steps({name: h5py.Dataset(found[f"steps/{name}"].id)[...] for name in STEP_COLUMNS}, session)
        for table in ("tokens", "vocab"):
            ids, offsets, data = (h5py.Dataset(found[f"{table}/{name}"].id) for name in ("ids", "offsets", "bytes"))
            ends = offsets[...]
            if len(ends) != len(ids) + 1 or ends[0] != 0 or ends[-1] != len(data) or (np.diff(ends) < 0).any():
                refuse(f"/{table}/offsets do not fit the tokens")
    return session


def convert(path: Path, session: TraceSession, staging: Path, say: Say) -> Path:
    """The session as if it had been recorded here, not sealed yet. -> its folder, in `staging`. Raises BadSession,
    StoreError."""
    with _told(), SealedReader(path) as reader:
        reader.verify()
        say("checking", 1.0)
        return _journal(reader, session, staging, say)


def _journal(reader: SealedReader, session: TraceSession, staging: Path, say: Say) -> Path:
    vocabulary, specials = reader.token_bytes, reader.special_ids
    writer = SessionWriter(staging, session, vocabulary=vocabulary, special_ids=specials, sync_ms=1000)
    end_reason = "error: the import broke off"
    check = FrameCheck(session.layout)
    try:
        for start in range(0, reader.num_steps, STEPS_AT_ONCE):
            for frame in reader.frames(start, min(start + STEPS_AT_ONCE, reader.num_steps)):
                check_frame(frame, check)
                try:
                    writer.append(frame)
                except BadFrame as error:
                    refuse(f"step {frame.step} cannot be a step ({str(error).rstrip('.')})")
            say("converting", 0.6 * writer.num_steps / reader.num_steps)
        end_reason = reader.session.end_reason or "interrupted"
    finally:
        folder = writer.finish(end_reason, seal=False)
    if writer.seal_error:
        raise StoreError(writer.seal_error)
    return folder


def main(arguments: list[str]) -> int:
    path, staging, session_id, name = Path(arguments[0]), Path(arguments[1]), arguments[2], arguments[3]
    limit()
    last: list[object] = []

    def say(what: str, share: float) -> None:
        if (now := [what, round(share, 2)]) != last:
            last[:] = now
            print(json.dumps({"what": what, "share": now[1]}), flush=True)

    try:
        session = check(path, say)
        convert(path, cleaned(session, session_id, name), staging, say)
    except MriError as error:
        sentence = str(error).replace(str(path), name)
        print(json.dumps({"error": sentence, "is_disk": isinstance(error, StoreError)}), flush=True)
        return 1
    print(json.dumps({"session": session_id}), flush=True)
    return 0


if __name__ == "__main__":
    os._exit(main(sys.argv[1:]))  # no tidying up: after a file that was made to harm, HDF5 can crash in it
