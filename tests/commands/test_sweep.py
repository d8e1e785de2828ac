"""`python -m mri sweep`, in this process and through the entry."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from mri.cli import app


def run(*words: str) -> str:
    done = CliRunner().invoke(app, ["sweep", *words])
    assert done.exit_code == 0, done.output
    return done.output


def test_a_table_of_all_parts_the_most_lost_first() -> None:
    lines = run("demo-story", "--step", "35").splitlines()
    assert lines[0].startswith("Step 35: ' Mia' against ' Sunday': 19.2")
    assert lines[2].split() == ["block.1.mlp", "+0.01", "6.57", "0.15", "-0.01", "-6.55"]
    assert len(lines) == 2 + 30


def test_json_has_the_facts_and_the_parts() -> None:
    told = json.loads(run("demo-story", "--step", "35", "--token", " Mia", "--against", "#906", "--json"))
    assert (told["session_id"], told["kind"], told["token"], told["against"]) == (
        "demo-story",
        "ablate",
        " Mia",
        " Sunday",
    )
    assert len(told["parts"]) == 30
    assert set(told["parts"][0]) >= {"part", "lost", "bits", "wrote"}


def test_a_patch_names_what_gives_most_back() -> None:
    lines = run("pair-gift", "--step", "14", "--base", "demo-gift").splitlines()
    assert lines[0].startswith("Step 14: ' Tom' against ' Mia': 12.67 logits, before the softcap; -11.37 in demo-gift.")
    assert ["block.3.head.0", "14", "'", "to'", "0.90"] in [line.split() for line in lines]
    told = run("pair-gift", "--step", "14", "--base", "demo-gift", "--approximate").splitlines()[-1]
    assert told.startswith("Approximate, by the gradient; 20 cells measured as well: off by 0.1")


def test_a_knockout_names_the_looks_that_cost_most(tmp_path: Path) -> None:
    table = tmp_path / "looks.csv"
    lines = run("pair-gift", "--step", "14", "--kind", "knockout", "--out", str(table)).splitlines()
    assert lines[2].split() == ["block.5.head.0", "4", "'", "Tom'", "0.49", "21.03", "9.13"]
    assert lines[-1] == str(table)
    rows = table.read_text().splitlines()
    assert rows[0] == "step,part,block,head,position,token_id,token,weight,lost,bits"
    assert len(rows) == 1 + 24 * 15


def test_json_of_a_map_has_no_nan() -> None:
    text = run("pair-capital-what", "--step", "15", "--base", "pair-capital-which", "--json")
    told = json.loads(text, parse_constant=lambda word: pytest.fail(word))
    assert None in [row["restored"] for row in told["parts"]]
    assert told["kind"] == "patch"


def test_a_refusal_is_a_sentence() -> None:
    for words, said in (
        (("--kind", "patch"), "Name the other session"),
        (("--kind", "gradient"), "no sweep 'gradient'"),
        (("--out", "looks.xlsx"), "ending in .csv or .parquet"),
    ):
        done = CliRunner().invoke(app, ["sweep", "demo-story", "--step", "35", *words])
        assert said in str(done.exception)


def test_organs_are_told_with_what_they_cost(tmp_path: Path) -> None:
    text = tmp_path / "text.txt"
    text.write_text("Once there was a girl named Mia.")

    def told(*words: str) -> Result:
        return CliRunner().invoke(app, ["organs", "demo-story", *words])

    lines = told("--text", str(text)).output.splitlines()
    assert lines[0].startswith("Bits more for each token with one part off; 0.432 of 72 with all on, ")
    assert lines[2].split()[:2] == ["x0", "11.32"]
    assert "exactly 0 below 128 tokens" in lines[-1]
    organs = json.loads(told("--json").output)["organs"]
    assert organs[0]["text_bits"] is None
    for path, said in ((tmp_path / "gone.txt", "cannot be read"), (tmp_path, "cannot be read")):
        assert said in str(told("--text", str(path)).exception)
    text.write_bytes(b"\xff\xfe")
    assert "no text in UTF-8" in str(told("--text", str(text)).exception)
