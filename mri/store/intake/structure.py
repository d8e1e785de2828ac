"""Looks at an .h5 before anything in it is read: is it built as ours are, and nothing more?

HDF5 follows links into other files, reads any file as "external storage", inflates kilobytes to gigabytes and runs
filters it finds. So the file is walked with the library's low-level calls, which follow nothing: hard links only, each
object once; the names, types and shapes of docs/trace-format.md; plain filters, each once; every chunk bounded, apart
from all others, and there where the step's counts say so. Only then are values read. Runs in the import's child.
"""

from __future__ import annotations

import math
import zlib
from typing import Any, NamedTuple, NoReturn

import h5py
import numpy as np
from h5py import h5a, h5d, h5g, h5l, h5o, h5s, h5t, h5z

from mri.errors import BadSession
from mri.format.events import Array, TraceSession
from mri.format.layout import Layout
from mri.format.rows import STEP_COLUMNS
from mri.store.description import FORMAT, MAX_BYTES
from mri.store.shelf import MAX_CHUNK_BYTES, array_name

MAX_LINKS = 20_000
MAX_DEPTH = 32
MAX_NAME = 1_000
MAX_ATTRIBUTES = 8
MAX_STEPS = 1_000_000
MAX_STEP_BYTES = 128_000_000
MAX_CELLS = 50_000_000
"""Chunks of a dataset, those that may be absent counted."""

FILTERS = {h5z.FILTER_SHUFFLE, h5z.FILTER_DEFLATE, h5z.FILTER_FLETCHER32}
STRING_TABLES = ("hook_points/key", "hook_points/layer_type", "hook_points/payload", "hook_points/unit")
MAX_STRING_BYTES = 400
WIRE_KINDS = "fiub"


class Stored(NamedTuple):
    """A dataset as it lies in the file. step_bytes: of one entry of the first axis."""

    id: h5d.DatasetID
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    chunks: tuple[int, ...] | None

    @property
    def num_bytes(self) -> int:
        return math.prod(self.shape) * self.dtype.itemsize


class NotOurs(BadSession):
    """A file that is not built as this program builds them. what: the fact alone, as part of a sentence."""

    def __init__(self, what: str) -> None:
        super().__init__(f"This file was not imported: {what}.")
        self.what = what


def refuse(what: str) -> NoReturn:
    raise NotOurs(what)


def datasets_of(file: h5py.File) -> dict[str, Stored]:
    """Path -> dataset, of a file whose links and types are plain. Reads no values. Raises NotOurs."""
    found: dict[str, Stored] = {}
    count = 0

    def walk(group: h5g.GroupID, prefix: str, depth: int) -> None:
        nonlocal count
        count += group.get_num_objs()
        if count > MAX_LINKS:
            refuse(f"it has more than {MAX_LINKS:,} links, where a session has a few dozen")
        if depth > MAX_DEPTH:
            refuse(f"its groups are nested more than {MAX_DEPTH} deep, in /{prefix[:60]}")
        names: list[bytes] = []
        group.links.iterate(names.append)
        for raw in names:
            name = _name(raw, prefix)
            if group.links.get_info(raw).type != h5l.TYPE_HARD:
                refuse(f"/{name} is a link to another place or file, where a session has its data in itself")
            if h5o.get_info(group, raw).rc != 1:
                refuse(f"/{name} is linked more than once")
            item = h5o.open(group, raw)
            _check_attributes(item, name)
            if isinstance(item, h5g.GroupID):
                walk(item, name + "/", depth + 1)
            elif isinstance(item, h5d.DatasetID):
                found[name] = _stored(item, name)
            else:
                refuse(f"/{name} is neither a group nor a dataset")

    walk(_root(file), "", 1)
    return found


def description_of(file: h5py.File) -> bytes:
    """The JSON of the session, its checksum looked at. Follows no link. Raises NotOurs."""
    _root(file)
    if "format" not in file.attrs or file.attrs["format"] != FORMAT:
        refuse("it is an HDF5 file, but no session of this program")
    text = file.attrs.get("session")
    if not isinstance(text, str | bytes) or len(text) > MAX_BYTES:
        refuse("its description is no text, or too long")
    data = text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text
    if "session_crc32" not in file.attrs or zlib.crc32(data) != file.attrs["session_crc32"]:
        refuse("its description is damaged")
    return data


