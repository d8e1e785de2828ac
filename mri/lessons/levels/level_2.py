"""Numbers of level 2, a small MLP on XOR: outputs opened down to every weight, losses, and which neurons died when."""

from __future__ import annotations

from typing import Any

import numpy as np

from mri.lessons.numbers import Number, Readers, Weights, computed, extra, measured
from mri.measure.series import neuron_over_steps
from mri.store.reader import SessionReader

CASES = ((0, 0), (0, 1), (1, 0), (1, 1))
N_HIDDEN = 8
DEAD, DIED = 6, 7
"""The neuron that is dead from the start, and the one whose death the lesson looks at."""
EXAMPLE_STEP, EXAMPLE_NEURON = 318, 2
"""The activation that the lesson opens: the case (1, 0) in the last update."""


def numbers(readers: Readers, weights: Weights) -> dict[str, Number]:
    """Of the recorded trainings with relu² and with relu."""
    reader, relu = readers["lesson-xor"], readers["lesson-xor-relu"]
    last = reader.num_steps - len(CASES)
    act = activation(reader, EXAMPLE_STEP, EXAMPLE_NEURON)
    dead, dead_relu = dead_neurons(reader), dead_neurons(relu)
    where = "no case brings them above 0 in the last update"
    found = {
        "updates": Number(reader.num_steps // len(CASES), "{steps} / 4", {"steps": reader.num_steps}),
        "loss_start": extra(reader, 0, "loss"),
        "loss_worst": extra(reader, int(np.argmax(reader.column("extra/loss"))), "loss"),
        "loss_end": extra(reader, last, "loss"),
        "loss_relu": extra(relu, last, "loss"),
        "act": act,
        "pre": act.inputs["z"],
        "dead_count": Number(len(dead), source=f"counted: neurons of mlp_act of lesson-xor; {where}"),
        "dead_names": Number(", ".join(map(str, dead)), source=f"neurons of mlp_act of lesson-xor; {where}"),
        "dead_relu": Number(len(dead_relu), source=f"counted: neurons of mlp_act of lesson-xor-relu; {where}"),
        "dead_relu_names": Number(", ".join(map(str, dead_relu)), source=f"neurons of lesson-xor-relu; {where}"),
        "dead": Number(DEAD, source="a neuron of mlp_act that no case ever brings above 0"),
        "died": Number(DIED, source="a neuron of mlp_act that died while it learned"),
        "died_at": Number(
            last_alive(reader, DIED), source=f"the last step in which neuron {DIED} of mlp_act was above 0"
        ),
        "died_most": Number(
            max(float(activation(reader, step, DIED).value) for step in range(len(CASES))),
            source=f"the largest value of neuron {DIED} of mlp_act in the first four steps",
        ),
        "first_dead_step": Number(last_alive(reader, DIED) + 1, "{last} + 1", {"last": last_alive(reader, DIED)}),
        "solved_step": Number(len(CASES) * solved_at(reader), "4 · {update}", {"update": solved_at(reader)}),
        "solved_at": Number(solved_at(reader), source="the first update from which on all four answers are right"),
        "topk": Number(reader.session.layout.topk, source="neurons of a hook point that the recording keeps"),
    }
    for i, (x1, x2) in enumerate(CASES):
        found[f"out_{x1}{x2}"] = output(reader, last + i)
        found[f"first_{x1}{x2}"] = measured(reader, i, "output", 0)
    return found  # type: ignore[return-value]  # act's input z is a Number


def widget_data(readers: Readers, weights: Weights) -> dict[str, Any]:
    """Weights and loss of every update, for the pictures."""
    return {"relu2": _updates(readers["lesson-xor"], 2), "relu": _updates(readers["lesson-xor-relu"], 1)}


def activation(reader: SessionReader, step: int, neuron: int, power: int = 2) -> Number:
    """relu(z)², z down to the inputs and weights."""
    parts: dict[str, Number] = {}
    for i in (1, 2):
        parts |= {f"w{i}": extra(reader, step, "w1", neuron, i - 1), f"x{i}": measured(reader, step, "inputs", i - 1)}
    parts["b"] = extra(reader, step, "b1", neuron)
    w1, x1, w2, x2, b = (float(part.value) for part in parts.values())
    z = computed(w1 * x1 + w2 * x2 + b, "{w1}·{x1} + {w2}·{x2} + {b}", **parts)
    return Number(max(0.0, float(z.value)) ** power, "relu({z})²" if power == 2 else "relu({z})", {"z": z})


def output(reader: SessionReader, step: int) -> Number:
    """b + Σ v·h of a step, every h down to the weights."""
    h = [activation(reader, step, i) for i in range(N_HIDDEN)]
    v = [extra(reader, step, "w2", i) for i in range(N_HIDDEN)]
    b = extra(reader, step, "b2", 0)
    total = float(b.value) + sum(float(v[i].value) * float(h[i].value) for i in range(N_HIDDEN))
    formula = " + ".join(["{b}", *(f"{{v{i}}}·{{h{i}}}" for i in range(N_HIDDEN))])
    inputs = {"b": b} | {f"v{i}": v[i] for i in range(N_HIDDEN)} | {f"h{i}": h[i] for i in range(N_HIDDEN)}
    return Number(total, formula, inputs)


def dead_neurons(reader: SessionReader) -> list[int]:
    """Hidden neurons that no case brings above 0 in the last update."""
    return [int(neuron) for neuron in np.flatnonzero((_pre(reader)[-len(CASES) :] <= 0).all(axis=0))]


def last_alive(reader: SessionReader, neuron: int) -> int:
    """The last step in which the neuron was above 0."""
    return int(np.flatnonzero(_pre(reader)[:, neuron] > 0)[-1])


def solved_at(reader: SessionReader) -> int:
    """The first update from which on every answer lies on the right side of ½."""
    says = neuron_over_steps(reader, "output", 0)[0] > 0.5
    wanted = reader.column("extra/target") > 0.5
    right = (says == wanted).reshape(-1, len(CASES)).all(axis=1)  # (updates,)
    return int(np.flatnonzero(~right)[-1]) + 1 if not right.all() else 0


def _pre(reader: SessionReader) -> np.ndarray:
    """(num_steps, 8): w·x + b of every hidden neuron, from the recorded weights."""
    w, b = reader.column("extra/w1").astype(float), reader.column("extra/b1").astype(float)
    x = np.array([CASES[step % len(CASES)] for step in range(reader.num_steps)], float)  # (num_steps, 2)
    pre: np.ndarray = np.einsum("snk,sk->sn", w, x) + b
    return pre


def _updates(reader: SessionReader, power: int) -> dict[str, Any]:
    every = slice(None, None, len(CASES))
    columns = {name: reader.column(f"extra/{name}")[every].astype(float).tolist() for name in ("w1", "b1", "w2", "b2")}
    return {"power": power, "loss": reader.column("extra/loss")[every].astype(float).tolist(), **columns}
