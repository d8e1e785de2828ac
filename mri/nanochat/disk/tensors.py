"""Reads the numbers of a checkpoint, one tensor at a time, so that no more than the weights is ever in memory.

Knows where tensors lie in files (contents.py) and torch. Knows nothing of models.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from torch import Tensor

from mri.errors import ModelError
from mri.nanochat.disk.archive import damaged_entry
from mri.nanochat.disk.contents import CURE, Stored, read_contents
from mri.nanochat.disk.keys import named_as_nanochat

ITEMS_AT_ONCE = 1 << 22
"""Of a tensor that is being read."""

OnProgress = Callable[[str, float], None]
"""Told in words what is being done, and how much of it is, from 0 to 1."""


def load_state(path: Path) -> dict[str, Tensor]:
    """The state dict of a file of weights, keys as nanochat has them, all float32, on the CPU. Raises ModelError."""
    contents = read_contents(path)
    try:
        named = named_as_nanochat(contents.tensors)
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from error
    stored = {name: contents.tensors[key] for name, key in named.keys.items()}
    return read_tensors(stored, torch.device("cpu"), torch.float32, lambda words, share: None)


def read_tensors(
    stored: Mapping[str, Stored], device: torch.device, dtype: torch.dtype, on_progress: OnProgress
) -> dict[str, Tensor]:
    """The tensors, one at a time, those that lie at one place as one tensor. Raises ModelError for a damaged file and
    for weights that are no numbers."""
    for file in {tensor.file for tensor in stored.values() if tensor.file.suffix != ".safetensors"}:
        if damaged := damaged_entry(file):
            raise ModelError(f"{file} is damaged (at {damaged}): {CURE}.")
    total, done = sum(tensor.num_bytes for tensor in stored.values()) or 1, 0
    found, read = dict[str, Tensor](), dict[Stored, Tensor]()
    for name, place in stored.items():
        on_progress("reading the weights", done / total)
        if place not in read:
            read[place] = _tensor(place, name, dtype).to(device)
        found[name] = read[place]
        done += place.num_bytes
    return found


def _tensor(place: Stored, name: str, dtype: torch.dtype) -> Tensor:
    """Read from the file, piece by piece, in C order and in the type that is wanted."""
    num_items, span = math.prod(place.shape), place.span
    out = torch.empty(span, dtype=dtype, device="cpu")  # whatever the default is
    kind = getattr(torch, place.dtype)
    buffer = bytearray(min(span, ITEMS_AT_ONCE) * kind.itemsize)
    try:
        with place.file.open("rb") as file:
            file.seek(place.start)
            for begin in range(0, span if num_items else 0, ITEMS_AT_ONCE):
                n = min(ITEMS_AT_ONCE, span - begin)
                if file.readinto(memoryview(buffer)[: n * kind.itemsize]) != n * kind.itemsize:
                    raise ModelError(f"{place.file} is truncated: {CURE}.")
                piece = torch.frombuffer(buffer, dtype=kind, count=n)
                if not torch.isfinite(piece).all():
                    raise ModelError(
                        f"{place.file}: {name!r} holds NaN or infinity, the training diverged: use an earlier step."
                    )
                out[begin : begin + n] = piece
    except OSError as error:
        raise ModelError(f"{place.file} cannot be read ({error.strerror}): {CURE}.") from error
    return out.view(place.shape) if place.is_in_order else out.as_strided(place.shape, place.strides or ()).contiguous()


def hash_of_files(files: tuple[Path, ...], on_progress: OnProgress) -> str:
    digest = hashlib.sha256()
    for i, path in enumerate(files):
        on_progress("hashing the file", i / len(files))
        with path.open("rb") as file:
            while data := file.read(1 << 20):
                digest.update(data)
    return digest.hexdigest()
