"""The line about a person's own checkout, here one of the test's own making: it runs by its own code, in another
process."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from mri.nanochat.checkpoint import LoadedModel, load_model
from mri.proof.check import prompt_ids
from mri.proof.upstream import upstream_line

ROOT = Path(__file__).parents[2]

CHECKOUT = f"""
import sys
from dataclasses import dataclass
sys.path.append({str(ROOT)!r})
import torch
from mri.nanochat.config import GPTConfig as Sizes
from mri.nanochat.eras import ERAS
from mri.nanochat.model import GPT as Model

@dataclass
class GPTConfig:
    sequence_len: int = 0
    vocab_size: int = 0
    n_layer: int = 0
    n_head: int = 0
    n_kv_head: int = 0
    n_embd: int = 0
    window_pattern: str = "L"

class GPT(Model):
    def __init__(self, config):
        super().__init__(Sizes(**vars(config)), ERAS["E3"], softcap=SOFTCAP)
        self.cos, self.sin = self.cos.bfloat16(), self.sin.bfloat16()

    def forward(self, idx):
        assert self.cos.dtype == torch.bfloat16, "as nanochat asserts it"
        return super().forward(idx)
"""
"""Of the third era, with a softcap of its own and its angles in bfloat16."""


@pytest.fixture(scope="module")
def loaded() -> LoadedModel:
    return load_model(ROOT / "tests" / "golden" / "E3", device="cpu")


def checkout(folder: Path, softcap: float = 15.0) -> Path:
    (folder / "nanochat").mkdir()
    (folder / "nanochat" / "gpt.py").write_text(CHECKOUT.replace("SOFTCAP", str(softcap)), "utf-8")
    return folder


def test_the_same_logits_in_float32_although_the_checkout_rounds_its_angles(
    loaded: LoadedModel, tmp_path: Path
) -> None:
    line = upstream_line(loaded, checkout(tmp_path), prompt_ids(loaded, 40))
    assert line.state == "right", line
    assert line.figure is not None
    assert line.figure < 1e-5


def test_another_softcap_is_named_with_its_cure(loaded: LoadedModel, tmp_path: Path) -> None:
    line = upstream_line(loaded, checkout(tmp_path, 20.0), prompt_ids(loaded, 40))
    assert (line.state, line.name) == ("wrong", "upstream")
    assert "--set softcap=20" in line.cause


def test_constants_that_no_era_has_are_wrong(tmp_path: Path) -> None:
    other = load_model(ROOT / "tests" / "golden" / "E3", device="cpu")
    other.model.cos = torch.roll(other.model.cos, 1, 0)
    line = upstream_line(other, checkout(tmp_path), prompt_ids(other, 40))
    assert line.state == "wrong"
    assert "take the commit that trained" in line.cause


def test_a_checkout_of_another_era_is_a_sentence(tmp_path: Path) -> None:
    other = load_model(ROOT / "tests" / "golden" / "E5", device="cpu")
    line = upstream_line(other, checkout(tmp_path), prompt_ids(other, 40))
    assert line.state == "wrong"
    assert "of era E5" in line.cause


def test_a_folder_without_nanochat_is_a_sentence(loaded: LoadedModel, tmp_path: Path) -> None:
    line = upstream_line(loaded, tmp_path, [1, 2])
    assert "has no nanochat/gpt.py" in line.cause
