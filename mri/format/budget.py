"""The hard promise on a frame's bytes: what gives way, in which order, and how it is marked.

Knows frames and the layout; no torch.
"""

from __future__ import annotations

from dataclasses import replace

from mri.format.events import Array, StepFrame
from mri.format.layout import LAYERS_DROPPED_BIT, Layout


class BudgetReached(Exception):
    """A step is over `max_bytes_per_step` and the recording has to end here."""


def within_budget(frame: StepFrame, layout: Layout) -> StepFrame:
    """The frame, or what the drop policy leaves of it; never more than `max_bytes_per_step` bytes.

    drop_payload_keep_stats leaves out DROP_ORDER's payloads one after the other until it fits;
    drop_layer leaves out whole blocks from the middle outwards, then payloads;
    stop_trace raises BudgetReached, and so do the others where even statistics alone do not fit.
    """
    limit, policy = layout.config.max_bytes_per_step, layout.config.drop_policy
    if frame.num_bytes <= limit:
        return frame
    if policy == "stop_trace":
        raise BudgetReached(f"step {frame.step} needs {frame.num_bytes:,} bytes, the budget is {limit:,}")
    if policy == "drop_layer" and layout.n_layer:
        frame = _without_layers(frame, layout, limit)
    frame = frame.without_payloads(limit)
    if frame.num_bytes > limit:
        raise BudgetReached(f"step {frame.step} needs {frame.num_bytes:,} bytes for statistics alone, of {limit:,}")
    return frame


def middle_outwards(n_layer: int) -> list[int]:
    """Layers in the order in which they are left out: 6 layers -> 3, 2, 4, 1, 5, 0."""
    middle = n_layer // 2
    return sorted(range(n_layer), key=lambda layer: (abs(layer - middle), layer))


def _without_layers(frame: StepFrame, layout: Layout, limit: int) -> StepFrame:
    order = middle_outwards(layout.n_layer)
    arrays: dict[str, Array] = dict(frame.arrays)
    for count in range(1, len(order) + 1):
        gone = order[:count]
        for name, array in frame.arrays.items():
            if (kept := layout.kept_rows(name, gone)) is not None:
                arrays[name] = array[kept]
        if sum(array.nbytes for array in arrays.values()) <= limit:
            break
    dropped = frame.dropped | 1 << LAYERS_DROPPED_BIT
    return replace(frame, arrays=arrays, dropped=dropped, dropped_layers=tuple(sorted(gone)))
