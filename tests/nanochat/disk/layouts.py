"""One model written in the layouts that users have on disk, by hand: no library of theirs is needed here."""

import json
import shutil
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from mri.nanochat.disk.tokenizer_files import _bytes_of_letters, load_tokenizer

GOLDEN = Path(__file__).parents[2] / "golden"
SPLIT = {"type": "Split", "behavior": "Isolated", "invert": False}
LEVEL = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
PORT_NAMES = {
    "attn.c_q": "self_attn.q_proj",
    "attn.c_k": "self_attn.k_proj",
    "attn.c_v": "self_attn.v_proj",
    "attn.c_proj": "self_attn.o_proj",
    "mlp.c_fc": "mlp.fc1",
    "mlp.c_proj": "mlp.fc2",
}


def state_of(era="E1"):
    return torch.load(GOLDEN / era / "base_checkpoints" / "d3" / "model_000010.pt", weights_only=True)


def meta_of(era="E1"):
    return json.loads((GOLDEN / era / "base_checkpoints" / "d3" / "meta_000010.json").read_text())


@torch.inference_mode()
def off(loaded, era):
    """How far its logits are from nanochat's own, at every position."""
    golden = load_file(GOLDEN / era / "golden.safetensors")
    return float((loaded.model(golden["tokens"][None].long())[0] - golden["full_logits"]).abs().max())


def pickled_tokenizer(folder, era="E1"):
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(GOLDEN / era / "tokenizer" / "tokenizer.pkl", folder / "tokenizer.pkl")


def tokenizer_json(tokenizer):
    """As tokenizers writes it: bytes as GPT-2's letters, all splits of every token as merges, which nobody needs."""
    letters = {byte: letter for letter, byte in _bytes_of_letters().items()}
    tokens = {i: token for i, token in enumerate(tokenizer.vocabulary()) if i not in tokenizer.special.values()}
    vocab = {"".join(letters[byte] for byte in token): i for i, token in tokens.items()}
    pattern = tokenizer._encoding._pat_str
    added = [{"id": i, "content": text, "special": True} for text, i in tokenizer.special.items()]
    return {
        "version": "1.0",
        "added_tokens": added,
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [SPLIT | {"pattern": {"Regex": pattern}}, LEVEL]},
        "model": {"type": "BPE", "vocab": vocab, "merges": [["a", "b"]]},
    }


def port_key(key):
    if key == "transformer.wte.weight":
        return "model.embed_tokens.weight"
    if key == "lm_head.weight":
        return key
    _, _, layer, part, name, _ = key.split(".")
    return f"model.layers.{layer}.{PORT_NAMES[f'{part}.{name}']}.weight"


def port_config(config, **change):
    return {
        "architectures": ["NanoChatForCausalLM"],
        "model_type": "nanochat",
        "hidden_size": config["n_embd"],
        "num_hidden_layers": config["n_layer"],
        "num_attention_heads": config["n_head"],
        "num_key_value_heads": config["n_kv_head"],
        "max_position_embeddings": config["sequence_len"],
        "vocab_size": config["vocab_size"],
        "intermediate_size": 8192,
        "rms_norm_eps": 1e-6,
        "final_logit_softcapping": 15.0,
        "rope_parameters": {"rope_theta": 10000.0, "rope_type": "default"},
        "bos_token_id": 0,
        "tie_word_embeddings": False,
    } | change


def write_json(path, table):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(table))
    return path


def write_port(folder, era="E1", **change):
    """Hugging Face's NanoChatForCausalLM: what newer eras have is not in it."""
    folder.mkdir(parents=True, exist_ok=True)
    kept = {key: value for key, value in state_of(era).items() if "ve_gate" not in key and key.split(".")[0] in ROOTS}
    save_file({port_key(key): value for key, value in kept.items()}, folder / "model.safetensors", {"format": "pt"})
    write_json(folder / "config.json", port_config(meta_of(era)["model_config"], **change))
    pickle = load_tokenizer(GOLDEN / era / "tokenizer" / "tokenizer.pkl")
    write_json(folder / "tokenizer.json", tokenizer_json(pickle))
    return folder


ROOTS = ("transformer", "lm_head")


def write_shards(folder, tensors):
    folder.mkdir(parents=True, exist_ok=True)
    keys, weight_map = [*tensors], {}
    for i, part in enumerate((keys[::2], keys[1::2])):
        name = f"model-0000{i + 1}-of-00002.safetensors"
        save_file({key: tensors[key].clone() for key in part}, folder / name)
        weight_map |= dict.fromkeys(part, name)
    write_json(folder / "model.safetensors.index.json", {"metadata": {}, "weight_map": weight_map})


def native_base(top, era):
    shutil.copytree(GOLDEN / era, top)
    return top


def flat_native(top, era):
    """A checkpoint's three files in one folder."""
    folder = GOLDEN / era / "base_checkpoints" / "d3"
    shutil.copytree(folder, top)
    pickled_tokenizer(top, era)
    return top


def wrapper_shards(top, era):
    """A trust_remote_code export: native keys below `model.`, in shards, sizes in config.json, tokenizer.json."""
    write_shards(top, {f"model.{key}": value for key, value in state_of(era).items()})
    write_json(top / "config.json", meta_of(era)["model_config"] | {"auto_map": {}, "trained_by": "me"})
    write_json(
        top / "tokenizer" / "tokenizer.json",
        tokenizer_json(load_tokenizer(GOLDEN / era / "tokenizer" / "tokenizer.pkl")),
    )
    return top


def compiled_bin(top, era):
    """pytorch_model.bin of a compiled, data-parallel model; the tokenizer one folder up."""
    folder = top / "hf"
    folder.mkdir(parents=True)
    state = {f"module._orig_mod.{key}": value for key, value in state_of(era).items()}
    torch.save(state, folder / "pytorch_model.bin")
    write_json(folder / "config.json", meta_of(era)["model_config"])
    pickled_tokenizer(top / "tokenizer", era)
    return folder


def mlx(top, era):
    """One safetensors file with native keys."""
    top.mkdir()
    save_file(state_of(era), top / "model.safetensors")
    write_json(top / "config.json", meta_of(era)["model_config"] | {"model_type": "nanochat"})
    pickled_tokenizer(top, era)
    return top


def inside(top, era):
    """A training script's own checkpoint: the state beside other things, the sizes in it."""
    top.mkdir()
    torch.save({"model": state_of(era), "step": 3, "config": meta_of(era)["model_config"]}, top / "mine.pt")
    pickled_tokenizer(top / "tokenizer", era)
    return top


LAYOUTS = {each.__name__: each for each in (native_base, flat_native, wrapper_shards, compiled_bin, mlx, inside)}
