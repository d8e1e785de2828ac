"""What was exported says, read by others' programs, what the DataFrames say; and an export holds little in memory."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet
import pytest

from mri.errors import ConfigError, StoreError
from mri.export import rows
from mri.export.cells import formula_safe
from mri.export.files import ALL, FORMATS, TABLES, check, file_name, pieces, rows_about
from mri.export.trace import open_trace
from mri.format.config import TraceConfig
from mri.format.events import TraceSession
from mri.store.opening import open_session
from mri.store.reader import SessionReader
from mri.store.writer import SessionWriter
from tests.conftest import TINY_VOCABULARY, random_frame, random_layout, write_handmade_session, write_random_session

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> SessionReader:
    config = TraceConfig(topk=4, edu=True)
    return open_session(write_random_session(tmp_path_factory.mktemp("s"), num_steps=6, config=config, extras=True))


def exported(reader: SessionReader, what: str, kind: str) -> bytes:
    return b"".join(pieces(reader, what, kind))


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "ROWS_AT_ONCE", 1)


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("kind", ["parquet", "csv", "json"])
def test_files_say_what_the_dataframes_say(reader: SessionReader, table: str, kind: str) -> None:
    wanted = getattr(open_trace(reader.path), table)()
    data = io.BytesIO(exported(reader, table, kind))
    if kind == "parquet":
        got = pd.read_parquet(data)
        assert got.attrs | {"path": wanted.attrs["path"]} == wanted.attrs  # which is of this machine only
    elif kind == "csv":
        got = pd.read_csv(
            data, keep_default_na=False, na_values={"bound": [""], "logprob": [""], "p99": [""], "value": ["nan"]}
        )
    else:
        got = pd.DataFrame(json.load(data))
    assert len(got) == len(wanted) > 0
    for name in wanted:
        column = got["raw_hex" if name == "raw" and kind != "parquet" else name]
        if wanted[name].dtype.kind == "f":
            np.testing.assert_array_equal(column.astype(np.float32), wanted[name])
        elif name == "raw" and kind != "parquet":
            assert column.tolist() == ["0x" + raw.hex() for raw in wanted[name]]
        else:
            assert column.tolist() == wanted[name].tolist(), name


def test_parquet_keeps_token_bytes_units_and_one_row_group_a_block(
    reader: SessionReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "ROWS_AT_ONCE", 1)
    file = pyarrow.parquet.ParquetFile(io.BytesIO(exported(reader, "logits", "parquet")))
    assert file.num_row_groups == reader.num_steps
    table = file.read()
    raw = table["raw"].combine_chunks().cast("binary").to_pylist()
    assert b"\xff" in raw, "the byte that is no UTF-8 stays that byte"
    assert table.schema.field("logprob").metadata[b"unit"] == b"nats, at temperature 1"


def test_a_captured_nan_a_missing_value_and_infinity_are_three_things(tmp_path: Path) -> None:
    reader = open_session(write_handmade_session(tmp_path))
    lines = list(csv.DictReader(io.StringIO(exported(reader, "topk", "csv").decode())))
    mine = [line for line in lines if line["step"] == "0" and line["hook_point"] == "block.1.mlp_out"]
    assert {line["neuron"]: line["value"] for line in mine} == {"6": "nan", "1": "-inf", "7": "2", "0": "-1"}
    objects = json.loads(exported(reader, "topk", "json"))
    mine = [row for row in objects if row["step"] == 0 and row["hook_point"] == "block.1.mlp_out"]
    assert {row["neuron"]: row["value"] for row in mine} == {6: "NaN", 1: "-Infinity", 7: 2, 0: -1}
    first = json.loads(exported(reader, "tokens", "json"))[0]
    assert first["logprob"] is None
    assert exported(reader, "tokens", "csv").decode().splitlines()[1].endswith(",")
    table = pyarrow.parquet.read_table(io.BytesIO(exported(reader, "tokens", "parquet")))
    assert table["logprob"].to_pylist()[0] is None
    values = pyarrow.parquet.read_table(io.BytesIO(exported(reader, "topk", "parquet")))["value"]
    assert values.null_count == 0
    assert np.isnan(values.to_numpy()).any()


def test_no_cell_of_a_csv_is_a_formula_and_numbers_stay_numbers(tmp_path: Path) -> None:
    """Tokens that a spreadsheet would calculate, break a line at or take for a number."""
    texts = [b"=1+1", b"+a", b"-1", b"@SUM", b"\tx", b"\rx", b'a"b,\nc', b"'=1", "é".encode(), b"1e5"]
    layout = random_layout(1, 4, 1, TraceConfig(capture_mode="stats", logits_topk=10, prefill="stepwise"))
    rng = np.random.default_rng(0)
    with SessionWriter(tmp_path, TraceSession("formulas", layout), vocabulary=texts) as writer:
        for step in range(10):
            frame = random_frame(layout, rng, step, "prefill", step, 1)
            frame.arrays["tokens"][:] = step
            frame.arrays["logits/token_ids"][:] = np.arange(10)
            writer.append(frame)
        reader = open_session(writer.finish("stopped", seal=False))
    lines = list(csv.DictReader(io.StringIO(exported(reader, "tokens", "csv").decode(), newline="")))
    for raw, line in zip(texts, lines, strict=True):
        assert line["token"].lstrip("'") == raw.decode().lstrip("'")
        assert not line["token"].startswith(("=", "+", "-", "@", "\t", "\r"))
        assert bytes.fromhex(line["raw_hex"][2:]) == raw
    logits = list(csv.DictReader(io.StringIO(exported(reader, "logits", "csv").decode(), newline="")))
    assert any(line["logit"].startswith("-") for line in logits)
    assert formula_safe("-1") == "'-1"
    assert formula_safe("a=1") == "a=1"


def test_all_tables_are_a_zip_and_the_session_is_its_own_file(reader: SessionReader) -> None:
    for kind in ("parquet", "csv", "json"):
        archive = zipfile.ZipFile(io.BytesIO(exported(reader, ALL, kind)))
        assert archive.testzip() is None
        assert archive.namelist() == [f"random.{table}.{kind}" for table in TABLES]
        assert archive.read(f"random.stats.{kind}") == exported(reader, "stats", kind)
    assert exported(reader, ALL, "h5") == reader.path.read_bytes()
    assert file_name("random", ALL, "csv") == "random.csv.zip"
    assert file_name("random", ALL, "h5") == "random.h5"


def test_choices_that_there_are_not_are_named(reader: SessionReader, tmp_path: Path) -> None:
    for what, kind, sentence in (
        ("weights", "csv", "choose one of stats"),
        ("stats", "xlsx", "choose one of parquet"),
        ("stats", "h5", "the whole session"),
    ):
        with pytest.raises(ConfigError, match=sentence):
            check(what, kind)
    assert set(FORMATS) == {"parquet", "csv", "json", "h5"}
    with (
        open_session(write_handmade_session(tmp_path, seal=False)) as journal,
        pytest.raises(StoreError, match="not one file yet"),
    ):
        pieces(journal, ALL, "h5")


def test_the_number_of_rows_is_known_before(reader: SessionReader) -> None:
    for table in ("stats", "tokens", "logits"):
        assert rows_about(reader, table) == len(getattr(open_trace(reader.path), table)())
    assert rows_about(reader, ALL) == sum(rows_about(reader, table) for table in TABLES)


def test_an_empty_session_has_empty_tables(tmp_path: Path) -> None:
    layout = random_layout(1, 4, 1, TraceConfig())
    with SessionWriter(tmp_path, TraceSession("empty", layout)) as writer:
        reader = open_session(writer.finish("stopped", seal=False))
    for table in TABLES:
        assert json.loads(exported(reader, table, "json")) == []
        assert len(exported(reader, table, "csv").splitlines()) == 1
        assert len(pd.read_parquet(io.BytesIO(exported(reader, table, "parquet")))) == 0


GROWTH = """
import sys, psutil
from pathlib import Path
from mri.export import rows
from mri.export.files import pieces
from mri.store.opening import open_session
rows.ROWS_AT_ONCE = 5000
me, peak = psutil.Process(), 0
def run(path):
    global peak
    for kind in ("parquet", "csv", "json"):
        with open_session(Path(path)) as reader:
            for piece in pieces(reader, "topk", kind):
                peak = max(peak, me.memory_info().rss)
run(sys.argv[1])
before, peak = peak, 0
run(sys.argv[2])
print(peak - before)
"""


def test_memory_does_not_grow_with_the_session(tmp_path: Path) -> None:
    """Eight times the steps: 940,000 rows, which are 90 MB as JSON and 20 MB as columns."""
    layout = random_layout(6, 64, 1, TraceConfig(topk=60))
    frame = random_frame(layout, np.random.default_rng(0), 0, "decode", 0, 1)
    paths = []
    for num_steps in (75, 600):
        with SessionWriter(tmp_path, TraceSession(f"of-{num_steps}", layout), vocabulary=TINY_VOCABULARY) as writer:
            for step in range(num_steps):
                writer.append(replace(frame, step=step))
            paths.append(str(writer.finish("stopped", seal=False)))
    done = subprocess.run(
        [sys.executable, "-c", GROWTH, *paths],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(done.stdout) < 15e6
