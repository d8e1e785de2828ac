"""What a file of weights holds, told from its own table of contents: names, types, shapes, and where the bytes lie.

Reads torch's archives (`.pt`, `.bin`) and `.safetensors`, of one file or in shards, without trusting them and without
torch: nothing in them runs, and nothing is allocated that is larger than the file. The numbers themselves are read by
checkpoint.py, one tensor at a time. Knows nothing of models.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mri.errors import ModelError
from mri.nanochat.disk.archive import read_archive

CURE = "copy the file again from where it was written"
INDEX = ".index.json"
MOST_HEADER_BYTES = 32 << 20
MOST_SHARDS = 1000
_SAFETENSORS = {"F32": "float32", "BF16": "bfloat16", "F16": "float16"}
_SHARD = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*\.(safetensors|bin|pt)")
ITEM_BYTES = {"float32": 4, "bfloat16": 2, "float16": 2}


@dataclass(frozen=True)
class Stored:
    """A tensor in a file: where its storage begins, and how the tensor lies in it. Two that are equal are one."""

    file: Path
    start: int  # in bytes
    dtype: str  # "float32", "bfloat16", "float16"
    shape: tuple[int, ...]
    strides: tuple[int, ...] | None = None  # in items; None = in C order

    @property
    def num_bytes(self) -> int:
        return math.prod(self.shape) * ITEM_BYTES[self.dtype]

    @property
    def is_in_order(self) -> bool:
        """Whether its items lie one after the other, in C order."""
        in_order = [math.prod(self.shape[axis + 1 :]) for axis in range(len(self.shape))]
        return self.strides is None or all(
            n == 1 or stride == wanted for n, stride, wanted in zip(self.shape, self.strides, in_order, strict=True)
        )

    @property
    def span(self) -> int:
        """Items from its first to its last."""
        if self.is_in_order or not math.prod(self.shape):
            return math.prod(self.shape)
        return 1 + sum((n - 1) * stride for n, stride in zip(self.shape, self.strides or (), strict=True))


@dataclass(frozen=True)
class Contents:
    """tensors by key as the file has it; `others`: plain values beside them (a nanoGPT checkpoint's `model_args`)."""

    files: tuple[Path, ...]
    tensors: Mapping[str, Stored]
    others: Mapping[str, Any] = field(default_factory=dict)


def read_contents(path: Path) -> Contents:
    """Raises ModelError with one sentence for whatever is missing, broken or hostile."""
    if path.name.endswith(INDEX):
        found = _read_shards(path)
    elif path.suffix == ".safetensors":
        found = Contents((path,), read_safetensors(path))
    else:
        found = _read_torch(path)
    size = sum(file.stat().st_size for file in found.files)
    if sum(tensor.num_bytes for tensor in {*found.tensors.values()}) > size:  # stride 0 makes gigabytes of a byte
        raise ModelError(f"{path} claims tensors larger than the file: {CURE}.")
    return found


def _read_torch(path: Path) -> Contents:
    """A state dict, or one beside other things under "model", as nanoGPT's ckpt.pt has it."""
    loaded = read_archive(path)
    state, others = loaded, {}
    if isinstance(loaded, dict):
        name = next((name for name in ("model", "model_state_dict", "state_dict") if _is_table(loaded.get(name))), None)
        if name is not None:
            state, others = loaded[name], {key: loaded[key] for key in ("model_args", "config") if key in loaded}
    if not (_is_table(state) and all(isinstance(key, str) and hasattr(x, "start") for key, x in state.items())):
        raise ModelError(f"{path} is not a state dict of tensors: give a model_*.pt as nanochat writes it.")
    tensors = {key: Stored(path, x.start, x.dtype, x.shape, x.strides) for key, x in state.items()}
    return Contents((path,), tensors, others)


def _is_table(x: object) -> bool:
    return isinstance(x, dict)


def read_safetensors(path: Path) -> dict[str, Stored]:
    """The header: what each tensor is, and that they fill the file, each byte once."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if size < 8 or length > min(size - 8, MOST_HEADER_BYTES):
                raise ModelError(f"{path} is truncated or no safetensors file: {CURE}.")
            header = json_of(file.read(length), path)
    except OSError as error:
        raise ModelError(f"{path} cannot be read ({error.strerror}): {CURE}.") from error
    if not isinstance(header, dict):
        raise ModelError(f"{path} has no table of tensors: {CURE}.")
    tensors, end = dict[str, Stored](), 8 + length
    told = [(name, fields) for name, fields in header.items() if name != "__metadata__"]
    for name, fields in told:
        tensors[name] = _stored_of(path, name, fields, 8 + length, size)
    for tensor in sorted(tensors.values(), key=lambda tensor: (tensor.start, tensor.num_bytes)):
        if tensor.start != end:
            raise ModelError(f"{path} has tensors that overlap or leave gaps: {CURE}.")
        end += tensor.num_bytes
    if end != size:
        raise ModelError(f"{path} has {size - end} bytes that are no tensor's: {CURE}.")
    return tensors


def _stored_of(path: Path, name: str, fields: object, begin: int, size: int) -> Stored:
    told = fields if isinstance(fields, dict) else {}
    dtype, shape, offsets = told.get("dtype"), told.get("shape"), told.get("data_offsets")
    if not (isinstance(shape, list) and len(shape) <= 8 and isinstance(offsets, list) and len(offsets) == 2):
        raise ModelError(f"{path}: {name!r:.80} has no shape and place: {CURE}.")
    if not all(type(n) is int and 0 <= n <= size for n in [*shape, *offsets]):
        raise ModelError(f"{path}: {name!r:.80} has a shape or place that is not in the file: {CURE}.")
    if not isinstance(dtype, str) or dtype not in _SAFETENSORS:
        raise ModelError(f"{path}: {name!r:.80} has the type {dtype!r:.20}: only F32, BF16 and F16 are weights.")
    stored = Stored(path, begin + offsets[0], _SAFETENSORS[dtype], tuple(shape))
    if stored.num_bytes != offsets[1] - offsets[0] or begin + offsets[1] > size:
        raise ModelError(f"{path}: {name!r:.80} is said to be larger or smaller than its place: {CURE}.")
    return stored


def _read_shards(index: Path) -> Contents:
    """Of `model.safetensors.index.json`: {"weight_map": {key: file}}, files that lie beside it."""
    told = read_json(index, MOST_HEADER_BYTES)
    files_of = told.get("weight_map") if isinstance(told, dict) else None
    if not isinstance(files_of, dict) or not files_of:
        raise ModelError(f"{index} has no 'weight_map': {CURE}.")
    names = sorted({name if isinstance(name, str) else "" for name in files_of.values()})
    if bad := [name for name in names if not _SHARD.fullmatch(name)]:
        raise ModelError(f"{index} points to {bad[0][:60]!r}, which is no file of weights beside it: {CURE}.")
    if len(names) > MOST_SHARDS:
        raise ModelError(f"{index} points to {len(names):,} files: {CURE}.")
    tensors: dict[str, Stored] = {}
    for name in names:
        shard = index.with_name(name)
        if not shard.is_file():
            raise ModelError(f"{shard} is missing, and {index.name} needs it: copy all files of the model.")
        found = read_contents(shard).tensors
        wanted = {key for key, file in files_of.items() if file == name}
        if set(found) != wanted:
            key = sorted(set(found) ^ wanted)[0]
            raise ModelError(f"{shard} and {index.name} differ in {key!r:.80}: copy all files of the model again.")
        tensors |= found
    return Contents(tuple(index.with_name(name) for name in names), tensors)


def read_json(path: Path, most_bytes: int) -> Any:
    """What a JSON file says. Raises ModelError where it is missing, too large, too deep, or has a name twice."""
    try:
        if path.stat().st_size > most_bytes:
            raise ModelError(f"{path} is larger than {most_bytes >> 20} MB, which none of a model is: {CURE}.")
        data = path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path} cannot be read ({error.strerror}): {CURE}.") from error
    return json_of(data, path)


def json_of(data: bytes, path: Path) -> Any:
    try:
        return json.loads(data.decode("utf-8"), object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        reason = str(error) if isinstance(error, _Twice) else type(error).__name__
        raise ModelError(f"{path} cannot be read as JSON ({reason}): {CURE}.") from error


class _Twice(ValueError):
    """A name stands twice in a table: readers differ in which of the two counts."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) != len(pairs):
        names = [name for name, _ in pairs]
        raise _Twice(f"it has {next(name for name in names if names.count(name) > 1)!r:.60} twice")
    return table
