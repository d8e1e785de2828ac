"""Files of others: what is good comes through unchanged, what was made to harm is refused in a sentence."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import threading
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import psutil
import pytest

from mri.errors import BadSession, SessionNotFound, StoreError
from mri.format.config import PRESETS, TraceConfig
from mri.format.events import StepFrame, TraceSession
from mri.format.layout import LAYERS_DROPPED_BIT, Layout
from mri.format.rows import STEP_COLUMNS
from mri.store.intake import child as imports_child
from mri.store.intake.child import check, convert
from mri.store.intake.intake import Importer, import_file
from mri.store.intake.session import check_steps, cleaned
from mri.store.library import Library
from mri.store.opening import open_session
from mri.store.seal import seal
from mri.store.writer import SessionWriter
from tests.conftest import TINY_VOCABULARY, random_frame, random_layout, write_handmade_session, write_random_session
from tests.store.hostile import KINDS

DEMOS = Path(__file__).parents[3] / "data" / "sessions"


def quiet(what: str, share: float) -> None:
    """Nobody looks."""


def here(path: Path, library: Path, session_id: str = "imported") -> Path:
    """Checked and converted in this process: a child takes half a second."""
    staging = library / "staging"
    try:
        journal = convert(path, cleaned(check(path, quiet), session_id, path.name), staging, quiet)
        return seal(journal).rename(library / f"{session_id}.h5")
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def assert_same_frames(one: Path, other: Path) -> None:
    with open_session(one) as a, open_session(other) as b:
        assert b.records(0, b.num_steps) == a.records(0, a.num_steps)
        np.testing.assert_array_equal(a.token_ids(), b.token_ids())
        assert dict(a.token_bytes) == dict(b.token_bytes)
        assert a.special_ids == b.special_ids
        for name in ("prompt", "response", "layout", "end_reason", "sampling", "start_time", "num_steps", "messages"):
            assert getattr(a.session, name) == getattr(b.session, name), name
        b.verify()


@pytest.mark.parametrize("demo", ["demo-story", "demo-calculator", "demo-gift"])
def test_a_demo_comes_through_unchanged(demo: str, tmp_path: Path) -> None:
    made = here(DEMOS / f"{demo}.h5", tmp_path)
    assert_same_frames(DEMOS / f"{demo}.h5", made)
    with open_session(made) as reader:
        assert reader.session.id == "imported"
        assert reader.session.provenance["imported_id"] == demo
        assert "model_path" not in reader.session.provenance
    assert [path.name for path in tmp_path.iterdir()] == ["imported.h5"]


@pytest.mark.parametrize(
    "config",
    [
        *PRESETS.values(),
        TraceConfig(capture_mode="sampled", quantization="q8", edu=True, prefill="positions"),
        TraceConfig(capture_mode="full", quantization="f32", attention_tier="full_matrix"),
    ],
    ids=[*PRESETS, "sampled q8", "full f32 matrix"],
)
def test_every_way_of_capturing_comes_through(config: TraceConfig, tmp_path: Path) -> None:
    path = write_random_session(tmp_path / "from", config=config, num_steps=9)
    assert_same_frames(path, here(path, tmp_path / "to"))


def test_long_rows_dropped_layers_and_a_training_scripts_arrays_come_through(tmp_path: Path) -> None:
    layout = random_layout(2, 4, 2, TraceConfig(attention_tier="full_row"))
    rng = np.random.default_rng(0)
    with SessionWriter(tmp_path, TraceSession("long", layout, num_steps=3), vocabulary=TINY_VOCABULARY) as writer:
        writer.append(random_frame(layout, rng, 0, "prefill", 0, 300, chosen_id=1))
        writer.append(
            random_frame(layout, rng, 1, "decode", 300, 1, dropped=1 << LAYERS_DROPPED_BIT, dropped_layers=(1,))
        )
        writer.append(random_frame(layout, rng, 2, "decode", 301, 1).without_payloads())
        long = seal(writer.finish("stopped", seal=False))
    assert_same_frames(long, here(long, tmp_path / "to", "long"))
    empty = Layout.plan([], TraceConfig(capture_mode="stats"))
    with SessionWriter(tmp_path, TraceSession("training", empty, kind="training")) as writer:
        for step in range(5):
            loss = {"extra/loss": np.array(1.5, np.float32)} if step != 2 else {}
            writer.append(StepFrame(step, "train", 0, 0, loss | {"extra/w": np.ones((3, 1 + step), np.float32)}))
        training = seal(writer.finish("stopped", seal=False))
    assert_same_frames(training, here(training, tmp_path / "to", "training"))


@pytest.mark.parametrize("kind", KINDS)
def test_a_hostile_file_is_refused_in_a_second_by_a_child_of_little_memory(kind: str, tmp_path: Path) -> None:
    """The second is the child's processor time, start and all: the clock of a busy machine says nothing."""
    (tmp_path / "from").mkdir()
    path = write_handmade_session(tmp_path / "from")
    make, sentence = KINDS[kind]
    make(path)
    me = psutil.Process()
    library, before, used = Library(tmp_path / "to"), me.memory_info().rss, _seconds_of_children()
    with pytest.raises(BadSession, match=sentence) as refusal:
        import_file(library, path, "given.h5")
    assert _seconds_of_children() - used < 1.0
    assert me.memory_info().rss - before < 8e6, "the server's memory moved"
    assert "\n" not in str(refusal.value)
    assert str(tmp_path) not in str(refusal.value)
    assert library.list() == []
    assert list((tmp_path / "to").iterdir()) == []


