"""nanoGPT's ckpt.pt: against its forward pass written out here, loaded, generated from, recorded."""

import math
import pickle

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from mri.capture.recorder import layout_of_model
from mri.errors import ConfigError, ModelError
from mri.export.trace import open_trace
from mri.format.config import Sampling, TraceConfig
from mri.nanochat.attribution import gradient_times_input
from mri.nanochat.checkpoint import load_model
from mri.nanochat.direct import direct_effect
from mri.nanochat.disk.describe import read_config
from mri.nanochat.locate import find_checkpoint
from mri.nanochat.model import KVCache
from mri.run.record import record_generation
from tests.nanochat.disk.layouts import write_json

SIZES = {"n_layer": 2, "n_head": 4, "n_embd": 32, "block_size": 24, "vocab_size": 20, "bias": True, "dropout": 0.0}
CHARACTERS = "\n abcdefghijklmnopqr"


def state_dict(bias=True, seed=0):
    generator = torch.Generator().manual_seed(seed)
    C = SIZES["n_embd"]

    def matrix(*shape):
        return torch.randn(*shape, generator=generator) / math.sqrt(shape[-1])

    state = {"transformer.wte.weight": matrix(20, C), "transformer.wpe.weight": matrix(24, C)}
    shapes = {"ln_1": (C,), "attn.c_attn": (3 * C, C), "attn.c_proj": (C, C), "ln_2": (C,)}
    shapes |= {"mlp.c_fc": (4 * C, C), "mlp.c_proj": (C, 4 * C)}
    names = {f"transformer.h.{i}.{name}": shape for i in range(2) for name, shape in shapes.items()}
    for name, shape in (names | {"transformer.ln_f": (C,)}).items():
        state[f"{name}.weight"] = matrix(*shape) if len(shape) == 2 else 1 + matrix(1, *shape)[0]
        if bias:
            state[f"{name}.bias"] = matrix(1, shape[0])[0]
    return state | {"lm_head.weight": state["transformer.wte.weight"]}


def write_ckpt(folder, state, dataset="shakespeare_char", **change):
    """As nanoGPT's train.py saves it, optimizer and all."""
    folder.mkdir(parents=True)
    parameter = torch.nn.Parameter(state["transformer.wte.weight"].clone())
    optimizer = torch.optim.AdamW([parameter])
    parameter.grad = torch.ones_like(parameter)
    optimizer.step()
    config = {"dataset": dataset, "eval_only": False, "learning_rate": 1e-3, "seed": None}
    saved = {"model": {f"_orig_mod.{key}": value for key, value in state.items()}, "optimizer": optimizer.state_dict()}
    saved |= {"model_args": SIZES | change, "iter_num": 5, "best_val_loss": torch.tensor(1.5), "config": config}
    torch.save(saved, folder / "ckpt.pt")
    return folder


def write_meta(path):
    path.parent.mkdir(parents=True)
    stoi = {character: i for i, character in enumerate(CHARACTERS)}
    told = {"vocab_size": len(stoi), "itos": {i: character for character, i in stoi.items()}, "stoi": stoi}
    path.write_bytes(pickle.dumps(told))


@pytest.fixture
def folder(tmp_path):
    write_meta(tmp_path / "data" / "shakespeare_char" / "meta.pkl")
    return write_ckpt(tmp_path / "out", state_dict())


def reference(state, ids):
    """nanoGPT's logits (T, vocab_size), and the stream behind every block."""
    get = lambda name: (state[f"{name}.weight"], state.get(f"{name}.bias"))  # noqa: E731
    C, T = SIZES["n_embd"], len(ids)
    x = state["transformer.wte.weight"][ids] + state["transformer.wpe.weight"][:T]
    streams = []
    for i in range(2):
        h = f"transformer.h.{i}"
        y = F.layer_norm(x, (C,), *get(f"{h}.ln_1"), 1e-5)
        q, k, v = (z.view(T, 4, 8).transpose(0, 1) for z in F.linear(y, *get(f"{h}.attn.c_attn")).split(C, -1))
        scores = (q @ k.mT / math.sqrt(8)).masked_fill(~torch.ones(T, T).tril().bool(), -torch.inf)
        x = x + F.linear((scores.softmax(-1) @ v).transpose(0, 1).reshape(T, C), *get(f"{h}.attn.c_proj"))
        y = F.linear(F.layer_norm(x, (C,), *get(f"{h}.ln_2"), 1e-5), *get(f"{h}.mlp.c_fc"))
        gelu = y * 0.5 * (1 + torch.erf(y / math.sqrt(2)))
        x = x + F.linear(gelu, *get(f"{h}.mlp.c_proj"))
        streams.append(x)
    return F.layer_norm(x, (C,), *get("transformer.ln_f"), 1e-5) @ state["transformer.wte.weight"].T, streams


IDS = [3, 1, 4, 1, 5, 9, 2, 6]


