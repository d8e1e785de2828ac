"""Token bytes by id, as three flat arrays: how the store keeps a vocabulary, whole or in part."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt
from safetensors.numpy import load, save

Arrays = dict[str, npt.NDArray[np.generic]]


class Vocabulary(Mapping[int, bytes]):
    """Maps token ids to their bytes; made without a Python object per token.

    ids      (n,) uint32, ascending     offsets (n + 1,) int64: token i is bytes[offsets[i]:offsets[i + 1]]
    special  (n,) uint8, 1 for special tokens, whose bytes are their name
    """

    def __init__(self, arrays: Arrays) -> None:
        """Raises ValueError or KeyError on arrays that do not belong together."""
        self.ids, self.offsets = arrays["ids"].astype(np.int64), arrays["offsets"].astype(np.int64)
        self.data, self.special = arrays["bytes"].astype(np.uint8).tobytes(), arrays["special"]
        ends = self.offsets[[0, -1]].tolist() if len(self.offsets) else []
        if len(self.offsets) != len(self.ids) + 1 or len(self.special) != len(self.ids) or ends != [0, len(self.data)]:
            raise ValueError("the vocabulary's arrays do not belong together")
        if (np.diff(self.ids) <= 0).any() or (np.diff(self.offsets) < 0).any():
            raise ValueError("the vocabulary's ids or offsets do not ascend")

    @classmethod
    def from_tokens(cls, tokens: Mapping[int, bytes], special_ids: Iterable[int] = ()) -> Vocabulary:
        ids = sorted(tokens)
        lengths = np.fromiter((len(tokens[i]) for i in ids), np.int64, len(ids))
        arrays: Arrays = {
            "ids": np.array(ids, np.uint32),
            "offsets": np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
            "bytes": np.frombuffer(b"".join(tokens[i] for i in ids), np.uint8),
            "special": np.isin(ids, list(special_ids)).astype(np.uint8),
        }
        return cls(arrays)

    @classmethod
    def from_sequence(cls, tokens: Sequence[bytes], special_ids: Iterable[int] = ()) -> Vocabulary:
        return cls.from_tokens(dict(enumerate(tokens)), special_ids)

    def part(self, ids: npt.NDArray[np.integer]) -> Vocabulary:
        """Only those of `ids` that it has."""
        known = [int(i) for i in np.unique(ids) if int(i) in self]
        return Vocabulary.from_tokens({i: self[i] for i in known}, self.special_ids)

    @property
    def special_ids(self) -> frozenset[int]:
        return frozenset(self.ids[self.special != 0].tolist())

    def arrays(self) -> Arrays:
        data = np.frombuffer(self.data, np.uint8)
        return {"ids": self.ids.astype(np.uint32), "offsets": self.offsets, "bytes": data, "special": self.special}

    def to_bytes(self) -> bytes:
        return save(self.arrays(), metadata={})

    @classmethod
    def from_bytes(cls, blob: bytes) -> Vocabulary:
        """Raises SafetensorError, ValueError or KeyError."""
        return cls(load(blob))

    def __getitem__(self, token_id: int) -> bytes:
        row = int(np.searchsorted(self.ids, token_id))
        if row == len(self.ids) or self.ids[row] != token_id:
            raise KeyError(token_id)
        return self.data[self.offsets[row] : self.offsets[row + 1]]

    def __iter__(self) -> Iterator[int]:
        return iter(self.ids.tolist())

    def __len__(self) -> int:
        return len(self.ids)
