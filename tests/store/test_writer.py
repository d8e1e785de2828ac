"""SessionWriter: recording, ending, and everything the disk can refuse."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mri.errors import BadFrame, StoreError
from mri.format.events import TraceSession
from mri.format.layout import LAYERS_DROPPED_BIT
from mri.format.wire import bytes_from_frame
from mri.store import writer as writer_module
from mri.store.locks import SessionLock, is_held
from mri.store.opening import open_session
from mri.store.unsealed import JournalReader
from mri.store.writer import SessionWriter
from tests.conftest import stored_bytes
from tests.golden_frame.build import topk_f16


@pytest.fixture
def frame():
    return replace(topk_f16()[0], step=0)


@pytest.fixture
def session():
    return TraceSession("one", topk_f16()[1], start_time="2026-01-02T03:04:05+00:00")


def test_a_reader_follows_a_recording_and_its_end(tmp_path, session, frame):
    with SessionWriter(tmp_path, session, vocabulary=[b"a", b"b"], special_ids=[1]) as writer:
        reader = open_session(writer.folder)
        assert reader.num_steps == 0
        assert reader.session.state == "recording"
        assert (reader.token_bytes[0], reader.special_ids) == (b"a", {1})
        for step in range(3):
            writer.append(replace(frame, step=step))
            assert reader.refresh() == step + 1
            assert stored_bytes(reader, step) == bytes_from_frame(replace(frame, step=step))
        folder = writer.finish("stop_token", seal=False, response="b", duration_s=1.5)
    reader.refresh()
    assert folder == tmp_path / "one"
    assert (reader.session.state, reader.session.end_reason) == ("finished", "stop_token")
    assert (reader.session.response, reader.session.num_steps) == ("b", 3)
    reader.close()


def test_finish_seals_in_a_child_process(tmp_path, session, frame):
    writer = SessionWriter(tmp_path, session)
    writer.append(frame)
    path = writer.finish("max_new_tokens")
    assert path == tmp_path / "one.h5"
    assert not writer.folder.exists()
    with open_session(path) as reader:
        assert stored_bytes(reader, 0) == bytes_from_frame(frame)
        assert reader.session == replace(writer.session, num_steps=1)


def test_update_replaces_session_json(tmp_path, session):
    with SessionWriter(tmp_path, session) as writer:
        writer.update(response="so far")
        assert json.loads((writer.folder / "session.json").read_text())["response"] == "so far"
        assert writer.session.response == "so far"
        assert [path.name for path in writer.folder.iterdir() if "partial" in path.name] == []
        writer.finish("stopped", seal=False)


def test_steps_on_disk_counts_what_a_power_cut_leaves(tmp_path, session, frame):
    with SessionWriter(tmp_path, session, sync_ms=0) as writer:
        writer.append(frame)
        assert writer._journal.num_records_synced == writer.num_steps == 1
        writer.finish("stopped", seal=False)
    with SessionWriter(tmp_path, replace(session, id="two"), sync_ms=3_600_000) as writer:
        writer.append(frame)
        assert (writer._journal.num_records_synced, writer.num_steps) == (0, 1)
        writer.finish("stopped", seal=False)


@pytest.mark.parametrize(
    ("error", "end_reason"), [(KeyboardInterrupt(), "interrupted"), (ValueError("no luck"), "error: no luck")]
)
def test_an_exception_ends_the_session_and_keeps_it(tmp_path, session, frame, error, end_reason):
    def record():
        with SessionWriter(tmp_path, session) as writer:
            writer.append(frame)
            raise error

    with pytest.raises(type(error)):
        record()
    with open_session(tmp_path / "one.h5") as reader:
        assert (reader.num_steps, reader.session.end_reason) == (1, end_reason)


def test_two_writers_on_one_session_are_refused(tmp_path, session, frame, monkeypatch):
    monkeypatch.setattr(writer_module, "LOCK_WAIT_S", 0.05)
    with SessionWriter(tmp_path, session) as writer:
        assert is_held(writer.folder)
        with pytest.raises(StoreError, match="exists already"):
            SessionWriter(tmp_path, session)
        (writer.folder / "session.json").unlink()
        with pytest.raises(StoreError, match="exists already"):  # what was recorded is there
            SessionWriter(tmp_path, session)
        writer.append(frame)
        writer.finish("stopped", seal=False)
    assert not is_held(writer.folder)
    (tmp_path / "two").mkdir()
    lock = SessionLock(tmp_path / "two")
    lock.acquire(0)
    with pytest.raises(StoreError, match="being recorded by another process"):
        SessionWriter(tmp_path, replace(session, id="two"))
    lock.release()


def test_an_existing_session_is_never_recorded_over(tmp_path, session, handmade_session):
    path = handmade_session(tmp_path)
    before = path.read_bytes()
    with pytest.raises(StoreError, match="Session handmade exists already"):
        SessionWriter(tmp_path, replace(session, id="handmade"))
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["handmade.h5"]


@pytest.mark.parametrize("hostile", ["../x", "", "a/b", "x" * 65, "x\n", ".", "C:x", "é", "x\0"])
def test_hostile_ids_make_no_path(tmp_path, session, hostile):
    folder = tmp_path / "sessions"
    with pytest.raises(StoreError, match="cannot name a session"):
        SessionWriter(folder, replace(session, id=hostile))
    assert list(tmp_path.iterdir()) == []


def test_recording_stops_when_the_disk_is_nearly_full_and_goes_on_when_it_is_not(tmp_path, session, frame, monkeypatch):
    with SessionWriter(tmp_path, session) as writer:
        writer.append(frame)
        monkeypatch.setattr(writer_module, "free_bytes", lambda folder: 199_000_000)
        with pytest.raises(StoreError, match=r"stops after 1 steps because only 199 MB of disk are free"):
            writer.append(replace(frame, step=1))
        with pytest.raises(StoreError, match="199 MB"):
            SessionWriter(tmp_path, replace(session, id="two"))
        assert not (tmp_path / "two").exists()
        monkeypatch.undo()
        writer.append(replace(frame, step=1))
        folder = writer.finish("stopped", seal=False)
    with JournalReader(folder) as reader:
        assert reader.num_steps == 2


FULL_DISK = """
import resource, sys
from dataclasses import replace
from pathlib import Path
from mri.errors import BadFrame, StoreError
from mri.format.events import TraceSession
from mri.store.writer import SessionWriter
from tests.golden_frame.build import topk_f16
frame, layout, _ = topk_f16()
writer = SessionWriter(Path(sys.argv[1]), TraceSession("full", layout))
writer.append(replace(frame, step=0))
resource.setrlimit(resource.RLIMIT_FSIZE, (4000, resource.RLIM_INFINITY))
try:
    writer.append(replace(frame, step=1))
