"""Export and import on the command line: files, sentences, exit codes."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from mri.cli import app
from mri.errors import BadSession, ConfigError, MriError, SessionNotFound, StoreError
from mri.export.files import TABLES
from mri.store.opening import open_session
from tests.conftest import write_handmade_session


@pytest.fixture
def sessions(tmp_path: Path) -> Path:
    folder = tmp_path / "sessions"
    write_handmade_session(folder)
    write_handmade_session(folder, "journal", seal=False)
    return folder


def mri(*args: object) -> str:
    done = CliRunner().invoke(app, [str(arg) for arg in args])
    if isinstance(done.exception, MriError):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.stdout


def test_one_table_of_two_sessions(sessions: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    said = mri(
        "export", "handmade", "journal", "--what", "stats", "--format", "csv", "--out", out, "--sessions", sessions
    )
    assert sorted(path.name for path in out.iterdir()) == ["handmade.stats.csv", "journal.stats.csv"]
    assert said.split() == [str(out / "handmade.stats.csv"), str(out / "journal.stats.csv")]
    assert len(pd.read_csv(out / "handmade.stats.csv")) == 5 * 21


def test_all_tables_are_files_beside_each_other(sessions: Path, tmp_path: Path) -> None:
    mri("export", "handmade", "--out", tmp_path, "--sessions", sessions)
    names = {path.name for path in tmp_path.glob("handmade*")}
    assert names == {f"handmade.{table}.parquet" for table in TABLES}
    assert pd.read_parquet(tmp_path / "handmade.stats.parquet").attrs["session_id"] == "handmade"


def test_a_journal_becomes_one_file_first(sessions: Path, tmp_path: Path) -> None:
    mri("export", "journal", "--format", "h5", "--out", tmp_path, "--sessions", sessions)
    with open_session(tmp_path / "journal.h5") as reader:
        assert reader.num_steps == 5
        reader.verify()
    assert (sessions / "journal.h5").exists()


def test_mistakes_are_told_before_anything_is_written(sessions: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    for args, error in (
        (("handmade", "nothing"), SessionNotFound),
        (("handmade", "--what", "weights"), ConfigError),
        (("handmade", "--format", "xlsx"), ConfigError),
        (("handmade", "--format", "h5", "--what", "stats"), ConfigError),
    ):
        with pytest.raises(error):
            mri("export", *args, "--out", out, "--sessions", sessions)
    assert not out.exists()
    out.write_text("a file where the folder should be")
    with pytest.raises(StoreError, match="Cannot write"):
        mri("export", "handmade", "--out", out, "--sessions", sessions)


def test_a_file_from_someone_else_is_taken_in(sessions: Path, tmp_path: Path) -> None:
    said = mri("import", sessions / "handmade.h5", "--sessions", tmp_path / "mine")
    (path,) = (tmp_path / "mine").iterdir()
    assert said.startswith(path.stem)
    assert "5 steps of handmade 2 × 8" in said
    with open_session(path) as mine, open_session(sessions / "handmade.h5") as theirs:
        assert mine.records(0, 5) == theirs.records(0, 5)


def test_what_cannot_be_taken_in_is_told(sessions: Path, tmp_path: Path) -> None:
    with pytest.raises(SessionNotFound, match="There is no file"):
        mri("import", tmp_path / "nothing.h5", "--sessions", sessions)
    (tmp_path / "text.h5").write_text("text")
    with pytest.raises(BadSession, match="no HDF5 file"):
        mri("import", tmp_path / "text.h5", "--sessions", sessions)
