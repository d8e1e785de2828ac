"""docs/trace-format.md tells the truth: all that is in a file is in it, and its example reads a session with h5py."""

from __future__ import annotations

import re
import zlib
from pathlib import Path

import h5py
import numpy as np
import pytest

from mri.format.config import TraceConfig
from mri.format.events import TraceSession
from mri.format.layout import LAYERS_DROPPED_BIT, PAYLOADS
from mri.store.seal import seal
from mri.store.writer import SessionWriter
from tests.conftest import random_frame, random_layout

PAGE = (Path(__file__).parents[2] / "docs" / "trace-format.md").read_text(encoding="utf-8")

CONFIGS = [
    TraceConfig(attention_tier="full_matrix", prefill="positions", edu=True),
    TraceConfig(capture_mode="sampled", quantization="q8", attention_tier="full_row"),
    TraceConfig(capture_mode="full", quantization="q8", prefill="positions"),
    TraceConfig(capture_mode="topk", quantization="q8", prefill="stepwise"),
]


@pytest.fixture(params=CONFIGS, ids=lambda config: f"{config.capture_mode}-{config.quantization}-{config.prefill}")
def file(request, tmp_path):
    """A session with everything in it: a prompt, dropped layers, a training script's number in some steps."""
    layout, rng = random_layout(2, 8, 2, request.param), np.random.default_rng(0)
    with SessionWriter(tmp_path, TraceSession("one", layout), vocabulary=[b"x"] * 31) as writer:
        writer.append(random_frame(layout, rng, 0, "prefill", 0, 3, chosen_id=1))
        writer.append(
            random_frame(layout, rng, 1, "decode", 3, 1, dropped=1 << LAYERS_DROPPED_BIT, dropped_layers=(1,))
        )
        frame = random_frame(layout, rng, 2, "decode", 4, 1, chosen_id=2)
        frame.arrays["extra/loss"] = np.array(0.5, np.float32)
        writer.append(frame)
        folder = writer.finish("stopped", seal=False)
    with h5py.File(seal(folder)) as file:
        yield file


def names_in(file):
    names: dict[str, h5py.Dataset | h5py.Group] = {}
    file.visititems(lambda name, item: names.update({name: item}))
    return names


def generic(name):
    """`/topk/<w>/values` of `topk/256/values`."""
    if name.startswith("shapes/"):
        return "/shapes/<dataset>"
    return re.sub(r"^/extra/.*", "/extra/<name>", "/" + re.sub(r"/\d+(?=/|$)", "/<w>", name))


def test_every_dataset_and_attribute_is_documented(file):
    for name, item in names_in(file).items():
        if isinstance(item, h5py.Dataset):
            assert f"| `{generic(name)}` |" in PAGE or f"| `{generic(name)}` of" in PAGE, name
        for attribute in item.attrs:
            assert f"| `{attribute}` |" in PAGE, f"{attribute} of {name}"
    for attribute in file.attrs:
        assert f"| `{attribute}` |" in PAGE


def test_the_files_are_as_plain_as_the_page_says(file):
    for name, item in names_in(file).items():
        parent = file[name.rpartition("/")[0] or "/"]
        assert isinstance(parent.get(name.rpartition("/")[2], getlink=True), h5py.HardLink)
        if isinstance(item, h5py.Dataset):
            assert item.dtype.kind in "fiuS"
            assert not item.is_virtual
            assert not item.external
            if item.chunks:
                assert (item.compression, item.shuffle) == ("gzip", True)


def test_checksums_are_what_the_page_says(file):
    for name, item in names_in(file).items():
        if not isinstance(item, h5py.Dataset):
            continue
        values = item[...]
        shapes = file.get(f"shapes/{name}")
        if shapes is None:
            parts = [values]
        elif shapes.ndim == 1:
            parts = [value for value, size in zip(values, shapes[:], strict=True) if size == 0]
        else:
            parts = [
                value[tuple(slice(size) for size in shape)]
                for value, shape in zip(values, shapes[:], strict=True)
                if shape[0] >= 0
            ]
        assert zlib.crc32(b"".join(part.tobytes() for part in parts)) == item.attrs["crc32"], name
    assert zlib.crc32(file.attrs["session"].encode()) == file.attrs["session_crc32"]


def test_absent_numbers_read_nan(file):
    assert np.isnan(file["extra/loss"][:2]).all()
    assert file["extra/loss"][2] == 0.5
    dropped = [layer == 1 for layer in file["hook_points/layer_index"]]
    assert np.isnan(file["stats"][1, dropped]).all()
    assert np.isfinite(file["stats"][1, ~np.array(dropped)]).all()
    assert file["steps/layer_dropped"][:].tolist() == [[0, 0], [0, 1], [0, 0]]


def test_the_example_reads_a_session(tmp_path, handmade_session):
    example = re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)[1]
    found = {"path": handmade_session(tmp_path)}
    exec(example, found)
    assert found["session"]["response"] == "cd"
    assert found["std"].tolist() == [step + 17 + 1 / 8 for step in range(5)]
    assert found["neurons"] == {6: 0, 1: 0, 7: 0, 0: 0}
    assert found["at_most"] == 9 / 16
    assert found["weights"].tolist() == [0.25] * 4
    assert found["tokens"] == [b"a", b" ", b"b", b"c", b"d", b"e"]


def test_drop_bits_and_session_fields_are_documented():
    line = next(line for line in PAGE.splitlines() if "`/steps/dropped`" in line)
    for bit, name in enumerate(PAYLOADS):
        assert re.search(rf"\b(bit )?{bit} {name}\b", line), name
    assert f"{LAYERS_DROPPED_BIT} whole layers" in line
    for field in TraceSession.__dataclass_fields__.keys() - {"unknown"}:
        assert f"`{field}`" in PAGE, field
