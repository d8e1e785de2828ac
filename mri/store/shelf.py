"""The HDF5 side of a session: names, chunks, checksums. What `docs/trace-format.md` says, seal.py writes and
sealed.py reads.

Every array of a frame is one dataset of the same name with the step as its first axis, in chunks one step deep. Where
steps differ in shape or lack the array, `/shapes/<name>` tells each step's own. Knows nothing of journals.
"""

from __future__ import annotations

import contextlib
import math
import os
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from mri.errors import BadSession
from mri.format.events import Array
from mri.format.rows import RESERVED, fill_value
from mri.store.files import open_regular, shown

KEYS_PER_CHUNK = 256
"""Chunk length of axes that grow with the sequence: what lies behind a step's end is never written."""

MAX_CHUNK_BYTES = 4_000_000
SMALL_BYTES = 512
"""Arrays smaller than this a step are not cut into chunks: finding and inflating one would cost more than it saves."""
SCALARS_PER_CHUNK = 4096
PLAIN_BYTES = 4096
"""Small tables are not compressed: the index of their chunks would be larger than they."""
READ_BYTES = 262_144
"""Most bytes that one HDF5 call reads: HDF5 serves one thread at a time, and no other should wait long."""


SYSTEM_ERROR = re.compile(r"errno = (\d+), error message = '([^']*)'")


def dataset_name(array_name: str) -> str:
    """Path of a frame's array. All keep their name but `tokens`, where the file has the session's whole sequence."""
    return "steps/token_ids" if array_name == "tokens" else array_name


def array_name(dataset: str) -> str | None:
    """Inverse of `dataset_name`; None for datasets that are no array of a frame."""
    if dataset == "steps/token_ids":
        return "tokens"
    return None if dataset.partition("/")[0] in (*RESERVED, "tokens") else dataset


def chunk_shape(shape: tuple[int, ...], ragged: tuple[bool, ...], itemsize: int) -> tuple[int, ...]:
    """One step deep; ragged axes in pieces of KEYS_PER_CHUNK; halved on the longest axis while over MAX_CHUNK_BYTES."""
    chunk = [min(size, KEYS_PER_CHUNK) if cut else size for size, cut in zip(shape, ragged, strict=True)]
    while math.prod(chunk) * itemsize > MAX_CHUNK_BYTES:
        axis = chunk.index(max(chunk))
        chunk[axis] = (chunk[axis] + 1) // 2
    return (1, *chunk)


def create(
    file: h5py.File, name: str, shape: tuple[int, ...], dtype: Any, chunks: tuple[int, ...] | None = None
) -> h5py.Dataset:
    """An empty dataset. What is never written reads as NaN, or 0 in whole numbers."""
    fill = None if np.dtype(dtype).kind == "S" else fill_value(dtype)
    chunks = chunks or (min(shape[0], SCALARS_PER_CHUNK), *shape[1:])
    if math.prod(chunks) * np.dtype(dtype).itemsize < SMALL_BYTES or 0 in shape:
        return file.create_dataset(name, shape, dtype, fillvalue=fill)
    return file.create_dataset(
        name, shape, dtype, chunks=chunks, fillvalue=fill, shuffle=True, compression="gzip", compression_opts=GZIP_LEVEL
    )


GZIP_LEVEL = 1
"""On 1 000 steps of the default capture, level 4 took twice as long for 3 % less."""


def put(file: h5py.File, name: str, values: Array) -> None:
    """A whole dataset at once, with its checksum."""
    if values.nbytes <= PLAIN_BYTES:
        dataset = file.create_dataset(name, data=values)
    else:
        dataset = create(file, name, values.shape, values.dtype)
        dataset[...] = values
    dataset.attrs["crc32"] = np.uint32(crc32(values))


def crc32(values: Array, crc: int = 0) -> int:
    """CRC-32 (zlib's) of the values' little-endian bytes in C order, going on from `crc`."""
    return zlib.crc32(np.ascontiguousarray(values).data, crc)


def opened(path: Path) -> h5py.File:
    """For reading steps in any order: no chunk cache, for a chunk is one step, which is read whole; no sieve buffer,
    which would read 64 KB around every small array; no file locks, for the file never changes.
    By C's stdio, because HDF5 refuses a file that a process opens twice with other settings, and `h5py.File(path)` of
    the same process has others. Raises OSError, and BadSession on what is no file."""
    if path.is_dir():
        raise BadSession(f"{shown(path)} is a folder, not a session file: move it out of the sessions folder.")
    access = h5py.h5p.create(h5py.h5p.FILE_ACCESS)
    access.set_fclose_degree(h5py.h5f.CLOSE_STRONG)
    access.set_cache(0, 0, 0, 1.0)
    access.set_sieve_buf_size(0)
    access.set_fapl_stdio()
    access.set_file_locking(False, True)
    os.close(open_regular(path))  # HDF5 would wait for ever at a pipe
    return h5py.File(h5py.h5f.open(os.fsencode(path), h5py.h5f.ACC_RDONLY, fapl=access))


@contextlib.contextmanager
def readable(path: Path | str) -> Iterator[None]:
    """Whatever HDF5 and h5py say about a broken file becomes one BadSession. Only around their calls: an error of ours
    must not tell a person to throw a file away."""
    try:
        yield
    except (OSError, KeyError, ValueError, TypeError, RuntimeError, MemoryError) as error:
        said = str(error).strip("'\"")
        system = SYSTEM_ERROR.search(said)  # HDF5 makes a paragraph of it
        plain = error.strerror if isinstance(error, OSError) else None
        reason = system[2] if system else plain or said.partition("(")[2].rstrip(")") or said or type(error).__name__
        raise BadSession(
            f"{shown(path)} cannot be read as a session ({reason}): restore a copy or record it again."
        ) from error


def plain_os_error(error: OSError | RuntimeError) -> OSError:
    """What the system said, out of the paragraph that HDF5 makes of it."""
    if said := SYSTEM_ERROR.search(str(error)):
        return OSError(int(said[1]), said[2])
    return error if isinstance(error, OSError) else OSError(str(error))


def steps_at_once(dataset: h5py.Dataset) -> int:
    """Steps of a dataset that READ_BYTES hold."""
    num_bytes: int = dataset.nbytes // max(1, len(dataset))  # of one step
    return max(1, READ_BYTES // max(1, num_bytes))


def read_all(dataset: h5py.Dataset) -> Array:
    """All of a dataset. Raises BadSession."""
    return _read(dataset, ...)


def read_steps(dataset: h5py.Dataset, start: int, stop: int, shape: tuple[int, ...], pieces: int) -> Array:
    """dataset[start:stop, :shape[0], …] in calls of `pieces` steps (`steps_at_once`). Raises BadSession."""
    corner = tuple(slice(size) for size in shape)
    if stop - start <= pieces:
        return _read(dataset, (slice(start, stop), *corner))
    out = np.empty((stop - start, *shape), dataset.dtype)
    for first in range(start, stop, pieces):
        last = min(first + pieces, stop)
        out[first - start : last - start] = _read(dataset, (slice(first, last), *corner))
    return out


def _read(dataset: h5py.Dataset, selection: Any) -> Array:
    try:
        values: Array = dataset[selection]
        return values
    except Exception:
        with readable(dataset.file.filename):
            raise
