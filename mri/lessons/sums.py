"""Numbers for the long sums of a network: a scalar product, a length, an RMS, that open down to every product.

Sixteen products make a part, four parts make a sum: so that a reader can open any of them without scrolling for ever.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from mri.lessons.numbers import Number

PRODUCTS = 16
"""Most products written in one formula."""

PARTS = 4


def dot(a: npt.ArrayLike, b: npt.ArrayLike, name_a: str, name_b: str, first: int = 0) -> Number:
    """Σ a·b. `name_a`: where a was measured, of which the places are named "… [17]"."""
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    value = float(a @ b)
    if len(a) > PRODUCTS:
        return _in_parts(value, len(a), lambda at: dot(a[at], b[at], name_a, name_b, first + at.start))
    inputs: dict[str, Number | float] = {}
    for i, (x, y) in enumerate(zip(a.tolist(), b.tolist(), strict=True), first):
        inputs[f"a{i}"] = Number(x, source=f"{name_a} [{i}]")
        inputs[f"b{i}"] = Number(y, source=f"{name_b} [{i}]")
    places = range(first, first + len(a))
    return Number(value, formula=" + ".join(f"{{a{i}}}·{{b{i}}}" for i in places), inputs=inputs)


def squares(a: npt.ArrayLike, name: str, first: int = 0) -> Number:
    """Σ a²"""
    a = np.asarray(a, np.float64)
    value = float(a @ a)
    if len(a) > PRODUCTS:
        return _in_parts(value, len(a), lambda at: squares(a[at], name, first + at.start))
    places = range(first, first + len(a))
    inputs = {f"a{i}": Number(x, source=f"{name} [{i}]") for i, x in zip(places, a.tolist(), strict=True)}
    return Number(value, formula=" + ".join(f"{{a{i}}}²" for i in places), inputs=inputs)


def _in_parts(value: float, n: int, part: Callable[[slice], Number]) -> Number:
    """The sum of n products as that of its parts, each of which opens in turn."""
    width = -(-n // PARTS)
    parts = {f"part{i + 1}": part(slice(at, at + width)) for i, at in enumerate(range(0, n, width))}
    return Number(value, formula=" + ".join(f"{{{name}}}" for name in parts), inputs=parts)


def length(a: npt.ArrayLike, name: str) -> Number:
    """√(Σ a²)"""
    total = squares(a, name)
    return Number(math.sqrt(float(total.value)), formula="√({squares})", inputs={"squares": total})


def rms(a: npt.ArrayLike, name: str) -> Number:
    """√(mean of a²): RMSNorm's divisor, without the tiny number that keeps it from dividing by zero."""
    total = squares(a, name)
    n = len(np.asarray(a))
    value = math.sqrt(float(total.value) / n)
    return Number(value, formula="√({squares} / {n})", inputs={"squares": total, "n": float(n)})


def cosine(a: npt.ArrayLike, b: npt.ArrayLike, name_a: str, name_b: str, *, opened: bool = True) -> Number:
    """a·b / (|a|·|b|). `opened`: down to every product; else down to the three sums."""
    product, of_a, of_b = dot(a, b, name_a, name_b), length(a, name_a), length(b, name_b)
    if not opened:
        n = len(np.asarray(a))
        product = Number(product.value, formula=f"the {n} products of {name_a} and {name_b}, added up")
        of_a = Number(of_a.value, formula=f"√(the {n} squares of {name_a}, added up)")
        of_b = Number(of_b.value, formula=f"√(the {n} squares of {name_b}, added up)")
    value = float(product.value) / (float(of_a.value) * float(of_b.value))
    inputs = {"product": product, "length_a": of_a, "length_b": of_b}
    return Number(value, formula="{product} / ({length_a} · {length_b})", inputs=inputs)
