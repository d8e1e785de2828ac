"""Reading a session: known values from both states, columns, many threads, and files that are no sessions."""

from __future__ import annotations

import subprocess
import sys
import threading

import h5py
import numpy as np
import pytest

from mri.errors import BadSession, SessionNotFound, UnknownHookPoint
from mri.format.captured import Captured
from mri.format.config import TraceConfig
from mri.format.events import TraceSession
from mri.format.wire import bytes_from_frame
from mri.store.opening import open_session
from mri.store.sealed import SealedReader
from mri.store.unsealed import JournalReader
from mri.store.writer import SessionWriter
from tests.conftest import (
    HANDMADE_VALUES,
    INF,
    NAN,
    SPECIAL_IDS,
    TINY_VOCABULARY,
    random_frame,
    random_layout,
    stored_bytes,
)


@pytest.fixture(params=["journal", "sealed"])
def handmade(request, tmp_path, handmade_session):
    with open_session(handmade_session(tmp_path, seal=request.param == "sealed")) as reader:
        assert isinstance(reader, SealedReader if request.param == "sealed" else JournalReader)
        yield reader


def test_known_values(handmade):
    layout = handmade.session.layout
    for step in range(5):
        frame = handmade.frame(step)
        assert frame.header()["step"] == step
        expected = np.full(8, NAN, np.float32)
        expected[[6, 1, 7, 0]] = HANDMADE_VALUES[step]
        np.testing.assert_array_equal(Captured(frame, layout).values("block.1.mlp_out"), expected)
        assert Captured(frame, layout).stats("block.0.ln1")["std"] == step + 2 + 1 / 8
        assert Captured(frame, layout).bound("block.0.resid_pre") == 1 / 16
    assert handmade.session.response == "cd"
    assert handmade.session.end_reason == "max_new_tokens"


def test_columns(handmade):
    np.testing.assert_array_equal(handmade.column("stats", 3, 4), np.arange(5) + 3.5)
    np.testing.assert_array_equal(
        handmade.column("topk/8/values", 11), np.array(HANDMADE_VALUES, np.float16), strict=True
    )
    np.testing.assert_array_equal(handmade.column("logits/entropy"), np.full(5, 1.25, np.float32), strict=True)
    assert handmade.column("logits/values")[0].tolist() == [5, 4, 3, 2, -INF]
    rows = handmade.column("attention/rows", 1, 1)  # every step has one key more
    assert rows.shape == (5, 5)
    np.testing.assert_array_equal(np.isnan(rows), np.arange(5) > np.arange(5)[:, None])
    np.testing.assert_allclose(np.nansum(rows, axis=1), 1, atol=1e-3)
    assert handmade.column("attention/rows", slice(None), 0, 0).shape == (5, 2)
    with pytest.raises(IndexError):
        handmade.column("stats", 99)
    with pytest.raises(UnknownHookPoint, match="No step of this session has an array 'full/8/values'"):
        handmade.column("full/8/values")


def test_steps_and_tokens(handmade):
    steps = handmade.steps()
    assert steps["phase"].tolist() == ["prefill"] * 3 + ["decode"] * 2
    assert steps["pos0"].tolist() == steps["step"].tolist() == [0, 1, 2, 3, 4]
    assert steps["chosen_id"].tolist() == [-1, -1, 2, 3, 4]
    assert steps["time_us"].tolist() == [0, 1000, 2000, 3000, 4000]
    assert steps["num_bytes"].tolist() == [handmade.frame(step).num_bytes for step in range(5)]
    assert steps["forced"].dtype == bool
    ids = handmade.token_ids()
    assert ids.tolist() == [0, 26, 1, 2, 3, 4]
    assert b"".join(handmade.token_bytes[int(i)] for i in ids) == b"a bcde"
    assert handmade.token_bytes[27] == b"\xff"
    assert handmade.special_ids <= set(SPECIAL_IDS)
    assert 29 in handmade.special_ids
    with pytest.raises(KeyError):
        handmade.token_bytes[9999]


