"""`python -m mri check`, in this process."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from mri.cli import app
from tests.nanochat.disk.layouts import flat_native, write_port

GOLDEN = Path(__file__).parents[1] / "golden"


pytestmark = pytest.mark.usefixtures("quick_check")


def run(*words: str) -> Result:
    return CliRunner().invoke(app, ["check", *words])


def test_a_table_with_a_line_for_all_that_was_compared() -> None:
    done = run(str(GOLDEN / "E4"), "--device", "cpu")
    assert done.exit_code == 0, done.output
    assert "queries and keys" in done.stdout
    assert "Every line that can be judged is right." in done.stdout


def test_json_of_a_model_that_is_wrong_ends_with_1(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mri.capture.attention._precise", lambda x: x.bfloat16())
    done = run(str(GOLDEN / "E1"), "--device", "cpu", "--json")
    assert done.exit_code == 1
    told = json.loads(done.stdout)
    assert told["is_right"] is False
    assert [line["name"] for line in told["lines"] if line["state"] == "wrong"] == ["attention"]


def test_a_constant_set_by_hand_is_said_and_right() -> None:
    done = run(str(GOLDEN / "E4"), "--device", "cpu", "--set", "softcap=20")
    assert done.exit_code == 0, done.output
    assert "softcap is 20 and not 15" in done.stdout


def test_weights_in_bfloat16_are_allowed_what_they_round() -> None:
    done = run(str(GOLDEN / "E5"), "--device", "cpu", "--dtype", "bfloat16", "--json")
    assert done.exit_code == 0, done.output
    assert {line["tolerance"] for line in json.loads(done.stdout)["lines"]} >= {0.05, 0}


def test_a_tokenizer_named_by_hand_and_what_is_to_be_noted_of_the_files(tmp_path: Path) -> None:
    folder = flat_native(tmp_path / "model", "E5")
    (folder / "tokenizer.pkl").rename(tmp_path / "mine.pkl")
    without = run(str(folder), "--device", "cpu")
    assert "No tokenizer lies near" in without.stdout
    done = run(str(folder), "--device", "cpu", "--tokenizer", str(tmp_path / "mine.pkl"), "--json")
    line = next(line for line in json.loads(done.stdout)["lines"] if line["name"] == "file")
    assert (line["state"], line["found"], line["cause"]) == ("right", "nothing to note", "")


def test_an_alarm_is_said_and_no_failure(tmp_path: Path) -> None:
    done = run(str(write_port(tmp_path / "port", "E5")), "--device", "cpu")
    assert done.exit_code == 0, done.output
    assert "This may not be the model that was trained: the file lacks" in done.stdout


def test_a_checkout_that_is_none_is_a_wrong_line(tmp_path: Path) -> None:
    done = run(str(GOLDEN / "E4"), "--device", "cpu", "--upstream", str(tmp_path))
    assert done.exit_code == 1
    assert "Wrong: upstream." in done.stdout
    assert "has no nanochat/gpt.py" in done.stdout