def _seconds_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def rewritten(path: Path, **changes: Any) -> Path:
    """Another description in the file, with its checksum; `layout__x` changes a field of the layout."""
    with h5py.File(path, "r+") as file:
        session = json.loads(file.attrs["session"])
        for name, value in changes.items():
            where = session["layout"] if name.startswith("layout__") else session
            where[name.removeprefix("layout__")] = value
        text = json.dumps(session)
        file.attrs["session"], file.attrs["session_crc32"] = text, np.uint32(zlib.crc32(text.encode()))
    return path


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"prompt": 7}, "prompt is no text"),
        ({"prompt": "x" * 2_000_000}, "longer than 1,000,000"),
        ({"num_steps": 1 << 60}, "num_steps is no whole number"),
        ({"num_steps": 4}, "does not fit the session's 4 steps"),
        ({"duration_s": float("nan")}, "duration_s"),
        ({"kind": "attack"}, "neither generation nor training"),
        ({"run": {"model": {"weights_hash": ["x"]}}}, "weights_hash is no text"),
        ({"sampling": [1]}, "no table of names"),
        ({"messages": [1]}, "no chat"),
        ({"model_config": {"a": {"b": {"c": {"d": 1}}}}}, "nested too deeply"),
        ({"layout__n_layer": 1 << 40}, "n_layer is no whole number"),
        ({"layout__n_head": "2"}, "not a session's|n_head is no whole number"),
        ({"layout__topk": -1}, "topk"),
        ({"layout__points": []}, "does not fit|nothing that a session"),
        ({"layout": "none"}, "no session of this program"),
        ({"format": "other"}, "no session of this program"),
        ({"format_version": 2}, "trace format version 2"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_description_that_is_none_is_refused(changes: dict[str, Any], sentence: str, tmp_path: Path) -> None:
    path = rewritten(write_handmade_session(tmp_path), **changes)
    with pytest.raises(BadSession, match=sentence):
        here(path, tmp_path / "to")
    assert not (tmp_path / "to").exists()


def test_numbers_that_count_too_far_are_refused(tmp_path: Path) -> None:
    layout = random_layout(1, 8, 1, TraceConfig(topk=2))
    good = random_frame(layout, np.random.default_rng(0), 0, "decode", 0, 1)
    for name, value, sentence in (
        ("topk/8/indices", 8, "counts to 8, where there are 8"),
        ("attention/keys", 1, "counts to 1, where there are 1"),
        ("logits/token_ids", 1000, "counts to 1,000"),
    ):
        arrays = good.arrays | {name: np.full_like(good.arrays[name], value)}
        assert_refused(tmp_path, layout, replace(good, arrays=arrays), sentence)


def assert_refused(folder: Path, layout: Layout, frame: StepFrame, sentence: str) -> None:
    with SessionWriter(folder, TraceSession("bad", layout), vocabulary=TINY_VOCABULARY) as writer:
        writer.append(frame)
        path = seal(writer.finish("stopped", seal=False))
    with pytest.raises(BadSession, match=sentence):
        here(path, folder / "to")
    path.unlink()


@pytest.mark.parametrize(
    ("column", "value", "sentence"),
    [
        ("step", 7, "do not count up"),
        ("phase", 3, "a phase that there is not"),
        ("pos0", -5, "positions that there are not"),
        ("t_add", 1 << 30, "positions that there are not"),
        ("pos0", 4, "leave positions out"),
        ("t_add", 0, "leave positions out"),
        ("phase", 2, "leave positions out"),
        ("forced", 2, "marks that there are not"),
    ],
)
def test_steps_that_cannot_follow_each_other_are_refused(
    column: str, value: int, sentence: str, tmp_path: Path
) -> None:
    path = write_handmade_session(tmp_path)
    with h5py.File(path) as file:
        steps = {name: file[f"steps/{name}"][...] for name in STEP_COLUMNS}
    with open_session(path) as reader:
        check_steps(steps, reader.session)
        check_steps(steps | {"pos0": np.array([0, 1, 0, 1, 2], np.int32)}, reader.session)
        steps[column][2] = value
        with pytest.raises(BadSession, match=sentence):
            check_steps(steps, reader.session)


def test_what_is_no_session_at_all(tmp_path: Path) -> None:
    library = Library(tmp_path / "to")
    (tmp_path / "text.h5").write_text("no HDF5")
    with pytest.raises(BadSession, match="no HDF5 file"):
        import_file(library, tmp_path / "text.h5")
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["x"] = [1, 2]
    with pytest.raises(BadSession, match="no session of this program"):
        check(tmp_path / "other.h5", quiet)
    with pytest.raises(SessionNotFound, match="There is no file"):
        import_file(library, tmp_path / "nothing.h5")
    (tmp_path / "folder.h5").mkdir()
    with pytest.raises(BadSession, match="it is no file"):
        import_file(library, tmp_path / "folder.h5")


def test_a_full_disk_is_said_before_it_begins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_handmade_session(tmp_path)
    monkeypatch.setattr("mri.store.intake.intake.free_bytes", lambda folder: 1000)
    with pytest.raises(StoreError, match="three times as much disk"):
        import_file(Library(tmp_path / "to"), path)


def test_the_childs_limits_hold(tmp_path: Path) -> None:
    """More memory than it may have is an error in the child, not the machine's trouble."""
    code = (
        "from mri.store.intake import child as c; c.limit();\n"
        "try: bytes(c.MEMORY_BYTES)\nexcept MemoryError: print('held')"
    )
    root = Path(imports_child.__file__).parents[3]
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": str(root)}, capture_output=True, text=True
    )
    assert done.stdout.strip() == "held"


def test_in_the_background_it_tells_how_far_it_is(tmp_path: Path) -> None:
    importer = Importer(Library(tmp_path / "to"))
    upload = importer.place(1)
    upload.write_bytes((DEMOS / "demo-gift.h5").read_bytes())
    job = importer.start(upload, "gift.h5")
    broken = importer.place(1)
    broken.write_bytes(b"nothing of ours")
    other = importer.start(broken, "broken.h5")
    for thread in threading.enumerate():
        if thread.name == "import":
            thread.join(timeout=60)
    assert importer.status(job.id).state == "finished", job.message
    assert importer.status(other.id).state == "error"
    assert other.message == "This file was not imported: it is no HDF5 file."
    (info,) = importer.library.list()
    assert info.id == job.session_id
    assert [path.name for path in (tmp_path / "to").iterdir()] == [f"{info.id}.h5"]
    with pytest.raises(SessionNotFound):
        importer.status("nothing")
