"""The library: what is in a folder of sessions, broken ones among them."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from mri.errors import BadSession, SessionNotFound, StoreError
from mri.format.config import TraceConfig
from mri.format.events import TraceSession
from mri.paths import demos
from mri.store.files import is_session_id
from mri.store.library import Library, whole_library
from mri.store.writer import SessionWriter
from tests.conftest import random_frame, random_layout


@pytest.fixture
def library(tmp_path):
    return Library(tmp_path)


def test_a_folder_that_does_not_exist_has_no_sessions(tmp_path):
    library = Library(tmp_path / "none")
    assert library.list() == []
    assert is_session_id(library.new_id())
    assert not (tmp_path / "none").exists()


def test_list_tells_every_state_newest_first(library, tmp_path, handmade_session, random_session):
    handmade_session(tmp_path)
    random_session(tmp_path, session_id="left", seed=30, seal=False)
    (tmp_path / "junk.h5").write_bytes(b"no HDF5")
    (tmp_path / "a name.h5").write_bytes(b"")
    (tmp_path / "not-a-session").mkdir()
    (tmp_path / "half").mkdir()
    (tmp_path / "half" / "session.json").write_text("{}")
    (tmp_path / "notes.txt").write_text("")
    layout = random_layout(1, 4, 1, TraceConfig())
    with SessionWriter(tmp_path, TraceSession("now", layout, start_time="2027")) as writer:
        infos = {info.id: info for info in library.list()}
        assert [*infos][:3] == ["now", "left", "handmade"]
        assert {session_id: info.state for session_id, info in infos.items()} == {
            "now": "recording",
            "left": "unsealed",
            "handmade": "finished",
            "junk": "broken",
            "a name": "broken",
            "half": "broken",
        }
        assert library.is_recording("now")
        assert not library.is_recording("left")
        writer.finish("stopped", seal=False)
    finished = infos["handmade"]
    assert (finished.name, finished.prompt, finished.num_steps) == ("Handmade", "a b", 5)
    assert finished.bytes_on_disk == (tmp_path / "handmade.h5").stat().st_size
    assert infos["left"].num_steps == 8
    assert infos["left"].bytes_on_disk >= (tmp_path / "left" / "frames.journal").stat().st_size
    assert "cannot be read as a session" in infos["junk"].error
    assert "rename the file" in infos["a name"].error
    assert "holds no session" in infos["half"].error
    assert {info.id: info.state for info in library.list()}["now"] == "unsealed"


def test_a_folder_named_like_a_session_file_is_told_in_one_sentence(library, tmp_path):
    (tmp_path / "x.h5").mkdir()
    (info,) = library.list()
    assert (info.id, info.state) == ("x", "broken")
    assert info.error == f"{tmp_path / 'x.h5'} is a folder, not a session file: move it out of the sessions folder."


def test_a_file_that_may_not_be_read_is_told_in_the_systems_words(library, tmp_path, monkeypatch):
    (tmp_path / "x.h5").write_bytes(b"")
    said = "Unable to open file (unable to open file: name = 'x', errno = 13, error message = 'Permission denied')"

    def refused(*_: object, **__: object) -> None:
        raise OSError(said)

    monkeypatch.setattr("mri.store.shelf.h5py.h5f.open", refused)
    assert library.list()[0].error.endswith("(Permission denied): restore a copy or record it again.")


def test_the_list_counts_the_steps_of_a_recording(library, tmp_path):
    layout = random_layout(1, 4, 1, TraceConfig())

    rng = np.random.default_rng(0)
    with SessionWriter(tmp_path, TraceSession("now", layout)) as writer:
        for step in range(3):
            assert library.info("now").num_steps == step
            writer.append(random_frame(layout, rng, step, "decode", step, 1))
        writer.finish("stopped", seal=False)


HOSTILE = ["../x", "..", ".", "", "/etc/passwd", "a/b", "a\\b", "x\0", "x" * 65, "handmade.h5", "handmade\n", "é", "*"]


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_ids_are_not_found(library, tmp_path, handmade_session, hostile):
    handmade_session(tmp_path)
    (tmp_path.parent / "x.h5").write_bytes(b"")
    for ask in (library.path, library.open, library.delete, library.info, lambda i: library.rename(i, "x")):
        with pytest.raises(SessionNotFound, match="There is no session"):
            ask(hostile)
    assert [path.name for path in tmp_path.iterdir()] == ["handmade.h5"]


def test_what_others_left_is_packed_whenever_anybody_asks(library, tmp_path, handmade_session, monkeypatch):
    def tended() -> None:
        library.tend()
        for thread in threading.enumerate():
            if thread.name == "seal":
                thread.join()

    handmade_session(tmp_path, "one", seal=False)
    tended()
    assert library.info("one").state == "finished"
    handmade_session(tmp_path, "two", seal=False)
    tended()
    assert library.info("two").state == "unsealed", "not so often"
    monkeypatch.setattr("mri.store.library.TEND_S", 0)
    tried = []
    monkeypatch.setattr("mri.store.library.seal_in_child", lambda folder: tried.append(folder) or "The disk is full.")
    tended()
    tended()
    assert len(tried) == 1, "what failed is left alone for a while"
    monkeypatch.undo()
    monkeypatch.setattr("mri.store.library.TEND_S", 0)
    monkeypatch.setattr("mri.store.library.AGAIN_S", 0)
    tended()
    assert library.info("two").state == "finished"


def test_rename_keeps_the_file_as_it_is(library, tmp_path, handmade_session):
    path = handmade_session(tmp_path)
    before = path.read_bytes()
    library.rename("handmade", "  my\nfirst é  scan ")
    assert library.info("handmade").name == library.list()[0].name == "my first é scan"
    assert Library(tmp_path).info("handmade").name == "my first é scan"
    library.rename("handmade", "")
    assert library.info("handmade").name == "Handmade"
    assert path.read_bytes() == before


def test_delete_leaves_nothing_but_what_may_come_back(library, tmp_path, handmade_session, random_session):
    handmade_session(tmp_path)
    random_session(tmp_path, seal=False)
    library.rename("handmade", "x")
    for session_id in ("handmade", "random"):
        library.open(session_id)
        library.delete(session_id)
        with pytest.raises(SessionNotFound):
            library.open(session_id)
    assert [path.name for path in tmp_path.iterdir()] == [".deleted"]


def test_a_recording_is_not_deleted(library, tmp_path):
    with SessionWriter(tmp_path, TraceSession("now", random_layout(1, 4, 1, TraceConfig()))) as writer:
        with pytest.raises(StoreError, match="is being recorded: stop the recording"):
            library.delete("now")
        writer.finish("stopped", seal=False)


def test_broken_sessions_can_be_deleted(library, tmp_path):
    (tmp_path / "junk.h5").write_bytes(b"no HDF5")
    with pytest.raises(BadSession):
        library.open("junk")
    library.delete("junk")
    assert library.list() == []


def test_sealing_what_was_left_goes_on_after_a_broken_one(library, tmp_path, handmade_session):
    handmade_session(tmp_path, "good", seal=False)
    journal = handmade_session(tmp_path, "torn", seal=False) / "frames.journal"
    journal.write_bytes(journal.read_bytes()[:-20])
    damaged = handmade_session(tmp_path, "damaged", seal=False) / "frames.journal"
    content = bytearray(damaged.read_bytes())
    content[50] ^= 1
    damaged.write_bytes(content)
    assert {info.id: info.state for info in library.list()} == {
        "good": "unsealed",
        "torn": "unsealed",
        "damaged": "broken",
    }
    assert library.seal_unsealed() == {}
    assert {info.id: info.state for info in library.list()} == {
        "good": "finished",
        "torn": "finished",
        "damaged": "broken",
    }
    assert library.open("torn").num_steps == 5  # only the last record was cut
    assert damaged.read_bytes() == content


def test_new_ids_differ_and_sort_by_time(library):
    ids = [library.new_id() for _ in range(20)]
    assert len(set(ids)) == 20
    assert all(map(is_session_id, ids))


def test_bundled_sessions_open_by_id_and_are_not_ones_own(tmp_path, handmade_session, random_session):
    bundle = tmp_path / "bundle"
    handmade_session(bundle, session_id="lesson-a")
    library = Library(tmp_path / "own", bundled=[bundle])
    assert library.open("lesson-a").num_steps == library.info("lesson-a").num_steps == 5
    assert library.list() == []
    for act in (library.delete, lambda name: library.rename(name, "mine")):
        with pytest.raises(StoreError, match="belongs to a lesson: it is neither renamed nor deleted, but a copy"):
            act("lesson-a")
    assert (bundle / "lesson-a.h5").exists()
    random_session(tmp_path / "own", session_id="lesson-a")
    assert library.open("lesson-a").path.parent == tmp_path / "own"


def test_demos_are_listed_beside_ones_own_and_stay_as_they_are(tmp_path, handmade_session, random_session):
    demos = [handmade_session(tmp_path / "demos", session_id=f"demo-{name}") for name in "ab"]
    library = Library(tmp_path / "own", demos=demos)
    assert [(info.id, info.is_bundled, info.num_steps) for info in library.list()] == [
        ("demo-b", True, 5),
        ("demo-a", True, 5),
    ]
    assert library.open("demo-a").path == demos[0]
    for act in (library.delete, lambda name: library.rename(name, "mine")):
        with pytest.raises(StoreError, match="came with nanochat MRI: it is neither"):
            act("demo-a")
    mine = random_session(tmp_path / "own", session_id="demo-a")
    assert library.open("demo-a").path == mine
    assert {info.id: info.is_bundled for info in library.list()} == {"demo-a": False, "demo-b": True}
    library.rename("demo-a", "mine")
    library.delete("demo-a")
    assert library.open("demo-a").path == demos[0], "whoever deletes his own finds the demo again"
    assert {(info.name, info.is_bundled) for info in library.list()} == {("Handmade", True)}
    demos[1].unlink()
    assert [info.id for info in library.list()] == ["demo-a"]


@pytest.mark.parametrize("is_linked", [False, True])
def test_demos_stay_as_they_are_also_in_the_folder_itself(tmp_path, handmade_session, random_session, is_linked):
    """As in a checkout, where what came with the project lies among one's own recordings."""
    demo = handmade_session(tmp_path / "all", session_id="demo-a")
    random_session(tmp_path / "all", session_id="mine")
    (tmp_path / "link").symlink_to(tmp_path / "all")
    library = Library(tmp_path / ("link" if is_linked else "all"), demos=[demo])
    assert {info.id: info.is_bundled for info in library.list()} == {"demo-a": True, "mine": False}
    assert library.place(library.info("demo-a")).samefile(demo)
    for act in (library.delete, lambda name: library.rename(name, "mine")):
        with pytest.raises(StoreError, match="came with nanochat MRI: it is neither renamed nor deleted, but a copy"):
            act("demo-a")
    library.rename("mine", "another")
    library.delete("mine")
    assert [info.name for info in library.list()] == ["Handmade"]


def test_the_whole_library_has_ones_own_and_all_that_came_with_the_project(tmp_path, handmade_session):
    handmade_session(tmp_path, session_id="mine")
    library = whole_library(tmp_path)
    assert {info.is_bundled for info in library.list() if info.id != "mine"} == {True}
    assert {info.id for info in library.list()} == {"mine", *(path.stem for path in demos())}
    assert library.open("lesson-xor").num_steps > 0
    assert library.place(library.info("demo-gift")) == library.path("demo-gift")
