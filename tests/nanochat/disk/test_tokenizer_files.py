"""Tokenizers of others: tokenizer.json and nanoGPT's characters, and such files that nobody vouches for."""

import json
import os
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mri.errors import ModelError, PromptError
from mri.nanochat.disk.tokenizer_files import GPT2_PATTERN, load_tokenizer
from mri.paths import EMBEDDED
from tests.nanochat.disk.layouts import tokenizer_json

PICKLED = load_tokenizer(EMBEDDED / "tokenizer" / "tokenizer.pkl")


@pytest.fixture(scope="module")
def same(tmp_path_factory):
    path = tmp_path_factory.mktemp("tokenizer") / "tokenizer.json"
    path.write_text(json.dumps(tokenizer_json(PICKLED)))
    return load_tokenizer(path)


def test_a_tokenizer_json_is_the_same_tokenizer(same):
    assert same.hash == PICKLED.hash
    assert same.vocabulary() == PICKLED.vocabulary()


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_and_cuts_every_text_alike(same, text):
    assert same.encode(text) == PICKLED.encode(text)


def test_a_special_tokens_string_in_a_text_stays_text(same):
    assert same.bos_id not in same.encode("<|bos|>")


def spoilt(tmp_path, change):
    told = tokenizer_json(PICKLED)
    change(told)
    path = tmp_path / "tokenizer.json"
    path.write_text(json.dumps(told))
    return path


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t.update(model=3), "does not hold a byte-level tokenizer"),
        (lambda t: t["model"].update(type="Unigram"), "no byte-pair tokenizer"),
        (lambda t: t["model"].update(vocab={"日": 0}), "does not hold a byte-level tokenizer"),
        (lambda t: t["model"].update(vocab=[]), "does not hold a byte-level tokenizer|lacks some of the 256"),
        (lambda t: t["model"]["vocab"].update(th="5"), "not byte strings with their ids"),
        (lambda t: t["model"]["vocab"].update(zzqq=5), "token ids are not 0 to"),
        (lambda t: t["model"]["vocab"].update(zzqq=1 << 70), "token ids are not 0 to"),
        (lambda t: t.update(added_tokens=[{"id": 1}]), "does not hold a byte-level tokenizer"),
        (lambda t: t.update(added_tokens=None), "does not hold a byte-level tokenizer"),
        (lambda t: t.update(pre_tokenizer=None), "does not hold a byte-level tokenizer"),
        (lambda t: t.update(pre_tokenizer={"type": "Sequence", "pretokenizers": []}), "byte-level tokenizer"),
        (lambda t: t["pre_tokenizer"]["pretokenizers"][0]["pattern"].update(Regex="(["), "refused by tiktoken"),
        (lambda t: t["pre_tokenizer"]["pretokenizers"][0]["pattern"].update(Regex="a|" * 60_000), "120,000 characters"),
        (lambda t: t["pre_tokenizer"]["pretokenizers"][0]["pattern"].update(Regex=3), "byte-level tokenizer"),
    ],
)
def test_a_spoilt_one_is_one_sentence(tmp_path, change, words):
    path = spoilt(tmp_path, change)
    with pytest.raises(ModelError, match=words) as caught:
        load_tokenizer(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("text", ["[" * 100_000, "", "[]", '{"model": 1, "model": 2}', "\udcff"])
def test_what_is_no_table_is_one_sentence(tmp_path, text):
    path = tmp_path / "tokenizer.json"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(ModelError, match=r"cannot be read as JSON|does not hold a byte-level"):
        load_tokenizer(path)


def test_gpt2s_own_way_to_split_is_written_in_no_pattern(tmp_path):
    def change(told):
        told["pre_tokenizer"] = {"type": "ByteLevel", "use_regex": True}

    tokenizer = load_tokenizer(spoilt(tmp_path, change))
    assert tokenizer._encoding._pat_str == GPT2_PATTERN
    assert tokenizer.decode(tokenizer.encode("It's 1234, isn't it?  Yes.")) == "It's 1234, isn't it?  Yes."


def characters(tmp_path, told):
    path = tmp_path / "meta.pkl"
    path.write_bytes(pickle.dumps(told))
    return path


def test_nanogpts_characters(tmp_path):
    stoi = {character: i for i, character in enumerate("\n abé")}
    told = {"vocab_size": 5, "stoi": stoi, "itos": {i: character for character, i in stoi.items()}}
    tokenizer = load_tokenizer(characters(tmp_path, told))
    assert (tokenizer.n_vocab, tokenizer.special, tokenizer.can_chat) == (5, {}, False)
    assert tokenizer.encode("a é\n") == [2, 1, 4, 0]
    assert tokenizer.decode([2, 1, 4]) == "a é"
    assert tokenizer.begun([2]) == [2]
    assert tokenizer.stop_ids == set()
    assert len(tokenizer.hash) == 64
    for what in (lambda: tokenizer.encode("x"), lambda: tokenizer.bos_id):
        with pytest.raises(PromptError):
            what()


@pytest.mark.parametrize(
    "told",
    [
        3,
        {},
        {"stoi": {}},
        {"stoi": {"a": 1}},
        {"stoi": {"ab": 0}},
        {"stoi": {"a": 0, "b": 0}},
        {"stoi": {3: 0}},
        {"stoi": {"\ud800": 0}},
        {"stoi": {"a": 0, 3: "b"}},
        {"stoi": {"a": 0.0}},
    ],
)
def test_characters_that_are_none(tmp_path, told):
    with pytest.raises(ModelError, match="does not hold nanoGPT's characters"):
        load_tokenizer(characters(tmp_path, told))


def test_nothing_in_a_meta_pkl_runs(tmp_path):
    marker = tmp_path / "marker"

    class Hostile:
        def __reduce__(self):
            return os.mkdir, (str(marker),)

    with pytest.raises(ModelError, match=r"which it has no use for|would import"):
        load_tokenizer(characters(tmp_path, Hostile()))
    assert not marker.exists()
