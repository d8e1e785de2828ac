"""A shard's documents as tokens, and what is read at once: in an order and in shapes that the shard alone decides."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mri.making.evaluate import ids_from_text
from mri.nanochat.tokenizer import Tokenizer

ROW_MULTIPLE = 16
"""Rows are padded to a multiple of it: fewer shapes."""

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Reading:
    """A document as it is read: ids from the token that begins it, and the token that follows the last of them (−1
    where nothing does); `seed` is of its text alone."""

    number: int
    ids: list[int]
    following: int
    seed: int


@dataclass(frozen=True)
class Batch:
    """ids        (B, T) int64, padded at the end
    lengths    (B,)
    documents  (B,) numbers in the corpus
    following  (M,) the token that follows each one read, −1 for none; M = Σ lengths, row by row
    priority   (M,) uint64: drawn from text and position alone, whoever reads them
    """

    ids: Ints
    lengths: Ints
    documents: Ints
    following: Ints
    priority: npt.NDArray[np.uint64]

    @property
    def is_read(self) -> npt.NDArray[np.bool_]:
        """(B, T): what is no padding."""
        return np.arange(self.ids.shape[1]) < self.lengths[:, None]


def reading_of(number: int, text: str, has_names: bool, tokenizer: Tokenizer, max_tokens: int) -> Reading:
    """From the token that begins a document, cut at `max_tokens`. Behind a whole one another begins."""
    ids = tokenizer.begun(ids_from_text(tokenizer, text) if has_names else tokenizer.encode(text))
    begins = tokenizer.begun([])
    seed = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    following = [*ids, begins[0] if begins else -1][min(len(ids), max_tokens)]
    return Reading(number, ids[:max_tokens], following, int.from_bytes(seed, "big"))


def batches_of(readings: Sequence[Reading], batch_tokens: int) -> Iterator[Batch]:
    """The short ones first, as many at once as fit into `batch_tokens` with their padding, one at least."""
    rows: list[Reading] = []
    for reading in sorted(readings, key=lambda each: (len(each.ids), each.number)):
        if rows and (len(rows) + 1) * _padded(len(reading.ids)) > batch_tokens:
            yield _batch(rows)
            rows = []
        rows.append(reading)
    if rows:
        yield _batch(rows)


def _padded(length: int) -> int:
    return -(-length // ROW_MULTIPLE) * ROW_MULTIPLE


def _batch(rows: list[Reading]) -> Batch:
    """At the end of a row stands its first token again: whatever stands there, nothing before it sees it."""
    width = _padded(max(len(row.ids) for row in rows))
    return Batch(
        np.array([row.ids + [row.ids[0]] * (width - len(row.ids)) for row in rows], np.int64),
        np.array([len(row.ids) for row in rows], np.int64),
        np.array([row.number for row in rows], np.int64),
        np.concatenate([[*row.ids[1:], row.following] for row in rows]).astype(np.int64),
        np.concatenate([_priorities(row.seed, len(row.ids)) for row in rows]),
    )


def _priorities(seed: int, length: int) -> npt.NDArray[np.uint64]:
    """(length,) well mixed 63-bit numbers (splitmix64)."""
    with np.errstate(over="ignore"):
        z = np.uint64(seed) + np.arange(1, length + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return np.asarray((z ^ (z >> np.uint64(31))) >> np.uint64(1))
