"""`python -m mri fork` and `control`, in this process."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from mri.cli import app
from mri.errors import MriError
from mri.store.library import Library
from tests.capture.conftest import GOLDEN


def run(*words: str) -> Result:
    return CliRunner().invoke(app, [*words])


def forked(folder: Path, *words: str) -> Result:
    return run("fork", "demo-list", "--step", "11", "--sessions", str(folder), *words)


def test_a_fork_is_recorded_and_controlled(tmp_path: Path) -> None:
    done = forked(tmp_path, "--edit", "block.3.head.1 = 0")
    assert done.exit_code == 0, done.output
    assert "Before:  green, red, blue" in done.stdout
    assert "Now it says:  blue, blue, blue" in done.stdout
    [info] = Library(tmp_path).list()
    assert f"25 steps in {tmp_path / info.id}.h5" in done.stdout
    said = run("control", info.id, "--sessions", str(tmp_path), "--draws", "3")
    assert "None of 3 random changes did that." in said.stdout
    assert "6.43 with the fork" in said.stdout
    told = json.loads(run("control", info.id, "--sessions", str(tmp_path), "--draws", "2", "--json").stdout)
    assert (told["draws"], told["parted"], len(told["rows"])) == (2, 0, 4)


def test_two_edits_another_word_and_json(tmp_path: Path) -> None:
    words = "--edit", "block.5.head.0 = 0", "--edit", "block.3.head.1 = 0", "--token", " red", "--json"
    told = json.loads(forked(tmp_path, *words).stdout)
    assert told["edits"] == ["block.5.head.0 = 0 @ 11:", "block.3.head.1 = 0 @ 11:", 'token = " red" @ 11']
    assert told["response"].startswith(" red")
    assert (told["base"], told["fork_step"]) == (" green, red, blue, green, red, blue, green,", 11)


def test_where_nothing_changes_it_says_so(tmp_path: Path) -> None:
    done = forked(tmp_path, "--edit", "block.5.head.0 = 0")
    assert "The text stays the same:  green" in done.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--edit", "block.9.mlp = 0"), "There is no block 9"),
        (("--edit", "off"), "is no edit: write it as"),
        (("--edit", "block.3.mlp = patch(gone@1)"), "There is no session 'gone'"),
        (("--scope", "never"), "There is no scope 'never'"),
        (("--model", str(GOLDEN / "E5"), "--edit", "block.0.mlp = 0"), "other weights"),
    ],
)
def test_a_refusal_is_one_sentence_and_leaves_nothing(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    done = forked(tmp_path, *words)
    assert done.exit_code == 1
    assert isinstance(done.exception, MriError)
    assert said in str(done.exception)
    assert not list(tmp_path.iterdir())


def test_a_recording_with_edits(tmp_path: Path) -> None:
    words = "record", "ab ab", "--model", str(GOLDEN / "E5"), "--max-new-tokens", "3", "--edit", "smear = off"
    done = run(*words, "--sessions", str(tmp_path), "--device", "cpu")
    assert done.exit_code == 0, done.output
    [info] = Library(tmp_path).list()
    assert Library(tmp_path).open(info.id).session.run.edits == ("smear = off @ 0:",)
