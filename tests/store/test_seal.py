"""Sealing: the same bytes come back in every configuration, and no crash on the way loses the journal."""

from __future__ import annotations

import errno
import os
import resource
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mri.errors import BadSession, StoreError
from mri.format.config import TraceConfig
from mri.format.events import StepFrame, TraceSession
from mri.format.layout import LAYERS_DROPPED_BIT, PAYLOADS, Layout
from mri.store.description import journal_json, session_from_journal_json
from mri.store.locks import SessionLock
from mri.store.opening import open_session
from mri.store.seal import seal
from mri.store.sealed import SealedReader
from mri.store.unsealed import JournalReader
from mri.store.writer import SessionWriter, seal_in_child
from tests.conftest import TINY_VOCABULARY, random_frame, random_layout, stored_bytes

CONFIGS = st.builds(
    TraceConfig,
    capture_mode=st.sampled_from(["stats", "sampled", "topk", "full"]),
    sample_stride=st.sampled_from([1, 3, 8]),
    topk=st.sampled_from([None, 1, 5]),
    quantization=st.sampled_from(["f32", "f16", "q8"]),
    attention_tier=st.sampled_from(["summary", "full_row", "full_matrix"]),
    logits_topk=st.sampled_from([1, 5, 40]),
    edu=st.booleans(),
    prefill=st.sampled_from(["stats", "positions", "stepwise"]),
)


def record(folder: Path, layout: Layout, frames: list[StepFrame], session_id: str = "one") -> Path:
    with SessionWriter(folder, TraceSession(session_id, layout), vocabulary=TINY_VOCABULARY) as writer:
        for frame in frames:
            writer.append(frame)
        return writer.finish("stopped", seal=False)


def assert_same(journal: JournalReader, sealed: SealedReader) -> None:
    """Everything a reader can be asked, asked of both."""
    assert sealed.num_steps == journal.num_steps
    for step in range(journal.num_steps):
        assert stored_bytes(sealed, step) == stored_bytes(journal, step), step
    assert sealed.records(0, journal.num_steps) == journal.records(0, journal.num_steps)
    for name, values in journal.steps().items():
        np.testing.assert_array_equal(sealed.steps()[name], values, strict=True)
    np.testing.assert_array_equal(sealed.token_ids(), journal.token_ids(), strict=True)
    names = {name for step in range(journal.num_steps) for name in journal.frame(step).arrays}
    for name in names:
        np.testing.assert_array_equal(sealed.column(name), journal.column(name), strict=True)
    for token_id in journal.token_ids():
        assert sealed.token_bytes[int(token_id)] == journal.token_bytes[int(token_id)]
    sealed.verify()
    journal.verify()


@st.composite
def recordings(draw):
    """A layout and frames over the prompt in one pass or token by token, with payloads and layers dropped at random."""
    layout = random_layout(
        draw(st.integers(1, 3)), draw(st.sampled_from([2, 8])), draw(st.integers(1, 2)), draw(CONFIGS)
    )
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    frames, pos0 = [], 0
    for step in range(draw(st.integers(0, 5))):
        t_add = 1 if step or layout.config.prefill == "stepwise" else draw(st.integers(1, 5))
        dropped = draw(st.sets(st.sampled_from(["full", "sampled", "prefill", "topk", "attention", "logits"])))
        layers = sorted(draw(st.sets(st.integers(0, layout.n_layer - 1)))) if draw(st.booleans()) else []
        frame = random_frame(
            layout,
            rng,
            step,
            "prefill" if step == 0 else "decode",
            pos0,
            t_add,
            chosen_id=draw(st.integers(-1, 30)),
            forced=draw(st.booleans()),
            dropped_layers=tuple(layers),
            dropped=bool(layers) << LAYERS_DROPPED_BIT | sum(1 << PAYLOADS.index(name) for name in dropped),
        )
        frames.append(replace(frame, arrays={n: a for n, a in frame.arrays.items() if n.split("/")[0] not in dropped}))
        pos0 += t_add
    return layout, frames


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(recordings())
def test_sealed_frames_are_the_journals_byte_for_byte(recording):
    with tempfile.TemporaryDirectory() as folder:
        path = record(Path(folder), *recording)
        with JournalReader(path) as journal, SealedReader(seal(path)) as sealed:
            assert_same(journal, sealed)
        assert not path.exists()


