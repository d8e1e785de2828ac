"""Who moves with a neuron, and whether that is more than chance: correlations, and the same with shifted steps.

Arrays in, arrays out. Knows no sessions and no hook points.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mri.arrays import Floats

MOST_SHIFTS = 200
SHIFTED_CELLS = 200_000_000
"""Neurons × steps × shifts that are looked at: a long history is shifted less often, LEAST_SHIFTS times at least."""
LEAST_SHIFTS = 39
FLAT = 1e-5
"""Share of a course's variance below which nothing is left of it without a step: float32 is no finer."""


class Company(NamedTuple):
    """How n courses go with one of them, which is at `row`.

    r         (n,) Pearson's correlation
    without   (n,) the same without the one step that adds most to |r|: near 0 where r is one shared spike
    chance    (n,) share of shifts (and the true one) in which any other course reaches this `without`, in its direction
    shifts    how many
    """

    r: Floats
    without: Floats
    chance: Floats
    shifts: int


def company(shapes: Floats, row: int) -> Company:
    """shapes (n, n_steps): courses of mean 0 and deviation 1, as `standardised` makes them.

    The null: the neuron's course is moved round in a circle against all others, which keeps every course as spiky as it
    is and takes away what happens at the same time. What the best of the others reaches by that is what a search for
    the best finds by chance.
    """
    num_steps = shapes.shape[1]
    most = int(np.clip(SHIFTED_CELLS // shapes.size, LEAST_SHIFTS, MOST_SHIFTS))
    shifts = np.unique(np.linspace(1, num_steps - 1, min(most, num_steps - 1)).round().astype(int))
    r, without = _correlations(shapes, shapes[row])
    others = np.arange(len(shapes)) != row
    best, worst = np.empty(len(shifts)), np.empty(len(shifts))
    for i, shift in enumerate(shifts):
        _, shifted = _correlations(shapes, np.roll(shapes[row], shift))
        best[i], worst[i] = shifted[others].max(initial=0), shifted[others].min(initial=0)
    reached = np.where(
        without > 0,
        len(shifts) - np.searchsorted(np.sort(best), without),
        np.searchsorted(np.sort(worst), without, side="right"),
    )
    chance = (1 + reached) / (1 + len(shifts))
    return Company(r, without, chance.astype(np.float32), len(shifts))


def _correlations(shapes: Floats, course: Floats) -> tuple[Floats, Floats]:
    """r of each of `shapes` (n, n_steps) with `course` (n_steps,), and r without its step of largest product."""
    num_steps = shapes.shape[1]
    products = shapes * course  # (n, n_steps)
    r = products.mean(axis=1)
    signed = products * np.sign(r)[:, None]
    strongest = signed.argmax(axis=1)
    rows = np.arange(len(shapes))
    x, y, product = (
        a.astype(np.float64) for a in (shapes[rows, strongest], course[strongest], products[rows, strongest])
    )
    # sums over the other steps, from those over all: Σx = 0, Σx² = n, Σxy = n·r
    share = num_steps / max(1, num_steps - 1)
    of_x, of_y = num_steps - share * x * x, num_steps - share * y * y
    flat = np.minimum(of_x, of_y) < FLAT * num_steps
    without = np.where(flat, 0, (num_steps * r - share * product) / np.sqrt(np.where(flat, 1, of_x * of_y)))
    return r.astype(np.float32), np.clip(without, -1, 1).astype(np.float32)
