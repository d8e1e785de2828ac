"""nanochat's tokenizer: byte pairs run by tiktoken, and nine special tokens.

Reads `tokenizer.pkl` without trusting it. Knows nothing of models or conversations.
"""

import hashlib
import io
import json
import pickle
from collections.abc import Iterable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import tiktoken

from mri.errors import ModelError, PromptError
from mri.nanochat.pickles import OBJECT_OPS, check_pickle

SPLIT_PATTERN = (
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,2}"
    r"| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+"
)
"""nanochat's rule for cutting text before merging: GPT-4's, with at most two digits to a piece."""

SPECIAL_TOKENS = (
    "<|bos|>",
    "<|user_start|>",
    "<|user_end|>",
    "<|assistant_start|>",
    "<|assistant_end|>",
    "<|python_start|>",
    "<|python_end|>",
    "<|output_start|>",
    "<|output_end|>",
)
"""In the order of their ids, which follow the merges."""

_MAX_FILE_BYTES = 64 << 20
MOST_PATTERN_CHARS = 100_000
"""nanochat's has 109. One of 5 MB took 940 MB and 15 s to compile."""
_CURE = "copy the tokenizer.pkl that nanochat wrote with this model"


class Tokenizer:
    """Text to token ids and back. Wraps a tiktoken Encoding that has nanochat's special tokens.

    special     id of each special token by its string
    n_vocab     number of ids, 0 .. n_vocab - 1, all of them in use
    hash        sha256 hex over split pattern, merges and special tokens: equal hashes mean equal tokenizers
    """

    def __init__(self, encoding: tiktoken.Encoding) -> None:
        merges: dict[bytes, int] = encoding._mergeable_ranks  # tiktoken pickles it under this name too
        self._encoding = encoding
        self.special: dict[str, int] = dict(encoding._special_tokens)
        self.n_vocab: int = encoding.n_vocab
        tokens = {rank: token for token, rank in merges.items()}
        tokens |= {rank: text.encode() for text, rank in self.special.items()}
        self._tokens = [tokens[i] for i in range(self.n_vocab)]
        canonical = [encoding._pat_str, [token.hex() for token in self._tokens], sorted(self.special.items())]
        self.hash = hashlib.sha256(json.dumps(canonical).encode()).hexdigest()

    @property
    def bos_id(self) -> int:
        return self.special["<|bos|>"]

    def encode(self, text: str) -> list[int]:
        """Ids of a text. A special token's string inside it is text like any other."""
        try:
            return self._encoding.encode_ordinary(text)
        except BaseException as error:  # a Rust panic is no Exception
            _reraise_unless_panic(error)
            raise PromptError("The tokenizer's split pattern gave up on this text: shorten the prompt.") from error

    def merges(self, text: str) -> list[list[list[bytes]]]:
        """How a text becomes tokens, for each piece that the split pattern cuts off: its parts at first, single bytes,
        and after every merge; the last are the tokens. A merge joins the neighbours whose pair has the lowest id."""
        import regex  # type: ignore[import-untyped]  # knows \p{L}, which re does not

        try:
            pieces = regex.findall(self._encoding._pat_str, text)
        except regex.error as error:
            raise ModelError("The tokenizer's split pattern is none that can be followed here.") from error
        return [_merged(piece.encode(), self._encoding._mergeable_ranks) for piece in pieces]

    def decode(self, ids: Iterable[int]) -> str:
        """Text of ids, special tokens by their strings; bytes that are no UTF-8 become U+FFFD."""
        return b"".join(self.token_bytes(i) for i in ids).decode("utf-8", errors="replace")

    def token_bytes(self, token_id: int) -> bytes:
        """The bytes of one token. Raises PromptError for an id outside the vocabulary."""
        if not 0 <= token_id < self.n_vocab:
            raise PromptError(f"Token id {token_id} does not exist: ids go from 0 to {self.n_vocab - 1}.")
        return self._tokens[token_id]

    def vocabulary(self) -> list[bytes]:
        """The bytes of every token, by id."""
        return list(self._tokens)


def _merged(piece: bytes, ranks: Mapping[bytes, int]) -> list[list[bytes]]:
    """The parts of a piece after every merge."""
    parts = [bytes([byte]) for byte in piece]
    history = [parts]
    while len(parts) > 1:
        joined = [ranks.get(left + right, len(ranks)) for left, right in pairwise(parts)]
        lowest = min(joined)
        if lowest == len(ranks):
            break
        at = joined.index(lowest)
        parts = [*parts[:at], parts[at] + parts[at + 1], *parts[at + 2 :]]
        history.append(parts)
    return history


def load_tokenizer(path: Path) -> Tokenizer:
    """Read a pickled tiktoken.Encoding. Raises ModelError naming the file where it is missing, broken or foreign."""
    try:
        if path.stat().st_size > _MAX_FILE_BYTES:
            raise ModelError(f"{path} is larger than 64 MB, so it is no nanochat tokenizer: {_CURE}.")
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise ModelError(f"{path} is missing, and a checkpoint is of no use without its tokenizer: {_CURE}.") from error
    except OSError as error:
        raise ModelError(f"{path} cannot be read ({error.strerror}): {_CURE}.") from error
    state = _state_from_pickle(data, path)
    _check_state(state, path)
    try:
        return Tokenizer(tiktoken.Encoding(**state))
    except BaseException as error:  # tiktoken is Rust: on some bad input it panics, which is no Exception
        _reraise_unless_panic(error)
        raise ModelError(f"{path} is refused by tiktoken ({type(error).__name__}): {_CURE}.") from error


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
    if missing := [token for token in SPECIAL_TOKENS if token not in special]:
        raise ModelError(f"{path} lacks nanochat's special token {missing[0]}: {_CURE}.")
    if any(bytes([i]) not in merges for i in range(256)):
        raise ModelError(f"{path} lacks some of the 256 single bytes, so it cannot encode every text: {_CURE}.")
    ids = sorted([*merges.values(), *special.values()])
    if ids != list(range(len(ids))):
        raise ModelError(f"{path}: the token ids are not 0 to {len(ids) - 1}, each once: {_CURE}.")


def _reraise_unless_panic(error: BaseException) -> None:
    if isinstance(error, (KeyboardInterrupt, SystemExit)):
        raise error
