"""The tokenizer: round trips, special tokens, and tokenizer.pkl files that nobody vouches for."""

import os
import pickle
from itertools import pairwise
from pathlib import Path

import pytest
import tiktoken
from hypothesis import given
from hypothesis import strategies as st

from mri.errors import ModelError, PromptError
from mri.nanochat.disk.tokenizer_files import load_tokenizer
from mri.nanochat.tokenizer import SPECIAL_TOKENS, SPLIT_PATTERN, Tokenizer

GOLDEN_PICKLE = Path(__file__).parents[1] / "golden" / "E5" / "tokenizer" / "tokenizer.pkl"
TOKENIZER = load_tokenizer(GOLDEN_PICKLE)


def state():
    """The state of a small good tokenizer, to be spoilt."""
    merges = {bytes([i]): i for i in range(256)} | {b"th": 256, b"the": 257}
    special = {token: 258 + i for i, token in enumerate(SPECIAL_TOKENS)}
    return {"name": "rustbpe", "pat_str": SPLIT_PATTERN, "mergeable_ranks": merges, "special_tokens": special}


def write_pickle(path, spoilt):
    """A file like nanochat's whose Encoding has the given state."""
    body = pickle.dumps(spoilt, protocol=4)
    head = b"\x80\x04\x8c\x0dtiktoken.core\x8c\x08Encoding\x93)\x81"
    path.write_bytes(head + body[2:-1] + b"b.")  # BUILD with the state, STOP
    return path


def test_facts():
    assert TOKENIZER.n_vocab == 300
    assert TOKENIZER.bos_id == 291
    assert list(TOKENIZER.special) == list(SPECIAL_TOKENS)
    assert sorted(TOKENIZER.special.values()) == list(range(291, 300))
    assert TOKENIZER.token_bytes(291) == b"<|bos|>"
    vocabulary = TOKENIZER.vocabulary()
    assert len(vocabulary) == len(set(vocabulary)) == 300
    assert vocabulary[65] == b"A"


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_round_trip(text):
    ids = TOKENIZER.encode(text)
    assert TOKENIZER.decode(ids) == text
    assert not set(TOKENIZER.special.values()) & set(ids)
    assert b"".join(TOKENIZER.token_bytes(i) for i in ids) == text.encode()


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_merging_pair_by_pair_ends_at_the_tokens(text):
    pieces = TOKENIZER.merges(text)
    assert [part for history in pieces for part in history[-1]] == [
        TOKENIZER.token_bytes(i) for i in TOKENIZER.encode(text)
    ]
    for history in pieces:
        assert all(len(part) == 1 for part in history[0])
        for before, after in pairwise(history):
            at = next(i for i, part in enumerate(after) if part != before[i])
            assert after == [*before[:at], before[at] + before[at + 1], *before[at + 2 :]]


def test_a_text_is_cut_into_pieces_with_their_tokens_and_not_for_ever(monkeypatch):
    cut = TOKENIZER.cut(" the laboratory 12\n")
    assert "".join(piece for piece, _ in cut) == " the laboratory 12\n"
    ids = TOKENIZER.encode(" the laboratory 12\n")
    assert [token for _, tokens in cut for token in tokens] == [TOKENIZER.token_bytes(i) for i in ids]
    monkeypatch.setattr(TOKENIZER._encoding, "_pat_str", r"(a|aa)+$")
    monkeypatch.setattr("mri.nanochat.tokenizer.CUT_WITHIN_S", 0.05)
    with pytest.raises(PromptError, match=r"takes too long over this text: shorten it\.$"):
        TOKENIZER.cut("a" * 60 + "b")


def test_special_strings_in_a_text_stay_text():
    ids = TOKENIZER.encode("<|bos|>")
    assert TOKENIZER.bos_id not in ids
    assert TOKENIZER.decode(ids) == TOKENIZER.decode([TOKENIZER.bos_id]) == "<|bos|>"


def test_broken_utf8_is_replaced():
    assert TOKENIZER.decode([0xC3]) == "\ufffd"
    assert TOKENIZER.encode("\ud800")  # a lone surrogate does not raise


@pytest.mark.parametrize("token_id", [-1, 300])
def test_unknown_ids(token_id):
    with pytest.raises(PromptError, match=f"Token id {token_id} does not exist"):
        TOKENIZER.decode([token_id])


def test_hash_is_of_the_content(tmp_path):
    assert TOKENIZER.hash == load_tokenizer(GOLDEN_PICKLE).hash
    first = Tokenizer(tiktoken.Encoding(**state()))
    renamed = Tokenizer(tiktoken.Encoding(**state() | {"name": "other"}))
    digits = Tokenizer(tiktoken.Encoding(**state() | {"pat_str": SPLIT_PATTERN.replace("{1,2}", "{1,3}")}))
    assert first.hash == renamed.hash != digits.hash
    assert len(first.hash) == 64


def test_an_encoding_pickled_by_tiktoken_loads(tmp_path):
    encoding = tiktoken.Encoding(**state())
    path = tmp_path / "tokenizer.pkl"
    path.write_bytes(pickle.dumps(encoding))
    assert load_tokenizer(path).encode("the 123") == encoding.encode_ordinary("the 123")
    assert load_tokenizer(write_pickle(path, state())).hash == Tokenizer(encoding).hash


