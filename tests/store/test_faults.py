"""A recording under injected faults of the disk: what was acknowledged opens, every refusal is a sentence, none is raw.

The disk's half of it: the writer is given frames as a recorder gives them, and the system refuses at any of its calls.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from mri.errors import MriError, StoreError
from mri.format.events import StepFrame, TraceSession
from mri.format.layout import Layout
from mri.format.wire import bytes_from_frame
from mri.store.leftovers import sweep
from mri.store.library import Library
from mri.store.locks import is_held
from mri.store.opening import open_session
from mri.store.unsealed import JournalReader
from mri.store.writer import SessionWriter
from tests.conftest import stored_bytes
from tests.golden_frame.build import topk_f16
from tests.tiers import sample

NUMBERS = (errno.ENOSPC, errno.EIO, errno.ESTALE, errno.EROFS, errno.EDQUOT, errno.EACCES)
OF_THE_SYSTEM = "open write fdatasync fsync replace ftruncate stat fstat mkdir close flock statvfs unlink"
CALLS = tuple(OF_THE_SYSTEM.split())
NUM_STEPS = 5


def refusing(monkeypatch: pytest.MonkeyPatch, call: str, number: int, nth: int, lasts: bool) -> None:
    """The `nth` call from now on that concerns the recording fails, and where it `lasts` all after it."""
    where = fcntl if call == "flock" else os
    real: Callable[..., object] = getattr(where, call)
    count = 0

    def fail(*arguments: object, **options: object) -> object:
        nonlocal count
        of_ours = isinstance(arguments[0], int) or "one" in os.fspath(arguments[0])  # type: ignore[call-overload]
        count += of_ours
        if of_ours and (count == nth or (lasts and count > nth)):
            if call == "close":
                real(*arguments, **options)  # a failed close closes all the same
            raise OSError(number, os.strerror(number))
        return real(*arguments, **options)

    monkeypatch.setattr(where, call, fail)


def record(folder: Path, frame: StepFrame, layout: Layout, before_step: Callable[[int], None]) -> list[bytes]:
    """As a recorder goes on: a refused step ends the recording, what comes to the user is a sentence. -> what was
    acknowledged."""
    acknowledged: list[bytes] = []
    try:
        before_step(-1)
        writer = SessionWriter(folder, TraceSession("one", layout, start_time="2026-01-02"), sync_ms=0)
    except StoreError:
        return acknowledged
    try:
        for step in range(NUM_STEPS):
            before_step(step)
            writer.append(replace(frame, step=step))
            acknowledged.append(bytes_from_frame(replace(frame, step=step)))
    except StoreError:
        pass  # a sentence; the recorder ends here
    before_step(NUM_STEPS)
    writer.finish("stopped", seal=False)
    assert not writer.seal_error or writer.seal_error.endswith((".", "!")), writer.seal_error
    return acknowledged


def whole(path: Path) -> list[bytes]:
    with open_session(path) as reader:
        assert isinstance(reader, JournalReader)
        reader.check_middle()
        return [stored_bytes(reader, step) for step in range(reader.num_steps)]


CASES = [
    pytest.param(call, number, at, lasts, id=f"{call}-{errno.errorcode[number]}-{at}-{lasts}")
    for call in CALLS
    for number in NUMBERS
    for at in (-1, 0, 2, NUM_STEPS)
    for lasts in (0, 1)
]


@pytest.mark.parametrize("nth", [1, 2])
@pytest.mark.parametrize(("call", "number", "at", "lasts"), CASES[:: sample(ci=16, long=1)])
def test_what_was_acknowledged_opens(tmp_path, monkeypatch, call, number, at, lasts, nth):
    frame, layout, _ = topk_f16()

    def before_step(step: int) -> None:
        if step == at:
            refusing(monkeypatch, call, number, nth, bool(lasts))

    acknowledged = record(tmp_path, frame, layout, before_step)
    monkeypatch.undo()
    if not acknowledged:
        if (tmp_path / "one").exists() and not (tmp_path / "one" / "session.json").exists():
            assert lasts, "half-made, where the disk would have let it go"
            os.utime(tmp_path / "one", (1, 1))
            sweep(tmp_path)
            there = sorted(path.name for path in tmp_path.glob("one/*"))
            assert not (tmp_path / "one").exists() or is_held(tmp_path / "one"), there
        return
    assert whole(tmp_path / "one")[: len(acknowledged)] == acknowledged
    library = Library(tmp_path)
    assert library.info("one").state in ("unsealed", "recording")  # its process lives, where it could not say goodbye
    assert library.open("one").num_steps >= len(acknowledged)


@pytest.mark.parametrize("how", ["deleted", "moved", "file in its place", "read-only", "parent gone"])
@pytest.mark.parametrize("at", [-1, 0, 2, NUM_STEPS])
def test_a_folder_that_goes_ends_the_recording_and_nothing_else(tmp_path, how, at):
    frame, layout, _ = topk_f16()
    folder, kept = tmp_path / "disk", tmp_path / "kept"
    one = folder / "one"
    folder.mkdir()

    def before_step(step: int) -> None:
        if step != at or (step < 0 and how in ("deleted", "moved")):
            return
        if how == "parent gone":
            folder.rename(kept)
        elif how == "read-only":
            (one if one.exists() else folder).chmod(0o500)
        elif how == "file in its place" and not one.exists():
            one.touch()
        else:
            one.rename(kept)
            if how == "file in its place":
                one.touch()

    acknowledged = record(folder, frame, layout, before_step)
    for path in (kept / "one", kept, one):
        if (path / "frames.journal").exists():
            path.chmod(0o700)
            assert whole(path)[: len(acknowledged)] == acknowledged
            break
    else:
        assert not acknowledged
    folder.exists() and folder.chmod(0o700)


def test_sealing_that_fails_keeps_the_journal_and_can_be_done_again(tmp_path, monkeypatch, handmade_session):
    folder = handmade_session(tmp_path, "one", seal=False)
    frames = whole(folder)
    from mri.store.seal import seal

    for call in ("fsync", "replace", "rename", "unlink"):
        monkeypatch.setattr(os, call, lambda *_, **__: (_ for _ in ()).throw(OSError(errno.EIO, "Input/output error")))
        with contextlib.suppress(MriError):
            seal(folder)
        monkeypatch.undo()
        if folder.exists():
            assert whole(folder) == frames
    library = Library(tmp_path)
    library.seal_unsealed()
    with open_session(library.path("one")) as reader:
        assert [stored_bytes(reader, step) for step in range(5)] == frames
    shutil.rmtree(folder, ignore_errors=True)