@pytest.mark.parametrize("bias", [True, False])
@torch.inference_mode()
def test_it_computes_what_nanogpt_computes(tmp_path, bias):
    state = state_dict(bias)
    loaded = load_model(write_ckpt(tmp_path / "out", state, bias=bias), device="cpu")
    expected, _ = reference(state, IDS)
    assert (loaded.model(torch.tensor([IDS]))[0] - expected).abs().max() < 1e-5
    assert (loaded.era, loaded.config.n_kv_head, loaded.config.sequence_len) == ("G", 4, 24)
    assert loaded.model.lm_head.weight is loaded.model.transformer["wte"].weight


@torch.inference_mode()
def test_chunks_and_cache_change_nothing(folder):
    model = load_model(folder, device="cpu").model
    whole = model(torch.tensor([IDS]))[0]
    for sizes in ([1] * 8, [3, 5], [5, 1, 2]):
        cache, found, at = KVCache(model), [], 0
        for size in sizes:
            found.append(model(torch.tensor([IDS[at : at + size]]), cache)[0])
            at += size
        assert (torch.cat(found) - whole).abs().max() < 1e-5


def test_its_characters_are_found_beside_its_output_folder(folder):
    loaded = load_model(folder, device="cpu")
    assert loaded.tokenizer.encode("ab") == [2, 3]
    assert read_config(find_checkpoint(folder)) == loaded.config
    assert loaded.notes == ()
    assert loaded.constants.told() == {"softcap": math.inf, "eps": 1e-5}


@pytest.mark.parametrize("dataset", ["../../secret", "/etc", "", "a/b", 3, "nowhere"])
def test_a_dataset_is_a_folders_name(tmp_path, dataset):
    write_meta(tmp_path / "secret" / "meta.pkl")
    loaded = load_model(write_ckpt(tmp_path / "x" / "out", state_dict(), dataset=dataset), device="cpu")
    assert loaded.tokenizer.hash == ""
    assert "No tokenizer" in loaded.notes[0]


def test_sizes_come_from_the_file_or_from_beside_it(tmp_path):
    state = state_dict()
    del state["lm_head.weight"]
    folder = tmp_path / "bare"
    folder.mkdir()
    torch.save(state, folder / "model.pt")
    with pytest.raises(ModelError, match="does not say vocab_size, n_head"):
        load_model(folder, device="cpu")
    write_json(folder / "config.json", {"n_head": 4, "vocab_size": 20})
    assert load_model(folder, device="cpu").config.n_layer == 2


def test_what_it_has_not_cannot_be_set(folder):
    with pytest.raises(ConfigError, match="nanoGPT has no softcap"):
        load_model(folder, device="cpu", constants={"softcap": 15})


def test_a_recording_has_what_passed(folder, tmp_path):
    loaded = load_model(folder, device="cpu")
    config = TraceConfig(capture_mode="full", quantization="f32", prefill="stepwise", max_bytes_per_step=1_000_000)
    recording = record_generation(
        loaded, IDS, sampling=Sampling(4, 0, None, 1), config=config, sessions=tmp_path / "sessions"
    )
    trace = open_trace(recording.path)
    model = trace.session.run.model
    assert (model.era, model.softcap, model.constants) == ("G", None, {})
    assert model.config_hash == loaded.config_hash
    ids = [int(i) for step in range(trace.num_steps) for i in trace.frame(step).arrays["tokens"]]
    logits, streams = reference(state_dict(), ids)
    for step in range(trace.num_steps):
        for i, stream in enumerate(streams):
            kept = trace.values(f"block.{i}.resid_post", step=step)
            assert np.abs(kept - stream[step].numpy()).max() < 1e-4
        frame = trace.frame(step).arrays
        expected = logits[step][torch.from_numpy(frame["logits/token_ids"].astype(np.int64))]
        assert np.abs(frame["logits/values"] - expected.numpy()).max() < 1e-4


def test_presets_leave_ledger_and_lens_out_and_asking_for_them_is_refused(folder):
    model = load_model(folder, device="cpu").model
    layout = layout_of_model(model, "standard")
    assert (layout.config.ledger, layout.config.lens) == ("none", "none")
    for asked in (TraceConfig(ledger="direct"), TraceConfig(lens="top")):
        with pytest.raises(ConfigError, match="nanoGPT's is another"):
            layout_of_model(model, asked)
    with pytest.raises(ConfigError, match="nanoGPT"):
        direct_effect(model, "block.0.mlp_act", 0)


def test_gradient_times_input_is_of_its_own_pass(folder):
    model = load_model(folder, device="cpu").model
    signed, logit = gradient_times_input(model, IDS, 7)
    assert signed.shape == (8,)
    with torch.inference_mode():
        assert logit == pytest.approx(float(model(torch.tensor([IDS]))[0, -1, 7]), abs=1e-5)
    assert np.isfinite(signed).all()