def _root(file: h5py.File) -> h5g.GroupID:
    root = h5g.open(file.id, b"/")
    if h5o.get_info(root).rc != 1:
        refuse("its root is linked from inside")
    _check_attributes(root, "")
    return root


def _name(raw: bytes, prefix: str) -> str:
    try:
        name = prefix + raw.decode("utf-8")
    except UnicodeDecodeError:
        refuse(f"a name under /{prefix[:60]} is no UTF-8")
    if len(name) > MAX_NAME or not name.isprintable():
        refuse(f"a name under /{prefix[:60]} is too long or not printable")
    return name


def _check_attributes(item: Any, name: str) -> None:
    """Few, scalar, whole numbers or texts."""
    if h5a.get_num_attrs(item) > MAX_ATTRIBUTES:
        refuse(f"/{name} has more than {MAX_ATTRIBUTES} attributes")
    for i in range(h5a.get_num_attrs(item)):
        attribute = h5a.open(item, index=i)
        kind = attribute.get_type()
        if attribute.get_space().get_simple_extent_type() != h5s.SCALAR:
            refuse(f"an attribute of /{name} is no single value")
        if not isinstance(kind, h5t.TypeStringID | h5t.TypeIntegerID):
            refuse(f"an attribute of /{name} is neither a text nor a whole number")


def _stored(item: h5d.DatasetID, name: str) -> Stored:
    """Type, shape and storage of one dataset are plain; nothing of it is read."""
    kind, settings = item.get_type(), item.get_create_plist()
    plain = isinstance(kind, h5t.TypeIntegerID | h5t.TypeFloatID) or (name.startswith("extra/") and item.dtype == bool)
    short = isinstance(kind, h5t.TypeStringID) and not kind.is_variable_str() and kind.get_size() <= MAX_STRING_BYTES
    if not plain and not (short and name in STRING_TABLES):
        refuse(f"/{name} has a type that no session has")
    if item.get_space().get_simple_extent_type() != h5s.SIMPLE:
        refuse(f"/{name} is no table of numbers")
    if settings.get_layout() == h5d.VIRTUAL:
        refuse(f"/{name} is virtual: its data lie in other files")
    if settings.get_external_count():
        refuse(f"/{name} keeps its data in another file")
    codes = [settings.get_filter(i)[0] for i in range(settings.get_nfilters())]
    if not set(codes) <= FILTERS:
        refuse(f"/{name} is packed with a filter (number {max(set(codes) - FILTERS)}) that sessions do not use")
    if len(set(codes)) != len(codes):
        refuse(f"/{name} is packed more than once")
    chunks = settings.get_chunk() if settings.get_layout() == h5d.CHUNKED else None
    stored = Stored(item, item.shape, item.dtype, chunks)
    if stored.chunks and math.prod(stored.chunks) * stored.dtype.itemsize > MAX_CHUNK_BYTES:
        refuse(f"/{name} has chunks of more than {MAX_CHUNK_BYTES / 1e6:.0f} MB")
    return stored


def check_shapes(found: dict[str, Stored], session: TraceSession, max_step_bytes: int = MAX_STEP_BYTES) -> None:
    """Every dataset is one that such a session has, in its type and with its axes. Raises NotOurs."""
    layout, S = session.layout, session.num_steps
    expected = _tables(layout, S)
    texts = (f"{table}/{name}" for table in ("tokens", "vocab") for name in ("ids", "offsets", "bytes"))
    for name in (*(f"steps/{column}" for column in STEP_COLUMNS), *texts, "vocab/special"):
        if name not in found:
            refuse(f"/{name} is missing")
    for name, stored in found.items():
        if name in expected:
            dtype, shape = expected[name]
        elif (array := array_name(name)) is not None:
            dtype, shape = _array(layout, array, stored, S)
        elif name.startswith("shapes/") and name.removeprefix("shapes/") in found:
            of = found[name.removeprefix("shapes/")]
            dtype, shape = np.dtype(np.int32), (S, len(of.shape) - 1) if len(of.shape) > 1 else (S,)
        else:
            refuse(f"/{name} is nothing that a session has")
        if dtype is not None and stored.dtype != dtype:
            refuse(f"/{name} has numbers of type {stored.dtype}, where such a session has {dtype}")
        if len(stored.shape) != len(shape) or any(
            want not in (-1, size) for size, want in zip(stored.shape, shape, strict=True)
        ):
            refuse(f"/{name} has the shape {stored.shape}, which does not fit the session's {S} steps and its layout")
        step_bytes = stored.num_bytes // max(1, stored.shape[0])
        if step_bytes > max_step_bytes:
            refuse(f"a step of /{name} has {step_bytes / 1e6:,.0f} MB, where {max_step_bytes / 1e6:.0f} is the most")


