"""Whose tokenizer is found where, and that nobody else's is taken."""

import pytest
import torch

from mri.errors import ModelError
from mri.nanochat.checkpoint import load_model
from mri.nanochat.disk.tokenizer_of import tokenizer_of
from mri.nanochat.locate import find_checkpoint
from tests.nanochat.disk.layouts import flat_native, meta_of, pickled_tokenizer, state_of, write_json
from tests.nanochat.test_tokenizer import state, write_pickle


def autoresearch_tokenizer(folder):
    tokens = state()
    tokens["special_tokens"] = {f"<|reserved_{i}|>": 258 + i for i in range(4)}
    folder.mkdir(parents=True)
    return write_pickle(folder / "tokenizer.pkl", tokens)


def saved_model(folder, n_rows=262, era="E3"):
    """As a user of autoresearch saves one: its own train.py saves nothing."""
    folder.mkdir()
    rows = {key: value[:n_rows] if value.shape[0] == 320 else value for key, value in state_of(era).items()}
    torch.save(rows, folder / "model.pt")
    write_json(folder / "config.json", meta_of(era)["model_config"] | {"vocab_size": n_rows})
    return folder


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """Where autoresearch keeps its tokenizer, of a person who has none yet."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    return tmp_path / "home" / ".cache" / "autoresearch" / "tokenizer"


def test_autoresearch_begins_with_a_token_of_its_own_and_does_not_chat(tmp_path):
    folder = saved_model(tmp_path / "driven")
    autoresearch_tokenizer(folder / "tokenizer")
    loaded = load_model(folder, device="cpu")
    assert (loaded.era, loaded.tokenizer.bos_id, loaded.tokenizer.can_chat) == ("E3", 258, False)
    assert loaded.tokenizer.begun([1]) == [258, 1]
    assert loaded.tokenizer.stop_ids == {258}
    assert loaded.notes == ()


def test_autoresearchs_cache_is_looked_into_for_a_model_of_its_era_and_size(tmp_path, cache):
    folder = saved_model(tmp_path / "driven")
    assert load_model(folder, device="cpu").tokenizer.hash == ""
    path = autoresearch_tokenizer(cache)
    loaded = load_model(folder, device="cpu")
    assert loaded.tokenizer.bos_id == 258
    assert loaded.notes == (f"The tokenizer is autoresearch's, of {path}: name another with --tokenizer.",)
    assert tokenizer_of(find_checkpoint(folder)).path == path


@pytest.mark.parametrize(("n_rows", "era"), [(300, "E3"), (262, "E5")])
def test_autoresearchs_is_no_other_models(tmp_path, cache, n_rows, era):
    autoresearch_tokenizer(cache)
    loaded = load_model(saved_model(tmp_path / "other", n_rows, era), device="cpu")
    assert loaded.tokenizer.hash == ""
    assert "No tokenizer lies near" in loaded.notes[0]


def test_a_broken_one_that_nobody_named_is_passed_over(tmp_path, cache):
    cache.mkdir(parents=True)
    (cache / "tokenizer.pkl").write_bytes(b"no pickle")
    assert load_model(saved_model(tmp_path / "driven"), device="cpu").tokenizer.hash == ""


def test_a_tokenizer_named_by_hand(tmp_path):
    folder = flat_native(tmp_path / "model", "E1")
    (folder / "tokenizer.pkl").rename(tmp_path / "elsewhere.pkl")
    assert load_model(folder, device="cpu").tokenizer.hash == ""
    assert load_model(folder, device="cpu", tokenizer=tmp_path / "elsewhere.pkl").tokenizer.can_chat
    pickled_tokenizer(tmp_path / "there")
    assert load_model(folder, device="cpu", tokenizer=tmp_path / "there").tokenizer.can_chat


def test_that_of_another_size_is_named_where_it_lies(tmp_path):
    folder = flat_native(tmp_path / "model", "E1")
    path = write_pickle(folder / "tokenizer.pkl", state())
    with pytest.raises(ModelError, match=r"tokens and meta_000010\.json says 300") as caught:
        load_model(folder, device="cpu")
    assert str(caught.value).startswith(f"{path} has 267 ")
