"""A copy of a session is one's own, whole, and called after it."""

import shutil

import pytest

from mri.errors import BadSession, SessionNotFound, StoreError
from mri.store.intake.copied import copy_session
from mri.store.library import Library
from mri.store.writer import SessionWriter
from tests.conftest import stored_bytes


def test_a_copy_is_ones_own_and_has_every_step(tmp_path, handmade_session):
    demo = handmade_session(tmp_path / "demos", session_id="demo-a")
    handmade_session(tmp_path / "lesson", session_id="lesson-a")
    library = Library(tmp_path / "own", demos=[demo], bundled=[tmp_path / "lesson"])
    for source in ("demo-a", "lesson-a"):
        copy = copy_session(library, source)
        info = library.info(copy)
        assert (info.name, info.is_bundled, info.state) == ("Copy of Handmade", False, "finished")
        one, other = library.open(source), library.open(copy)
        assert other.session.id == copy
        assert [stored_bytes(one, step) for step in range(5)] == [stored_bytes(other, step) for step in range(5)]
        other.verify()
        library.rename(copy, "mine")
        library.delete(copy)
    assert [path.name for path in (tmp_path / "own").iterdir()] == [".deleted"]


def test_what_cannot_be_copied_is_a_sentence_and_leaves_nothing(tmp_path, handmade_session):
    session = Library(tmp_path / "x", demos=[handmade_session(tmp_path, session_id="demo-a")]).open("demo-a").session
    library = Library(tmp_path / "own", demos=[tmp_path / "demo-a.h5"])
    with pytest.raises(SessionNotFound):
        copy_session(library, "nothing")
    writer = SessionWriter(library.folder, session)
    with pytest.raises(StoreError, match="is not packed yet: copy it when its recording is over"):
        copy_session(library, session.id)
    writer.finish("stopped", seal=False)
    library.delete(session.id)
    (library.folder / "broken.h5").write_bytes(b"no session")
    with pytest.raises(BadSession):
        copy_session(library, "broken")
    shutil.rmtree(library.folder)
    library.folder.write_bytes(b"")  # where the folder should be
    with pytest.raises(StoreError, match="Cannot write to"):
        copy_session(library, "demo-a")
