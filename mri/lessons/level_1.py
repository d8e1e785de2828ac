"""Numbers of level 1, one perceptron: its sums and outputs, opened down to inputs and weights."""

from __future__ import annotations

from mri.lessons.numbers import Number, Readers, Weights, measured


def numbers(readers: Readers, weights: Weights) -> dict[str, Number]:
    """Of the recorded training on AND."""
    reader = readers["lesson-and"]
    w1, w2 = (measured(reader, 0, "weights", i) for i in (0, 1))
    x1, x2 = (measured(reader, 0, "inputs", i) for i in (0, 1))
    bias = measured(reader, 0, "bias", 0)
    total = w1.value * x1.value + w2.value * x2.value + bias.value  # type: ignore[operator]
    inputs = {"w1": w1, "x1": x1, "w2": w2, "x2": x2, "b": bias}
    return {"w1_start": w1, "sum_start": Number(total, "{w1}·{x1} + {w2}·{x2} + {b}", inputs)}
