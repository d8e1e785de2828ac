"""The words of level 3 as points of the embedded model's space: who is near whom, and a flat map of some of them.

Reads rows of wte that were put beside the lesson; knows nothing of pages and of HTTP. A word is a token that is a blank
and a whole word.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from mri.arrays import Floats
from mri.errors import PromptError

NEAREST = 10


@dataclass(frozen=True)
class WordSpace:
    """words (n,) without the blank; ids (n,) of their tokens; rows (n, n_embd) of wte, in the same order."""

    words: Sequence[str]
    ids: Sequence[int]
    rows: Floats

    @classmethod
    def of(cls, weights: Mapping[str, Floats]) -> WordSpace:
        """From level 3's weights.npz: `words` are letters, (n, longest) Unicode numbers filled up with 0."""
        words = ["".join(map(chr, letters[letters > 0])) for letters in weights["word_letters"].astype(np.int64)]
        return cls(words, weights["word_ids"].astype(int).tolist(), weights["word_rows"])

    @cached_property
    def directions(self) -> Floats:
        """Rows of length 1."""
        unit: Floats = self.rows / np.linalg.norm(self.rows, axis=1, keepdims=True)
        return unit

    def row(self, word: str) -> Floats:
        """(n_embd,)"""
        row: Floats = self.rows[self.place(word)]
        return row

    def place(self, word: str) -> int:
        """Raises PromptError where the word is not one."""
        for form in (word, word.lower(), word.capitalize()):
            if form in self.words:
                return self.words.index(form)
        raise PromptError(f"“{word[:30]}” is no single token of this model: choose a word from the list.")

    def cosines(self, word: str) -> Floats:
        """Cosine of the word's row and every word's: (n,), −1 … 1."""
        cosines: Floats = self.directions @ self.directions[self.place(word)]
        return cosines

    def nearest(self, word: str, count: int) -> list[tuple[str, float]]:
        """The words with the largest cosine, the word itself left out."""
        cosines, place = self.cosines(word), self.place(word)
        order = [i for i in np.argsort(-cosines).tolist() if i != place]
        return [(self.words[i], float(cosines[i])) for i in order[:count]]

    def about(self, word: str) -> dict[str, Any]:
        """What a page shows of a word: its token, its row, its nearest neighbours. Raises PromptError."""
        place = self.place(word)
        near = [{"word": other, "cosine": round(cosine, 4)} for other, cosine in self.nearest(word, NEAREST)]
        row = [float(f"{value:.6g}") for value in self.rows[place].tolist()]
        return {"word": self.words[place], "id": self.ids[place], "row": row, "near": near}

    def flat_map(self, words: Sequence[str]) -> tuple[Floats, float]:
        """The two directions along which these words differ most (principal components).

        -> places (len(words), 2); the share of their squared distances from the middle that the map keeps, 0 … 1
        """
        points = self.directions[[self.place(word) for word in words]]
        points = points - points.mean(0)
        _, sizes, axes = np.linalg.svd(points, full_matrices=False)
        places: Floats = (points @ axes[:2].T).astype(np.float32)
        return places, float((sizes[:2] ** 2).sum() / (sizes**2).sum())
