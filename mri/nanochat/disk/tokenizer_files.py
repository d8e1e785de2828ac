"""Reads tokenizers without trusting them: nanochat's and autoresearch's `tokenizer.pkl`, Hugging Face's
`tokenizer.json`, nanoGPT's `meta.pkl`. Knows nothing of models.
"""

from __future__ import annotations

import io
import pickle
from pathlib import Path
from typing import Any

import tiktoken

from mri.errors import ModelError
from mri.nanochat.disk.contents import json_of
from mri.nanochat.disk.pickles import OBJECT_OPS, PLAIN_OPS, check_pickle
from mri.nanochat.disk.plain_tokenizers import Characters
from mri.nanochat.tokenizer import AUTORESEARCH_TOKENS, SPECIAL_TOKENS, Tokenizer, reraise_unless_panic

_MAX_FILE_BYTES = 64 << 20
MOST_PATTERN_CHARS = 100_000
"""nanochat's has 109. One of 5 MB took 940 MB and 15 s to compile."""
_CURE = "copy the tokenizer.pkl that nanochat wrote with this model"
GPT2_PATTERN = r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
"""What `ByteLevel` with `use_regex` cuts by."""


def load_tokenizer(path: Path) -> Tokenizer:
    """By the file's name: a pickled tiktoken.Encoding, a tokenizer.json, nanoGPT's characters in a meta.pkl. Raises
    ModelError naming the file where it is missing, broken or foreign."""
    data = _data_of(path)
    if path.name == "meta.pkl":
        return _characters(data, path)
    state = _state_from_json(data, path) if path.suffix == ".json" else _state_from_pickle(data, path)
    _check_state(state, path)
    try:
        return Tokenizer(tiktoken.Encoding(**state))
    except BaseException as error:  # tiktoken is Rust: on some bad input it panics, which is no Exception
        reraise_unless_panic(error)
        raise ModelError(f"{path} is refused by tiktoken ({type(error).__name__}): {_CURE}.") from error


def _data_of(path: Path) -> bytes:
    try:
        if path.stat().st_size > _MAX_FILE_BYTES:
            raise ModelError(f"{path} is larger than 64 MB, so it is no nanochat tokenizer: {_CURE}.")
        return path.read_bytes()
    except FileNotFoundError as error:
        raise ModelError(f"{path} is missing: {_CURE}.") from error
    except OSError as error:
        raise ModelError(f"{path} cannot be read ({error.strerror}): {_CURE}.") from error


def _characters(data: bytes, path: Path) -> Tokenizer:
    """{"vocab_size": n, "stoi": {character: id}, "itos": {id: character}}"""
    check_pickle(data, str(path), "copy the meta.pkl that nanoGPT's prepare.py wrote", PLAIN_OPS, set())
    try:
        told = _EncodingUnpickler(io.BytesIO(data)).load()
        ids = told["stoi"]
        characters = sorted(ids, key=lambda character: ids[character])
        is_whole = sorted(ids.values()) == list(range(len(ids))) and all(
            type(character) is str and len(character) == 1 and type(i) is int for character, i in ids.items()
        )
        if not is_whole or not ids:
            raise ValueError("ids")
        for character in characters:
            character.encode()
        return Characters(characters)
    except Exception as error:  # whatever a nonsensical order of plain operations brings up
        raise ModelError(
            f"{path} does not hold nanoGPT's characters with their ids: copy the meta.pkl that its prepare.py wrote."
        ) from error


