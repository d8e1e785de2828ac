"""The cells of a patching map: which places of which positions, what stands for what, and what can be reached at all.

Pure arithmetic of positions, blocks and windows. Knows no torch and no weights, so that a server can refuse and name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mri.arrays import Bools, Ints
from mri.measure.alignment import align


@dataclass(frozen=True)
class Place:
    """A row of the map. `target`: as an edit names it (docs/edits.md); block −1 outside the blocks, head −1 of none;
    `reads_from`: the first block whose attention sees what is put in there."""

    target: str
    block: int
    head: int
    reads_from: int

    def edit(self, session_id: str, given: int, position: int) -> str:
        """What a cell does, as the text of an edit."""
        return f"{self.target} = patch({session_id}@{given}) @ {position}"


def places(n_layer: int, n_head: int) -> list[Place]:
    """In the model's order: the embedding, then of each block the stream into it, its heads, what attention adds, what
    the MLP adds."""
    found = [Place("embed.resid0", -1, -1, 0)]
    for i in range(n_layer):
        found.append(Place(f"block.{i}.resid_pre", i, -1, i))
        found += [Place(f"block.{i}.head.{head}", i, head, i + 1) for head in range(n_head)]
        found += [Place(f"block.{i}.{name}", i, -1, i + 1) for name in ("attn_out", "mlp_out")]
    return found


def reached(rows: Sequence[Place], windows: Sequence[int], last: int) -> Bools:
    """(rows, last + 1): whether a change there can be felt by the prediction at the position `last`.

    From another position it must be carried by attention, of every block once, as far as its window. All places stand
    behind the smear, which therefore carries nothing."""
    distance = last - np.arange(last + 1)
    found = np.zeros((len(rows), last + 1), bool)
    for row, place in zip(found, rows, strict=True):
        row[:] = distance <= sum(windows[place.reads_from :])
    return found


def partners(own: Ints, given: Ints, last: int) -> Ints:
    """(last + 1,) of each position up to `last` of `own` token ids the one that stands for it in `given`, −1: none.

    As the Compare page aligns two texts; and where between two aligned tokens (or before the first, behind the last)
    both have as many others, these stand for each other in order: a word that was replaced for the one in its place.
    """
    found = np.full(len(own), -1, np.int64)
    before = (-1, -1)
    for pair in [*align(own, given).positions.tolist(), (len(own), len(given))]:
        between = pair[0] - before[0] - 1
        if between == pair[1] - before[1] - 1:
            found[before[0] + 1 : pair[0]] = np.arange(before[1] + 1, pair[1])
        if pair[0] < len(own):
            found[pair[0]] = pair[1]
        before = (pair[0], pair[1])
    return found[: last + 1]