def test_rows_longer_than_a_chunk(tmp_path):
    layout = random_layout(2, 4, 2, TraceConfig(attention_tier="full_matrix", quantization="q8"))
    rng = np.random.default_rng(0)
    frames = [random_frame(layout, rng, 0, "prefill", 0, 254, chosen_id=1)]
    frames += [random_frame(layout, rng, step, "decode", 253 + step, 1, chosen_id=2) for step in range(1, 70)]
    path = record(tmp_path, layout, frames)
    with JournalReader(path) as journal, SealedReader(seal(path)) as sealed:
        assert_same(journal, sealed)
        rows = sealed._file["attention/rows"]
        assert rows.shape == (70, 2, 2, 323)
        assert rows.chunks == (1, 2, 2, 256)
        chunks = [rows.id.get_chunk_info(i).chunk_offset for i in range(rows.id.get_num_chunks())]
        behind = [(step, start) for step, *_, start in chunks if start >= 254 + step]
        assert behind == [], "chunks behind a step's last key were written"


def test_training_with_arrays_of_a_scripts_own(tmp_path):
    layout = Layout.plan([], TraceConfig(capture_mode="stats"))
    frames = []
    for step in range(130):
        arrays = {"extra/loss": np.array(1 / (step + 1), np.float32)}
        if step % 50 == 0:
            arrays["extra/weights/w1"] = np.full((3, 1 + step // 50), step, np.float32)
            arrays["extra/accuracy"] = np.array(step, np.float32)
        frames.append(StepFrame(step, "train", 0, 0, arrays, time_us=step))
    path = record(tmp_path, layout, frames)
    with JournalReader(path) as journal, SealedReader(seal(path)) as sealed:
        assert_same(journal, sealed)
        assert sealed.column("extra/weights/w1", 0, -1)[[0, 50, 100]].tolist()[2] == 100
        assert np.isnan(sealed.column("extra/accuracy")[1])


def test_a_recording_cut_off_is_sealed_as_interrupted(tmp_path, handmade_session):
    folder = handmade_session(tmp_path, seal=False)
    session, crc32 = session_from_journal_json((folder / "session.json").read_bytes(), folder)
    cut_off = replace(session, state="recording", end_reason="")
    (folder / "session.json").write_bytes(journal_json(cut_off, crc32))
    journal = folder / "frames.journal"
    journal.write_bytes(journal.read_bytes()[:-200])  # the last record and a piece of the last step
    with open_session(seal(folder)) as sealed:
        assert (sealed.num_steps, sealed.session.num_steps) == (4, 4)
        assert (sealed.session.state, sealed.session.end_reason) == ("finished", "interrupted")


def test_sealing_again_and_after_a_crash_between_file_and_journal(tmp_path, handmade_session):
    folder = handmade_session(tmp_path, seal=False)
    rest = {path.name: path.read_bytes() for path in folder.iterdir()}
    sealed = seal(folder)
    content = sealed.read_bytes()
    assert seal(folder) == sealed
    folder.mkdir()
    for name, data in rest.items():
        (folder / name).write_bytes(data)
    assert seal(folder) == sealed
    assert sealed.read_bytes() == content
    assert not folder.exists()


def test_another_session_in_the_way_is_left_alone(tmp_path, handmade_session, random_session):
    folder = handmade_session(tmp_path, seal=False)
    random_session(tmp_path, session_id="other").rename(tmp_path / "handmade.h5")
    with pytest.raises(StoreError, match="is another session than"):
        seal(folder)
    assert JournalReader(folder).num_steps == 5


def test_a_journal_broken_in_the_middle_is_left_alone(tmp_path, handmade_session):
    folder = handmade_session(tmp_path, seal=False)
    journal = folder / "frames.journal"
    damaged = bytearray(journal.read_bytes())
    damaged[100] ^= 1
    journal.write_bytes(damaged)
    with pytest.raises(BadSession, match=r"damaged after 0 steps \(step 1 is whole again\)"):
        seal(folder)
    assert journal.read_bytes() == damaged
    assert "damaged after 0 steps" in seal_in_child(folder)


def test_a_session_still_recording_is_not_sealed(tmp_path, monkeypatch):
    monkeypatch.setattr("mri.store.seal.LOCK_WAIT_S", 0.05)
    layout = random_layout(1, 2, 1, TraceConfig())
    with SessionWriter(tmp_path, TraceSession("one", layout)) as writer:
        with pytest.raises(StoreError, match="still being recorded"):
            seal(writer.folder)
        writer.finish("stopped", seal=False)


KILLED = """
import os, signal, sys
from pathlib import Path
import mri.store.seal as module
moment = sys.argv[2]
def die(*arguments, **fields):
    os.kill(os.getpid(), signal.SIGKILL)
if moment == "arrays":
    count = 0
    write = module._write_block
    def _write_block(*arguments):
        global count
        count += 1
        die() if count == 5 else write(*arguments)
    module._write_block = _write_block
elif moment in ("_write_tokens", "_write_hook_points", "sync_folder", "_remove_journal"):
    setattr(module, moment, die)
else:
    setattr(module.os, moment, die)
module.seal(Path(sys.argv[1]))
"""


@pytest.mark.parametrize(
    "moment", ["arrays", "_write_tokens", "_write_hook_points", "fsync", "replace", "sync_folder", "_remove_journal"]
)
def test_killed_half_way_the_journal_remains_and_sealing_again_works(tmp_path, handmade_session, moment):
    folder = handmade_session(tmp_path, seal=False)
    frames = JournalReader(folder).records(0, 5)
    done = subprocess.run([sys.executable, "-c", KILLED, str(folder), moment], timeout=60, env=with_path())
    assert done.returncode == -9
    with JournalReader(folder) as journal:
        assert journal.records(0, 5) == frames
        journal.verify()
    placed = moment in ("sync_folder", "_remove_journal")
    assert (tmp_path / "handmade.h5").exists() == placed
    assert bool(list(folder.glob(".sealed.h5.*.partial"))) != placed
    with open_session(seal(folder)) as sealed:
        assert sealed.records(0, 5) == frames
        sealed.verify()
    assert [path.name for path in tmp_path.iterdir()] == ["handmade.h5"]


def with_path() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join([os.getcwd(), os.environ.get("PYTHONPATH", "")])}


@pytest.mark.parametrize("share", [0, 0.1, 0.5, 0.9, 0.999])
def test_a_disk_that_fills_while_sealing_keeps_the_journal(tmp_path, handmade_session, share):
    folder = handmade_session(tmp_path, seal=False)
    frames = JournalReader(folder).records(0, 5)
    room = int(share * seal(handmade_session(tmp_path, "twin", seal=False)).stat().st_size)

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))

    done = subprocess.run(
        [sys.executable, "-m", "mri.store.seal", str(folder)],
        preexec_fn=limit,
        env=with_path(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        timeout=60,
    )
    assert done.returncode != 0
    assert done.stdout.lower() in ("", f"cannot seal {folder} (file too large): free some disk space.\n".lower())
    assert JournalReader(folder).records(0, 5) == frames
    with open_session(seal(folder)) as sealed:
        assert sealed.records(0, 5) == frames


def test_no_room_for_the_sealed_file_is_said_before_it_is_begun(tmp_path, handmade_session, monkeypatch):
    folder = handmade_session(tmp_path, seal=False)
    monkeypatch.setattr("mri.store.seal.free_bytes", lambda path: 1000)
    with pytest.raises(StoreError, match="needs 1 MB of disk: free some space"):
        seal(folder)
    assert JournalReader(folder).num_steps == 5


@pytest.mark.parametrize("meets", ["a folder that is gone", "one that goes"])
def test_who_comes_second_finds_it_sealed(tmp_path, monkeypatch, handmade_session, meets):
    folder = handmade_session(tmp_path, "one", seal=False)
    acquire = SessionLock.acquire

    def late(self: SessionLock, wait_s: float) -> None:
        monkeypatch.undo()
        seal(folder)
        if meets == "one that goes":
            raise FileNotFoundError(errno.ENOENT, "No such file or directory")
        acquire(self, wait_s)

    monkeypatch.setattr(SessionLock, "acquire", late)
    assert seal(folder) == tmp_path / "one.h5"
    assert [path.name for path in tmp_path.iterdir()] == ["one.h5"]


def test_every_token_that_the_lens_names_has_its_text(tmp_path):
    layout = random_layout(2, 8, 2, TraceConfig(lens="top", logits_topk=1))
    frame = random_frame(layout, np.random.default_rng(0), 0, "decode", 0, 1)
    top = frame.arrays["lens/top_ids"]
    top[...] = np.arange(top.size).reshape(top.shape)
    sealed = SealedReader(seal(record(tmp_path, layout, [frame])))
    assert [sealed.token_bytes[int(token_id)] for token_id in top.ravel()] == TINY_VOCABULARY[: top.size]