def _bytes_of_letters() -> dict[str, int]:
    """GPT-2's alphabet, in which tokenizer.json writes bytes: printable ones as themselves, the rest from 256 on."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in set(plain)]
    return {chr(byte): byte for byte in plain} | {chr(256 + i): byte for i, byte in enumerate(others)}


def _state_from_json(data: bytes, path: Path) -> dict[str, Any]:
    """What tiktoken needs, of Hugging Face's byte pairs. Its `merges` list all splits and say nothing that the ids do
    not: a pair is joined the earlier the lower its id."""
    told = json_of(data, path)
    try:
        vocabulary, added = told["model"]["vocab"], told["added_tokens"]
        if told["model"]["type"] != "BPE":
            raise ModelError(f"{path} is no byte-pair tokenizer ({told['model']['type']!r:.30}): {_CURE}.")
        special = {token["content"]: token["id"] for token in added}
        letters = _bytes_of_letters()
        merges = {bytes(map(letters.__getitem__, text)): i for text, i in vocabulary.items() if text not in special}
        if len(merges) + len(set(vocabulary) & set(special)) != len(vocabulary):
            raise ValueError("two names for one token")
        pattern = _pattern_in(told["pre_tokenizer"])
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise ModelError(f"{path} does not hold a byte-level tokenizer ({type(error).__name__}): {_CURE}.") from error
    return {"name": "rustbpe", "pat_str": pattern, "mergeable_ranks": merges, "special_tokens": special}


def _pattern_in(pre_tokenizer: dict[str, Any]) -> str:
    if pre_tokenizer["type"] == "ByteLevel" and pre_tokenizer.get("use_regex", True):
        return GPT2_PATTERN
    first = pre_tokenizer["pretokenizers"][0]
    pattern = first["pattern"]["Regex"]
    if first["type"] != "Split" or type(pattern) is not str:
        raise ValueError("another way to split")
    return pattern


class _InertEncoding:
    """Stands in for tiktoken's Encoding while unpickling: keeps what it is given and does nothing."""

    state: object = None

    def __setstate__(self, state: object) -> None:
        self.state = state


class _EncodingUnpickler(pickle.Unpickler):
    """Knows one name, and maps it to the stand-in."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) != ("tiktoken.core", "Encoding"):
            raise ModelError(f"it would import '{module[:40]}.{name[:40]}'")
        return _InertEncoding


def _state_from_pickle(data: bytes, path: Path) -> dict[str, Any]:
    """The pickled Encoding's state: its keys are those of `tiktoken.Encoding(**state)`, types not yet checked."""
    check_pickle(data, str(path), _CURE, OBJECT_OPS, {"tiktoken.core Encoding"})
    try:
        loaded = _EncodingUnpickler(io.BytesIO(data)).load()
    except ModelError as error:
        raise ModelError(f"{path} is not a nanochat tokenizer, {error} when read: {_CURE}.") from error
    except Exception as error:  # whatever a nonsensical order of plain operations brings up
        raise ModelError(f"{path} is not a readable pickle ({type(error).__name__}): {_CURE}.") from error
    state = loaded.state if isinstance(loaded, _InertEncoding) else None
    if not isinstance(state, dict) or set(state) != {"name", "pat_str", "mergeable_ranks", "special_tokens"}:
        raise ModelError(f"{path} does not hold a tiktoken encoding: {_CURE}.")
    return state


def _check_state(state: dict[str, Any], path: Path) -> None:
    """Raise ModelError unless the types are right, the ids are 0, 1, 2, ... and nothing nanochat needs is missing."""
    merges, special = state["mergeable_ranks"], state["special_tokens"]
    for key, expected in {"name": str, "pat_str": str, "mergeable_ranks": dict, "special_tokens": dict}.items():
        if type(state[key]) is not expected:
            raise ModelError(f"{path}: {key} is a {type(state[key]).__name__}, not a {expected.__name__}: {_CURE}.")
    if len(state["pat_str"]) > MOST_PATTERN_CHARS:
        raise ModelError(f"{path}: the pattern that splits texts has {len(state['pat_str']):,} characters: {_CURE}.")
    if not all(type(token) is bytes and token and type(rank) is int for token, rank in merges.items()):
        raise ModelError(f"{path}: the merges are not byte strings with their ids: {_CURE}.")
    if not all(type(token) is str and type(rank) is int for token, rank in special.items()):
        raise ModelError(f"{path}: the special tokens are not strings with their ids: {_CURE}.")
    missing = [token for token in SPECIAL_TOKENS if token not in special]
    if missing and path.suffix == ".pkl" and any(token not in special for token in AUTORESEARCH_TOKENS):
        raise ModelError(f"{path} lacks nanochat's special token {missing[0]}: {_CURE}.")
    if any(bytes([i]) not in merges for i in range(256)):
        raise ModelError(f"{path} lacks some of the 256 single bytes, so it cannot encode every text: {_CURE}.")
    ids = sorted([*merges.values(), *special.values()])
    if ids != list(range(len(ids))):
        raise ModelError(f"{path}: the token ids are not 0 to {len(ids) - 1}, each once: {_CURE}.")
