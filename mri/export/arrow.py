"""Blocks of rows → bytes of a Parquet, CSV or JSON file, as they come: whoever writes holds one block in memory.

Parquet  one row group a block, categories as dictionaries, token bytes as binary, units and provenance in the schema
CSV      one header row; a missing value is an empty cell, a captured NaN is `nan`; strings are quoted and formula-safe,
         token bytes are hexadecimal in a column `raw_hex`
JSON     an array with one object a line; a missing value is null, what JSON has no number for is the text "NaN",
         "Infinity" or "-Infinity"; token bytes as in CSV

pyarrow takes 0.3 s to import and is needed for nothing else: not before the first export.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from mri.export.cells import formula_safe, hex_of_bytes
from mri.export.rows import MISSING_AS_NAN, UNITS, Coded, Columns

if TYPE_CHECKING:
    import pyarrow


class Sink:
    """A file that can only be appended to: keeps what was written until it is taken."""

    closed = False

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._num_bytes = 0

    def write(self, data: Any) -> int:
        self._parts.append(bytes(data))
        self._num_bytes += len(self._parts[-1])
        return len(self._parts[-1])

    def tell(self) -> int:
        return self._num_bytes

    def flush(self) -> None:
        """Nothing waits."""

    def take(self) -> bytes:
        """What was written since it was last asked."""
        out = b"".join(self._parts)
        self._parts.clear()
        return out


class TableWriter(Protocol):
    def write(self, columns: Columns) -> None:
        """Appends a block of rows."""

    def close(self) -> None: ...


class ParquetTable:
    def __init__(self, sink: Sink, table: str, provenance: dict[str, str]) -> None:
        self._sink, self._table, self._attrs = sink, table, {**provenance, "units": UNITS[table]}
        self._writer: Any = None

    def write(self, columns: Columns) -> None:
        import pyarrow.parquet

        block = _arrow(self._table, columns)
        if self._writer is None:
            fields = [field.with_metadata({"unit": UNITS[self._table][field.name]}) for field in block.schema]
            attrs = {"PANDAS_ATTRS": json.dumps(self._attrs)}  # where pandas keeps DataFrame.attrs
            self._schema = pyarrow.schema(fields, attrs)
            self._writer = pyarrow.parquet.ParquetWriter(self._sink, self._schema, compression="zstd")
        self._writer.write_table(block.cast(self._schema))

    def close(self) -> None:
        self._writer.close()


class CsvTable:
    def __init__(self, sink: Sink, table: str, provenance: dict[str, str]) -> None:
        self._sink, self._table, self._is_first = sink, table, True

    def write(self, columns: Columns) -> None:
        import pyarrow.csv

        texts = {name: _with_texts(column, formula_safe) for name, column in columns.items()}
        block = _arrow(self._table, texts)
        block = block.rename_columns([_text_name(name) for name in block.column_names])
        options = pyarrow.csv.WriteOptions(include_header=self._is_first)
        pyarrow.csv.write_csv(block, self._sink, options)
        self._is_first = False

    def close(self) -> None:
        """Nothing is left to write."""


class JsonTable:
    def __init__(self, sink: Sink, table: str, provenance: dict[str, str]) -> None:
        self._sink, self._table, self._is_first = sink, table, True

    def write(self, columns: Columns) -> None:
        import pyarrow.compute

        parts: list[Any] = []
        for name, column in columns.items():
            parts += [(",\n{" if not parts else ",") + f'"{_text_name(name)}":', self._texts(name, column)]
        rows = pyarrow.compute.binary_join_element_wise(*parts, "}", "")  # the last is the separator
        if not len(rows):
            return
        _, offsets, data = rows.buffers()  # one text after the other, each with the comma before it
        num_bytes = int(np.frombuffer(offsets, np.int32)[len(rows)])
        self._sink.write(b"[" + data[1:num_bytes].to_pybytes() if self._is_first else data[:num_bytes])
        self._is_first = False

    def close(self) -> None:
        self._sink.write(b"[]\n" if self._is_first else b"\n]\n")

    def _texts(self, name: str, column: Any) -> pyarrow.Array:
        """Each value as JSON."""
        import pyarrow

        if isinstance(column, Coded):
            return _column(_with_texts(column, json.dumps), is_missing=None).dictionary_decode()
        texts = pyarrow.array(column).cast(pyarrow.string())
        if column.dtype.kind != "f" or np.isfinite(column).all():
            return texts
        is_nan = np.isnan(column)
        nan = "null" if (self._table, name) in MISSING_AS_NAN else '"NaN"'
        words = [(is_nan, nan), (column == np.inf, '"Infinity"'), (column == -np.inf, '"-Infinity"')]
        for here, word in words:
            texts = pyarrow.compute.if_else(pyarrow.array(here), word, texts)
        return texts


WRITERS: dict[str, Callable[[Sink, str, dict[str, str]], TableWriter]] = {
    "parquet": ParquetTable,
    "csv": CsvTable,
    "json": JsonTable,
}


def _arrow(table: str, columns: Columns) -> pyarrow.Table:
    import pyarrow

    arrays = {}
    for name, column in columns.items():
        missing = None if isinstance(column, Coded) or (table, name) not in MISSING_AS_NAN else np.isnan(column)
        arrays[name] = _column(column, missing)
    return pyarrow.table(arrays)


def _column(column: Any, is_missing: Any) -> Any:
    import pyarrow

    if not isinstance(column, Coded):
        return pyarrow.array(column, mask=is_missing)
    is_bytes = bool(column.categories) and isinstance(column.categories[0], bytes)
    values = pyarrow.array(column.categories, pyarrow.binary() if is_bytes else pyarrow.string())
    return pyarrow.DictionaryArray.from_arrays(pyarrow.array(column.codes.astype(np.int32)), values)


def _with_texts(column: Any, of_text: Any) -> Any:
    """Categories as texts: of bytes their digits, all others through `of_text`."""
    if not isinstance(column, Coded):
        return column
    texts = [hex_of_bytes(value) if isinstance(value, bytes) else value for value in column.categories]
    return Coded(column.codes, [of_text(text) for text in texts])


def _text_name(name: str) -> str:
    return "raw_hex" if name == "raw" else name
