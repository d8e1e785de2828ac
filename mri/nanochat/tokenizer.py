"""nanochat's tokenizer: byte pairs run by tiktoken, and nine special tokens. Its relatives have fewer.

Knows nothing of files (tokenizer_files.py), models or conversations.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from itertools import pairwise

import tiktoken

from mri.errors import ModelError, PromptError

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

CUT_WITHIN_S = 2.0
"""Somebody else's pattern may look for ever."""

AUTORESEARCH_TOKENS = tuple(f"<|reserved_{i}|>" for i in range(4))
"""Of autoresearch, whose documents begin with the first; its models do not chat."""


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
        """What every document begins with. Raises PromptError where the model was trained without."""
        for token in ("<|bos|>", AUTORESEARCH_TOKENS[0]):
            if token in self.special:
                return self.special[token]
        raise PromptError("This model's tokenizer has no token that begins a document: give a text or ids.")

    @property
    def can_chat(self) -> bool:
        """Whether it has the special tokens of conversations."""
        return all(token in self.special for token in SPECIAL_TOKENS)

    @property
    def stop_ids(self) -> set[int]:
        """Tokens at which a generation ends."""
        ends = "<|assistant_end|>", "<|bos|>", AUTORESEARCH_TOKENS[0], "<|endoftext|>"
        return {self.special[token] for token in ends if token in self.special}

    def begun(self, ids: list[int]) -> list[int]:
        """A document of these tokens."""
        begins = "<|bos|>" in self.special or AUTORESEARCH_TOKENS[0] in self.special
        return [self.bos_id, *ids] if begins else ids

    def encode(self, text: str) -> list[int]:
        """Ids of a text. A special token's string inside it is text like any other."""
        try:
            return self._encoding.encode_ordinary(text)
        except BaseException as error:  # a Rust panic is no Exception
            reraise_unless_panic(error)
            raise PromptError("The tokenizer's split pattern gave up on this text: shorten the prompt.") from error

    def merges(self, text: str) -> list[list[list[bytes]]]:
        """How a text becomes tokens, for each piece that the split pattern cuts off: its parts at first, single bytes,
        and after every merge; the last are the tokens. A merge joins the neighbours whose pair has the lowest id."""
        return [_merged(piece.encode(), self._encoding._mergeable_ranks) for piece in self._pieces(text)]

    def cut(self, text: str) -> list[tuple[str, list[bytes]]]:
        """The pieces that the split pattern cuts off, each with the bytes of its tokens."""
        encoding = self._encoding
        return [(each, [self._tokens[i] for i in encoding._encode_single_piece(each)]) for each in self._pieces(text)]

    def _pieces(self, text: str) -> list[str]:
        import regex  # type: ignore[import-untyped]  # knows \p{L}, which re does not

        try:
            return list(regex.findall(self._encoding._pat_str, text, timeout=CUT_WITHIN_S))
        except regex.error as error:
            raise ModelError("The tokenizer's split pattern is none that can be followed here.") from error
        except TimeoutError as error:
            raise PromptError("The tokenizer's split pattern takes too long over this text: shorten it.") from error

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


def reraise_unless_panic(error: BaseException) -> None:
    if isinstance(error, (KeyboardInterrupt, SystemExit)):
        raise error
