"""What of each addition to the residual stream is still there at the last norm, by nanochat's lambdas and backout.

Arithmetic on a model's scalars. Knows no torch, no sessions and no hook points.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

ERASED_BELOW = 0.1
"""Less than this share of a block's additions at the last norm: erased later. What such a block does, it does through
the blocks above it, and its direct path says nothing of that."""


@dataclass(frozen=True)
class Reach:
    """Factors of the sum that enters the last norm.

    start    of the stream's start, `embed.resid0`, with all its later copies
    blocks   (n_layer) of all that attention and the MLP of each block add
    """

    start: float
    blocks: tuple[float, ...]


def reach(resid_lambdas: Sequence[float], x0_lambdas: Sequence[float], backout_lambda: float) -> Reach:
    """Block i computes x[i+1] = a[i]·x[i] + b[i]·x[0] + attention + MLP (a: `resid_lambdas`, b: `x0_lambdas`); into
    the last norm goes x[n] − backout·x[n // 2 + 1], less a share of the stream behind the middle block. Eras without
    lambdas have a = 1 and b = 0, those without a backout 0.
    """
    a, b, n_layer = np.asarray(resid_lambdas, float), np.asarray(x0_lambdas, float), len(resid_lambdas)
    middle = n_layer // 2 + 1  # the blocks below it stand in what the backout takes out

    def kept(since: int) -> float:
        """Of what stands in the stream before block `since`."""
        taken_out = backout_lambda * a[since:middle].prod() if since <= middle else 0.0
        return float(a[since:].prod() - taken_out)

    blocks = tuple(kept(i + 1) for i in range(n_layer))
    return Reach(kept(0) + float(b @ np.array(blocks)), blocks)
