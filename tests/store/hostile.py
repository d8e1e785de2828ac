"""Session files that were made to harm, each from a good one: what naive reading follows, inflates or believes.

`KINDS` has a maker for each; it is given the path of a good session, sealed, and changes it.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np

SECRET = b"root:x:0:0:a secret of another file"


def external_link(path: Path) -> None:
    with h5py.File(path, "r+", locking=False) as file:
        with h5py.File(path.with_name("other.hdf5"), "w") as other:
            other["stats"] = file["stats"][...]
        del file["stats"]
        file["stats"] = h5py.ExternalLink("other.hdf5", "/stats")


def soft_link(path: Path) -> None:
    with h5py.File(path, "r+", locking=False) as file:
        file["stats2"] = h5py.SoftLink("/stats")


def external_storage(path: Path) -> None:
    """The tokens' text is read from another file of the machine."""
    secret = path.with_name("secret.txt")
    secret.write_bytes(SECRET)
    with h5py.File(path, "r+", locking=False) as file:
        del file["tokens/bytes"]
        dataset = file.create_dataset(
            "tokens/bytes", (len(SECRET),), np.uint8, external=[(str(secret), 0, len(SECRET))]
        )
        dataset.attrs["crc32"] = np.uint32(zlib.crc32(SECRET))


def virtual_dataset(path: Path) -> None:
    with h5py.File(path, "r+", locking=False) as file:
        shape, crc = file["stats"].shape, file["stats"].attrs["crc32"]
        with h5py.File(path.with_name("other.hdf5"), "w") as other:
            other["x"] = file["stats"][...]
        del file["stats"]
        layout = h5py.VirtualLayout(shape, np.float32)
        layout[...] = h5py.VirtualSource(str(path.with_name("other.hdf5")), "x", shape)
        file.create_virtual_dataset("stats", layout).attrs["crc32"] = crc


def replace(
    path: Path, name: str, shape: tuple[int, ...], chunks: tuple[int, ...] | None, **settings: object
) -> h5py.File:
    """The open file, with another dataset under this name."""
    file = h5py.File(path, "r+", locking=False)
    dtype, crc = file[name].dtype, file[name].attrs["crc32"]
    del file[name]
    file.create_dataset(name, shape, dtype, chunks=chunks, **settings).attrs["crc32"] = crc
    return file


def huge_shape(path: Path) -> None:
    with replace(path, "tokens/ids", (1 << 50,), (1 << 19,)) as file:
        file["tokens/ids"][0] = 1


def empty_huge_shape(path: Path) -> None:
    replace(path, "vocab/bytes", (1 << 45,), None).close()


def giant_chunk(path: Path) -> None:
    with h5py.File(path) as file:
        steps = file["stats"].shape[0]
    replace(path, "stats", (steps, 21, 7), (steps, 1 << 14, 1 << 12), compression="gzip", maxshape=(None,) * 3).close()


def over_inflating_chunk(path: Path) -> None:
    """Chunks of 588 bytes that unpack to 1.9 MB, and HDF5 would go on."""
    _with_chunks(path, zlib.compress(bytes(1_900_000), 9))


def large_chunk(path: Path) -> None:
    """Chunks of 588 bytes that have 400 KB and unpack to 100 MB."""
    _with_chunks(path, zlib.compress(bytes(100_000_000), 1))


def _with_chunks(path: Path, bomb: bytes) -> None:
    with h5py.File(path) as file:
        steps = file["stats"].shape[0]
    with replace(path, "stats", (steps, 21, 7), (1, 21, 7), compression="gzip") as file:
        for step in range(steps):
            file["stats"].id.write_direct_chunk((step, 0, 0), bomb)


def stacked_gzip(path: Path) -> None:
    """Packed twice: 1 032 times 1 032."""
    with h5py.File(path, "r+", locking=False) as file:
        old = file["stats"]
        values, crc = old[...], old.attrs["crc32"]
        del file["stats"]
        settings = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        settings.set_chunk((1, 21, 7))
        settings.set_deflate(9)
        settings.set_deflate(9)
        space = h5py.h5s.create_simple(values.shape)
        h5py.h5d.create(file.id, b"stats", h5py.h5t.IEEE_F32LE, space, settings)
        file["stats"][...] = values
        file["stats"].attrs["crc32"] = crc


