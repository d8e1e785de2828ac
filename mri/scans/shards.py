"""A corpus cut into shards: by its text and the settings alone, so that everybody cuts it alike."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass

from mri.errors import ConfigError
from mri.scans.settings import Settings, hash_of
from mri.scans.sources import Source


@dataclass(frozen=True)
class Shard:
    """source, position   where its first document lies: which source, and where in it
    first_document     its number in the corpus; even ones find, odd ones count
    num_documents      they may go on in the sources behind
    num_bytes          of their texts in UTF-8
    text_hash          sha256 of their texts, lengths included
    """

    number: int
    source: int
    position: int
    first_document: int
    num_documents: int
    num_bytes: int
    text_hash: str


def cut(sources: Sequence[Source], settings: Settings) -> list[Shard]:
    """Reads every text once. Raises ConfigError where there is nothing to read."""
    shards: list[Shard] = []
    first = num_documents = num_bytes = 0
    begin, digest = (0, 0), hashlib.sha256()
    for source, position, text in _documents(sources, 0, 0):
        if num_documents == 0:
            begin, digest = (source, position), hashlib.sha256()
        data = _hashed(digest, text)
        num_documents, num_bytes = num_documents + 1, num_bytes + data
        if num_bytes >= settings.shard_bytes:
            shards.append(Shard(len(shards), *begin, first, num_documents, num_bytes, digest.hexdigest()))
            first, num_documents, num_bytes = first + num_documents, 0, 0
    if num_documents:
        shards.append(Shard(len(shards), *begin, first, num_documents, num_bytes, digest.hexdigest()))
    if not shards:
        raise ConfigError("The texts have no document in them: give some that are not empty.")
    return shards


def texts_of(shard: Shard, sources: Sequence[Source]) -> list[tuple[str, bool]]:
    """Its documents, each with whether special tokens stand in it by name. Raises ConfigError where they are not those
    that the scan was begun with."""
    digest, found = hashlib.sha256(), list[tuple[str, bool]]()
    for source, _, text in _documents(sources, shard.source, shard.position):
        _hashed(digest, text)
        found.append((text, sources[source].names_special_tokens))
        if len(found) == shard.num_documents:
            break
    if digest.hexdigest() != shard.text_hash:
        raise ConfigError(
            f"The texts have changed since this scan was begun (documents from {shard.first_document} on): "
            "bring them back, or begin another scan with another --out."
        )
    return found


def corpus_hash(shards: Sequence[Shard]) -> str:
    """sha256 hex of all texts in their order."""
    return hash_of([astuple(shard) for shard in shards])


def _documents(sources: Sequence[Source], source: int, position: int) -> Iterator[tuple[int, int, str]]:
    """Those that are not blank, from a place on: source, position, text."""
    for at in range(source, len(sources)):
        for place, text in sources[at].documents(position):
            if text.strip():
                yield at, place, text
        position = 0


def _hashed(digest: hashlib._Hash, text: str) -> int:
    data = text.encode("utf-8", "surrogatepass")
    digest.update(len(data).to_bytes(8, "big"))
    digest.update(data)
    return len(data)
