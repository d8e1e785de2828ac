"""Tables of contents that nobody vouches for: nothing in them runs, nothing is larger than its file."""

import json
import os
import pickle
import tracemalloc
import zipfile

import pytest
import torch
from safetensors.torch import save_file

from mri.errors import ModelError
from mri.nanochat.disk.contents import read_contents, read_json
from tests.nanochat.disk.layouts import write_shards

TENSORS = {"a.weight": torch.arange(6.0).view(2, 3), "b.weight": torch.ones(4, dtype=torch.bfloat16)}


def refused(path, words):
    with pytest.raises(ModelError, match=words) as caught:
        read_contents(path)
    text = str(caught.value)
    assert str(path.parent) in text
    assert text.endswith(".")
    assert "\n" not in text


def safetensors(path, header, data=b"", length=None):
    head = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes((len(head) if length is None else length).to_bytes(8, "little") + head + data)
    return path


def tensor(shape, begin, end, dtype="F32"):
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


def test_a_sound_file_of_each_format(tmp_path):
    save_file(TENSORS, tmp_path / "m.safetensors")
    torch.save(TENSORS, tmp_path / "m.bin")
    for name in ("m.safetensors", "m.bin"):
        found = read_contents(tmp_path / name).tensors
        assert {key: (x.shape, x.dtype) for key, x in found.items()} == {
            "a.weight": ((2, 3), "float32"),
            "b.weight": ((4,), "bfloat16"),
        }
    write_shards(tmp_path, TENSORS)
    assert set(read_contents(tmp_path / "model.safetensors.index.json").tensors) == set(TENSORS)


@pytest.mark.parametrize(
    ("header", "data", "words"),
    [
        (b"", b"", "cannot be read as JSON"),
        (b"[" * 100_000, b"", "cannot be read as JSON"),
        (b"{\xff", b"", "cannot be read as JSON"),
        ([], b"", "no table of tensors"),
        ({"a": 3}, b"", "has no shape and place"),
        ({"a": tensor([2], 0, 8, "I64")}, bytes(8), "only F32, BF16 and F16"),
        ({"a": tensor([2], 0, 8, ["F32"])}, bytes(8), "only F32, BF16 and F16"),
        ({"a": tensor([1 << 40, 1 << 40], 0, 8)}, bytes(8), "not in the file"),
        ({"a": tensor([50, 50], 0, 8)}, bytes(8), "larger or smaller than its place"),
        ({"a": tensor([1] * 9, 0, 4)}, bytes(4), "has no shape and place"),
        ({"a": tensor([-2], 0, 8)}, bytes(8), "not in the file"),
        ({"a": tensor([True, 2], 0, 8)}, bytes(8), "not in the file"),
        ({"a": tensor([2], 8, 16)}, bytes(8), "not in the file|larger or smaller than its place"),
        ({"a": tensor([2], 0, 8), "b": tensor([2], 0, 8)}, bytes(8), "overlap or leave gaps"),
        ({"a": tensor([2], 0, 8), "b": tensor([2], 4, 12)}, bytes(12), "overlap or leave gaps"),
        ({"a": tensor([1], 4, 8)}, bytes(8), "overlap or leave gaps"),
        ({"a": tensor([1], 0, 4)}, bytes(8), "4 bytes that are no tensor's"),
    ],
)
def test_headers_that_lie(tmp_path, header, data, words):
    refused(safetensors(tmp_path / "m.safetensors", header, data), words)


def test_a_header_with_a_name_twice(tmp_path):
    one = json.dumps(tensor([1], 0, 4))
    refused(
        safetensors(tmp_path / "m.safetensors", f'{{"a": {one}, "a": {one}}}'.encode(), bytes(4)), "it has 'a' twice"
    )


@pytest.mark.parametrize("length", [1 << 62, 1000, 5])
def test_lengths_that_lie(tmp_path, length):
    path = safetensors(tmp_path / "m.safetensors", {"a": tensor([1], 0, 4)}, bytes(4), length)
    refused(path, "truncated or no safetensors file|cannot be read as JSON")
    (tmp_path / "short.safetensors").write_bytes(b"\x00" * 5)
    refused(tmp_path / "short.safetensors", "truncated")