def deep_nesting(path: Path) -> None:
    with h5py.File(path, "r+", locking=False) as file:
        group = file.create_group("extra")
        for _ in range(600):
            group = group.create_group("a")


def link_cycle(path: Path) -> None:
    with h5py.File(path, "r+", locking=False) as file:
        file["topk/again"] = file["topk"]


def very_many_links(path: Path) -> None:
    with h5py.File(path, "r+", locking=False) as file:
        group = file.create_group("extra")
        shared = group.create_group("a")
        for i in range(20_000):
            group.id.links.create_hard(str(i).encode(), shared.id, b".")


def foreign_filter(path: Path) -> None:
    with h5py.File(path) as file:
        values = file["stats"][...]
    with replace(path, "stats", values.shape, (1, 21, 7), compression="lzf") as file:
        file["stats"][...] = values


def object_types(path: Path) -> None:
    with h5py.File(path, "r+", locking=False) as file:
        del file["tokens/bytes"]
        file.create_dataset("tokens/bytes", (3,), h5py.string_dtype()).attrs["crc32"] = np.uint32(0)


def references(path: Path) -> None:
    with h5py.File(path, "r+", locking=False) as file:
        file["stats"].attrs["columns"] = file["topk"].ref


def wrong_crc(path: Path) -> None:
    with h5py.File(path, "r+", locking=False) as file:
        file["stats"][2, 3, 4] += 1


def truncated(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 2 // 3])


def shared_chunk(path: Path) -> None:
    """Two steps that are the same bytes of the file: thousands of them could be."""
    with h5py.File(path) as file:
        values = file["stats"][...]
    with replace(path, "stats", values.shape, (1, 21, 7)) as file:
        file["stats"][...] = values
    with h5py.File(path) as file:
        first, second = (file["stats"].id.get_chunk_info(i).byte_offset for i in (2, 3))
    data = path.read_bytes()
    assert data.count(struct.pack("<Q", second)) == 1
    path.write_bytes(data.replace(struct.pack("<Q", second), struct.pack("<Q", first)))


def missing_data(path: Path) -> None:
    """A table that was never written: HDF5 gives zeros for it."""
    with h5py.File(path) as file:
        shape = file["attention/rows"].shape
    replace(path, "attention/rows", shape, (1, *shape[1:]), compression="gzip").close()


KINDS: dict[str, tuple[Callable[[Path], None], str]] = {
    "external link": (external_link, "link to another place"),
    "soft link": (soft_link, "link to another place"),
    "external storage": (external_storage, "in another file"),
    "virtual dataset": (virtual_dataset, "is virtual"),
    "huge shape": (huge_shape, "has more than 50,000,000 chunks"),
    "empty huge shape": (empty_huge_shape, "says that it has"),
    "giant chunk": (giant_chunk, "chunks of more than 4 MB"),
    "over-inflating chunk": (over_inflating_chunk, "does not unpack to the 588 bytes"),
    "large chunk": (large_chunk, "a chunk of /stats has"),
    "stacked gzip": (stacked_gzip, "packed more than once"),
    "deep nesting": (deep_nesting, "nested more than"),
    "link cycle": (link_cycle, "linked more than once"),
    "very many links": (very_many_links, "more than 20,000 links"),
    "foreign filter": (foreign_filter, r"filter \(number 32000\)"),
    "object types": (object_types, "a type that no session has"),
    "references": (references, "neither a text nor a whole number"),
    "wrong CRC": (wrong_crc, "/stats in .* is damaged"),
    "truncated": (truncated, "cut off or damaged"),
    "shared chunk": (shared_chunk, "share the same bytes"),
    "missing data": (missing_data, "lacks data"),
}
"""Name -> maker, and what the refusal says."""
