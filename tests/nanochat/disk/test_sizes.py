"""Sizes and constants: what files say, what shapes show, and that a person knows better than both."""

import json

import pytest
import torch

from mri.nanochat.checkpoint import load_model
from tests.nanochat.disk.layouts import GOLDEN, LAYOUTS, meta_of, off, write_json, write_port
from tests.nanochat.disk.spoilt import edit_meta, refused


def test_constants_are_those_of_the_file_and_a_person_knows_better(tmp_path):
    folder = write_port(tmp_path / "port", rope_parameters={"rope_theta": 1e5}, logits_soft_cap=20)
    config = json.loads((folder / "config.json").read_text())
    del config["final_logit_softcapping"]
    write_json(folder / "config.json", config)
    loaded = load_model(folder, device="cpu")
    assert (loaded.constants.rotary_base, loaded.constants.softcap, loaded.constants.qk_scale) == (1e5, 20, 1)
    assert off(loaded, "E1") > 1e-3
    mended = load_model(folder, device="cpu", constants={"rotary_base": 1e4, "softcap": 15})
    assert off(mended, "E1") < 1e-4
    assert mended.config_hash != loaded.config_hash


def test_no_softcap_at_all(tmp_path):
    loaded = load_model(write_port(tmp_path / "port", final_logit_softcapping=None), device="cpu")
    assert loaded.constants.softcap == float("inf")
    with torch.inference_mode():
        logits, capped = (
            each.model(torch.tensor([[1, 2, 3]])) for each in (loaded, load_model(GOLDEN / "E1", device="cpu"))
        )
    assert torch.allclose(15 * torch.tanh(logits / 15), capped, atol=1e-4)


def test_a_fork_that_keeps_the_first_eras_keys_with_later_constants(tmp_path):
    """Its meta file says so with a word of its own."""
    folder = LAYOUTS["flat_native"](tmp_path / "model", "E1")
    meta = meta_of("E1")
    meta["model_config"]["hf_compatible"] = True
    write_json(folder / "meta_000010.json", meta)
    constants = load_model(folder, device="cpu").constants
    assert (constants.rotary_base, constants.qk_scale) == (1e5, 1.2)


@pytest.mark.parametrize(
    "change", [{"n_layer": 2}, {"n_layer": 5}, {"n_embd": 128}, {"n_kv_head": 4}, {"n_head": 64}, {"n_experts": 4}]
)
def test_where_meta_and_weights_differ_the_weights_count(base, change):
    whole = load_model(base, device="cpu")
    edit_meta(base, **change)
    loaded = load_model(base, device="cpu")
    assert loaded.config == whole.config
    [note] = loaded.notes
    assert str(next(iter(change))) in note
    assert "the weights count" in note or "nothing here reads" in note


def test_sizes_that_the_weights_do_not_show_must_be_told(base):
    edit_meta(base, sequence_len=None)
    refused(base, "does not say sequence_len")