def merges_with(**change):
    return {"mergeable_ranks": state()["mergeable_ranks"] | change.pop("merges", {})}


@pytest.mark.parametrize(
    ("spoilt", "words"),
    [
        ("cl100k_base", "does not hold a tiktoken encoding"),  # tiktoken itself would go and download it
        ({"name": "x"}, "does not hold a tiktoken encoding"),
        (state() | {"extra": 1}, "does not hold a tiktoken encoding"),
        (state() | {"name": 3}, "name is a int, not a str"),
        (state() | {"pat_str": None}, "pat_str is a NoneType"),
        (state() | {"mergeable_ranks": [1]}, "mergeable_ranks is a list"),
        (state() | {"special_tokens": None}, "special_tokens is a NoneType"),
        (state() | {"mergeable_ranks": {b"a": "b"}}, "not byte strings with their ids"),
        (state() | merges_with(merges={b"": 9}), "not byte strings with their ids"),
        (state() | merges_with(merges={b"th": True}), "not byte strings with their ids"),
        (state() | merges_with(merges={b"th": -5}), "ids are not 0 to 266"),
        (state() | merges_with(merges={b"th": 257}), "ids are not 0 to 266"),
        (state() | merges_with(merges={b"th": 2**80}), "ids are not 0 to 266"),
        (state() | {"special_tokens": {"<|bos|>": 258}}, r"lacks nanochat's special token <\|user_start"),
        (state() | {"special_tokens": {3: 258}}, "not strings with their ids"),
        (state() | {"mergeable_ranks": {b"a": 0}}, "lacks some of the 256 single bytes"),
        (state() | {"pat_str": "(["}, "refused by tiktoken"),
        (state() | {"pat_str": "a|" * 60_000}, "splits texts has 120,000 characters"),
    ],
)
def test_a_spoilt_state_is_one_sentence(tmp_path, spoilt, words):
    path = write_pickle(tmp_path / "tokenizer.pkl", spoilt)
    with pytest.raises(ModelError, match=words) as caught:
        load_tokenizer(path)
    assert str(path) in str(caught.value)
    assert "copy the tokenizer.pkl" in str(caught.value)


def test_foreign_names_are_never_imported(tmp_path):
    marker, path = tmp_path / "marker", tmp_path / "tokenizer.pkl"

    class Hostile:
        def __reduce__(self):
            return os.mkdir, (str(marker),)

    for data in (pickle.dumps(Hostile(), protocol=4), pickle.dumps(Hostile(), protocol=2)):
        path.write_bytes(data)
        with pytest.raises(ModelError, match=r"operation REDUCE|would import '(os|posix|nt).mkdir'"):
            load_tokenizer(path)
    path.write_bytes(b"\x80\x04\x8c\x02os\x8c\x06system\x93.")
    with pytest.raises(ModelError, match=r"would import 'os\.system'"):
        load_tokenizer(path)
    assert not marker.exists()


def test_nonsense_orders_of_plain_operations_are_refused(tmp_path):
    path = tmp_path / "tokenizer.pkl"
    encoding = b"\x8c\x0dtiktoken.core\x8c\x08Encoding\x93"
    for body in (b"s.", b"\x94.", b"h\x09.", encoding + b".", encoding + b"N\x81.", encoding + b"}b.", b"K\x01}b."):
        path.write_bytes(b"\x80\x04" + body)
        with pytest.raises(ModelError, match=r"not a readable pickle|does not hold a tiktoken encoding"):
            load_tokenizer(path)


@pytest.mark.parametrize("length", [0, 1, 100, 2000])
def test_a_truncated_file_is_one_sentence(tmp_path, length):
    path = tmp_path / "tokenizer.pkl"
    path.write_bytes(GOLDEN_PICKLE.read_bytes()[:length])
    with pytest.raises(ModelError, match="truncated or broken"):
        load_tokenizer(path)


def test_a_missing_or_unreadable_file_is_one_sentence(tmp_path):
    with pytest.raises(ModelError, match="is missing"):
        load_tokenizer(tmp_path / "tokenizer.pkl")
    with pytest.raises(ModelError, match="cannot be read"):
        load_tokenizer(tmp_path)
    huge = tmp_path / "huge.pkl"
    with huge.open("wb") as file:
        file.truncate((64 << 20) + 1)
    with pytest.raises(ModelError, match="larger than 64 MB"):
        load_tokenizer(huge)


def test_a_panic_while_encoding_is_a_prompt_error():
    class Panic(BaseException):
        pass

    class Encoding:
        n_vocab, _mergeable_ranks, _special_tokens, _pat_str = 1, {b"a": 0}, {}, ""
        error = Panic

        def encode_ordinary(self, text):
            raise self.error

    tokenizer = Tokenizer(Encoding())
    with pytest.raises(PromptError, match="gave up on this text"):
        tokenizer.encode("a")
    Encoding.error = KeyboardInterrupt
    with pytest.raises(KeyboardInterrupt):
        tokenizer.encode("a")
