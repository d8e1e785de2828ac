"""Looks at the storage of an .h5 that somebody else made: every chunk is there, apart from all others, and unpacks to
what it says and no more. Runs in the import's child, after structure.py has found the file built as ours are.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any

import h5py
import numpy as np
from h5py import h5z

from mri.format.events import Array
from mri.store.intake.structure import MAX_STEP_BYTES, Stored, chunk_bytes, chunks_of, refuse

MAX_EXPANSION = 200
"""A file may be so many times as large when it is unpacked; zlib itself reaches 1 032."""
FREE_BYTES = 64_000_000
"""… and this much in any case."""


def check_storage(found: dict[str, Stored], file_bytes: int) -> Iterator[int]:
    """All bytes that are to be unpacked lie in the file, apart from each other, and unpack to no more than they may.

    Yields, dataset by dataset, how many bytes were looked at. Raises BadSession.
    """
    extents: list[Array] = []
    allowed, total = FREE_BYTES + MAX_EXPANSION * file_bytes, 0
    shapes = {name: stored for name, stored in found.items() if name.startswith("shapes/")}
    known: dict[str, Array] = {}
    for name in [*shapes, *(name for name in found if name not in shapes)]:
        stored = found[name]
        chunks = chunks_of(stored, name, file_bytes)
        unpacked = stored.num_bytes if stored.chunks is None else len(chunks) * chunk_bytes(stored)
        total += unpacked
        if total > allowed:
            refuse(f"unpacked it is more than {MAX_EXPANSION} times as large as it is")
        extents.append(chunks)
        if stored.chunks is not None:
            _inflate(stored, name)
        if name in shapes:
            _check_present(stored, name, None)
            known[name] = h5py.Dataset(stored.id)[...]
            if known[name].size and known[name].max() > MAX_STEP_BYTES:
                refuse(f"/{name} counts more than there is")
        else:
            _check_present(stored, name, known.get(f"shapes/{name}"))
        yield unpacked
    every = np.concatenate(extents)
    every = every[np.argsort(every[:, 0], kind="stable")]  # (n, 2) start, end
    if (every[1:, 0] < every[:-1, 1]).any():
        refuse("two of its pieces share the same bytes")


def _inflate(stored: Stored, name: str) -> None:
    """Every chunk unpacks to the size of a chunk: counted here, because HDF5 would not stop there."""
    settings = stored.id.get_create_plist()
    codes = [settings.get_filter(i)[0] for i in range(settings.get_nfilters())]
    size = chunk_bytes(stored)
    offsets: list[tuple[int, ...]] = []
    stored.id.chunk_iter(lambda chunk: offsets.append(chunk.chunk_offset))
    for offset in offsets:
        _, data = stored.id.read_direct_chunk(offset)
        num_bytes = len(data)
        if h5z.FILTER_DEFLATE in codes:
            inflater = zlib.decompressobj()
            try:
                num_bytes = len(inflater.decompress(data, size + 5))
            except zlib.error:
                refuse(f"a chunk of /{name} cannot be unpacked")
        if num_bytes not in (size, size + 4):  # with fletcher32's checksum
            refuse(f"a chunk of /{name} does not unpack to the {size:,} bytes of a chunk")


def _check_present(stored: Stored, name: str, shapes: Array | None) -> None:
    """Each step has all chunks that its own shape needs (of every step the whole, where there are no shapes)."""
    if stored.chunks is None or 0 in stored.shape:
        return
    cells = tuple(-(-size // chunk) for size, chunk in zip(stored.shape, stored.chunks, strict=True))
    there = np.zeros(cells, bool)
    stored.id.chunk_iter(
        lambda chunk: there.__setitem__(
            tuple(at // size for at, size in zip(chunk.chunk_offset, stored.chunks, strict=True)), True
        )
    )
    S = stored.shape[0]
    row = np.arange(S) // stored.chunks[0]
    if shapes is None or shapes.ndim == 1:
        needed = np.tile(np.array(cells[1:], np.int64), (S, 1))
    else:
        if (shapes > np.array(stored.shape[1:])).any():
            refuse(f"/shapes/{name} counts more than /{name} has")
        needed = -(-shapes.astype(np.int64) // np.array(stored.chunks[1:]))
        needed[(shapes < 0).any(axis=1)] = 0
    for counts in np.unique(needed, axis=0):
        steps = (needed == counts).all(axis=1)
        corner: Any = (np.unique(row[steps]), *(slice(int(count)) for count in counts))
        if not there[corner].all():
            refuse(f"/{name} lacks data that its counts say are there")
