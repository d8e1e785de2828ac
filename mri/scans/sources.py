"""Where the documents of a corpus come from: text, JSONL and Parquet files, folders of them, the embedded corpus.

A source gives its documents from any position that it has given before, so that a shard is read without what lies
before it. Knows nothing of tokens or models.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from mri.errors import ConfigError
from mri.making import corpus
from mri.paths import as_path

EMBEDDED = "embedded"
EMBEDDED_SEED = "atlas/1"
EMBEDDED_DOCUMENTS = 23_000
"""A little over a million tokens of the embedded model."""


class Source(Protocol):
    @property
    def name(self) -> str:
        """By which `sources_of` makes it again."""

    @property
    def names_special_tokens(self) -> bool:
        """Whether special tokens stand in its texts by name; in texts of others such a name is text."""

    def documents(self, position: int) -> Iterator[tuple[int, str]]:
        """Every document from a position on, with its own. Raises ConfigError for what cannot be read."""


@dataclass(frozen=True)
class Embedded:
    """The first documents of the corpus of the embedded model; a position is a document's number."""

    num_documents: int = EMBEDDED_DOCUMENTS
    names_special_tokens: bool = True

    @property
    def name(self) -> str:
        return f"{EMBEDDED}:{self.num_documents}"

    def documents(self, position: int) -> Iterator[tuple[int, str]]:
        for n in range(position, self.num_documents):
            yield n, corpus.document(f"{EMBEDDED_SEED}/{n}").text


@dataclass(frozen=True)
class TextFile:
    """Blank lines part the documents; a position is a byte."""

    path: Path
    names_special_tokens: bool = False

    @property
    def name(self) -> str:
        return str(self.path)

    def documents(self, position: int) -> Iterator[tuple[int, str]]:
        with self.path.open("rb") as file:
            file.seek(position)
            start, lines = position, list[bytes]()
            for line in file:
                if line.strip():
                    lines.append(line)
                elif lines:
                    yield start, _decoded(b"".join(lines).rstrip(b"\r\n"), self.path)
                    lines = []
                if not lines:
                    start = position + len(line)
                position += len(line)
            if lines:
                yield start, _decoded(b"".join(lines).rstrip(b"\r\n"), self.path)


@dataclass(frozen=True)
class JsonLines:
    """One document a line, its `text`; a position is a byte."""

    path: Path
    names_special_tokens: bool = False

    @property
    def name(self) -> str:
        return str(self.path)

    def documents(self, position: int) -> Iterator[tuple[int, str]]:
        with self.path.open("rb") as file:
            file.seek(position)
            for line in file:
                if line.strip():
                    yield position, self._text(line, position)
                position += len(line)

    def _text(self, line: bytes, position: int) -> str:
        try:
            told = json.loads(line)
        except ValueError:
            told = None
        if not isinstance(told, dict) or not isinstance(told.get("text"), str):
            raise ConfigError(f'{self.path}, byte {position}: this line is no {{"text": "…"}}: give one a document.')
        return str(told["text"])


@dataclass(frozen=True)
class ParquetFile:
    """One document a row, its column `text`, as nanochat's own shards have it; a position is a row."""

    path: Path
    names_special_tokens: bool = False

    @property
    def name(self) -> str:
        return str(self.path)

    def documents(self, position: int) -> Iterator[tuple[int, str]]:
        import pyarrow
        from pyarrow import parquet

        try:
            with parquet.ParquetFile(self.path) as file:
                if "text" not in file.schema_arrow.names:
                    raise ConfigError(f"{self.path} has no column `text`: it has {', '.join(file.schema_arrow.names)}.")
                first = 0
                for group in range(file.num_row_groups):
                    num_rows = file.metadata.row_group(group).num_rows
                    if first + num_rows > position:
                        texts = file.read_row_group(group, columns=["text"], use_threads=False).column("text")
                        for row in range(max(position - first, 0), num_rows):
                            text = texts[row].as_py()
                            yield first + row, text if isinstance(text, str) else ""
                    first += num_rows
        except pyarrow.ArrowException as error:
            raise ConfigError(f"{self.path} is no Parquet file that can be read: {error}.") from error


KINDS: dict[str, type[TextFile | JsonLines | ParquetFile]] = {
    ".txt": TextFile,
    ".md": TextFile,
    ".jsonl": JsonLines,
    ".ndjson": JsonLines,
    ".parquet": ParquetFile,
}


def sources_of(texts: str | Path | Iterable[str | Path]) -> list[Source]:
    """What `mri scan TEXT…` means: files, folders of them in name order, `embedded`, `embedded:3357`.

    Raises ConfigError where a name means nothing, or a folder has nothing to read."""
    names = [texts] if isinstance(texts, str | Path) else list(texts)
    if not names:
        raise ConfigError(f"There is no text to scan: name files, folders, or `{EMBEDDED}`.")
    return [source for name in names for source in _sources_of(name)]


def _sources_of(name: str | Path) -> list[Source]:
    if match := re.fullmatch(rf"{EMBEDDED}(?::([1-9]\d{{0,8}}))?", str(name)):
        return [Embedded(int(match[1])) if match[1] else Embedded()]
    path = as_path(name).absolute()
    if path.is_dir():
        found = [file for file in sorted(path.iterdir()) if file.is_file() and file.suffix.lower() in KINDS]
        if not found:
            raise ConfigError(f"{path} has nothing to scan: put files of {', '.join(KINDS)} into it.")
        return [_file(file) for file in found]
    if not path.is_file():
        raise ConfigError(f"There is no {path}: name a file, a folder, or `{EMBEDDED}`.")
    if path.suffix.lower() not in KINDS:
        raise ConfigError(f"{path} is none of {', '.join(KINDS)}: give it the name of what it is.")
    return [_file(path)]


def _file(path: Path) -> Source:
    return KINDS[path.suffix.lower()](path)


def _decoded(text: bytes, path: Path) -> str:
    try:
        return text.decode()
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is no UTF-8: convert it, `iconv -t utf-8`.") from error
