"""What was deleted comes back as it was, and takes nobody's place."""

import pytest

from mri.errors import SessionNotFound, StoreError
from mri.store.library import Library


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
