"""One list of thirty-three faults under which a nanochat model goes on as if nobody recorded it.

Its logits are those of the run without recording, bit for bit; every step that was acknowledged opens with the bytes it
had; nothing stays behind in the process. Faults of the disk call by call: tests/store/test_faults.py.
"""

from __future__ import annotations

import contextlib
import copy
import errno
import io
import os
import pickle
import shutil
import signal
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from torch import Tensor

from mri.capture.watch import watch
from mri.format.events import StepFrame
from mri.format.wire import bytes_from_frame
from mri.nanochat.model import GPT, KVCache
from mri.store.opening import open_session
from mri.store.writer import SessionWriter
from tests.capture.forks import PROMPT, greedy, nothing_left, same
from tests.conftest import stored_bytes
from tests.store.test_faults import refusing

NUM_PASSES, AT = 9, 4
Patch = pytest.MonkeyPatch


@dataclass
class Run:
    """What a fault may touch: the test's patches, the folder of sessions, the recorded model."""

    patch: Patch
    folder: Path
    model: GPT

    @property
    def session(self) -> Path:
        return next(path for path in self.folder.iterdir() if path.is_dir())


Fault = Callable[[Run], None]


def disk(call: str, number: int) -> Fault:
    return lambda run: refusing(run.patch, call, number, 1, lasts=True)


def raising(error: BaseException) -> Callable[..., None]:
    def fail(*_: object, **__: object) -> None:
        raise error

    return fail


def file_in_its_place(run: Run) -> None:
    where = run.session
    shutil.move(where, run.folder.parent / "kept")
    where.touch()


def in_a_thread(act: Callable[[], object]) -> None:
    thread = threading.Thread(target=act)
    thread.start()
    thread.join()


def forked(run: Run) -> None:
    if not (child := os.fork()):
        greedy(run.model, PROMPT, 2)
        os._exit(0)
    os.waitpid(child, 0)


def saved(run: Run) -> None:
    torch.save(run.model.state_dict(), io.BytesIO())
    greedy(pickle.loads(pickle.dumps(run.model)), PROMPT, 2)


def failing_pass(run: Run) -> None:
    handle = run.model.transformer["h"][1].mlp.register_forward_pre_hook(lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        greedy(run.model, PROMPT, 1)
    handle.remove()


def signalled(number: signal.Signals) -> Fault:
    """As in a loop that ends itself at the next step: the handler runs in the middle of our code."""
    append = watch.append

    def also(self: watch, frame: StepFrame) -> None:
        before = signal.signal(number, lambda *_: None)
        signal.raise_signal(number)
        signal.signal(number, before)
        append(self, frame)

    return lambda run: run.patch.setattr(watch, "append", also)


FAULTS: dict[str, Fault] = {
    **{
        f"{call} says {errno.errorcode[number]}": disk(call, number)
        for call in ("write", "fdatasync")
        for number in (errno.ENOSPC, errno.EIO, errno.ESTALE, errno.EROFS, errno.EDQUOT)
    },
    **{
        f"flock says {errno.errorcode[number]}": disk("flock", number)
        for number in (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL)
    },
    "replace says EIO": disk("replace", errno.EIO),
    "open says EMFILE": disk("open", errno.EMFILE),
    "statvfs says EIO": disk("statvfs", errno.EIO),
    "no space is left": lambda run: run.patch.setattr("mri.store.writer.free_bytes", lambda _: 1000),
    "read-only": lambda run: run.session.chmod(0o500),
    "the session is deleted": lambda run: shutil.rmtree(run.session),
    "the folder is gone": lambda run: shutil.rmtree(run.folder),
    "the session is moved": lambda run: run.session.rename(run.folder.parent / "kept") and None,
    "a file in its place": file_in_its_place,
    "SIGINT": signalled(signal.SIGINT),
    "SIGTERM": signalled(signal.SIGTERM),
    "fork": forked,
    "another thread's passes": lambda run: in_a_thread(lambda: greedy(run.model, PROMPT, 2)),
    "deepcopy": lambda run: greedy(copy.deepcopy(run.model), PROMPT, 2) and None,
    "saved and pickled": saved,
    "an exception in the model": failing_pass,
    "no memory": lambda run: run.patch.setattr("mri.capture.points.reduce_rows", raising(MemoryError())),
    "a fault of ours": lambda run: run.patch.setattr("mri.capture.points.reduce_rows", raising(RecursionError())),
    "warnings are errors": lambda run: warnings.simplefilter("error"),
}
DELETED = ("the session is deleted", "the folder is gone")


@torch.inference_mode()
def passes(model: GPT, between: Callable[[int], None]) -> list[Tensor]:
    """Somebody's loop: logits of NUM_PASSES passes, `between(i)` before each."""
    cache, out, chunk = KVCache(model), [], PROMPT
    for i in range(NUM_PASSES):
        between(i)
        out.append(model.forward(torch.tensor([chunk]), cache)[0, -1].clone())
        chunk = [int(out[-1].argmax())]
    return out


def acknowledging(patch: Patch) -> list[bytes]:
    """What the store takes from now on, as it took it."""
    taken: list[bytes] = []
    append = SessionWriter.append

    def noting(self: SessionWriter, frame: StepFrame) -> None:
        append(self, frame)
        taken.append(bytes_from_frame(frame))

    patch.setattr(SessionWriter, "append", noting)
    return taken


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", FAULTS)
def test_the_model_goes_on_and_what_was_acknowledged_opens(
    model: GPT, tmp_path: Path, monkeypatch: Patch, name: str
) -> None:
    plain = passes(model, lambda _: None)
    folder = tmp_path / "one"
    acknowledged = acknowledging(monkeypatch)
    theirs = copy.deepcopy(model)
    run = Run(monkeypatch, folder, theirs)
    fault, has_no_locks = FAULTS[name], name.startswith("flock")
    if has_no_locks:
        fault(run)
    told = contextlib.suppress(RuntimeWarning)  # one of the faults makes it an error
    with warnings.catch_warnings(), told, watch(theirs, sessions=folder):
        recorded = passes(theirs, lambda i: fault(run) if i == AT and not has_no_locks else None)
    monkeypatch.undo()
    assert same(recorded, plain)
    assert nothing_left(theirs)
    assert acknowledged
    if name in DELETED:
        return
    places = [tmp_path / "kept"] if (tmp_path / "kept").exists() else [*folder.iterdir()]
    with open_session(min(places, key=lambda path: path.stat().st_ctime)) as reader:
        kept = [stored_bytes(reader, step) for step in range(reader.num_steps)]
    assert kept[: len(acknowledged)] == acknowledged


SCRIPT = """
import os, signal, sys, torch
from mri.capture.watch import watch
from tests.capture.test_faults import AT, passes
from tests.capture import forks
torch.set_num_threads(1)
model = forks.small()
with watch(model, sessions=sys.argv[1]):
    passes(model, lambda i: os.kill(os.getpid(), int(sys.argv[2])) if i == AT else None)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_process_that_is_ended_keeps_what_was_acknowledged(tmp_path: Path, number: signal.Signals) -> None:
    ended = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SCRIPT, str(tmp_path), str(int(number))],
        capture_output=True,
        check=False,
    )
    assert ended.returncode == -number, ended.stderr.decode()[-2000:]
    [session] = [path for path in tmp_path.iterdir() if path.is_dir()]
    with open_session(session) as reader:
        assert reader.num_steps > 0
