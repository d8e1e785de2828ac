"""What lies in a scan's folder, whole or not."""

from __future__ import annotations

import json
import shutil

import pytest

import mri
from mri.errors import ConfigError, StoreError, UnknownHookPoint
from mri.scans.folder import open_folder
from mri.scans.scan import scan
from tests.scans.conftest import SMALL


@pytest.fixture(scope="module")
def made(model, corpus_file, tmp_path_factory):
    return scan(corpus_file, model=model, out=tmp_path_factory.mktemp("made") / "it", settings=SMALL).path


@pytest.fixture
def folder(made, tmp_path):
    return shutil.copytree(made, tmp_path / "it")


def test_nothing_but_the_manifest_and_the_shards_lies_there(folder):
    names = {path.name for path in folder.iterdir()}
    assert names == {"scan.json", *(f"shard-{n:06}.parquet" for n in range(4))}
    told = json.loads((folder / "scan.json").read_text())
    assert told["model"]["model_id"] == "base/d3/10"
    assert len(told["run_hash"]) == len(told["tokenizer_hash"]) == len(told["corpus_hash"]) == 64


@pytest.mark.parametrize("damage", ["torn", "bit", "foreign", "other shard"])
def test_a_damaged_shard_is_refused(folder, model, corpus_file, damage):
    path = folder / "shard-000001.parquet"
    data = bytearray(path.read_bytes())
    if damage == "torn":
        path.write_bytes(data[: len(data) // 2])
    elif damage == "bit":
        data[len(data) // 3] ^= 1
        path.write_bytes(data)
    elif damage == "foreign":
        path.write_bytes(b"something else")
    else:
        shutil.copy(folder / "shard-000002.parquet", path)
    with pytest.raises(StoreError, match="delete it, and it is made again"):
        mri.open_scan(folder).blocks()
    with pytest.raises(StoreError, match="delete it, and it is made again"):
        scan(corpus_file, model=model, out=folder, settings=SMALL)
    path.unlink()
    scan(corpus_file, model=model, out=folder, settings=SMALL)
    assert mri.open_scan(folder).missing == []


def test_what_is_missing_is_told(folder):
    (folder / "shard-000003.parquet").unlink()
    (folder / "shard-000003.123.part").write_bytes(b"of who was killed")
    assert mri.open_scan(folder).missing == [3]
    with pytest.raises(StoreError, match="lacks 1 of 4 shards: run the same `mri scan` again"):
        mri.open_scan(folder).heads()


def test_what_a_killed_process_left_goes_with_its_shard(folder, model, corpus_file):
    left = folder / "shard-000003.123.part"
    left.write_bytes(b"of who was killed")
    (folder / "shard-000003.parquet").unlink()
    scan(corpus_file, model=model, out=folder, settings=SMALL)
    assert not left.exists()


def changed(path, change):
    told = json.loads(path.read_text())
    change(told)
    path.write_text(json.dumps(told))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda told: told.update(format=2), "of another version"),
        (lambda told: told.pop("sizes"), "is broken"),
        (lambda told: told["settings"].update(ids="many"), "is broken"),
        (lambda told: told["shards"].pop(), "was changed"),
        (lambda told: told.update(run_hash="0" * 64), None),
    ],
)
def test_a_foreign_manifest_is_refused(folder, change, sentence):
    changed(folder / "scan.json", change)
    with pytest.raises(StoreError, match=sentence or "belongs to another scan"):
        mri.open_scan(folder).blocks()


def test_no_scan(tmp_path):
    with pytest.raises(StoreError, match="is no scan"):
        open_folder(tmp_path)
    (tmp_path / "scan.json").write_text("{")
    with pytest.raises(StoreError, match="is broken"):
        mri.open_scan(tmp_path)


def test_a_neuron_that_is_not_there(folder):
    scanned = mri.open_scan(folder)
    with pytest.raises(UnknownHookPoint, match=r"it has block\.0\.mlp_act to 2"):
        scanned.neuron("block.3.mlp_act", 0)
    with pytest.raises(ConfigError, match="from 0 to 255"):
        scanned.neuron("block.0.mlp_act", 256)