def _tables(layout: Layout, S: int) -> dict[str, tuple[np.dtype[Any] | None, tuple[int, ...]]]:
    """Dataset -> dtype (None: any short text) and shape, −1 for any length."""
    P = len(layout.points)
    out: dict[str, tuple[Any, tuple[int, ...]]] = {f"steps/{k}": (np.dtype(v), (S,)) for k, v in STEP_COLUMNS.items()}
    out |= dict.fromkeys(STRING_TABLES, (None, (P,)))
    out |= {"hook_points/layer_index": (np.dtype(np.int32), (P,)), "hook_points/width": (np.dtype(np.uint32), (P,))}
    out["steps/layer_dropped"] = (np.dtype(np.uint8), (S, len(layout.droppable)))
    for table in ("tokens", "vocab"):
        columns = {"ids": np.uint32, "offsets": np.int64, "bytes": np.uint8}
        out |= {f"{table}/{name}": (np.dtype(dtype), (-1,)) for name, dtype in columns.items()}
    out["vocab/special"] = (np.dtype(np.uint8), (-1,))
    return out


def _array(layout: Layout, name: str, stored: Stored, S: int) -> tuple[np.dtype[Any] | None, tuple[int, ...]]:
    """dtype and shape of a frame's array; sizes of single steps are held against the layout when they are read."""
    if name.startswith("extra/"):
        if stored.dtype.kind not in WIRE_KINDS or not stored.shape:
            refuse(f"/{name} has a type that no session has")
        return None, (S, *(-1 for _ in stored.shape[1:]))
    for phase in ("prefill", "decode", "train"):
        specs = layout.specs(phase, 2, 2)
        if name in specs:
            dtype, shape = specs[name]
            return np.dtype(dtype), (S, *(-1 for _ in shape))
    refuse(f"/{name} is nothing that a session with these settings has")


def check_sizes(found: dict[str, Stored], file_bytes: int) -> None:
    """Nothing takes more memory to read than its shape says. Raises NotOurs."""
    for name, stored in found.items():
        chunks_of(stored, name, file_bytes)


def chunk_bytes(stored: Stored) -> int:
    return math.prod(stored.chunks or ()) * stored.dtype.itemsize


def chunks_of(stored: Stored, name: str, file_bytes: int) -> Array:
    """(n, 2) first byte and end of every piece in the file, all inside it."""
    if stored.chunks is None:
        size, start = stored.id.get_storage_size(), stored.id.get_offset()
        if size != stored.num_bytes:
            refuse(f"/{name} says that it has {stored.num_bytes:,} bytes and has {size:,}")
        return np.array([(start, start + size)] if start is not None and size else [], np.int64).reshape(-1, 2)
    cells = [-(-size // chunk) for size, chunk in zip(stored.shape, stored.chunks, strict=True)]
    if math.prod(cells) > MAX_CELLS:
        refuse(f"/{name} has more than {MAX_CELLS:,} chunks")
    found: list[tuple[int, int]] = []
    most = chunk_bytes(stored) * 2 + 1024

    def visit(chunk: Any) -> None:
        if chunk.filter_mask or chunk.size > most:
            refuse(f"a chunk of /{name} has {chunk.size:,} bytes or leaves a filter out")
        found.append((chunk.byte_offset, chunk.byte_offset + chunk.size))

    stored.id.chunk_iter(visit)
    out = np.array(found, np.int64).reshape(-1, 2)
    if len(out) and (out[:, 1].max() > file_bytes or out[:, 0].min() < 0):
        refuse(f"a chunk of /{name} lies outside of the file")
    return out
