"""Sums open down to their products, and every formula's inputs make its value."""

import re

import numpy as np
import pytest

from mri.lessons.numbers import Number
from mri.lessons.sums import cosine, dot, length, rms, squares

RNG = np.random.default_rng(4)
A, B = RNG.standard_normal((2, 200))


def counted(number) -> float:
    """The formula with the inputs' own formulas put in, as Python counts it."""
    if not isinstance(number, Number):
        return float(number)
    if not number.inputs:  # measured, or said in words
        return float(number.value)
    text = number.formula.replace("·", "*").replace("²", "**2").replace("√", "np.sqrt").replace("−", "-")
    names = {name: counted(value) for name, value in number.inputs.items()}
    return float(eval(re.sub(r"\{(\w+)\}", r"(\1)", text), {"np": np}, names))


@pytest.mark.parametrize(
    ("number", "value"),
    [
        (dot(A, B, "a", "b"), A @ B),
        (dot(A[:5], B[:5], "a", "b"), A[:5] @ B[:5]),
        (squares(A, "a"), A @ A),
        (length(A, "a"), np.linalg.norm(A)),
        (rms(A, "a"), np.sqrt((A * A).mean())),
        (cosine(A, B, "a", "b"), A @ B / np.linalg.norm(A) / np.linalg.norm(B)),
        (cosine(A, B, "a", "b", opened=False), A @ B / np.linalg.norm(A) / np.linalg.norm(B)),
    ],
)
def test_the_formula_makes_the_value(number, value):
    assert number.value == pytest.approx(value)
    assert counted(number) == pytest.approx(value)


def test_no_formula_has_more_than_sixteen_products():
    def most(number):
        inner = [most(value) for value in number.inputs.values() if isinstance(value, Number)]
        return max([number.formula.count("·"), *inner])

    assert 1 < most(dot(A, B, "a", "b")) <= 16


def test_leaves_say_where_they_were_measured():
    assert dot([1, 2], [3, 4], "left", "right").inputs["b1"].source == "right [1]"
