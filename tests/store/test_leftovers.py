"""What crashes left goes when nobody can be at it any more, and nothing else goes."""

from __future__ import annotations

import os
import time

import pytest

from mri.errors import SessionNotFound, StoreError
from mri.format.config import TraceConfig
from mri.format.events import TraceSession
from mri.store.files import partial
from mri.store.leftovers import STALE_S, sweep
from mri.store.library import Library
from mri.store.locks import QUIET_S
from mri.store.seal import seal
from mri.store.writer import SessionWriter
from tests.conftest import random_layout


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def made_long_ago(path, seconds=STALE_S + 60):
    then = time.time() - seconds
    os.utime(path, (then, then), follow_symlinks=False)
    return path


@pytest.mark.parametrize("there", [["lock"], ["lock", "recorder.json"], ["vocabulary.safetensors", "frames.journal"]])
def test_a_folder_of_a_recording_that_never_began(tmp_path, there):
    folder = tmp_path / "one"
    folder.mkdir()
    for name in there:
        (folder / name).touch()
    partial(folder / "session.json").touch()
    sweep(tmp_path)
    assert names(tmp_path) == ["one"], "somebody may be at it just now"
    made_long_ago(folder, QUIET_S + 60)
    sweep(tmp_path)
    assert names(tmp_path) == []


def test_what_is_not_ours_or_holds_steps_stays(tmp_path, handmade_session):
    handmade_session(tmp_path)
    (handmade_session(tmp_path, "lost", seal=False) / "session.json").unlink()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").touch()
    (tmp_path / "empty").mkdir()
    (tmp_path / ".git").mkdir()
    (tmp_path / "notes.partial").touch()
    (tmp_path / "link").symlink_to(tmp_path / "mine")
    before = names(tmp_path)
    for name in before:
        made_long_ago(tmp_path / name)
    sweep(tmp_path)
    assert names(tmp_path) == before
    library = Library(tmp_path)
    assert library.info("lost").state == "broken"
    assert "session.json is missing" in library.info("lost").error
    library.delete("lost")


def test_a_recording_under_way_stays(tmp_path):
    with SessionWriter(tmp_path, TraceSession("now", random_layout(1, 4, 1, TraceConfig()))) as writer:
        (writer.folder / "session.json").unlink()
        made_long_ago(writer.folder)
        sweep(tmp_path)
        assert names(tmp_path) == ["now"]
        writer.finish("stopped", seal=False)


def test_temporary_files_and_imports_of_the_killed(tmp_path):
    for path in (tmp_path / "x.name", tmp_path / "x.h5"):
        partial(path).touch()
    (tmp_path / "x.name.partial").touch()  # as earlier versions named them
    staging = tmp_path / ".imports"
    (staging / "id" / "id").mkdir(parents=True)
    (staging / "upload-1.h5").touch()
    before = names(tmp_path)
    sweep(tmp_path)
    assert names(tmp_path) == before
    for path in (*staging.iterdir(), *tmp_path.iterdir()):
        made_long_ago(path)
    sweep(tmp_path)
    assert names(tmp_path) == []


def test_a_packed_journal_on_its_way_out_ends_there_and_any_other_goes_back(tmp_path, handmade_session):
    done = seal(handmade_session(tmp_path, "done", seal=False))
    made_long_ago(handmade_session(tmp_path, "done2", seal=False).rename(partial(tmp_path / "done")))
    made_long_ago(handmade_session(tmp_path, "back", seal=False).rename(partial(tmp_path / "back")))
    sweep(tmp_path)
    assert names(tmp_path) == ["back", "done.h5"]
    assert done.exists()
    assert Library(tmp_path).open("back").num_steps == 5


def test_what_was_deleted_long_ago_is_gone(tmp_path, handmade_session):
    library = Library(tmp_path)
    for session_id in ("old", "new"):
        handmade_session(tmp_path, session_id)
        library.delete(session_id)
    made_long_ago(tmp_path / ".deleted" / "old")
    sweep(tmp_path)
    assert names(tmp_path / ".deleted") == ["new"]
    library.restore("new")


@pytest.fixture
def library(tmp_path):
    return Library(tmp_path)


def test_what_was_deleted_comes_back_with_its_name(library, tmp_path, handmade_session, random_session):
    handmade_session(tmp_path)
    random_session(tmp_path, seal=False)
    library.rename("handmade", "x")
    for session_id in ("handmade", "random"):
        library.delete(session_id)
    assert library.list() == []
    for session_id in ("handmade", "random"):
        library.restore(session_id)
        with pytest.raises(SessionNotFound, match="not kept any more"):
            library.restore(session_id)
    assert {info.id: info.name for info in library.list()}["handmade"] == "x"
    assert library.open("random").num_steps


def test_what_was_deleted_does_not_take_the_place_of_a_new_one(library, tmp_path, handmade_session):
    handmade_session(tmp_path)
    library.delete("handmade")
    handmade_session(tmp_path)
    with pytest.raises(StoreError, match="There is a session handmade again"):
        library.restore("handmade")
    library.delete("handmade")
    library.restore("handmade")
    assert [info.id for info in library.list()] == ["handmade"]
    for name in ("..", "no id", "never"):
        with pytest.raises(SessionNotFound):
            library.restore(name)
