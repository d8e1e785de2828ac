"""A session as files to take away: its tables as Parquet, CSV or JSON, several of them as a zip, or the session itself.

Streams: about ROWS_AT_ONCE rows are in memory, however long the session is. Reads through mri/store.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

from mri.errors import ConfigError, StoreError
from mri.export.arrow import WRITERS, Sink
from mri.export.provenance import provenance
from mri.export.rows import UNITS, Rows, num_rows
from mri.store.reader import SessionReader

TABLES = tuple(UNITS)
FORMATS = (*WRITERS, "h5")
ALL = "all"
READ_BYTES = 1 << 18

OnRows = Callable[[int], None]
"""Told how many rows came since the last time."""


def check(what: str, kind: str) -> None:
    """Raises ConfigError on a choice that there is not. `what`: one of TABLES or "all"; `kind`: one of FORMATS."""
    if what not in (*TABLES, ALL):
        raise ConfigError(f"There is no table {what!r}: choose one of {', '.join(TABLES)}, or {ALL}.")
    if kind not in FORMATS:
        raise ConfigError(f"There is no format {kind!r}: choose one of {', '.join(FORMATS)}.")
    if kind == "h5" and what != ALL:
        raise ConfigError("An .h5 is the whole session, not one table: ask for all of it, or for another format.")


def file_name(session_id: str, what: str, kind: str) -> str:
    """`<id>.stats.parquet`; of the session itself `<id>.h5`; of all tables together `<id>.csv.zip`."""
    if kind == "h5":
        return f"{session_id}.h5"
    return f"{session_id}.{kind}.zip" if what == ALL else f"{session_id}.{what}.{kind}"


def pieces(reader: SessionReader, what: str, kind: str) -> Iterator[bytes]:
    """The file of that name, in turn. Raises ConfigError, and StoreError for an .h5 of a session that is none yet."""
    check(what, kind)
    if kind == "h5":
        return session_pieces(reader)
    return zip_pieces(reader, kind) if what == ALL else table_pieces(reader, what, kind)


def table_pieces(reader: SessionReader, table: str, kind: str, on_rows: OnRows = lambda rows: None) -> Iterator[bytes]:
    sink = Sink()
    writer = WRITERS[kind](sink, table, provenance(reader))
    for columns in Rows(reader).blocks(table):
        writer.write(columns)
        on_rows(num_rows(columns))
        yield sink.take()
    writer.close()
    yield sink.take()


def zip_pieces(reader: SessionReader, kind: str) -> Iterator[bytes]:
    """All tables; a Parquet is compressed already."""
    sink = Sink()
    how = zipfile.ZIP_STORED if kind == "parquet" else zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(sink, "w", how, compresslevel=1) as archive:  # type: ignore[call-overload]
        for table in TABLES:
            name = file_name(reader.session.id, table, kind)
            with archive.open(zipfile.ZipInfo(name), "w", force_zip64=True) as member:
                for piece in table_pieces(reader, table, kind):
                    member.write(piece)
                    yield sink.take()
    yield sink.take()


def session_pieces(reader: SessionReader) -> Iterator[bytes]:
    """The session's own file, which `mri import` takes elsewhere."""
    if reader.path.is_dir():
        raise StoreError(
            f"Session {reader.session.id} is not one file yet: wait for its recording to end, or take its tables."
        )
    return _read(reader.path)


def rows_about(reader: SessionReader, what: str) -> int:
    """Rows of a table, or of all: exact where every step but the first has as many as the last."""
    if what == ALL:
        return sum(rows_about(reader, table) for table in TABLES)
    if what in ("tokens", "steps"):
        return num_rows(getattr(Rows(reader), what)())
    if not reader.num_steps:
        return 0
    rows, last = Rows(reader), reader.num_steps - 1
    first, other = (num_rows(getattr(rows, what)(reader.frames(step, step + 1))) for step in (0, last))
    return first + other * last


def _read(path: Path) -> Iterator[bytes]:
    with open(path, "rb") as file:
        while piece := file.read(READ_BYTES):
            yield piece
