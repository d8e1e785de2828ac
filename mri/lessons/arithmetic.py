"""Numbers of a recorded step, and the sums they come from, for lessons that compute down to the weights.

Knows readers and numpy; refuses to know which lesson asks.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from mri.arrays import Floats
from mri.format.captured import Captured
from mri.format.events import StepFrame
from mri.lessons.numbers import Number
from mri.measure.logit_lens import RMS_EPS
from mri.store.reader import SessionReader

SHOWN = 3
"""Products of a long sum that are told one by one."""


class Place:
    """One step of a session: its values as Numbers that say where they were measured."""

    def __init__(self, reader: SessionReader, step: int) -> None:
        self.reader, self.step = reader, step
        self.layout = reader.session.layout
        self.frame: StepFrame = reader.frame(step)
        self.captured = Captured(self.frame, self.layout)
        self.value = cache(self._value)  # one Number each, so that a formula opens it once

    def values(self, key: str) -> Floats:
        """(width,) as captured, NaN where not."""
        return self.captured.values(key)

    def measured(self, number: float, what: str, **view: str | int) -> Number:
        """What was recorded in this step, with the way to where the Scanner shows it."""
        asked = "".join(f"&{name}={value}" for name, value in view.items())
        link = f"/?session={self.reader.session.id}&step={self.step}{asked}"
        return Number(number, source=f"{what}, step {self.step}", link=link)

    def _value(self, key: str, neuron: int) -> Number:
        return self.measured(float(self.values(key)[neuron]), f"{key} neuron {neuron}", point=key, neuron=neuron)

    def l2(self, key: str) -> Number:
        """√Σx² of a hook point whose every value was recorded."""
        values = self.values(key)
        measured = self.measured(self.captured.stats(key)["l2"], f"l2 of {key}", point=key, tab="statistics")
        largest = self.value(key, int(np.abs(values).argmax()))
        formula = f"√(the squares of all {len(values)} numbers added up; the largest of them is ({{largest}})²)"
        return Number(measured.value, formula, {"largest": largest}, source=measured.source, link=measured.link)

    def rms(self, key: str) -> Number:
        """What nanochat's norm divides by."""
        n, l2 = self.layout.width(key), self.l2(key)
        return Number(float(np.sqrt(float(l2.value) ** 2 / n + RMS_EPS)), f"{{l2}} / √{n}", {"l2": l2})

    def normed(self, key: str, neuron: int) -> Number:
        """One number of a stream after RMS norm."""
        x, rms = self.value(key, neuron), self.rms(key)
        return Number(float(x.value) / float(rms.value), "{x} / {rms}", {"x": x, "rms": rms})

    def attention(self, layer: int, head: int, position: int) -> Number:
        """A head's weight on a position, of a session with whole attention rows."""
        share = float(self.captured.row(layer, head)[0][position])
        what = f"block.{layer}.attn_summary head {head}, position {position}"
        return self.measured(share, what, layer=layer, head=head, tab="attention")


def weight(value: float, name: str, *index: int) -> Number:
    """One of the model's weights."""
    return Number(float(value), source=f"weight {name}[{', '.join(map(str, index))}]")


def sum_of_products(xs: Floats, ws: Floats, *, x_source: str, w_source: str, measured: Number | None = None) -> Number:
    """Σ x·w, its largest products one by one. "#" in the sources: the summand; `measured`: the sum, if it was."""
    products = xs.astype(np.float64) * ws.astype(np.float64)
    largest = np.argsort(-np.abs(products), kind="stable")[:SHOWN].tolist()
    inputs: dict[str, Number | float | int | str] = {}
    for place, n in enumerate(largest):
        x = Number(float(xs[n]), source=x_source.replace("#", str(n)))
        w = Number(float(ws[n]), source=w_source.replace("#", str(n)))
        inputs[f"p{place}"] = Number(float(products[n]), "{x} · {w}", {"x": x, "w": w})
    rest = float(products.sum() - products[largest].sum())
    inputs["rest"] = Number(rest, source=f"the other {len(products) - len(largest)} products, added up")
    formula = " + ".join(f"({{{name}}})" for name in inputs)
    total = measured or Number(float(products.sum()))
    return Number(float(total.value), formula, inputs, source=total.source)


def sigmoid_of(z: Number, factor: Number | float) -> Number:
    """factor · σ(z), a gate."""
    scale = float(factor.value) if isinstance(factor, Number) else factor
    gate = scale / (1 + float(np.exp(-float(z.value))))
    return Number(gate, "{factor} / (1 + e^(−{z}))", {"factor": factor, "z": z})


def softcapped_logit(raw: Number, softcap: float) -> Number:
    """softcap · tanh(raw / softcap)."""
    logit = softcap * float(np.tanh(float(raw.value) / softcap))
    return Number(logit, f"{softcap:g} · tanh({{raw}} / {softcap:g})", {"raw": raw}, unit="logit")


def softcap_of(reader: SessionReader) -> float:
    """Of a bundled recording, which knows it."""
    return float(reader.session.run.model.softcap or "nan")


def shown(token: bytes) -> str:
    """A token by itself: its spaces can be seen."""
    return token.decode("utf-8", "replace").replace(" ", "␣").replace("\n", "↵")


def word(token: bytes) -> str:
    """A token inside a sentence of ours: without the space before it."""
    return token.decode("utf-8", "replace").strip() or "a space"
