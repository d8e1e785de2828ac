"""Level 2's numbers, recomputed with plain numpy: gradient descent from the first recorded weights on."""

import numpy as np
import pytest

from mri.format.captured import Captured
from mri.lessons.catalogue import Catalogue
from mri.paths import LESSONS

LESSON = "2-mlp"
X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], float)
WANTED = np.array([0, 1, 1, 0], float)
RATE, UPDATES = 0.2, 80


def trained(data):
    """Losses, sums (updates, 4, 8), activations and outputs (updates, 4), by the chain rule written out."""
    w1, b1, w2, b2 = (np.array(data[name][0]) for name in ("w1", "b1", "w2", "b2"))
    power, rows = data["power"], []
    for _ in range(UPDATES):
        pre = X @ w1.T + b1  # (4, 8)
        act = np.maximum(pre, 0) ** power
        out = act @ w2 + b2  # (4,)
        error = out - WANTED
        rows.append((np.mean(error**2), pre, act, out))
        d_out = 2 * error / 4
        d_act = d_out[:, None] * w2
        d_pre = d_act * power * np.maximum(pre, 0) ** (power - 1) * (pre > 0)
        w2, b2 = w2 - RATE * d_out @ act, b2 - RATE * d_out.sum()
        w1, b1 = w1 - RATE * d_pre.T @ X, b1 - RATE * d_pre.sum(0)
    return [np.array(column) for column in zip(*rows, strict=True)]


@pytest.mark.parametrize(("name", "key"), [("lesson-xor", "relu2"), ("lesson-xor-relu", "relu")])
def test_the_recording_is_gradient_descent(name, key, data, readers):
    loss, _, _, out = trained(data[key])
    reader = readers[name]
    np.testing.assert_allclose(data[key]["loss"], loss, rtol=2e-3, atol=1e-6)
    says = [Captured(reader.frame(step), reader.session.layout).values("output")[0] for step in range(reader.num_steps)]
    np.testing.assert_allclose(np.reshape(says, (UPDATES, 4)), out, atol=2e-4)


def test_numbers_are_what_numpy_says(numbers, data):
    loss, pre, act, out = trained(data["relu2"])
    dead = np.flatnonzero((pre[-1] <= 0).all(axis=0))
    right = ((out > 0.5) == (WANTED > 0.5)).all(axis=1)
    solved = np.flatnonzero(~right)[-1] + 1
    steps = pre.reshape(-1, 8)
    died_at = np.flatnonzero(steps[:, 7] > 0)[-1]
    relu_dead = np.flatnonzero((trained(data["relu"])[1][-1] <= 0).all(axis=0))
    expected = {
        "updates": UPDATES,
        "loss_start": loss[0],
        "loss_worst": loss.max(),
        "loss_end": loss[-1],
        "loss_relu": trained(data["relu"])[0][-1],
        "act": act[-1][2][2],
        "pre": pre[-1][2][2],
        "dead_count": len(dead),
        "dead_relu": len(relu_dead),
        "died_at": died_at,
        "first_dead_step": died_at + 1,
        "died_most": act[0][:, 7].max(),
        "solved_at": solved,
        "solved_step": 4 * solved,
        "topk": 4,
        "out_00": out[-1][0],
        "out_01": out[-1][1],
        "out_10": out[-1][2],
        "out_11": out[-1][3],
        "first_00": out[0][0],
        "first_11": out[0][3],
    }
    assert {name: numbers[name] for name in expected} == pytest.approx(expected, rel=2e-3, abs=2e-4)
    assert numbers["dead_names"] == ", ".join(map(str, dead))
    assert numbers["dead_relu_names"] == ", ".join(map(str, relu_dead))
    assert (pre[:, :, numbers["dead"]] <= 0).all()


def test_an_answer_opens_down_to_recorded_weights(explained, data):
    out = explained["out_10"]
    total = out.inputs["b"].value + sum(out.inputs[f"v{i}"].value * out.inputs[f"h{i}"].value for i in range(8))
    assert out.value == pytest.approx(total)
    z = out.inputs["h2"].inputs["z"]
    assert out.inputs["h2"].value == pytest.approx(max(0, z.value) ** 2)
    assert z.inputs["w1"].value == pytest.approx(data["relu2"]["w1"][-1][2][0])
    assert z.inputs["w1"].source


def test_what_the_tasks_wait_for_is_where_the_text_says(numbers):
    when = {m.id: m.do["when"] for m in Catalogue(LESSONS).lesson(LESSON).moments if m.do}
    assert when["several"] == {"step_at_least": numbers["solved_step"]}
    assert when["dies"] == {"step_at": numbers["first_dead_step"]}
    assert when["dead"] == {"selected": {"point": "mlp_act", "neuron": numbers["dead"]}}
