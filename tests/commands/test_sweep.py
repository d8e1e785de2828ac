"""`python -m mri sweep`, in this process and through the entry."""

from __future__ import annotations

import json

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


def test_a_refusal_is_a_sentence() -> None:
    done = CliRunner().invoke(app, ["sweep", "demo-story", "--step", "35", "--kind", "patch"])
    assert "no sweep 'patch'" in str(done.exception)
