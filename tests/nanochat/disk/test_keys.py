"""Names of parameters: of ports and wrappers, and those that no nanochat has."""

import pytest
import torch
from safetensors.torch import load_file, save_file

from mri.errors import ModelError
from mri.nanochat.checkpoint import load_model
from tests.nanochat.disk.layouts import meta_of, port_config, port_key, write_json, write_port


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


def test_port_keys_are_those_of_the_table():
    assert port_key("transformer.h.2.attn.c_proj.weight") == "model.layers.2.self_attn.o_proj.weight"
