"""docs/new-era.md, carried out: one row in the table, and a checkpoint of an era that does not exist loads and is
recorded with all that eras have."""

import re
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import torch

from mri.export.trace import open_trace
from mri.format.config import Sampling
from mri.making.initial import init_weights
from mri.nanochat import eras
from mri.nanochat.checkpoint import load_model
from mri.nanochat.config import GPTConfig
from mri.nanochat.eras import ERAS, Era
from mri.nanochat.model import GPT
from mri.run.record import record_generation
from tests.nanochat.disk.layouts import pickled_tokenizer, write_json

PAGE = Path(__file__).parents[2] / "docs" / "new-era.md"
CONFIG = GPTConfig(64, 300, 3, 4, 2, 64, "SL")


@pytest.fixture
def era():
    """The page's own lines, executed."""
    [code] = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    before = dict(ERAS)
    exec(code, {"ERAS": ERAS, "Era": Era, "WINDOW_TILE": eras.WINDOW_TILE})
    yield ERAS["E6"]
    ERAS.clear()
    ERAS.update(before)


@pytest.fixture
def folder(era, tmp_path):
    """A checkpoint of random weights."""
    model = GPT(CONFIG, era)
    init_weights(model, 7)
    with torch.no_grad():
        model.lm_head.weight.mul_(300)
        model.backout_lambda.fill_(0.3)
    checkpoint = tmp_path / "base_checkpoints" / "d3"
    write_json(checkpoint / "meta_000001.json", {"step": 1, "model_config": asdict(CONFIG)})
    torch.save(model.state_dict(), checkpoint / "model_000001.pt")
    pickled_tokenizer(tmp_path / "tokenizer", "E5")
    return tmp_path


def test_a_row_is_all_that_a_new_combination_of_facts_needs(folder, era):
    loaded = load_model(folder, device="cpu")
    assert loaded.era == "E6"
    assert "smear_gate.weight" not in loaded.model.state_dict()
    assert loaded.model.transformer["h"][2].attn.ve_gate.weight.shape == (2, 16)
    assert (loaded.constants.rotary_base, loaded.constants.qk_scale) == (500_000, 1.3)
    assert [block.attn.window for block in loaded.model.transformer["h"]] == [era.short_window(64), 64, 64]


def test_its_ledger_adds_up_like_every_other(folder, tmp_path):
    loaded = load_model(folder, device="cpu")
    recording = record_generation(
        loaded, [291, 5, 7], sampling=Sampling(4, 0, None, 1), config="standard", sessions=tmp_path / "sessions"
    )
    trace = open_trace(recording.path)
    assert trace.session.run.model.era == "E6"
    for step in range(trace.num_steps):
        frame = trace.frame(step).arrays
        assert np.abs(frame["ledger/left_over"]).max() < 1e-4 * max(1, np.abs(frame["ledger/heads"]).max())


def test_the_old_eras_are_told_as_before(era):
    for name in ("E1", "E2", "E3", "E4", "E5"):
        assert load_model(Path(__file__).parents[1] / "golden" / name, device="cpu").era == name


def test_the_page_names_every_field(era):
    text = PAGE.read_text("utf-8")
    assert [
        name for name in Era.__dataclass_fields__ if name not in ("name", "since") and f"`{name}`" not in text
    ] == []
