"""A scan's folder: its manifest, and a file for every shard that is done."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, astuple, dataclass, field
from pathlib import Path
from typing import Any

from mri.errors import ConfigError, StoreError
from mri.scans.fields import Part, Sizes
from mri.scans.merge import merged
from mri.scans.result_file import read_part, write_part
from mri.scans.settings import Settings, hash_of
from mri.scans.shards import Shard, corpus_hash
from mri.scans.sources import Source, sources_of

NAME = "scan.json"
FORMAT = 1


@dataclass(frozen=True)
class Manifest:
    """What is scanned. `model` and `sources` are for people and for whoever reads on: their contents are in the hashes.

    run_hash, tokenizer_hash   of the model as it was in memory
    dtype, device              of its weights, "float32" and "cpu": another computes other bits
    """

    model: dict[str, Any]
    run_hash: str
    tokenizer_hash: str
    dtype: str
    device: str
    sizes: Sizes
    settings: Settings
    sources: tuple[str, ...]
    shards: tuple[Shard, ...] = field(repr=False)

    @property
    def corpus_hash(self) -> str:
        return corpus_hash(self.shards)

    @property
    def num_documents(self) -> int:
        return sum(shard.num_documents for shard in self.shards)

    @property
    def contents(self) -> dict[str, str]:
        """What must be the same where a scan goes on, in words."""
        return {
            "model": self.run_hash,
            "tokenizer": self.tokenizer_hash,
            "type or device": f"{self.dtype} {self.device}",
            "settings": hash_of(asdict(self.settings)),
            "texts": self.corpus_hash,
        }

    @property
    def hash(self) -> str:
        return hash_of(self.contents)

    def about(self, shard: int) -> dict[str, Any]:
        """Whose part a file is."""
        return {"run": self.run_hash, "scan": self.hash, "shard": shard}

    def to_json(self) -> dict[str, Any]:
        told = {**vars(self), "format": FORMAT, "sizes": asdict(self.sizes), "settings": asdict(self.settings)}
        told |= {"corpus_hash": self.corpus_hash, "shards": [astuple(shard) for shard in self.shards]}
        return told

    @classmethod
    def from_json(cls, told: dict[str, Any]) -> Manifest:
        rest = {name: told[name] for name in ("model", "run_hash", "tokenizer_hash", "dtype", "device")}
        shards = tuple(Shard(*shard) for shard in told["shards"])
        sizes, settings = Sizes(**told["sizes"]), Settings.from_json(told["settings"])
        return cls(**rest, sizes=sizes, settings=settings, sources=tuple(told["sources"]), shards=shards)


@dataclass(frozen=True)
class Folder:
    """With its manifest. `sources`: of its texts, asked for when they are read."""

    path: Path
    manifest: Manifest

    @property
    def sources(self) -> list[Source]:
        return sources_of(self.manifest.sources)

    def file_of(self, shard: int) -> Path:
        return self.path / f"shard-{shard:06}.parquet"

    def part(self, shard: int) -> Part:
        """Raises StoreError where it is not there, torn, or another scan's."""
        about, manifest = self.manifest.about(shard), self.manifest
        return read_part(self.file_of(shard), about, manifest.sizes, manifest.settings)

    def keep(self, shard: int, part: Part) -> None:
        write_part(self.file_of(shard), part, self.manifest.about(shard))

    @property
    def missing(self) -> list[int]:
        return [shard.number for shard in self.manifest.shards if not self.file_of(shard.number).exists()]

    def to_do(self, share: tuple[int, int] = (0, 1)) -> list[int]:
        """Shards that are not there, of share i of n. Raises StoreError where one that is there does not verify."""
        missing = set(self.missing)
        numbers = [shard.number for shard in self.manifest.shards if shard.number % share[1] == share[0]]
        for number in numbers:
            if number not in missing:
                self.part(number)
        return [number for number in numbers if number in missing]

    def whole(self) -> Part:
        """All shards, merged in their order. Raises StoreError where one is missing."""
        if missing := len(self.missing):
            of = len(self.manifest.shards)
            raise StoreError(f"{self.path} lacks {missing} of {of} shards: run the same `mri scan` again.")
        return merged(self.part(shard.number) for shard in self.manifest.shards)


def begin(path: Path, manifest: Manifest) -> Folder:
    """The folder of this scan, made, or found as it was begun. Raises StoreError where another scan lies there."""
    if (path / NAME).exists():
        found = open_folder(path)
        theirs, ours = found.manifest.contents, manifest.contents
        other = [name for name in ours if ours[name] != theirs[name]]
        if other:
            raise StoreError(
                f"{path} holds a scan of another {' and another '.join(other)}: give another --out, or what it was "
                "begun with."
            )
        return found
    try:
        path.mkdir(parents=True, exist_ok=True)
        aside = path / f"{NAME}.{os.getpid()}.part"
        aside.write_text(json.dumps(manifest.to_json(), indent=1, sort_keys=True), "utf-8")
        aside.replace(path / NAME)
    except OSError as error:
        raise StoreError(f"{path} could not be written: {error.strerror or error}.") from error
    return open_folder(path)


def open_folder(path: Path) -> Folder:
    """Raises StoreError where there is no scan, or its manifest is broken."""
    try:
        told = json.loads((path / NAME).read_text("utf-8"))
    except OSError as error:
        raise StoreError(f"{path} is no scan: `mri scan TEXT… --out DIR` makes one.") from error
    except ValueError as error:
        raise StoreError(f"{path / NAME} is broken: delete the folder and scan again.") from error
    if not isinstance(told, dict) or told.get("format") != FORMAT:
        raise StoreError(f"{path / NAME} is of another version than this program reads: scan again.")
    try:
        manifest = Manifest.from_json(told)
        whole = manifest.corpus_hash == told["corpus_hash"]
    except (KeyError, TypeError, AttributeError, ConfigError) as error:
        raise StoreError(f"{path / NAME} is broken: delete the folder and scan again.") from error
    if not whole:
        raise StoreError(f"{path / NAME} was changed, its shards are not those of its texts: scan again.")
    return Folder(path, manifest)
