"""One model in every layout that users have gives the same logits, and what is dropped on the way is said."""

import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from mri.errors import ConfigError, ModelError
from mri.nanochat.checkpoint import load_model
from mri.nanochat.disk.describe import read_config
from mri.nanochat.locate import find_checkpoint
from tests.nanochat.disk.layouts import (
    GOLDEN,
    LAYOUTS,
    meta_of,
    port_config,
    port_key,
    write_json,
    write_port,
)


@torch.inference_mode()
def off(loaded, era):
    """How far its logits are from nanochat's own, at every position."""
    golden = load_file(GOLDEN / era / "golden.safetensors")
    return float((loaded.model(golden["tokens"][None].long())[0] - golden["full_logits"]).abs().max())


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


def test_windows_can_be_set_where_the_era_has_them(tmp_path):
    whole = load_model(GOLDEN / "E5", device="cpu", constants={"window_pattern": "L"})
    assert off(whole, "E5") > 1e-3
    assert off(load_model(GOLDEN / "E5", device="cpu", constants={"window_pattern": "SL"}), "E5") < 1e-4
    with pytest.raises(ConfigError, match="Era E1 has no windows"):
        load_model(GOLDEN / "E1", device="cpu", constants={"window_pattern": "SL"})


def test_a_port_without_its_prefix_or_with_a_tied_head(tmp_path):
    folder = write_port(tmp_path / "port")
    whole = load_file(folder / "model.safetensors")
    bare = {key.removeprefix("model."): value for key, value in whole.items() if key != "lm_head.weight"}
    save_file(bare, folder / "model.safetensors")
    with pytest.raises(ModelError, match="1 parameters are missing, as 'lm_head"):
        load_model(folder, device="cpu")
    write_json(folder / "config.json", port_config(meta_of()["model_config"], tie_word_embeddings=True))
    model = load_model(folder, device="cpu").model
    assert torch.equal(model.lm_head.weight, model.transformer["wte"].weight)


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


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        (["transformer.wte.weight", "transformer.h.0.attn.c_q.scales"], "belongs to quantised weights"),
        (
            ["model.embed_tokens.weight", "model.layers.0.self_attn.q_norm.weight"],
            "none of Hugging Face's NanoChat port",
        ),
        (["blocks.0.moe.w1", "transformer.wte.weight"], "'blocks.0.moe.w1' is not supported"),
    ],
)
def test_foreign_keys_are_named_in_one_sentence(tmp_path, keys, words):
    folder = tmp_path / "model"
    folder.mkdir()
    save_file({key: torch.ones(2, 2) for key in keys}, folder / "model.safetensors")
    write_json(folder / "config.json", meta_of()["model_config"])
    with pytest.raises(ModelError, match=words) as caught:
        load_model(folder, device="cpu")
    assert str(folder) in str(caught.value)


def test_weights_and_cache_in_bfloat16(tmp_path):
    loaded = load_model(GOLDEN / "E5", device="cpu", dtype="bfloat16")
    assert {parameter.dtype for parameter in loaded.model.parameters()} == {torch.bfloat16}
    assert loaded.model.cos.dtype == torch.float32
    assert 1e-4 < off(loaded, "E5") < 0.2
    assert load_model(GOLDEN / "E5", device="cpu", dtype=torch.bfloat16).weights_hash == loaded.weights_hash


def test_progress_is_told_in_words():
    told = []
    load_model(GOLDEN / "E5", device="cpu", on_progress=lambda words, share: told.append((words, share)))
    assert [*dict(told)] == ["checking the file", "reading the weights", "hashing the file"]
    assert all(0 <= share <= 1 for _, share in told)


def test_port_keys_are_those_of_the_table():
    assert port_key("transformer.h.2.attn.c_proj.weight") == "model.layers.2.self_attn.o_proj.weight"
