"""What of each addition to the stream reaches the last norm, for lessons: as Numbers that open down to the lambdas.

Needs `resid_lambdas`, `x0_lambdas` and `backout_lambda` among the lesson's weights, and a session whose every value was
recorded. The formula is mri/nanochat/reach.py's.
"""

from __future__ import annotations

import numpy as np

from mri.arrays import Floats
from mri.format.captured import Captured
from mri.format.events import StepFrame
from mri.format.layout import Layout
from mri.lessons.numbers import Number, Weights
from mri.measure.logit_lens import exit_streams
from mri.nanochat.reach import Reach, reach

KINDS = ("attn_out", "mlp_out")


def reach_in(weights: Weights) -> Reach:
    """Of the model whose weights lie beside the lesson."""
    return reach(weights["resid_lambdas"].tolist(), weights["x0_lambdas"].tolist(), _backout(weights))


def reaching(weights: Weights, block: int) -> Number:
    """The share of what a block adds that reaches the last norm."""
    n_layer = len(weights["resid_lambdas"])
    inputs: dict[str, Number | float] = {
        f"a{k}": Number(float(weights["resid_lambdas"][k]), source=f"weight resid_lambdas[{k}]")
        for k in range(block + 1, n_layer)
    }
    later = " · ".join(f"{{{name}}}" for name in inputs) or "1"
    if block <= n_layer // 2:
        below = " · ".join(["{backout}", *(f"{{a{k}}}" for k in range(block + 1, n_layer // 2 + 1))])
        inputs["backout"] = Number(_backout(weights), source="weight backout_lambda")
        later = f"{later} − {below}"
    return Number(reach_in(weights).blocks[block], later, inputs)


def size_at_exit(size: Number, factor: Number) -> Number:
    """The length of what arrives, from the length of what was added."""
    return Number(abs(float(factor.value)) * float(size.value), "|{factor}| · {size}", {"factor": factor, "size": size})


def exits(frame: StepFrame, layout: Layout, weights: Weights) -> Floats:
    """(2·n_layer + 1, n_embd) what reaches the last norm of all that was added up to each depth, bottom to top."""
    captured = Captured(frame, layout)
    additions = [captured.values(f"block.{i}.{kind}") for i in range(layout.n_layer) for kind in KINDS]
    return exit_streams(captured.values("embed.resid0"), additions, reach_in(weights))


def share_of_end(frame: StepFrame, layout: Layout, weights: Weights, since: int) -> Number:
    """What the blocks from `since` on make up of the stream before the last norm, along its direction: the shares of
    all parts add up to 1."""
    rows = exits(frame, layout, weights).astype(np.float64)
    end, below = rows[-1], rows[2 * since]
    value = float((end - below) @ end / (end @ end))
    source = f"additions of the blocks {since} to {layout.n_layer - 1}, times what reaches the end, along its direction"
    return Number(value, source=f"{source}, step {frame.step}")


def _backout(weights: Weights) -> float:
    return float(np.ravel(weights["backout_lambda"])[0])
