"""Over all steps of a session: one neuron's value, and the scale on which a hook point's magnitudes are shown.

Reads columns of a session, gives arrays; knows no figures.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mri.events import dequantized, group_of_mode
from mri.hook_points import STATS
from mri.layout import sampled_indices
from mri.store.reader import SessionReader

Floats = npt.NDArray[np.float32]


def neuron_over_steps(reader: SessionReader, key: str, neuron: int) -> tuple[Floats, Floats]:
    """One neuron of hook point `key` in every step.

    -> values (num_steps,), NaN where not captured; bounds (num_steps,), the most its magnitude can be where it fell
       below the top-k, NaN elsewhere. Raises UnknownHookPoint, IndexError on a neuron that is not there.
    """
    layout = reader.session.layout
    width = layout.width(key)
    if not 0 <= neuron < width:
        raise IndexError(f"{key} has the neurons 0 to {width - 1}, there is no {neuron}.")
    unknown = np.full(reader.num_steps, np.nan, np.float32)
    group = group_of_mode(layout, key)
    if group is None:
        return unknown, unknown.copy()
    row = layout.groups[group].index(key)
    quantized = layout.config.quantization == "q8"
    scale = reader.column(f"{group}/scale", row) if quantized else None  # (num_steps,), NaN where a step lacks it
    if group.startswith("topk/"):
        codes = reader.column(f"{group}/values", row)  # (num_steps, k)
        bounds = reader.column(f"{group}/bound", row).astype(np.float32)  # NaN where a step has no top-k
        here = (reader.column(f"{group}/indices", row) == neuron) & np.isfinite(bounds)[:, None]
        values = np.where(here, dequantized(codes, scale), np.float32(0)).sum(axis=1, dtype=np.float32)
        found = here.any(axis=1)
        return np.where(found, values, np.float32(np.nan)), np.where(found, np.float32(np.nan), bounds)
    place = neuron if group.startswith("full/") else _place(sampled_indices(layout.config, width), neuron)
    if place is None:
        return unknown, unknown.copy()
    codes = reader.column(f"{group}/values", row, place)  # (num_steps,)
    return dequantized(codes[:, None], scale)[:, 0], unknown


def full_scales(reader: SessionReader) -> dict[str, float]:
    """Hook point -> magnitude at the top of the colour scale: what nine in ten steps have as their p99 at most.

    One number per hook point for the whole session, so that a dot means the same in every step.
    """
    stats = reader.column("stats")  # (num_steps, n_points, 7)
    scales = {}
    for row, point in enumerate(reader.session.layout.points):
        p99 = stats[:, row, STATS.index("p99")]
        most = np.abs(stats[:, row, [STATS.index("min"), STATS.index("max")]])
        for candidates, quantile in ((p99, 0.9), (most, 1.0)):
            candidates = candidates[np.isfinite(candidates)]
            scale = float(np.quantile(candidates, quantile)) if candidates.size else 0.0
            if scale > 0:
                break
        scales[point.key] = scale or 1.0
    return scales


def largest_statistic(reader: SessionReader) -> float:
    """Largest finite magnitude of min and max over all hook points and steps; 1 where there is none."""
    ends = reader.column("stats")[:, :, [STATS.index("min"), STATS.index("max")]]
    return float(np.abs(ends[np.isfinite(ends)]).max(initial=0)) or 1.0


def _place(indices: npt.NDArray[np.int64], neuron: int) -> int | None:
    found = np.flatnonzero(indices == neuron)
    return int(found[0]) if len(found) else None
