"""Points of any nn.Module: which there are, their numbers as float32, and the arrays of a frame made of them.

Knows torch and the layout. Knows nothing of hooks, sessions and files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import torch
from torch import Tensor

from mri.errors import ConfigError
from mri.events import Array
from mri.hook_points import KEY, STATS
from mri.layout import Layout
from mri.tracer.payload import payload_arrays
from mri.tracer.reduce import reduce_rows

Rows = Literal["last", "all"]


@dataclass(frozen=True)
class Point:
    """A module (its output is recorded), a parameter or a buffer, by its dotted name.

    rows "last": the width is the last axis; statistics over everything, values of the last row (the last sample or
    position). rows "all": every number of the output is a neuron, sample after sample; parameters are always so.
    """

    name: str
    rows: Rows = "last"


def checked_points(points: Sequence[str | Point]) -> list[Point]:
    """Raises ConfigError."""
    if isinstance(points, str):
        raise ConfigError(f"The points are a list of names: write [{points!r}].")
    out = [Point(point) if isinstance(point, str) else point for point in points]
    if not out:
        raise ConfigError("There is nothing to record: name at least one module or parameter.")
    names = [point.name for point in out]
    for point in out:
        if point.rows not in get_args(Rows):
            raise ConfigError(f"rows={point.rows!r} of point {point.name!r} is not known: use one of last, all.")
        if names.count(point.name) > 1:
            raise ConfigError(f"Point {point.name!r} is named {names.count(point.name)} times: name it once.")
        if point.name and KEY.fullmatch(point.name) is None:
            raise ConfigError(
                f"{point.name!r} cannot name a point in a session: rename the module, without spaces or '/'."
            )
    return out


def refuse_kind(what: str, value: Any) -> None:
    """Raises ConfigError, with `what` as its subject, for what has no plain real numbers."""
    if not isinstance(value, Tensor):
        raise ConfigError(f"{what} is no tensor ({type(value).__name__}): leave it out.")
    if value.is_meta:
        raise ConfigError(
            f"{what} is on the meta device, where there are no numbers: put the model on a real one first."
        )
    if value.is_complex():
        raise ConfigError(f"{what} is complex: hand its parts to each step, `rec.step(real=x.real, imag=x.imag)`.")
    if value.layout is not torch.strided or value.is_nested or value.is_quantized:
        kind = "quantized" if value.is_quantized else "nested" if value.is_nested else str(value.layout)
        raise ConfigError(
            f"{what} is {kind.removeprefix('torch.')}: hand it to each step as a plain tensor, `rec.step(x=…)`."
        )


def float32_of(what: str, value: Any) -> Tensor:
    """The numbers of a tensor, without history. Raises ConfigError as `refuse_kind` does, and for an empty one."""
    refuse_kind(what, value)
    try:
        x: Tensor = value.detach().float()
        x.reshape(-1)[:1].tolist()
    except Exception as error:  # of a torch.func transform that is over, or a subclass with other rules
        why = str(error).partition(". ")[0][:120]
        raise ConfigError(
            f"The numbers of {what[0].lower()}{what[1:]} cannot be read ({why}): leave it out."
        ) from error
    if not x.numel():
        raise ConfigError(f"{what} is empty: leave it out.")
    return x


def array_of_extra(name: str, value: Any) -> Array:
    """A keyword argument of `Recorder.step` as float32. Raises ConfigError."""
    what = f"The extra {name!r}"
    if KEY.fullmatch(name) is None or not name.strip("."):
        raise ConfigError(f"{what} cannot be a name: use letters, digits and '_'.")
    if isinstance(value, Tensor):
        return float32_of(what, value).cpu().numpy()
    try:
        array = np.asarray(value)
    except ValueError:  # lists of lists of several lengths
        array = np.empty(0)
    if array.dtype.kind not in "biuf" or not array.size:
        raise ConfigError(
            f"{what} is {type(value).__name__} without real numbers: hand over a number, a tensor or an array."
        )
    with np.errstate(over="ignore"):  # beyond float32 is ∞
        return array.astype(np.float32)


def arrays_of_points(layout: Layout, rows: Mapping[str, Tensor]) -> dict[str, Array]:
    """Statistics and payload of points of any width: no batching across points, these models are small.

    `rows`: (n, width) float32 by point. Points that are not in it have no rows in the arrays.
    """
    stats = [
        reduce_rows(rows[key].reshape(1, -1), n_positions=rows[key].shape[0]).float().cpu().numpy()
        for key in layout.rows
        if key in rows
    ]
    arrays = {"stats": np.concatenate([np.empty((0, len(STATS)), np.float32), *stats])}
    for group in layout.value_groups:
        last = [rows[key][-1].cpu() for key in layout.groups[group] if key in rows]  # of each point (width,)
        if not last:
            for name, (dtype, shape) in layout.specs("train", 0, 0).items():
                if name.startswith(f"{group}/"):
                    arrays[name] = np.empty((0, *shape[1:]), dtype)
        else:
            arrays |= payload_arrays(layout, torch.stack(last))
    return arrays
