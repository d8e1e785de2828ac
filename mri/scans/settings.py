"""What decides the numbers of a scan beside model and text. Never how many work at it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from mri.errors import ConfigError

MOST = {
    "max_tokens": 1 << 16,
    "batch_tokens": 1 << 24,
    "shard_bytes": 1 << 40,
    "moments": 1000,
    "samples": 100,
    "ids": 4096,
}


@dataclass(frozen=True)
class Settings:
    """max_tokens    of a document, from the token that begins it; what is longer is cut
    batch_tokens  read at once, padding included: documents of like length, in an order that their shard alone decides
    shard_bytes   of UTF-8 in a shard, at least; what a crash may lose
    moments       kept of a neuron: the strongest of a document each
    samples       kept of a neuron in each magnitude bin
    ids           kept of a neuron: the tokens, read or next, on which its mean is largest

    Raises ConfigError for what cannot be.
    """

    max_tokens: int = 512
    batch_tokens: int = 2048
    shard_bytes: int = 1 << 18
    moments: int = 20
    samples: int = 4
    ids: int = 32

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            least = 2 if name == "max_tokens" else 1
            if type(value) is not int or not least <= value <= MOST[name]:
                raise ConfigError(f"A scan's {name} is {value!r}: give a whole number from {least} to {MOST[name]}.")

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Settings:
        return cls(**told)


def hash_of(facts: object) -> str:
    """sha256 hex of plain data."""
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
