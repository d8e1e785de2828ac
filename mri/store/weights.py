"""Which sessions have the same weights, though some say so by the file that they were loaded from.

Until 2026-11 the provenance's `weights_hash` was the sha256 of the checkpoint file; since then it is that of the
weights in memory, and the file's is `file_hash`. Knows provenances only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def hashes_of_files(provenances: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """File hash -> hash of the weights in it, from every session that knows both."""
    pairs = ((provenance.get("file_hash"), provenance.get("weights_hash")) for provenance in provenances)
    return {file: weights for file, weights in pairs if isinstance(file, str) and isinstance(weights, str)}


def weights_hash_in(provenance: Mapping[str, Any]) -> str:
    """As the session says it; "" where it does not say."""
    found = provenance.get("weights_hash")
    return found if isinstance(found, str) else ""
