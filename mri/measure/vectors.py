"""What a session knows of whole vectors: captured neurons, the length of all, a bound on the others, and rounding.

Reads columns of a session, gives arrays. Knows nothing of what they are compared with.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mri.arrays import Bools, Doubles, Ints
from mri.format.captured_steps import CapturedSteps
from mri.format.events import F16_MAX
from mri.format.hook_points import STATS
from mri.store.reader import SessionReader

HALF_ULP = {"f32": 2.0**-24, "f16": 2.0**-11, "q8": 0.0}
"""Relative error of a captured value; with q8 it is absolute, half a code."""

HALF_STEP_F16 = 2.0**-25
"""Absolute error of a float16 below 2⁻¹⁴, where its steps no longer shrink."""

HALF_CODE = 0.5 + 2.0**-16
"""Absolute error of a q8 value in scales: half a code, and what the scale itself was rounded by, 126 times."""

LENGTH_ERROR = 1e-6
"""Relative error of the statistic l2, the root of a float32 sum of squares."""


class Vectors(NamedTuple):
    """Vectors of `width` numbers, n of which were captured.

    neurons     (…, n) int64                    values   (…, n) float64, 0 where the step has none
    here        (…) whether the step has them
    norm        (…) length of the whole vector; NaN where the step read several tokens, dropped the layer, or a value
                was clipped: then nothing is certain
    bound       (…) what no other neuron exceeds in magnitude; ∞ where nothing bounds them
    relative, absolute   a captured value is off by at most relative · |value| + absolute, (…) the latter
    """

    width: int
    neurons: Ints
    values: Doubles
    here: Bools
    norm: Doubles
    bound: Doubles
    relative: float
    absolute: Doubles

    @property
    def num_captured(self) -> int:
        return int(self.neurons.shape[-1])

    def rounding(self, known: Doubles) -> Doubles:
        """Most that the captured part, of length `known`, can be away from what it was before rounding."""
        error: Doubles = self.relative * known + self.absolute * np.sqrt(self.num_captured)
        return error

    def rest(self, known: Doubles) -> tuple[Doubles, Doubles]:
        """Least and most length of the part that was not captured; 0 where all was.  known: length of the other"""
        num_others = self.width - self.num_captured
        if num_others == 0:
            return np.zeros_like(known), np.zeros_like(known)
        error = self.rounding(known)
        least = (self.norm * (1 - LENGTH_ERROR)) ** 2 - (known + error) ** 2
        most = (self.norm * (1 + LENGTH_ERROR)) ** 2 - np.maximum(0, known - error) ** 2
        low, high = np.sqrt(np.maximum(0, least)), np.sqrt(np.maximum(0, most))
        return low, np.fmin(high, self.bound * np.sqrt(num_others))

    def scattered(self) -> tuple[Doubles, Bools]:
        """Values by neuron, 0 where not captured, and where they were: (…, width) each."""
        shape = (*self.here.shape, self.width)
        values, captured = np.zeros(shape), np.zeros(shape, bool)
        np.put_along_axis(values, self.neurons, self.values, -1)
        np.put_along_axis(captured, self.neurons, np.broadcast_to(self.here[..., None], self.neurons.shape), -1)
        return values, captured


def read_vectors(reader: SessionReader, keys: Sequence[str], steps: npt.ArrayLike) -> Vectors:
    """Vectors (n_steps, n_keys, n) of hook points of one width in these steps."""
    layout = reader.session.layout
    wanted = np.asarray(steps, np.int64).tolist()
    norm = lengths(reader, keys, wanted)
    norm[np.asarray(reader.steps()["t_add"])[wanted] > 1] = np.nan
    shape, width, quantization = norm.shape, layout.width(keys[0]), layout.config.quantization
    payload = CapturedSteps(reader).payload(keys, steps=wanted)
    if payload is None:
        nothing = np.zeros((*shape, 1))
        unbounded = np.full(shape, np.inf)
        return Vectors(
            width, nothing.astype(np.int64), nothing, np.zeros(shape, bool), norm, unbounded, 0, np.zeros(shape)
        )
    values, scale = payload.values.astype(np.float64), payload.scale
    neurons = np.broadcast_to(payload.neurons.astype(np.int64), values.shape)
    bound = np.zeros(shape) if layout.config.capture_mode == "full" else np.full(shape, np.inf)
    here = np.asarray(np.isfinite(values if scale is None else scale[..., None]).any(axis=-1))
    if layout.config.capture_mode == "topk":
        here = np.isfinite(payload.bounds)
        bound = np.where(here, payload.bounds.astype(np.float64), np.inf)
    values = np.where(here[..., None], values, 0)
    if quantization == "f16":
        norm = np.where((np.abs(values) >= F16_MAX).any(axis=-1), np.nan, norm)
    absolute = np.full(shape, HALF_STEP_F16 if quantization == "f16" else 0.0)
    if scale is not None:
        absolute = np.where(here, scale * HALF_CODE, 0).astype(np.float64)
    return Vectors(width, neurons, values, here, norm, bound, HALF_ULP[quantization], absolute)


def lengths(reader: SessionReader, keys: Sequence[str], steps: Sequence[int]) -> Doubles:
    """The statistic l2 of these hook points in these steps: (n_steps, n_keys), NaN where a layer was dropped."""
    rows = [reader.session.layout.row(key) for key in keys]
    return reader.column("stats", rows, STATS.index("l2"), steps=steps).astype(np.float64)
