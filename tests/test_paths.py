"""What a person means by a path, at every door."""

from __future__ import annotations

from pathlib import Path

import pytest

from mri.errors import StoreError
from mri.export.trace import open_trace
from mri.nanochat.locate import find_checkpoint
from mri.paths import as_path
from mri.store.intake.intake import import_file
from mri.store.library import Library
from mri.store.opening import open_session
from mri.web.server import create_app
from mri.web.services import EXTENSION
from tests.conftest import write_handmade_session

GOLDEN = Path(__file__).parent / "golden" / "E5"


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("said", ["~/runs", "$HOME/runs", "${HOME}/runs", " ~/runs\n", "file://HOME/runs"])
def test_home_is_understood_however_it_is_written(home, said):
    assert as_path(said.replace("HOME/runs", f"{home}/runs") if "file" in said else said) == home / "runs"
    assert as_path(Path("~/runs")) == home / "runs"


def test_other_paths_stay_as_they_are(home):
    for text in ("runs", "/a/b c", "../x", "$NOTHING/x", "a~b"):
        assert as_path(text) == Path(text)
    assert as_path("file:///a%20b/c.h5") == Path("/a b/c.h5")


def test_every_door_understands_it(home):
    path = write_handmade_session(home / "runs")
    assert Library("~/runs").list()[0].id == "handmade"
    for said in ("~/runs/handmade.h5", "$HOME/runs/handmade.h5", f"file://{path}", Path("~/runs/handmade.h5")):
        with open_session(said) as reader, open_trace(said) as trace:
            assert reader.num_steps == trace.num_steps == 5
    session_id = import_file(Library("~/mine"), Path("~/runs/handmade.h5"))
    assert (home / "mine" / f"{session_id}.h5").exists()
    (home / "models").symlink_to(GOLDEN)
    assert find_checkpoint(Path("$HOME/models")).tag == find_checkpoint(Path("~/models")).tag == "d3"
    services = create_app(Path("~/runs"), Path("~/models")).server.extensions[EXTENSION]
    assert (services.library.folder, services.models.asked) == (home / "runs", home / "models")
    assert not (home / "~").exists()


def test_a_file_where_a_folder_should_be_is_a_sentence(home):
    path = write_handmade_session(home)
    with pytest.raises(StoreError, match=r"handmade.h5 is a file: give the folder of the sessions"):
        Library(path)
