"""Tokenizers without byte pairs: nanoGPT's characters, and ids where a model comes without its tokenizer."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

from mri.errors import PromptError
from mri.nanochat.tokenizer import Tokenizer


class TokenIds(Tokenizer):
    """Stands in where there is none: a token is shown as its id, and a text must be ids with spaces between."""

    def __init__(self, n_vocab: int) -> None:
        self.special, self.n_vocab, self.hash = {}, n_vocab, ""
        self._tokens = [f"⟨{i}⟩".encode() for i in range(n_vocab)]

    def encode(self, text: str) -> list[int]:
        try:
            ids = [int(word.strip("⟨⟩")) for word in text.replace("⟩⟨", "⟩ ⟨").split()]
        except ValueError:
            raise PromptError(
                "This model came without its tokenizer, so a prompt is token ids as 12 7 300: write such, or name the "
                "tokenizer with --tokenizer."
            ) from None
        for i in ids:
            self.token_bytes(i)
        return ids

    def merges(self, text: str) -> list[list[list[bytes]]]:
        return [[[self.token_bytes(i)]] for i in self.encode(text)]

    def cut(self, text: str) -> list[tuple[str, list[bytes]]]:
        tokens = map(self.token_bytes, self.encode(text))
        return [(token.decode(errors="replace"), [token]) for token in tokens]


class Characters(Tokenizer):
    """Of nanoGPT's data that is cut into characters (`meta.pkl`): the id of each by its place."""

    def __init__(self, characters: Sequence[str]) -> None:
        self.special, self.n_vocab = {}, len(characters)
        self._ids = {character: i for i, character in enumerate(characters)}
        self._tokens = [character.encode() for character in characters]
        self.hash = hashlib.sha256(json.dumps(["characters", *characters]).encode()).hexdigest()

    def encode(self, text: str) -> list[int]:
        for character in text:
            if character not in self._ids:
                raise PromptError(f"This model knows no {character!r}: it was trained on {self.n_vocab} characters.")
        return [self._ids[character] for character in text]

    def merges(self, text: str) -> list[list[list[bytes]]]:
        return [[[self.token_bytes(i)]] for i in self.encode(text)]

    def cut(self, text: str) -> list[tuple[str, list[bytes]]]:
        tokens = map(self.token_bytes, self.encode(text))
        return [(token.decode(errors="replace"), [token]) for token in tokens]
