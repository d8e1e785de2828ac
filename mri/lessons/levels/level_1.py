"""Numbers of level 1, one perceptron: sums and corrections, opened down to inputs and weights; counts of mistakes."""

from __future__ import annotations

from typing import Any

import numpy as np

from mri.lessons.numbers import Number, Readers, Weights, extra, measured
from mri.measure.series import neuron_over_steps
from mri.store.reader import SessionReader

CORRECTED = 3
"""The step whose correction the lesson looks at: the first mistake on AND where both inputs were on."""
RATE = 0.25
CYCLE = 4
"""Steps in which all cases were shown once."""


def numbers(readers: Readers, weights: Weights) -> dict[str, Number]:
    """Of the recorded trainings on AND and XOR."""
    learned, stuck = readers["lesson-and"], readers["lesson-xor-line"]
    wrong = np.flatnonzero(_errors(learned))
    wrong_xor = np.flatnonzero(_errors(stuck))
    last = learned.num_steps - 1
    where = "steps of lesson-and whose output was not the one wanted"
    found = {
        "mistakes": Number(len(wrong), source=f"counted: {where}"),
        "first_mistake": Number(int(wrong[0]), source=f"the first of the {where}"),
        "last_mistake": Number(int(wrong[-1]), source=f"the last of the {where}"),
        "learned_at": Number(int(wrong[-1]) + 1, "{last_mistake} + 1", {"last_mistake": int(wrong[-1])}),
        "xor_mistakes": Number(len(wrong_xor), source="counted: steps of lesson-xor-line whose output was wrong"),
        "xor_share": Number(
            int((_errors(stuck)[-CYCLE:] != 0).sum()),
            source="counted: mistakes in the last four steps of lesson-xor-line",
        ),
        "xor_again": Number(_cycle(stuck), source="the first step whose weights and bias come back four steps later"),
        "corrected": Number(CORRECTED, source="the step that is looked at"),
        "w1_end": measured(learned, last, "weights", 0),
        "w2_end": measured(learned, last, "weights", 1),
        "b_end": measured(learned, last, "bias", 0),
        "w1_start": measured(learned, 0, "weights", 0),
        "w2_start": measured(learned, 0, "weights", 1),
        "b_start": measured(learned, 0, "bias", 0),
    }
    return found | _correction(learned, CORRECTED) | {"sum_end": sum_at(learned, last)}


def widget_data(readers: Readers, weights: Weights) -> dict[str, Any]:
    """Weights of every step and which case it showed, for the plane."""
    return {"and": _followed(readers["lesson-and"], "and"), "xor": _followed(readers["lesson-xor-line"], "xor")}


def sum_at(reader: SessionReader, step: int) -> Number:
    """w₁·x₁ + w₂·x₂ + b of a step, from the recorded weights and inputs."""
    parts: dict[str, Number | float | int | str] = {f"w{i + 1}": measured(reader, step, "weights", i) for i in (0, 1)}
    parts |= {f"x{i + 1}": measured(reader, step, "inputs", i) for i in (0, 1)}
    parts["b"] = measured(reader, step, "bias", 0)
    w1, w2, x1, x2, b = (float(part.value) for part in parts.values() if isinstance(part, Number))
    return Number(w1 * x1 + w2 * x2 + b, "{w1}·{x1} + {w2}·{x2} + {b}", parts)


def _correction(reader: SessionReader, step: int) -> dict[str, Number]:
    """What a step said and wanted, and the weights that the rule gives the next step."""
    output, target = measured(reader, step, "output", 0), extra(reader, step, "target")
    error = Number(float(target.value) - float(output.value), "{wanted} − {said}", {"wanted": target, "said": output})
    found = {"sum_then": sum_at(reader, step), "output_then": output, "target_then": target, "error_then": error}
    for name, key, neuron in (("w1", "weights", 0), ("w2", "weights", 1), ("b", "bias", 0)):
        before = measured(reader, step, key, neuron)
        x: Number | float = measured(reader, step, "inputs", neuron) if key == "weights" else 1.0
        on = float(x.value) if isinstance(x, Number) else x
        after = float(before.value) + RATE * float(error.value) * on
        inputs: dict[str, Number | float | int | str] = {"before": before, "rate": RATE, "error": error, "input": x}
        found |= {f"{name}_then": before, f"{name}_after": Number(after, "{before} + {rate}·{error}·{input}", inputs)}
    return found


def _cycle(reader: SessionReader) -> int:
    weights = np.array(_followed(reader, "xor")["weights"])  # (num_steps, 3)
    again = (weights[:-CYCLE] == weights[CYCLE:]).all(axis=1)
    return int(np.flatnonzero(again)[0])


def _errors(reader: SessionReader) -> np.ndarray:
    """(num_steps,) wanted − said."""
    errors: np.ndarray = reader.column("extra/error")
    return errors


def _followed(reader: SessionReader, task: str) -> dict[str, Any]:
    places = (("weights", 0), ("weights", 1), ("bias", 0))
    weights = [neuron_over_steps(reader, key, neuron)[0] for key, neuron in places]
    x1, x2 = (neuron_over_steps(reader, "inputs", i)[0] for i in (0, 1))
    cases = (2 * x1 + x2).astype(int).tolist()
    return {"task": task, "weights": np.stack(weights, 1).astype(float).tolist(), "case": cases}
