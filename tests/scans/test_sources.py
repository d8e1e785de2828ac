"""Documents by position, from every kind of source."""

from __future__ import annotations

import json

import pyarrow
import pytest
from pyarrow import parquet

from mri.errors import ConfigError
from mri.making import corpus
from mri.scans.settings import Settings
from mri.scans.shards import corpus_hash, cut, texts_of
from mri.scans.sources import sources_of

TEXTS = ["One.", "Two\nlines é.", "Three.", "Four.", "Five."]


def write(folder, kind):
    path = folder / f"it.{kind}"
    if kind == "parquet":
        parquet.write_table(pyarrow.table({"n": range(5), "text": TEXTS}), path, row_group_size=2)
    elif kind == "jsonl":
        path.write_text("\n".join(json.dumps({"text": text}) for text in TEXTS) + "\n\n", "utf-8")
    else:
        path.write_text("\n\n" + "\n\n \n".join(TEXTS), "utf-8")
    return path


@pytest.mark.parametrize("kind", ["txt", "jsonl", "parquet"])
def test_documents_from_every_position(tmp_path, kind):
    [source] = sources_of(write(tmp_path, kind))
    found = list(source.documents(0))
    assert [text for _, text in found] == TEXTS
    for n, (position, _) in enumerate(found):
        assert list(source.documents(position)) == found[n:]
    [again] = sources_of(source.name)
    assert again == source
    assert not source.names_special_tokens


def test_the_embedded_corpus(tmp_path):
    [source] = sources_of("embedded:3")
    assert source.name == "embedded:3"
    assert list(source.documents(1)) == [(n, corpus.document(f"atlas/1/{n}").text) for n in (1, 2)]
    assert sources_of("embedded")[0].name == "embedded:23000"


def test_a_folder_is_read_in_name_order_and_a_shard_goes_on_into_the_next_file(tmp_path):
    for name, text in (("b.txt", "B"), ("a.txt", "A"), ("c.json", "no"), ("d.md", "D1\n\nD2")):
        (tmp_path / name).write_text(text)
    sources = sources_of(tmp_path)
    assert [source.path.name for source in sources] == ["a.txt", "b.txt", "d.md"]
    shards = cut(sources, Settings(shard_bytes=3))
    assert [shard.num_documents for shard in shards] == [3, 1]
    assert [texts_of(shard, sources) for shard in shards] == [
        [("A", False), ("B", False), ("D1", False)],
        [("D2", False)],
    ]
    assert [(shard.first_document, shard.source, shard.num_bytes) for shard in shards] == [(0, 0, 4), (3, 2, 2)]


def test_a_text_that_has_changed_is_refused(tmp_path):
    path = write(tmp_path, "txt")
    sources = sources_of(path)
    shards = cut(sources, Settings(shard_bytes=8))
    assert len(shards) > 1
    path.write_text(path.read_text("utf-8").replace("Four", "Fore"), "utf-8")
    assert texts_of(shards[0], sources)[0][0] == "One."
    with pytest.raises(ConfigError, match="have changed since this scan was begun"):
        [texts_of(shard, sources) for shard in shards]
    assert corpus_hash(cut(sources, Settings(shard_bytes=8))) != corpus_hash(shards)


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.txt", b"\xff", "is no UTF-8"),
        ("a.jsonl", b'{"text": 1}\n', "this line is no"),
        ("a.jsonl", b"nothing\n", "this line is no"),
        ("a.parquet", b"PAR1torn", "no Parquet file"),
        ("a.pdf", b"", "is none of .txt"),
        ("a.txt", b" \n", "have no document"),
    ],
)
def test_what_cannot_be_read_is_told_in_a_sentence(tmp_path, name, content, sentence):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ConfigError, match=sentence):
        cut(sources_of(tmp_path / name), Settings())


def test_what_is_not_there(tmp_path):
    parquet.write_table(pyarrow.table({"words": ["a"]}), tmp_path / "b.parquet")
    with pytest.raises(ConfigError, match="has no column `text`: it has words"):
        cut(sources_of(tmp_path / "b.parquet"), Settings())
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigError, match="has nothing to scan"):
        sources_of(tmp_path / "empty")
    with pytest.raises(ConfigError, match="There is no"):
        sources_of([tmp_path / "nowhere"])
    with pytest.raises(ConfigError, match="There is no text to scan"):
        sources_of([])
    with pytest.raises(ConfigError, match="max_tokens is 1: give a whole number from 2"):
        Settings(max_tokens=1)
