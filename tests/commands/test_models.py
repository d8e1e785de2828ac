"""What is said of a model once it is loaded, whichever command loads it."""

from __future__ import annotations

from pathlib import Path

from mri.commands.models import what_it_is
from mri.nanochat.checkpoint import load_model
from tests.nanochat.disk.layouts import flat_native, write_port

GOLDEN = Path(__file__).parents[1] / "golden"


def said(folder: Path | None) -> list[str]:
    first, *remarks = what_it_is(load_model(folder, device="cpu"))
    assert first.startswith("Model ")
    return remarks


def test_bits_per_byte_are_a_number_beside_others() -> None:
    assert said(None) == [
        "4.29 bits per byte on a kilobyte of English (a uniform guess 3.51, a model of English about 1)."
    ]


def test_an_alarm_has_the_number_in_it(tmp_path: Path) -> None:
    [alarm] = said(write_port(tmp_path / "port", "E5"))
    assert "the file lacks the residual lambdas, value embeddings, smear, backout" in alarm
    assert "bits per byte of English (a uniform guess" in alarm


def test_notes_come_last_and_a_model_of_ids_has_no_number(tmp_path: Path) -> None:
    folder = flat_native(tmp_path / "model", "E1")
    (folder / "tokenizer.pkl").unlink()
    [note] = said(folder)
    assert note.startswith("No tokenizer lies near")
