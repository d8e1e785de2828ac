"""Frames as bytes: the golden frames, and that nothing but a frame is read as one."""

from __future__ import annotations

import json

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as numpy_strategies

from mri.captured import Captured
from mri.errors import BadSession
from mri.events import StepFrame
from mri.layout import Layout
from mri.wire import (
    DTYPES,
    KIND_END,
    KIND_FRAME,
    bytes_from_frame,
    frame_from_bytes,
    iter_records,
    read_record,
    record_bytes,
    record_size,
    views_from_bytes,
)
from tests.golden_frame.build import FOLDER, GOLDEN, expected_json


def numbers(values: list) -> np.ndarray:
    return np.array([float(value) for value in values], np.float32)


@pytest.mark.parametrize("name", GOLDEN)
def test_golden_frame_is_written_byte_for_byte(name):
    assert bytes_from_frame(GOLDEN[name]()[0]) == (FOLDER / f"{name}.safetensors").read_bytes()
    assert expected_json(name) == json.loads((FOLDER / f"{name}.json").read_text())


@pytest.mark.parametrize("name", GOLDEN)
def test_golden_frame_reads_as_its_json_says(name):
    expected = json.loads((FOLDER / f"{name}.json").read_text())
    frame = frame_from_bytes((FOLDER / f"{name}.safetensors").read_bytes())
    layout = Layout.from_json(expected["layout"])
    assert frame.header() == expected["header"]
    assert frame.num_bytes == expected["num_bytes"]
    assert {key: list(array.shape) for key, array in frame.arrays.items()} == {
        key: array["shape"] for key, array in expected["arrays"].items()
    }
    assert {group: list(keys) for group, keys in layout.groups.items()} == expected["groups"]
    for key, stats in expected["stats"].items():
        np.testing.assert_array_equal(numbers(list(Captured(frame, layout).stats(key).values())), numbers(stats))
    for key, captured in expected["captured"].items():
        indices, values = Captured(frame, layout).captured(key)
        assert indices.tolist() == captured["indices"]
        np.testing.assert_array_equal(values, numbers(captured["values"]))
    for key, values in expected["values"].items():
        np.testing.assert_array_equal(Captured(frame, layout).values(key), numbers(values))
    for key, bound in expected["bound"].items():
        np.testing.assert_equal(Captured(frame, layout).bound(key), float(bound))
    for logit, value in expected["logits"].items():
        np.testing.assert_array_equal(frame.arrays[f"logits/{logit}"], np.float64(value))


@pytest.mark.parametrize("name", GOLDEN)
def test_golden_frames_have_the_arrays_of_their_layout(name):
    frame, layout, _ = GOLDEN[name]()
    specs = layout.specs(frame.phase, frame.t_add, frame.pos0 + frame.t_add)
    assert {key: array.dtype for key, array in frame.arrays.items()} == {key: d for key, (d, _) in specs.items()}
    if not frame.dropped_layers:
        assert {key: array.shape for key, array in frame.arrays.items()} == {key: s for key, (_, s) in specs.items()}


def test_equal_frames_give_equal_bytes_whatever_the_order_or_memory_of_their_arrays():
    arrays = {"b": np.arange(6, dtype=np.float32).reshape(2, 3), "a": np.arange(3, dtype=np.uint16)}
    frame = StepFrame(0, "decode", 0, 1, arrays)
    turned = StepFrame(0, "decode", 0, 1, {"a": arrays["a"], "b": np.asfortranarray(arrays["b"])})
    assert bytes_from_frame(frame) == bytes_from_frame(turned)


@given(
    arrays=st.dictionaries(
        st.text(min_size=1, max_size=9).filter(lambda name: name != "__metadata__"),
        st.sampled_from(list(DTYPES.values())).flatmap(
            lambda dtype: numpy_strategies.arrays(
                dtype, numpy_strategies.array_shapes(min_dims=0, max_dims=3, min_side=0)
            )
        ),
        max_size=6,
    )
)
def test_bytes_are_those_of_the_safetensors_library(arrays):
    frame = StepFrame(3, "decode", 5, 1, arrays)
    blob = bytes_from_frame(frame)
    metadata = {"frame": json.dumps(frame.header(), separators=(",", ":"))}
    assert blob == safetensors.numpy.save(arrays, metadata=metadata)
    again = frame_from_bytes(blob)
    header, views = views_from_bytes(blob)
    assert (again.header(), header) == (frame.header(), frame.header())
    for name, array in arrays.items():
        assert again.arrays[name].tobytes() == views[name].tobytes() == array.tobytes()
        assert again.arrays[name].shape == views[name].shape == array.shape
        assert again.arrays[name].dtype == views[name].dtype == array.dtype


def test_arrays_in_a_run_of_records_are_aligned():
    blob = bytes_from_frame(GOLDEN["frame"]()[0])
    run = record_bytes(KIND_FRAME, 3, blob) + record_bytes(KIND_FRAME, 4, blob)
    sizes = {"F32": 4, "F16": 2, "U16": 2, "U32": 4}
    for record in iter_records(run):
        header_bytes = int.from_bytes(record.payload[:8], "little")
        header = json.loads(bytes(record.payload[8 : 8 + header_bytes]))
        header.pop("__metadata__")
        for name, array in header.items():
            start = record.offset + 16 + 8 + header_bytes + array["data_offsets"][0]
            assert start % sizes[array["dtype"]] == 0, name


@given(payload=st.binary(max_size=40), step=st.integers(0, 2**32 - 1))
def test_record_round_trip(payload, step):
    record = read_record(memoryview(record_bytes(KIND_END, step, payload)))
    assert record is not None
    assert (record.kind, record.step, bytes(record.payload)) == (KIND_END, step, payload)
    assert record.end == record_size(len(payload)) == len(record_bytes(KIND_END, step, payload))


@given(payload=st.binary(min_size=1, max_size=40), data=st.data())
def test_a_record_with_a_flipped_bit_or_cut_short_is_none(payload, data):
    whole = record_bytes(KIND_FRAME, 5, payload)
    used = 16 + len(payload) + 4  # behind it is padding
    place, bit = data.draw(st.integers(0, used - 1)), data.draw(st.integers(0, 7))
    flipped = bytearray(whole)
    flipped[place] ^= 1 << bit
    assert read_record(memoryview(bytes(flipped))) is None
    assert read_record(memoryview(whole[:place])) is None


@given(junk=st.binary(max_size=200))
def test_bytes_that_are_no_frame_are_refused_in_one_sentence(junk):
    with pytest.raises(BadSession, match="are not a trace frame"):
        frame_from_bytes(junk)


def test_a_cut_frame_is_refused():
    blob = (FOLDER / "frame.safetensors").read_bytes()
    for end in range(0, len(blob), 37):
        with pytest.raises(BadSession):
            frame_from_bytes(blob[:end])
