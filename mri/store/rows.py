"""Rows and columns: how a step's arrays line up with those of the other steps.

A step whose budget made it drop whole layers leaves their rows out. On the shelf, and in columns over steps, every
row has one fixed place (its row in the Layout): rows are scattered there on the way in and gathered on the way out.
Pure numpy.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from mri.events import Array
from mri.layout import Layout

RESERVED = ("steps", "vocab", "hook_points", "shapes")
"""First words that no array of a frame may have: the sealed file keeps its own tables there."""


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
