"""Frames ↔ bytes, and the journal's records around them. Pure: no files, no sockets.

A frame is one safetensors blob (https://github.com/huggingface/safetensors#format): JSON header with dtypes, shapes
and offsets, then aligned little-endian arrays. Its metadata is exactly one string, `frame` = StepFrame.header() as
JSON: with two or more the library's byte order changes from process to process.

A record, all little-endian, is what the journal appends and what HTTP sends in runs:

    magic "MRIJ"  uint16 version  uint16 kind  uint32 step  uint32 payload bytes  payload  uint32 CRC-32 of it all
    zero bytes up to a multiple of 8, so that array views into a run of records stay aligned
"""

from __future__ import annotations

import json
import math
import struct
import zlib
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load

from mri.errors import BadSession
from mri.format.events import Array, StepFrame

MAGIC = b"MRIJ"
VERSION = 1
KIND_FRAME = 1
KIND_END = 2  # payload: JSON {"end_reason": …}; last record of a recording that ended by itself

DTYPES: dict[str, np.dtype[Any]] = {
    "U64": np.dtype("<u8"),
    "I64": np.dtype("<i8"),
    "F64": np.dtype("<f8"),
    "F32": np.dtype("<f4"),
    "U32": np.dtype("<u4"),
    "I32": np.dtype("<i4"),
    "F16": np.dtype("<f2"),
    "U16": np.dtype("<u2"),
    "I16": np.dtype("<i2"),
    "I8": np.dtype("i1"),
    "U8": np.dtype("u1"),
    "BOOL": np.dtype("?"),
}
"""safetensors' dtypes, as far as numpy has them, in the order in which it lays arrays out"""
NAMES = {dtype: name for name, dtype in DTYPES.items()}
ORDER = {dtype: place for place, dtype in enumerate(DTYPES.values())}

HEADER = struct.Struct("<4sHHII")
MAX_PAYLOAD_BYTES = 1 << 30


class Record(NamedTuple):
    """One whole record: its place in the buffer and what it carries."""

    offset: int
    end: int
    kind: int
    step: int
    payload: memoryview


def bytes_from_frame(frame: StepFrame) -> bytes:
    """The frame as one safetensors blob. Equal frames give equal bytes, in every process.

    The same bytes as `safetensors.numpy.save`, in a third of its time: this is on the path of every step.
    """
    return blob_from_arrays(frame.header(), frame.arrays)


def blob_from_arrays(header: Mapping[str, Any], arrays: Mapping[str, Array]) -> bytes:
    """Arrays and the JSON of `header` as one safetensors blob; not only frames travel so (see routes.series)."""
    arrays = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    entries, names = _entries(tuple((name, array.dtype, array.shape) for name, array in arrays.items()))
    metadata = json.dumps(
        {"frame": json.dumps(header, separators=(",", ":"))}, separators=(",", ":"), ensure_ascii=False
    )
    first = f'{{"__metadata__":{metadata}{entries}}}'.encode()
    first += b" " * (-len(first) % 8)
    return b"".join([len(first).to_bytes(8, "little"), first, *(arrays[name].tobytes() for name in names)])


@lru_cache(maxsize=256)  # step after step has the same arrays
def _entries(arrays: tuple[tuple[str, np.dtype[Any], tuple[int, ...]], ...]) -> tuple[str, list[str]]:
    """JSON of the entries of arrays (name, dtype, shape), to follow another entry, and the names in their order."""
    entries, end = {}, 0
    for name, dtype, shape in sorted(arrays, key=lambda array: (ORDER[array[1]], array[0])):
        start, end = end, end + dtype.itemsize * math.prod(shape)
        entries[name] = {"dtype": NAMES[dtype], "shape": shape, "data_offsets": (start, end)}
    text = json.dumps(entries, separators=(",", ":"), ensure_ascii=False)[1:-1]
    return (f",{text}" if text else ""), list(entries)


def frame_from_bytes(blob: bytes | memoryview) -> StepFrame:
    """Inverse of `bytes_from_frame`. Raises BadSession on bytes that are not a frame."""
    blob = bytes(blob)
    try:
        header = json.loads(blob[8 : 8 + int.from_bytes(blob[:8], "little")])
        return StepFrame.from_header(json.loads(header["__metadata__"]["frame"]), load(blob))
    except (ValueError, KeyError, TypeError, SafetensorError) as error:
        raise BadSession(
            f"These {len(blob):,} bytes are not a trace frame ({error}): record the session again."
        ) from error


def views_from_bytes(blob: bytes | memoryview, only: str | None = None) -> tuple[dict[str, Any], dict[str, Array]]:
    """Header fields and arrays of a frame without copying: read-only views into `blob`. `only`: just that array.

    For bytes that were checked before (a record's checksum); `frame_from_bytes` is the one that checks.
    """
    start = 8 + int.from_bytes(blob[:8], "little")
    entries = json.loads(bytes(blob[8:start]))
    header = json.loads(entries.pop("__metadata__")["frame"])
    arrays = {}
    for name, entry in entries.items():
        if only is None or name == only:
            first, dtype, shape = start + entry["data_offsets"][0], DTYPES[entry["dtype"]], entry["shape"]
            arrays[name] = np.frombuffer(blob, dtype, math.prod(shape), first).reshape(shape)
    return header, arrays


def names_from_bytes(blob: bytes | memoryview) -> list[str]:
    """Names of a frame's arrays. For bytes that were checked before, as `views_from_bytes`."""
    entries = json.loads(bytes(blob[8 : 8 + int.from_bytes(blob[:8], "little")]))
    return [name for name in entries if name != "__metadata__"]


def record_bytes(kind: int, step: int, payload: bytes) -> bytes:
    """Payload wrapped as one record, padded to a multiple of 8 bytes."""
    body = HEADER.pack(MAGIC, VERSION, kind, step, len(payload)) + payload
    body += zlib.crc32(body).to_bytes(4, "little")
    return body + bytes(-len(body) % 8)


def record_size(num_payload_bytes: int) -> int:
    """Bytes of a record with such a payload, padding included."""
    return (HEADER.size + num_payload_bytes + 4 + 7) // 8 * 8


def read_record(buffer: memoryview, offset: int = 0) -> Record | None:
    """The record at `offset`, None where what is there is not whole: cut off, damaged or foreign."""
    if len(buffer) - offset < HEADER.size:
        return None
    magic, version, kind, step, length = HEADER.unpack_from(buffer, offset)
    end = offset + record_size(length)
    if magic != MAGIC or version != VERSION or length > MAX_PAYLOAD_BYTES or end > len(buffer):
        return None
    stop = offset + HEADER.size + length
    if zlib.crc32(buffer[offset:stop]) != int.from_bytes(buffer[stop : stop + 4], "little"):
        return None
    return Record(offset, end, kind, step, buffer[offset + HEADER.size : stop])


def iter_records(buffer: bytes | memoryview) -> Iterator[Record]:
    """Whole records from the start of the buffer up to the first that is not."""
    view, offset = memoryview(buffer), 0
    while (record := read_record(view, offset)) is not None:
        yield record
        offset = record.end
