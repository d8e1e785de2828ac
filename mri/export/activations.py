"""Activations of many prompts at chosen hook points: `mri.activations`. Arrays, kept on disk where they are large."""

from __future__ import annotations

import hashlib
import json
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mri.errors import ConfigError
from mri.format.events import Array
from mri.store.files import replace_file

if TYPE_CHECKING:
    import xarray

    from mri.nanochat.checkpoint import LoadedModel

LARGE_BYTES = 1 << 30
"""From here on arrays are memory-mapped files."""


class Activations(Mapping[str, Array]):
    """By hook point an array (tokens of all prompts, one prompt after the other; width). `bfloat16` is kept as its bits
    (uint16): `float32(key)` gives numbers of any.

        found = mri.activations(["ab", "cde"], hook_points="block.*.mlp_act")
        found["block.3.mlp_act"].mean(0)
    """

    def __init__(self, arrays: Mapping[str, Array], token_ids: Sequence[Sequence[int]], texts: Sequence[str]) -> None:
        self._arrays, self._token_ids, self._texts = arrays, token_ids, texts

    def __getitem__(self, hook_point: str) -> Array:
        return self._arrays[hook_point]

    def __iter__(self) -> Any:
        return iter(self._arrays)

    def __len__(self) -> int:
        return len(self._arrays)

    def float32(self, hook_point: str) -> Array:
        array = self[hook_point]
        if array.dtype == np.uint16:
            return (array.astype(np.uint32) << 16).view(np.float32)
        return np.asarray(array, np.float32)

    def tokens(self) -> pd.DataFrame:
        """One row per row of the arrays. Columns: prompt, pos (in the prompt), token_id, token (text)."""
        lengths = [len(ids) for ids in self._token_ids]
        return pd.DataFrame(
            {
                "prompt": np.repeat(np.arange(len(lengths)), lengths),
                "pos": np.concatenate([np.arange(n) for n in lengths]),
                "token_id": np.concatenate([np.asarray(ids, np.int64) for ids in self._token_ids]),
                "token": self._texts,
            }
        )

    def to_pandas(self, hook_point: str) -> pd.DataFrame:
        """A row per token, indexed by prompt and pos; a column per neuron."""
        tokens = self.tokens()
        return pd.DataFrame(self.float32(hook_point), index=pd.MultiIndex.from_frame(tokens[["prompt", "pos"]]))

    def to_xarray(self) -> xarray.Dataset:
        """A variable per hook point (row, neuron of its width). Raises ConfigError where xarray is not installed."""
        try:
            import xarray
        except ModuleNotFoundError:
            raise ConfigError("xarray is not installed: `pip install xarray`.") from None
        tokens = self.tokens()
        coordinates = {name: ("row", tokens[name].to_numpy()) for name in ("prompt", "pos", "token_id")}
        arrays = {key: (("row", f"neuron_{self[key].shape[1]}"), self.float32(key)) for key in self}
        return xarray.Dataset(arrays, coords=coordinates)


def activations(
    prompts: Sequence[str | Sequence[int]],
    loaded: LoadedModel,
    *,
    hook_points: str | Sequence[str],
    batch_size: int,
    dtype: str,
    out: Path | None,
    progress: bool,
) -> Activations:
    """As `mri.activations`."""
    from mri.nanochat.chat import ids_from_prompt
    from mri.run.activations import DTYPES, chosen_points, collect, refuse_dtype

    refuse_dtype(dtype)
    patterns = [hook_points] if isinstance(hook_points, str) else [*hook_points]
    if not len(prompts) or isinstance(prompts, str):
        raise ConfigError("The prompts are a list: give at least one.")
    points = chosen_points(loaded.model, patterns)
    token_ids = [ids_from_prompt(loaded.tokenizer, prompt, False) for prompt in prompts]
    num_tokens = sum(map(len, token_ids))
    itemsize = np.dtype(DTYPES[dtype]).itemsize
    if out is None and num_tokens * sum(points.values()) * itemsize >= LARGE_BYTES:
        out = Path(tempfile.mkdtemp(prefix="activations-"))
    what = {"token_ids": token_ids, "points": points, "dtype": dtype, "batch_size": batch_size, "model": loaded.ref.id}
    asked = hashlib.sha256(json.dumps(what).encode()).hexdigest()
    done = _done(out, asked)
    arrays = {key: _array(out, key, (num_tokens, width), DTYPES[dtype], bool(done)) for key, width in points.items()}
    began, num_read = time.perf_counter(), 0

    def on_batch(places: list[int], number: int) -> None:
        nonlocal num_read
        num_read += sum(len(token_ids[place]) for place in places)
        done.add(number)
        if out is not None:
            for array in arrays.values():
                array.flush()  # type: ignore[attr-defined]
            replace_file(out / "done.json", json.dumps({"asked": asked, "done": sorted(done)}).encode())
        if progress:
            per_s = num_read / (time.perf_counter() - began)
            said = f"\r{num_read:,} of {num_tokens:,} tokens, {per_s:,.0f} a second"
            print(said, end="", file=sys.stderr, flush=True)

    collect(loaded, token_ids, points, arrays, batch_size=batch_size, skip=done.__contains__, on_batch=on_batch)
    if progress:
        print(file=sys.stderr)
    return Activations(arrays, token_ids, [loaded.tokenizer.decode([i]) for ids in token_ids for i in ids])


def _done(out: Path | None, asked: str) -> set[int]:
    """Batches that are in the folder from an earlier run of the same. Raises ConfigError for another's folder."""
    if out is None or not (out / "done.json").exists():
        return set()
    told = json.loads((out / "done.json").read_text("utf-8"))
    if told.get("asked") != asked:
        raise ConfigError(f"{out} has activations of other prompts, points or another model: choose another folder.")
    return set(told["done"])


def _array(out: Path | None, key: str, shape: tuple[int, int], dtype: Any, is_begun: bool) -> Array:
    if out is None:
        return np.empty(shape, dtype)
    out.mkdir(parents=True, exist_ok=True)
    path = out / f"{key}.npy"
    return np.lib.format.open_memmap(path, "r+") if is_begun else np.lib.format.open_memmap(path, "w+", dtype, shape)