except StoreError as error:
    print(error)
if sys.argv[2] == "room":
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    writer.append(replace(frame, step=1))
print(writer.finish("stopped").name, writer.seal_error)
"""


@pytest.mark.parametrize("room", ["room", "none"])
def test_a_full_disk_is_one_sentence_and_loses_nothing(tmp_path, room):
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(tmp_path), room],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([os.getcwd(), os.environ.get("PYTHONPATH", "")])},
    )
    sentence, end = done.stdout.splitlines()
    assert "frames.journal (File too large): free some disk space." in sentence
    if room == "room":
        assert end == "full.h5 "
        with open_session(tmp_path / "full.h5") as reader:
            assert (reader.num_steps, reader.session.end_reason) == (2, "stopped")
    else:
        assert end == f"full Cannot seal {tmp_path / 'full'} (File too large): free some disk space."
        assert not (tmp_path / "full" / "sealed.h5.partial").exists()
        with open_session(tmp_path / "full") as reader:
            assert reader.num_steps == 1
            reader.verify()


READ_ONLY = """
import os, sys
from pathlib import Path
from mri.errors import BadFrame, StoreError
from mri.format.events import TraceSession
from mri.store.writer import SessionWriter
from tests.golden_frame.build import topk_f16
layout = topk_f16()[1]
os.getuid() or os.setuid(65534)  # root may write anywhere
try:
    SessionWriter(Path(sys.argv[1]), TraceSession("one", layout))
except StoreError as error:
    print(error)
"""


def test_a_read_only_folder_is_one_sentence():
    with tempfile.TemporaryDirectory() as folder:  # not tmp_path, into which only its owner can look
        Path(folder).chmod(0o555)
        done = subprocess.run(
            [sys.executable, "-c", READ_ONLY, folder],
            capture_output=True,
            text=True,
            timeout=60,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([os.getcwd(), os.environ.get("PYTHONPATH", "")])},
        )
        assert done.stderr == ""
        cure = "make the folder writable or choose another with --sessions."
        assert done.stdout == f"Cannot write to {folder}/one (Permission denied): {cure}\n"


def test_a_sessions_folder_that_is_a_file_is_one_sentence(tmp_path, session):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="Cannot write to"):
        SessionWriter(tmp_path / "file", session)


def test_frames_that_could_not_be_read_back_are_refused(tmp_path, session, frame):
    def with_arrays(step=1, **arrays):
        extra = {name.replace("__", "/"): array for name, array in arrays.items()}
        return replace(frame, step=step, arrays=frame.arrays | extra)

    with SessionWriter(tmp_path, session) as writer:
        writer.append(with_arrays(0, extra__loss=np.zeros((), np.float32)))
        with pytest.raises(BadFrame, match="Step 3 of one does not follow"):
            writer.append(with_arrays(3))
        with pytest.raises(BadFrame, match="before"):
            writer.append(with_arrays(extra__loss=np.zeros(3, np.float32)))
        with pytest.raises(BadFrame, match="folder of another"):
            writer.append(with_arrays(extra__loss__a=np.zeros(3, np.float32)))
        for name in ("extra/../x", "extra//x", "extra/\n", "extra/"):
            with pytest.raises(BadFrame, match="cannot be stored"):
                writer.append(with_arrays(**{name: np.zeros(1)}))
        with pytest.raises(BadFrame, match="cannot be stored"):
            writer.append(with_arrays(extra__z=np.zeros(1, complex)))
        for name in ("/extra", "steps/pos0", "shapes/x", "loss", "topk/9/values"):
            with pytest.raises(BadFrame, match="should not have"):
                writer.append(with_arrays(**{name: np.zeros(1)}))
        for layers, dropped in [((1, 0), 1 << LAYERS_DROPPED_BIT), ((0,), 0), ((2,), 1 << LAYERS_DROPPED_BIT)]:
            with pytest.raises(BadFrame, match="dropped_layers"):
                writer.append(replace(frame, step=1, dropped_layers=layers, dropped=dropped))
        with pytest.raises(BadFrame, match="where its layout says"):
            writer.append(replace(frame, step=1, dropped_layers=(0,), dropped=1 << LAYERS_DROPPED_BIT))
        assert writer.num_steps == 1
        writer.finish("stopped", seal=False)


def test_finishing_twice_is_a_mistake(tmp_path, session):
    writer = SessionWriter(tmp_path, session)
    writer.finish("stopped", seal=False)
    with pytest.raises(ValueError, match="finished already"):
        writer.finish("stopped")