@pytest.mark.parametrize(
    "name",
    [
        "../m.safetensors",
        "/etc/passwd",
        "a/b.safetensors",
        "..",
        "",
        "C:\\m.safetensors",
        "m.txt",
        ".m.bin",
        "m.bin\n",
        3,
    ],
)
def test_an_index_points_only_to_files_beside_it(tmp_path, name):
    inside = tmp_path / "inside"
    inside.mkdir()
    save_file(TENSORS, tmp_path / "m.safetensors")
    index = inside / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": {"a.weight": name}}))
    refused(index, "which is no file of weights beside it")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"c.weight": "model-00001-of-00002.safetensors"}, "differ in 'c.weight'"),
        ({"a.weight": "model-00002-of-00002.safetensors"}, "differ in 'a.weight'"),
        ({"c.weight": "gone.safetensors"}, "gone.safetensors is missing"),
        ({f"c{i}": f"m{i}.bin" for i in range(1001)}, "points to 1,003 files"),
    ],
)
def test_an_index_and_its_shards_agree(tmp_path, change, words):
    write_shards(tmp_path, TENSORS)
    index = tmp_path / "model.safetensors.index.json"
    told = json.loads(index.read_text())
    index.write_text(json.dumps({"weight_map": told["weight_map"] | change}))
    refused(index, words)


@pytest.mark.parametrize("text", ["[]", "{}", '{"weight_map": []}', '{"weight_map": {}}'])
def test_an_index_without_a_map(tmp_path, text):
    index = tmp_path / "model.safetensors.index.json"
    index.write_text(text)
    refused(index, "has no 'weight_map'")


def test_a_shard_that_is_a_pickle_is_refused_as_any_other(tmp_path):
    marker = tmp_path / "marker"

    class Hostile:
        def __reduce__(self):
            return os.mkdir, (str(marker),)

    torch.save({"a.weight": Hostile()}, tmp_path / "shard.bin")
    (tmp_path / "raw.bin").write_bytes(pickle.dumps(Hostile()))
    for name, words in (("shard.bin", r"would import '(posix|nt)\.mkdir'"), ("raw.bin", "not a torch checkpoint")):
        index = tmp_path / "pytorch_model.bin.index.json"
        index.write_text(json.dumps({"weight_map": {"a.weight": name}}))
        refused(index, words)
        refused(tmp_path / name, words)
    assert not marker.exists()


def test_a_bomb_is_not_unpacked(tmp_path):
    """A compressed archive of 200 MB of zeros in 200 KB."""
    path = tmp_path / "pytorch_model.bin"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for i in range(20):
            archive.writestr(f"m/data/{i}", bytes(10 << 20))
    tracemalloc.start()
    refused(path, "compressed entries")
    assert tracemalloc.get_traced_memory()[1] < 1 << 20
    tracemalloc.stop()


def test_a_tensor_is_not_larger_than_its_storage(tmp_path):
    wide = torch.ones(2).as_strided((1000,), (0,))
    for tensors in ({"a": wide}, {f"t{i}": torch.ones(100)[:50].as_strided((50,), (0,)) for i in range(20)}):
        torch.save(tensors, tmp_path / "m.pt")
        if len(tensors) == 1:
            refused(tmp_path / "m.pt", "claims tensors larger than the file")
    storage = torch.ones(1000)
    torch.save({f"t{i}": storage[i : 500 + i] for i in range(100)}, tmp_path / "m.pt")  # a hundred views of one storage
    refused(tmp_path / "m.pt", "claims tensors larger than the file")


def test_a_pickle_cannot_change_the_reader(tmp_path):
    """BUILD gives a state to whatever lies on the stack, the reader's own stand-ins too."""
    torch.save(TENSORS, tmp_path / "m.pt")
    with zipfile.ZipFile(tmp_path / "m.pt") as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    spoilt = b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n}X\x08\x00\x00\x00__call__K\x01sb."
    with zipfile.ZipFile(tmp_path / "m.pt", "w") as archive:
        for name, data in entries.items():
            archive.writestr(name, spoilt if name.endswith("data.pkl") else data)
    refused(tmp_path / "m.pt", "not a state dict of tensors")
    torch.save(TENSORS, tmp_path / "m.pt")
    assert set(read_contents(tmp_path / "m.pt").tensors) == set(TENSORS)


def test_json_has_a_size(tmp_path):
    path = tmp_path / "config.json"
    path.write_text("{}" + " " * 2000)
    assert read_json(path, 1 << 20) == {}
    with pytest.raises(ModelError, match="larger than 0 MB"):
        read_json(path, 1000)
    with pytest.raises(ModelError, match="cannot be read"):
        read_json(tmp_path / "gone.json", 1000)
