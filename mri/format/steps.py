"""Scalars of all steps as columns, and the sequence of tokens that follows from them. Pure numpy."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mri.format.arrays import Ints
from mri.format.events import PHASES, Array

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
