"""Reads torch's archive (`torch.save`), a zip with a pickle and a file for each storage, without torch.

The archive and its pickle are looked at first; the pickle is then read with stand-ins that note where each tensor lies
and do nothing. Knows nothing of models.
"""

from __future__ import annotations

import io
import math
import pickle
import re
import struct
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from mri.errors import ModelError
from mri.nanochat.disk.pickles import TENSOR_OPS, check_pickle

_CURE = "copy the file again from where nanochat wrote it"
_ENTRY = re.compile(r"[^/]+/(data\.pkl|data/\d+|byteorder|version|\.format_version|\.storage_alignment|\.data/\w+)")
_MAX_PICKLE_BYTES = 16 << 20
_STORAGES = {"FloatStorage": ("float32", 4), "BFloat16Storage": ("bfloat16", 2), "HalfStorage": ("float16", 2)}
NAMES = frozenset(
    {"collections OrderedDict", "torch._utils _rebuild_tensor_v2", "torch._utils _rebuild_parameter"}
    | {f"torch {name}" for name in _STORAGES}
)


@dataclass(frozen=True)
class Lies:
    """Where a tensor lies in the file."""

    start: int  # in bytes
    dtype: str
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def read_archive(path: Path) -> Any:
    """What was saved, with a `Lies` in the place of each tensor. Raises ModelError."""
    data, places = _checked_archive(path)
    check_pickle(data, str(path), "use only a model_*.pt as nanochat writes it", TENSOR_OPS, NAMES)
    try:
        return _Unpickler(data, places).load()
    except ModelError as error:
        raise ModelError(f"{path} {error}: {_CURE}.") from error
    except Exception as error:  # whatever a nonsensical order of plain operations brings up
        raise ModelError(f"{path} holds a pickle that is no state dict ({type(error).__name__}): {_CURE}.") from error


class _Inert:
    """A stand-in: keeps what it needs, and takes no state from a pickle."""

    def __setstate__(self, state: object) -> None:
        """Of an OrderedDict torch pickles attributes, too."""


class _Table(_Inert, dict):  # type: ignore[type-arg]
    pass


class _Type(_Inert):
    def __init__(self, dtype: str, item_bytes: int) -> None:
        self.dtype, self.item_bytes = dtype, item_bytes


class _Storage(_Inert):
    def __init__(self, kind: _Type, start: int, num_items: int) -> None:
        self.kind, self.start, self.num_items = kind, start, num_items


class _Rebuild(_Inert):
    """torch's `_rebuild_tensor_v2`."""

    def __call__(self, storage: _Storage, offset: int, shape: Any, strides: Any, *_: Any) -> Lies:
        shape, strides = tuple(shape), tuple(strides)
        numbers = [offset, *shape, *strides]
        if not (isinstance(storage, _Storage) and all(type(n) is int and 0 <= n < 1 << 48 for n in numbers)):
            raise ModelError("holds a tensor without a shape")
        if len(shape) != len(strides) or len(shape) > 8:
            raise ModelError("holds a tensor without a shape")
        last = offset + sum((n - 1) * stride for n, stride in zip(shape, strides, strict=True))
        if math.prod(shape) and last >= storage.num_items:
            raise ModelError("holds a tensor that is larger than its storage")
        return Lies(storage.start + offset * storage.kind.item_bytes, storage.kind.dtype, shape, strides)


class _Parameter(_Inert):
    """torch's `_rebuild_parameter`."""

    def __call__(self, tensor: Lies, *_: Any) -> Lies:
        return tensor


class _Unpickler(pickle.Unpickler):
    def __init__(self, data: bytes, places: dict[str, tuple[int, int]]) -> None:
        super().__init__(io.BytesIO(data))
        self._places = places

    def find_class(self, module: str, name: str) -> Any:
        match name:
            case "OrderedDict":
                return _Table
            case "_rebuild_tensor_v2":
                return _Rebuild()
            case "_rebuild_parameter":
                return _Parameter()
        return _Type(*_STORAGES[name])

    def persistent_load(self, told: Any) -> _Storage:
        kind, key, num_items = told[1], told[2], told[4]
        start, num_bytes = self._places[key]
        if not isinstance(kind, _Type) or type(num_items) is not int or num_items * kind.item_bytes != num_bytes:
            raise ModelError("holds a storage of another size than it says")
        return _Storage(kind, start, num_items)


def _checked_archive(path: Path) -> tuple[bytes, dict[str, tuple[int, int]]]:
    """The pickle, and where each storage lies: start and bytes. Raises ModelError unless this is a torch archive that
    unpacks to no more than itself, with every checksum right."""
    try:
        size = path.stat().st_size
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            if any(entry.compress_type != zipfile.ZIP_STORED or entry.file_size > size for entry in entries):
                raise ModelError(f"{path} holds compressed entries, which torch never writes: {_CURE}.")
            if sum(entry.file_size for entry in entries) > size or len({e.filename for e in entries}) != len(entries):
                raise ModelError(f"{path} holds overlapping or repeated entries: {_CURE}.")
            foreign = [entry.filename for entry in entries if not _ENTRY.fullmatch(entry.filename)]
            if foreign:
                raise ModelError(f"{path} holds {foreign[0][:60]!r}, which is no part of a state dict: {_CURE}.")
            pickles = [entry for entry in entries if entry.filename.endswith("/data.pkl")]
            if len(pickles) != 1 or pickles[0].file_size > _MAX_PICKLE_BYTES:
                raise ModelError(f"{path} does not hold one state dict: {_CURE}.")
            orders = [archive.read(entry) for entry in entries if entry.filename.endswith("/byteorder")]
            if orders and orders != [b"little"]:
                raise ModelError(f"{path} was saved on a machine with another byte order: save it on a usual one.")
            data = archive.read(pickles[0])
            root = pickles[0].filename.removesuffix("data.pkl") + "data/"
            return data, {
                entry.filename.removeprefix(root): (_start_of(path, entry), entry.file_size)
                for entry in entries
                if entry.filename.startswith(root)
            }
    except (
        OSError,
        zipfile.BadZipFile,
        ValueError,
        NotImplementedError,
        RuntimeError,
        EOFError,
        struct.error,
    ) as error:
        _refuse_unreadable(path, error)


def _refuse_unreadable(path: Path, error: Exception) -> NoReturn:
    reason = "truncated or not a torch checkpoint" if isinstance(error, zipfile.BadZipFile) else str(error)
    raise ModelError(
        f"{path} cannot be read ({reason}): {_CURE}, or save it anew with torch's usual zip format."
    ) from error


def _start_of(path: Path, entry: zipfile.ZipInfo) -> int:
    """Where an entry's bytes begin: behind its own header, which has a name and extra bytes."""
    with path.open("rb") as file:
        file.seek(entry.header_offset)
        header = file.read(30)
        if header[:4] != b"PK\x03\x04":
            raise zipfile.BadZipFile
        name, extra = struct.unpack("<HH", header[26:])
        start = entry.header_offset + 30 + name + extra
        if start + entry.file_size > path.stat().st_size:
            raise zipfile.BadZipFile
        return int(start)


def damaged_entry(path: Path) -> str:
    """The first entry whose bytes are not those of its checksum, "" where all are right. Reads all of the file."""
    with zipfile.ZipFile(path) as archive:
        return archive.testzip() or ""
