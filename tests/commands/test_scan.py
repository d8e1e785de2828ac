"""`python -m mri scan`, in this process."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

import mri
from mri.cli import app
from mri.commands.scan import share_of
from mri.errors import ConfigError, MriError

GOLDEN = Path(__file__).parents[1] / "golden" / "E5"


def run(*words: str) -> Result:
    return CliRunner().invoke(app, ["scan", *words, "--model", str(GOLDEN), "--device", "cpu"])


def test_a_scan_its_progress_and_its_json(tmp_path: Path) -> None:
    out = str(tmp_path / "out")
    done = run("embedded:6", "--out", out, "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert (told["documents"], told["shards"], told["missing"]) == (6, 1, 0)
    assert "1 of 1 shards" in done.stderr
    assert "tokens a second, 0 s left" in done.stderr
    assert mri.open_scan(out).part.documents.tolist() == [3, 3]
    again = run("embedded:6", "--out", out)
    assert again.exit_code == 0
    assert "6 documents in 1 shards." in again.stdout
    assert again.stderr == ""  # nothing was done again
    other = run("embedded:7", "--out", out)
    assert isinstance(other.exception, MriError)


def test_a_dry_run_says_size_and_time_and_writes_nothing(tmp_path: Path) -> None:
    done = run("embedded:6", "--out", str(tmp_path / "out"), "--dry-run")
    assert done.exit_code == 0, done.output
    assert "6 documents, about" in done.stdout
    assert "bytes a neuron" in done.stdout
    told = json.loads(run("embedded:6", "--out", str(tmp_path / "out"), "--dry-run", "--json").stdout)
    assert told["documents"] == 6
    assert list(tmp_path.iterdir()) == []


def test_what_is_left_to_others_is_said(tmp_path: Path) -> None:
    done = run("embedded:6", "--out", str(tmp_path), "--shard", "1/2")
    assert "1 are left to others" in done.stdout


@pytest.mark.parametrize("text", ["4/4", "1", "-1/2", "a/b"])
def test_a_share_that_is_none(text: str) -> None:
    assert share_of("3/4") == (3, 4)
    with pytest.raises(ConfigError, match="is no share"):
        share_of(text)
