"""Loading checkpoints that nobody vouches for: the good ones exactly, the bad ones with one sentence each."""

import pytest
import torch

from mri.errors import ConfigError, PromptError
from mri.nanochat.checkpoint import choose_device, load_model
from mri.nanochat.eras import ERAS
from tests.nanochat.disk.layouts import GOLDEN
from tests.nanochat.disk.spoilt import edit_meta, model_file, refused, state_in


@pytest.mark.parametrize("name", ERAS)
def test_every_era_loads(name):
    loaded = load_model(GOLDEN / name, device="cpu")
    assert (loaded.era, loaded.ref.id) == (name, "base/d3/10")
    assert loaded.config.n_layer == 3
    assert loaded.tokenizer.n_vocab == loaded.config.vocab_size == 300
    assert loaded.device == torch.device("cpu")
    assert not loaded.model.training
    assert all(p.dtype == torch.float32 and p.device.type == "cpu" for p in loaded.model.parameters())
    assert loaded.model.cos.device.type == "cpu"
    original = torch.load(loaded.ref.file, weights_only=True)
    assert all(torch.equal(tensor, original[key]) for key, tensor in loaded.model.state_dict().items())


def test_hashes_name_the_content(base):
    first, again = load_model(base, device="cpu"), load_model(model_file(base), device="cpu")
    assert first.weights_hash == again.weights_hash
    assert first.config_hash == again.config_hash
    capped = load_model(base, device="cpu", softcap=20)
    assert capped.weights_hash == first.weights_hash
    assert capped.file_hash == first.file_hash
    assert capped.config_hash != first.config_hash
    assert capped.model.softcap == 20
    assert load_model(GOLDEN / "E4", device="cpu").weights_hash != first.weights_hash


@pytest.mark.parametrize("rows", [300, 304, 384])
def test_the_padded_vocabulary_is_read_from_the_tensor(base, rows):
    padded = ("wte", "lm_head", "value_embeds")
    state = {
        key: torch.cat([value, value])[:rows].clone() if any(part in key for part in padded) else value
        for key, value in state_in(base).items()
    }
    torch.save(state, model_file(base))
    model = load_model(base, device="cpu").model
    assert model.lm_head.weight.shape[0] == rows
    with torch.inference_mode():
        assert model(torch.tensor([[1, 2]])).shape == (1, 2, 300)


def test_devices():
    assert choose_device("cpu") == torch.device("cpu")
    assert choose_device() == choose_device(choose_device())
    for name in ("gpu", "meta", "cuda:99"):
        with pytest.raises(ConfigError, match="There is no device"):
            choose_device(name)


@pytest.mark.parametrize("softcap", [0, -1, float("nan")])
def test_an_impossible_softcap_is_refused(base, softcap):
    with pytest.raises(ConfigError, match="leave it out for nanochat's 15"):
        load_model(base, softcap=softcap)


# What does not fit together


def test_a_model_without_its_tokenizer_shows_ids(base):
    (base / "tokenizer" / "tokenizer.pkl").unlink()
    loaded = load_model(base, device="cpu")
    assert "No tokenizer lies near" in loaded.notes[0]
    assert (loaded.tokenizer.n_vocab, loaded.tokenizer.hash) == (300, "")
    assert loaded.tokenizer.encode("3 ⟨299⟩⟨7⟩") == [3, 299, 7]
    assert loaded.tokenizer.decode([3, 299]) == "⟨3⟩⟨299⟩"
    for text in ("Once", "300"):
        with pytest.raises(PromptError):
            loaded.tokenizer.encode(text)


def test_vocabulary_mismatch(base):
    edit_meta(base, vocab_size=301)
    refused(base, "has 300 tokens and meta_000010.json says 301")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"bigram_lambdas": torch.ones(3)}, "'bigram_lambdas' is not supported"),
        ({"lm_head.weight": torch.ones(300, 64)}, "has the shape"),
        ({"transformer.wte.weight": torch.tensor(1.0)}, "no transformer.wte and blocks"),
        ({"lm_head.weight": torch.full((320, 64), float("nan"))}, "'lm_head.weight' holds NaN or infinity"),
        ({"_orig_mod.lm_head.weight": torch.ones(320, 64)}, "with and without '_orig_mod.'"),
        ({"x0_lambdas": 3}, "not a state dict of tensors"),
        ({7: torch.ones(1)}, "not a state dict of tensors"),
        ({"x0_lambdas": torch.ones(3, dtype=torch.int64)}, "would import 'torch.LongStorage'"),
        ({"x0_lambdas": torch.ones(1).expand(10**6, 10**6)}, "claims tensors larger than the file"),
    ],
)
def test_foreign_contents(base, change, words):
    torch.save(state_in(base) | change, model_file(base))
    refused(base, words)


def test_a_missing_parameter(base):
    state = state_in(base)
    del state["backout_lambda"]
    torch.save(state, model_file(base))
    refused(base, "1 parameters are missing, as 'backout_lambda'")


def test_a_list_is_no_state_dict(base):
    torch.save([torch.ones(2)], model_file(base))
    refused(base, "not a state dict of tensors")
