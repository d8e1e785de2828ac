"""Words and addresses of the export dialog."""

from __future__ import annotations

from mri.export.files import ALL, FORMATS, TABLES
from mri.web.parts.session_files import KINDS, NOTES, WHAT, address, size_words


def test_every_table_and_format_can_be_chosen() -> None:
    assert set(WHAT) == {ALL, *TABLES}
    assert list(KINDS) == list(FORMATS) == list(NOTES)


def test_an_address_is_that_of_the_file() -> None:
    assert address("a-1", "stats", "csv") == ("/sessions/a-1/export/stats.csv", "a-1.stats.csv")
    assert address("a-1", ALL, "csv") == ("/sessions/a-1/export/all.csv", "a-1.csv.zip")
    assert address("a-1", "stats", "h5") == ("/sessions/a-1/export/all.h5", "a-1.h5")


def test_what_a_person_gets_is_said_before() -> None:
    assert size_words(1, "tokens", "csv", "x.csv") == "1 row as x.csv."
    assert size_words(1234, "topk", "csv", "x.csv") == "About 1,234 rows as x.csv."
    assert size_words(9, ALL, "json", "x.zip") == "About 9 rows in 7 files, together as x.zip."
    assert size_words(0, "stats", "h5", "x.h5") == "The whole session, as x.h5."
