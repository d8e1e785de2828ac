"""The calculator: equal to Python where Python's arithmetic is allowed, silent everywhere else."""

import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mri.nanochat.calculator import evaluate


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("3+4", "7"),
        (" 12 / 4 ", "3.0"),
        ("1,000 * 2", "2000"),
        ("-(2 - 5) // 2", "1"),
        (".5 + 1.", "1.5"),
        ("+3", "3"),
        ("1/3", "0.3333333333333333"),
    ],
)
def test_values(expression, value):
    assert evaluate(expression) == value


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "2**8",
        "1/0",
        "1//0",
        "()",
        "3 (4)",
        "007",
        "1 2",
        "9 % 2",
        "abs(3)",
        "'hello'.count('l')",
        "1e9",
        "1_000",
        "1\n+2",
        "1\x00",
        "１+２",
        "(" * 300 + "1" + ")" * 300,
        "-" * 999 + "1" * 2,
        "9" * 1001,
        "9" * 400 + "/ .1",
    ],
)
def test_no_value(expression):
    assert evaluate(expression) is None


def test_longest_product_has_a_value():
    assert evaluate("9" * 499 + "*" + "9" * 500) == str((10**499 - 1) * (10**500 - 1))


numbers = st.one_of(st.integers(0, 10**6).map(str), st.decimals(0, 999, places=2).map(str), st.just("1,000"))
expressions = st.recursive(
    numbers,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", "/", "//", " + ", " * "]), inner).map("".join),
        inner.map("({})".format),
        inner.map("-{}".format),
    ),
    max_leaves=12,
)


@given(expressions)
def test_equals_python(expression):
    try:
        expected = str(eval(expression.replace(",", "")))
    except ArithmeticError:
        expected = None
    assert evaluate(expression) == expected


@given(st.one_of(st.text(), st.text("0123456789*+-/.() ,"), st.text("1*-( ", max_size=1200)))
def test_never_raises(expression):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        value = evaluate(expression)
    assert value is None or isinstance(value, str)
