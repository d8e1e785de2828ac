"""Rows and columns: how a step's arrays and scalars line up with those of the other steps.

A step whose budget made it drop whole layers leaves their rows out. On the shelf, and in columns over steps, every
row has one fixed place (its row in the Layout): rows are scattered there on the way in and gathered on the way out.
Pure numpy.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from mri.arrays import Ints
from mri.format.events import PHASES, Array
from mri.format.layout import Layout

RESERVED = ("steps", "vocab", "hook_points", "shapes")
"""First words that no array of a frame may have: the sealed file keeps its own tables there."""

STEP_COLUMNS: dict[str, npt.DTypeLike] = {
    "step": np.uint32,
    "phase": np.uint8,
    "pos0": np.int32,
    "t_add": np.int32,
    "chosen_id": np.int32,
    "forced": np.uint8,
    "num_bytes": np.uint32,
    "dropped": np.uint16,
    "time_us": np.int64,
}
"""Scalars of a step, their dtypes on the shelf. `phase` counts in PHASES there; readers give its name."""


def fill_value(dtype: npt.DTypeLike) -> Any:
    """What stands where nothing was recorded: NaN, or 0 where the numbers are whole."""
    return np.nan if np.dtype(dtype).kind == "f" else 0


def scattered(layout: Layout, name: str, array: Array, dropped_layers: Sequence[int]) -> Array:
    """The array with every row in its fixed place, the dropped ones filled."""
    kept = layout.kept_rows(name, dropped_layers)
    if kept is None:
        return array
    shape = (len(layout.layer_of_rows(name) or ()), *array.shape[1:])
    out = np.full(shape, fill_value(array.dtype), array.dtype)
    out[kept] = array
    return out


def padded(array: Array | None, shape: tuple[int, ...], dtype: npt.DTypeLike) -> Array:
    """The array in the first corner of `shape`, filled behind; all filled for None."""
    if array is not None and array.shape == shape:
        return array
    out = np.full(shape, fill_value(dtype), dtype)
    if array is not None:
        out[tuple(slice(size) for size in array.shape)] = array
    return out


def largest_shape(shapes: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
    """Axis by axis the largest of shapes with the same number of axes."""
    return tuple(max(sizes) for sizes in zip(*shapes, strict=True))


def named_steps(columns: dict[str, Array]) -> dict[str, Array]:
    """STEP_COLUMNS as stored -> as readers give them."""
    return {**columns, "phase": np.array(PHASES)[columns["phase"]], "forced": columns["forced"].astype(bool)}


def sequence(steps: dict[str, Array], read: list[list[int]]) -> Ints:
    """Ids by absolute position from what each step read at its `pos0`, then the last chosen id if there is one."""
    if not any(len(ids) for ids in read):
        return np.empty(0, np.int64)
    ends = [int(pos0) + len(ids) for pos0, ids in zip(steps["pos0"], read, strict=True)]
    out = np.zeros(max(ends) + 1, np.int64)
    for end, ids in zip(ends, read, strict=True):
        out[end - len(ids) : end] = ids
    last = int(steps["chosen_id"][-1])
    if last < 0:
        return out[:-1]
    out[ends[-1]] = last
    return out[: ends[-1] + 1]