def test_what_occurs_in_a_sealed_session_and_no_more_is_in_its_vocabulary(tmp_path, handmade_session):
    with SealedReader(handmade_session(tmp_path)) as reader:
        assert dict(reader.token_bytes) == {i: TINY_VOCABULARY[i] for i in (0, 1, 2, 3, 4, 26, 27, 28, 29)}


@pytest.mark.parametrize("step", [-1, 5])
def test_a_step_that_is_not_there(handmade, step):
    with pytest.raises(IndexError):
        handmade.frame(step)
    assert handmade.records(step, step + 1) == b""


def test_records_are_cut_to_what_is_there(handmade):
    assert handmade.records(3, 99) == handmade.records(3, 5)
    assert handmade.records(-3, 1) == handmade.records(0, 1)
    assert handmade.records(5, 9) == handmade.records(2, 2) == b""


def test_many_threads_read_the_same_bytes(tmp_path, random_session):
    path = random_session(tmp_path, num_steps=40, config=TraceConfig(attention_tier="full_row"))
    with open_session(path) as reader:
        expected = [stored_bytes(reader, step) for step in range(40)]
        column = reader.column("stats", 0, 0)
        wrong = []

        def read(seed):
            for step in np.random.default_rng(seed).permutation(40).tolist():
                if stored_bytes(reader, step) != expected[step] or (reader.column("stats", 0, 0) != column).any():
                    wrong.append(step)

        threads = [threading.Thread(target=read, args=(seed,)) for seed in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert wrong == []


def test_a_path_that_is_not_there(tmp_path):
    with pytest.raises(SessionNotFound, match="There is no session at"):
        open_session(tmp_path / "nothing.h5")


def test_a_folder_that_is_no_session(tmp_path):
    with pytest.raises(BadSession, match=r"is no session: session\.json is missing"):
        open_session(tmp_path)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": "nanochat-mri"}', "\0", '{"format": "other"}', '"x"'])
def test_a_broken_session_json_is_one_sentence(tmp_path, handmade_session, text):
    folder = handmade_session(tmp_path, seal=False)
    (folder / "session.json").write_text(text)
    with pytest.raises(BadSession, match="holds no session of this program"):
        open_session(folder)


def test_a_later_format_version_is_named(tmp_path, handmade_session):
    folder = handmade_session(tmp_path, seal=False)
    text = (folder / "session.json").read_text().partition(', "vocabulary_crc32"')[0] + "}"
    (folder / "session.json").write_text(text.replace('"format_version": 1', '"format_version": 2'))
    with pytest.raises(BadSession, match="format version 2, this program reads version 1"):
        open_session(folder)


@pytest.mark.parametrize("junk", [b"", b"\0" * 64, b"\xff" * 30])
def test_a_broken_vocabulary_is_one_sentence(tmp_path, handmade_session, junk):
    folder = handmade_session(tmp_path, seal=False)
    (folder / "vocabulary.safetensors").write_bytes(junk)
    with pytest.raises(BadSession, match="is damaged"):
        open_session(folder)


def test_foreign_and_truncated_files_are_one_sentence(tmp_path, handmade_session):
    whole = handmade_session(tmp_path).read_bytes()
    path = tmp_path / "bad.h5"
    for content in [b"", b"MRIJ" * 100, whole[:-1], *(whole[:size] for size in range(0, len(whole), 4001))]:
        path.write_bytes(content)
        with pytest.raises(BadSession, match="cannot be read as a session") as raised:
            open_session(path)
        assert "\n" not in str(raised.value)
    with h5py.File(path, "w") as file:
        file["stats"] = np.zeros(3)
    with pytest.raises(BadSession, match="no session of this program"):
        open_session(path)
    with h5py.File(path, "w") as file:
        file.attrs["format"] = "nanochat-mri"
    with pytest.raises(BadSession, match="its description is no text"):
        open_session(path)


def test_verify_finds_a_changed_number_in_every_dataset(tmp_path, random_session):
    path = random_session(tmp_path, num_steps=3, config=TraceConfig(attention_tier="full_row"))
    names: list[str] = []
    with h5py.File(path, "r") as file:
        file.visititems(lambda name, item: names.append(name) if isinstance(item, h5py.Dataset) else None)
    assert len(names) > 30
    whole: dict[str, np.ndarray] = {}
    for name in [*names, None]:
        with h5py.File(path, "r+") as file:
            for changed, values in whole.items():
                file[changed][...] = values
            if name is None:
                break
            whole = {name: file[name][...]}
            values = whole[name].copy()
            values[-1:].reshape(-1).view(np.uint8)[0] ^= 1  # of the last step; behind ragged ends is filling
            file[name][...] = values
        with pytest.raises(BadSession, match=f"/{name} in .* is damaged"), open_session(path) as reader:
            reader.verify()
    with open_session(path) as reader:
        reader.verify()


def test_verify_finds_a_changed_description(tmp_path, handmade_session):
    path = handmade_session(tmp_path)
    with h5py.File(path, "r+") as file:
        file.attrs["session"] = file.attrs["session"].replace("Handmade", "Handmake")
    with pytest.raises(BadSession, match="description is damaged"):
        open_session(path)


def test_flipped_bytes_are_found_or_harmless_and_never_a_crash(tmp_path, handmade_session):
    path = handmade_session(tmp_path)
    whole = path.read_bytes()
    with open_session(path) as reader:
        frames = [stored_bytes(reader, step) for step in range(5)]
    places = np.random.default_rng(0).integers(0, len(whole), 25)
    num_found = 0
    for place in places.tolist():
        damaged = bytearray(whole)
        damaged[place] ^= 0xFF
        path.write_bytes(damaged)
        try:
            with open_session(path) as reader:
                reader.verify()
                assert [stored_bytes(reader, step) for step in range(5)] == frames, place
        except BadSession:
            num_found += 1
    assert num_found > 0


def test_no_torch_is_imported():
    code = "import sys; sys.modules['torch'] = None; import mri.store.library, mri.store.sealed, mri.store.seal"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_h5py_is_not_imported_before_the_first_sealed_session():
    code = "import sys, mri.store.library; sys.exit('h5py' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_as_of_now_stays_as_long_as_it_was_while_the_session_grows(tmp_path):
    layout = random_layout(2, 16, 2, TraceConfig())
    rng = np.random.default_rng(0)
    with SessionWriter(tmp_path, TraceSession("growing", layout, num_prompt_tokens=1)) as writer:

        def write(*steps):
            for step in steps:
                writer.append(random_frame(layout, rng, step, "decode", step, 1, chosen_id=step))

        write(0, 1, 2)
        with open_session(writer.folder) as reader:
            then = reader.as_of_now()
            bytes_then = then.records(0, 3)
            write(3, 4)
            assert reader.refresh() == 5
            assert then.num_steps == then.session.num_steps == 3
            assert len(then.steps()["pos0"]) == 3
            assert then.records(0, 9) == bytes_then == reader.records(0, 3)
            with pytest.raises(IndexError):
                then.frame(3)
            assert reader.as_of_now().frame(4).step == 4


@pytest.mark.parametrize("seal", [True, False])
def test_several_frames_at_once_are_those_one_by_one(tmp_path, random_session, seal):
    with open_session(random_session(tmp_path, seal=seal)) as reader:
        several = reader.frames(2, 6)
        assert [bytes_from_frame(frame) for frame in several] == [stored_bytes(reader, step) for step in range(2, 6)]
        assert reader.frames(3, 3) == []
        with pytest.raises(IndexError):
            reader.frames(5, reader.num_steps + 1)
