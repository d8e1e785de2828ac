"""Session → xarray.Dataset: statistics, attention summaries, predictions and hook points' values with named axes.

xarray is optional: it is imported when it is asked for. Knows no pandas.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mri.errors import ConfigError, UnknownHookPoint
from mri.format.captured_steps import CapturedSteps
from mri.format.hook_points import STATS
from mri.store.reader import SessionReader

if TYPE_CHECKING:
    import xarray

HEADS = {"entropy": "bits", "max_weight": "probability"}
SCALARS = {"logits/logsumexp": "logits", "logits/entropy": "bits"}
SCALARS |= {"logits/chosen_logprob": "nats, at temperature 1", "logits/chosen_rank": "0 = strongest"}


def dataset(reader: SessionReader, hook_points: Sequence[str], attrs: dict[str, str]) -> xarray.Dataset:
    """See Trace.to_xarray."""
    try:
        import xarray
    except ImportError as error:
        raise ConfigError("xarray is not installed here: install it with `pip install xarray`.") from error
    layout, steps = reader.session.layout, reader.steps()
    points = layout.points
    variables: dict[str, Any] = {}

    def add(name: str, dims: tuple[str, ...], values: Any, units: str) -> None:
        variables[name.replace("/", "_")] = (dims, values, {"units": units})

    if reader.num_steps and points:
        add("stats", ("step", "hook_point", "stat"), reader.column("stats"), "activation; sparsity: share of zeros")
    captured = CapturedSteps(reader)
    for name, units in HEADS.items():
        if (values := captured.heads(name)) is not None:
            add(f"attention_{name}", ("step", "layer", "head"), values, units)
    for name, units in SCALARS.items():
        if (values := _column(reader, name)) is not None:
            add(name, ("step",), values, units)
    for key in hook_points:
        dims = "step", f"neuron_of_{layout.width(key)}"
        add(key, dims, captured.values(key), points[layout.row(key)].unit)
    coords = {
        "step": ("step", steps["step"].astype(np.int64), {"units": "index"}),
        "phase": ("step", steps["phase"]),
        "pos0": ("step", steps["pos0"], {"units": "position"}),
        "chosen_id": ("step", steps["chosen_id"], {"units": "id", "none": -1}),
        "hook_point": [point.key for point in points],
        "layer_index": ("hook_point", np.array([point.layer_index for point in points], np.int32)),
        "layer_type": ("hook_point", [point.layer_type for point in points]),
        "stat": list(STATS),
    }
    return xarray.Dataset(variables, coords, attrs)


def _column(reader: SessionReader, name: str) -> Any:
    try:
        return reader.column(name)
    except UnknownHookPoint:  # no step has it
        return None
