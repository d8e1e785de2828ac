"""Which weights a module has in memory: a checksum that is quick, and a hash under which others find the same weights.

Knows tensors and their names. Knows nothing of files and of what the weights are for.
"""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor

import torch
from torch import Tensor, nn

WORDS = 1024
"""64-bit words in a row of the checksum."""

ROWS_AT_ONCE = 16
"""Read twice while they are in the processor's cache."""

MOST_KNOWN = 64

_hash_of_checksum: dict[str, str] = {}


def weights_hash(module: nn.Module) -> str:
    """sha256 hex of the parameters and persistent buffers as they are now: of their names, sorted and without the
    prefixes of wrappers (`_orig_mod.`, `module.`), dtypes, shapes and bytes. "" where there are none, or where one has
    no bytes here (on the meta device, lazy, sparse).

    The same on every device, however the tensors lie in memory and whichever share it. Computed anew only where
    `checksum` is one that was not seen before.
    """
    weights = named_weights(module)
    if not all(_has_bytes(tensor) for _, tensor in weights) or not weights:
        return ""
    key = _checksum(weights)
    if key not in _hash_of_checksum:
        if len(_hash_of_checksum) >= MOST_KNOWN:
            _hash_of_checksum.clear()
        with ThreadPoolExecutor() as pool:  # hashing lets other threads run
            lines = "".join(pool.map(lambda named: _line(*named), weights))
        _hash_of_checksum[key] = hashlib.sha256(lines.encode()).hexdigest()
    return _hash_of_checksum[key]


def hash_under(checksum: str) -> str:
    """The hash that `weights_hash` last found of weights with this checksum, "" where there was none."""
    return _hash_of_checksum.get(checksum, "")


def checksum(module: nn.Module) -> str:
    """Of the same as `weights_hash`: another where any bit is another. Not for ever: see `_sums`."""
    return _checksum([(name, tensor) for name, tensor in named_weights(module) if _has_bytes(tensor)])


def named_weights(module: nn.Module) -> list[tuple[str, Tensor]]:
    """Parameters and persistent buffers by name, sorted. Read where they lie: a state dict may call hooks, or wait for
    other processes."""
    found = []
    for prefix, part in module.named_modules(remove_duplicate=False):
        passing = part._non_persistent_buffers_set  # tables that the module computes itself
        kept = [*part._parameters.items(), *(item for item in part._buffers.items() if item[0] not in passing)]
        found += [(_plain(f"{prefix}.{name}"), tensor) for name, tensor in kept if tensor is not None]
    return sorted(found, key=lambda named: named[0])


def _plain(name: str) -> str:
    name = name.replace("_orig_mod.", "").removeprefix(".")
    while name.startswith("module."):
        name = name.removeprefix("module.")
    return name


def _has_bytes(tensor: Tensor) -> bool:
    return not (tensor.is_meta or nn.parameter.is_lazy(tensor) or tensor.layout != torch.strided or tensor.is_quantized)


def _bytes(tensor: Tensor) -> Tensor:
    """(num_bytes,) uint8 in C order, on the tensor's device; no copy where it lies so already."""
    return tensor.detach().resolve_conj().resolve_neg().contiguous().view(-1).view(torch.uint8)


def _line(name: str, tensor: Tensor) -> str:
    digest = hashlib.sha256(_bytes(tensor).cpu().numpy().data).hexdigest()
    return f"{_heading(name, tensor)} {digest}\n"


def _heading(name: str, tensor: Tensor) -> str:
    return f"{name} {str(tensor.dtype).removeprefix('torch.')} {list(tensor.shape)}"


def _checksum(weights: list[tuple[str, Tensor]]) -> str:
    out = hashlib.sha256()
    for name, tensor in weights:
        out.update(_heading(name, tensor).encode())
        out.update(_sums(_bytes(tensor)))
    return out.hexdigest()


@torch.inference_mode()
def _sums(x: Tensor) -> bytes:
    """The bytes taken as a table of 64-bit words: the sum of every row and of every column, and the rest as it is.

    One changed bit changes a sum, and so does any exchange of rows, columns, words. Only a change that cancels out in
    its row and in its column at once would go unseen.
    """
    if x.storage_offset() % 8:
        x = x.clone()
    whole = len(x) // (8 * WORDS) * 8 * WORDS
    table = x[:whole].view(torch.int64).view(-1, WORDS)
    columns, rows = torch.zeros(WORDS, dtype=torch.int64, device=x.device), []
    for part in torch.split(table, ROWS_AT_ONCE if x.device.type == "cpu" else max(1, len(table))):
        columns += part.sum(0)
        rows.append(part.sum(1))
    return torch.cat([columns, *rows]).cpu().numpy().tobytes() + x[whole:].cpu().numpy().tobytes()
