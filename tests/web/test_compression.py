"""Packed once: what is kept on the disk counts only where it is the very text."""

import gzip

import brotli
import pytest

from mri.web import compression
from mri.web.compression import keep_smallest, packed

TEXT = b"export const a = 1;\n" * 3000 + bytes(range(256)) * 40


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(compression, "FOLDER", tmp_path / "kept")
    packed.cache_clear()
    yield tmp_path / "kept"
    packed.cache_clear()


def test_both_encodings_unpack_to_the_text(folder):
    assert gzip.decompress(packed(TEXT, "gzip")) == brotli.decompress(packed(TEXT, "br")) == TEXT
    assert not folder.exists()


def test_the_smallest_is_served_from_then_on_and_after_a_start_anew(folder):
    quick = packed(TEXT, "br")
    keep_smallest([TEXT, b"another"])
    smallest = packed(TEXT, "br")
    assert len(smallest) < len(quick)
    packed.cache_clear()  # as a new process
    assert packed(TEXT, "br") == smallest
    assert len(list(folder.iterdir())) == 2
    keep_smallest([TEXT])
    assert [path.read_bytes() for path in folder.iterdir()] == [smallest], "what is asked for no more goes"


@pytest.mark.parametrize("left", [b"", b"damaged", brotli.compress(b"something else")])
def test_a_file_that_is_another_or_damaged_is_not_believed_and_made_anew(folder, left):
    keep_smallest([TEXT])
    [path] = folder.iterdir()
    path.write_bytes(left)
    packed.cache_clear()
    assert brotli.decompress(packed(TEXT, "br")) == TEXT
    keep_smallest([TEXT])
    assert brotli.decompress(path.read_bytes()) == TEXT


def test_a_disk_that_cannot_be_written_to_changes_nothing(folder):
    folder.write_text("a file where the folder should be")
    keep_smallest([TEXT])
    assert brotli.decompress(packed(TEXT, "br")) == TEXT
