"""The alarm: of files that have no place for parts, and of no others."""

import pytest

from mri.nanochat.checkpoint import load_model
from tests.nanochat.disk.layouts import GOLDEN, write_port


@pytest.mark.parametrize("era", ["E3", "E5"])
def test_a_port_that_dropped_parts_raises_an_alarm(tmp_path, era):
    loaded = load_model(write_port(tmp_path / "port", era), device="cpu")
    assert loaded.era == "E1"
    assert loaded.can_lack_parts
    assert "the file lacks the residual lambdas, value embeddings, smear, backout" in loaded.alarm
    assert f"{loaded.bits_per_byte.value:.2f} bits per byte of English" in loaded.alarm


def test_nanochats_own_files_raise_none(tmp_path):
    loaded = load_model(GOLDEN / "E1", device="cpu")
    assert not loaded.can_lack_parts
    assert loaded.alarm == ""
    assert loaded.bits_per_byte.value > 2.5
