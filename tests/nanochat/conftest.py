"""A checkpoint that a test may spoil."""

import shutil

import pytest

from tests.nanochat.disk.layouts import GOLDEN


@pytest.fixture
def base(tmp_path):
    """A copy of the E5 golden base directory, to be spoilt."""
    for part in ("tokenizer", "base_checkpoints"):
        shutil.copytree(GOLDEN / "E5" / part, tmp_path / part)
    return tmp_path
