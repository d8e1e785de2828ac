"""One model in every layout that users have gives the same logits, and what is dropped on the way is said."""

import pytest
import torch

from mri.errors import ConfigError
from mri.nanochat.checkpoint import load_model
from mri.nanochat.disk.describe import read_config
from mri.nanochat.locate import find_checkpoint
from tests.nanochat.disk.layouts import (
    GOLDEN,
    LAYOUTS,
    off,
    write_port,
)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("era", ["E1", "E5"])
def test_one_model_in_every_layout(tmp_path, era, layout):
    folder = LAYOUTS[layout](tmp_path / "model", era)
    loaded = load_model(folder, device="cpu")
    assert off(loaded, era) < 1e-4
    assert loaded.era == era
    assert loaded.tokenizer.hash == load_model(GOLDEN / era, device="cpu").tokenizer.hash
    assert loaded.weights_hash == load_model(GOLDEN / era, device="cpu").weights_hash
    assert read_config(find_checkpoint(folder)) == loaded.config
    assert loaded.tokenizer.can_chat


def test_the_seventh_is_hugging_faces_port(tmp_path):
    loaded = load_model(write_port(tmp_path / "port"), device="cpu")
    assert off(loaded, "E1") < 1e-4
    assert loaded.era == "E1"
    assert (loaded.constants.eps, loaded.constants.rotary_base, loaded.constants.softcap) == (1e-6, 10_000, 15)
    assert loaded.tokenizer.bos_id == 291  # of the tokenizer, by name: config.json says 0
    assert read_config(find_checkpoint(tmp_path / "port")).n_kv_head == 2
    assert loaded.config_hash != load_model(GOLDEN / "E1", device="cpu").config_hash  # another eps is another model


def test_windows_can_be_set_where_the_era_has_them(tmp_path):
    whole = load_model(GOLDEN / "E5", device="cpu", constants={"window_pattern": "L"})
    assert off(whole, "E5") > 1e-3
    assert off(load_model(GOLDEN / "E5", device="cpu", constants={"window_pattern": "SL"}), "E5") < 1e-4
    with pytest.raises(ConfigError, match="Era E1 has no windows"):
        load_model(GOLDEN / "E1", device="cpu", constants={"window_pattern": "SL"})


def test_weights_and_cache_in_bfloat16(tmp_path):
    loaded = load_model(GOLDEN / "E5", device="cpu", dtype="bfloat16")
    assert {parameter.dtype for parameter in loaded.model.parameters()} == {torch.bfloat16}
    assert loaded.model.cos.dtype == torch.float32
    assert 1e-4 < off(loaded, "E5") < 0.2
    assert load_model(GOLDEN / "E5", device="cpu", dtype=torch.bfloat16).weights_hash == loaded.weights_hash
