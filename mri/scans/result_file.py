"""What a shard holds as one Parquet file: a row a neuron, everything else in its metadata. The same part gives the same
bytes."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from mri.errors import StoreError
from mri.scans.fields import HEAD_SUMS, KEYS, Part, Sizes, misfit, neuron_fields
from mri.scans.settings import Settings

KEY = b"mri.scan"


def write_part(path: Path, part: Part, about: Mapping[str, Any]) -> None:
    """Beside, under a name that does not end in .parquet, then renamed: what has its name is whole. `about` says whose
    part it is. Raises StoreError where the disk refuses."""
    from pyarrow import parquet

    aside = path.with_name(f"{path.stem}.{os.getpid()}.part")
    try:
        parquet.write_table(_table(part, about), aside, compression="zstd", write_page_checksum=True)
        with aside.open("rb+") as file:
            os.fsync(file.fileno())
        aside.replace(path)
        for left in path.parent.glob(f"{path.stem}.*.part"):  # of who was killed
            left.unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(f"{path} could not be written: {error.strerror or error}.") from error
    finally:
        aside.unlink(missing_ok=True)


def read_part(path: Path, about: Mapping[str, Any], sizes: Sizes, settings: Settings) -> Part:
    """Raises StoreError where it is torn, or not that of `about`."""
    import pyarrow
    from pyarrow import parquet

    try:
        table = parquet.read_table(path, use_threads=False, page_checksum_verification=True, partitioning=None)
        told = json.loads(table.schema.metadata[KEY])
        if told["about"] != dict(about):
            raise StoreError(f"{path} belongs to another scan: delete it, and it is made again.")
        part = _part(table, told, sizes, settings)
    except (pyarrow.ArrowException, OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise StoreError(f"{path} is torn or not one of ours: delete it, and it is made again.") from error
    if name := misfit(part, sizes, settings):
        raise StoreError(f"{path} does not fit its scan ({name}): delete it, and it is made again.")
    return part


def _table(part: Part, about: Mapping[str, Any]) -> Any:
    import pyarrow

    n_layer, n_neuron = part.neurons["sum"].shape[:2]
    columns = {
        "block": pyarrow.array(np.repeat(np.arange(n_layer, dtype=np.int32), n_neuron)),
        "neuron": pyarrow.array(np.tile(np.arange(n_neuron, dtype=np.int32), n_layer)),
    }
    for name, values in part.neurons.items():
        flat = pyarrow.array(np.ascontiguousarray(values).reshape(-1))
        per_neuron = values[0, 0].size
        columns[name] = flat if values.ndim == 2 else pyarrow.FixedSizeListArray.from_arrays(flat, per_neuron)
    told = {
        "about": dict(about),
        "heads": {name: values.tolist() for name, values in part.heads.items()},
        "seen": {key: [of_key.nonzero()[0].tolist(), of_key[of_key > 0].tolist()] for key, of_key in part.seen.items()},
        "tokens": part.tokens.tolist(),
        "documents": part.documents.tolist(),
    }
    return pyarrow.table(columns).replace_schema_metadata({KEY: json.dumps(told, sort_keys=True).encode()})


def _part(table: Any, told: Mapping[str, Any], sizes: Sizes, settings: Settings) -> Part:
    neurons = {}
    for name, (_, shape) in neuron_fields(settings).items():
        column = table.column(name).combine_chunks()
        flat = (column.flatten() if shape else column).to_numpy(zero_copy_only=False)
        neurons[name] = flat.reshape(sizes.n_layer, sizes.n_neuron, *shape)
    seen = {}
    for key in KEYS:
        seen[key] = np.zeros(sizes.n_vocab, np.int64)
        ids, counts = told["seen"][key]
        seen[key][ids] = counts
    heads = {name: np.array(told["heads"][name], np.float64) for name in HEAD_SUMS}
    return Part(neurons, heads, seen, np.array(told["tokens"], np.int64), np.array(told["documents"], np.int64))
