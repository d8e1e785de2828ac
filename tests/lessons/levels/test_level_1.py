"""Level 1's numbers, recomputed with plain numpy by the perceptron rule from the first recorded weights on."""

import re

import numpy as np
import pytest

from mri.format.captured import Captured
from mri.lessons.catalogue import Catalogue
from mri.paths import LESSONS

LESSON = "1-perceptron"
X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], float)


def trained(start, wanted, num_steps):
    """Weights and bias, sum and error of every step."""
    w, b = np.array(start[:2], float), float(start[2])
    rows = []
    for step in range(num_steps):
        x = X[step % 4]
        total = w @ x + b
        error = wanted[step % 4] - float(total > 0)
        rows.append((*w, b, total, error))
        w, b = w + 0.25 * error * x, b + 0.25 * error
    return np.array(rows)


def test_the_recording_is_the_perceptron_rule(data, readers):
    for name, key, wanted in (("lesson-and", "and", [0, 0, 0, 1]), ("lesson-xor-line", "xor", [0, 1, 1, 0])):
        reader = readers[name]
        rows = trained(data[key]["weights"][0], wanted, reader.num_steps)
        np.testing.assert_array_equal(np.array(data[key]["weights"]), rows[:, :3])
        np.testing.assert_array_equal(reader.column("extra/error"), rows[:, 4])
        layout = reader.session.layout
        sums = [Captured(reader.frame(step), layout).values("sum")[0] for step in range(reader.num_steps)]
        np.testing.assert_array_equal(sums, rows[:, 3])
        assert data[key]["case"] == [step % 4 for step in range(reader.num_steps)]


def test_numbers_are_what_numpy_says(numbers, data):
    rows = trained(data["and"]["weights"][0], [0, 0, 0, 1], 48)
    wrong = np.flatnonzero(rows[:, 4])
    then, after, end = rows[3], rows[4], rows[-1]
    expected = {
        "mistakes": len(wrong),
        "first_mistake": wrong[0],
        "last_mistake": wrong[-1],
        "learned_at": wrong[-1] + 1,
        "sum_then": then[3],
        "error_then": then[4],
        "w1_then": then[0],
        "w1_after": after[0],
        "w2_then": then[1],
        "w2_after": after[1],
        "b_then": then[2],
        "b_after": after[2],
        "w1_end": end[0],
        "w2_end": end[1],
        "b_end": end[2],
        "sum_end": end[3],
        "w1_start": rows[0][0],
        "w2_start": rows[0][1],
        "b_start": rows[0][2],
    }
    xor = trained(data["xor"]["weights"][0], [0, 1, 1, 0], 64)
    expected |= {"xor_mistakes": np.count_nonzero(xor[:, 4]), "xor_share": np.count_nonzero(xor[-4:, 4])}
    assert {name: numbers[name] for name in expected} == pytest.approx(expected)


def test_what_the_tasks_wait_for_is_where_the_text_says(numbers):
    when = {m.id: m.do["when"] for m in Catalogue(LESSONS).lesson(LESSON).moments if m.do}
    assert when["until"] == {"step_at_least": numbers["learned_at"]}
    assert when["xor-learns"] == {"step_at": numbers["xor_again"] + 4}


def test_a_formula_says_what_the_number_is(explained):
    number = explained["sum_then"]
    actual = re.sub(r"\{(\w+)\}", lambda name: f"({number.inputs[name[1]].value})", number.formula)
    assert eval(actual.replace("·", "*")) == number.value  # the test's own text
