"""Numbers of a lesson's text: values with the formula, the inputs and the place that they come from.

A number is measured in a recording, a weight, or computed from such numbers; nothing else may stand in a text that
speaks of a recording. Reads recordings through the readers it is given; knows no Markdown and no page.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from mri.errors import LessonError, UnknownHookPoint
from mri.format.captured import Captured
from mri.store.reader import SessionReader

FORMAT = re.compile(r"[+]?,?(\.\d)?[dfg%]?|")
DEFAULT_FORMAT = ".4g"
MINUS_ZERO = re.compile(r"^-(?=0(\.0+)?%?$)")
INPUT = re.compile(r"\{(\w+)\}")

Readers = Mapping[str, SessionReader]
Weights = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Number:
    """value     what stands in the text
    formula   "relu({z})²": text with {names} of inputs, shown as "0.83 = relu(0.91)²"; "" for what was measured
    inputs    each a Number, which opens in turn, or a plain constant
    unit      "" or what is written behind it
    source    where a number without a formula comes from: "hidden, neuron 2, step 40 of lesson-xor", "weight"
    link      address in this app where it can be seen, "" for none
    """

    value: float | int | str
    formula: str = ""
    inputs: Mapping[str, Number | float | int | str] = field(default_factory=dict)
    unit: str = ""
    source: str = ""
    link: str = ""

    def by(self, formula: str, **inputs: Number | float | int | str) -> Number:
        """What was measured, with how it comes about."""
        return replace(self, formula=formula, inputs=inputs)


def computed(value: float, formula: str, **inputs: Number | float | int | str) -> Number:
    return Number(value, formula, inputs)


def measured(reader: SessionReader, step: int, key: str, neuron: int) -> Number:
    """One neuron's value as recorded. Raises UnknownHookPoint, LessonError where it was not captured."""
    session = reader.session
    if not 0 <= step < reader.num_steps:
        raise LessonError(f"{session.id} has {reader.num_steps} steps: there is no step {step}.")
    if not 0 <= neuron < session.layout.width(key):
        raise LessonError(f"{key} of {session.id} has no neuron {neuron}.")
    value = float(Captured(reader.frame(step), session.layout).values(key)[neuron])
    if np.isnan(value):
        raise LessonError(f"{key}, neuron {neuron} was not captured in step {step} of {session.id}.")
    link = f"/?session={session.id}&step={step}&point={key}&neuron={neuron}"
    return Number(value, source=f"{key}, neuron {neuron}, step {step}", link=link)


def statistic(reader: SessionReader, step: int, key: str, name: str) -> Number:
    """One of the seven statistics of a hook point as recorded. Raises UnknownHookPoint, LessonError."""
    session = reader.session
    stats = Captured(reader.frame(step), session.layout).stats(key)
    if name not in stats:
        raise LessonError(f"There is no statistic {name!r}: use one of {', '.join(stats)}.")
    link = f"/?session={session.id}&step={step}&point={key}&tab=statistics"
    return Number(stats[name], source=f"{name} of {key}, step {step}", link=link)


def extra(reader: SessionReader, step: int, name: str, *index: int) -> Number:
    """A number that the training script recorded beside the hook points: `extra(reader, 40, "loss")`."""
    value = reader.frame(step).arrays[f"extra/{name}"][index]
    where = f"{name}{list(index) if index else ''}"
    return Number(float(value), source=f"{where}, step {step}", link=f"/?session={reader.session.id}&step={step}")


def from_recording(name: str, readers: Readers) -> Number:
    """What a placeholder can name without any code: `<session>/steps`, `<session>/<step>/<hook point>/<neuron>` and
    `<session>/<step>/<hook point>/<statistic>`. Raises LessonError, UnknownHookPoint."""
    session_id, *parts = name.split("/")
    if session_id not in readers:
        raise LessonError(f"There is no number {name!r}: neither the lesson's code nor a recording of it has one.")
    reader = readers[session_id]
    if parts == ["steps"]:
        return Number(reader.num_steps, source=f"number of steps of {session_id}", link=f"/?session={session_id}")
    if len(parts) != 3 or not parts[0].isdigit():
        raise LessonError(f"{name!r} names no number: write session/step/hook point/neuron or …/statistic.")
    step, key, what = int(parts[0]), parts[1], parts[2]
    return measured(reader, step, key, int(what)) if what.isdigit() else statistic(reader, step, key, what)


def number_named(name: str, numbers: Mapping[str, Number], readers: Readers) -> Number:
    """A number of the lesson's own code, else of a recording. Raises LessonError."""
    try:
        return numbers[name] if name in numbers else from_recording(name, readers)
    except UnknownHookPoint as error:
        raise LessonError(f"{name!r}: {error}") from error


def shown(value: float | int | str, spec: str = "") -> str:
    """As it stands in the text. `spec`: a Python format (".2f", "d", ".0%", ",d"). Raises LessonError."""
    if not FORMAT.fullmatch(spec):
        raise LessonError(f"{spec!r} is no format: write .2f, d, .3g, .0% or ,d.")
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not spec:
        return str(value)
    text = format(int(value) if spec.endswith("d") else value, spec or DEFAULT_FORMAT)
    return MINUS_ZERO.sub("", text).replace("-", "−")


class Table:
    """Numbers as a list in which each stands once, for JSON; inputs by their place in it."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self._places: dict[int, int] = {}
        self._kept: list[Number] = []  # so that no id is used again

    def place(self, number: Number) -> int:
        """Where it stands, put there with everything that it is computed from. Raises LessonError on a formula that
        names what is no input."""
        if id(number) in self._places:
            return self._places[id(number)]
        lacking = set(INPUT.findall(number.formula)) - {*number.inputs, "value"}
        if lacking:
            raise LessonError(f"The formula {number.formula!r} names {sorted(lacking)[0]!r}, which is no input.")
        inputs = {name: self._input(value) for name, value in number.inputs.items()}
        row = {"value": _plain(number.value), "text": shown(number.value), "formula": number.formula, "inputs": inputs}
        self.rows.append(row | {"unit": number.unit, "source": number.source, "link": number.link})
        self._kept.append(number)
        self._places[id(number)] = len(self.rows) - 1
        return len(self.rows) - 1

    def _input(self, value: Number | float | int | str) -> dict[str, Any]:
        return {"at": self.place(value)} if isinstance(value, Number) else {"text": shown(value)}


def _plain(value: Any) -> Any:
    """JSON has no NaN and no numpy."""
    if isinstance(value, str | int):
        return value
    return float(value) if np.isfinite(value) else None
