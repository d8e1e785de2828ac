"""What the server's JSON answers look like, and the same for the browser's type check.

`python -m mri.web.types` writes tests/js/types/wire.d.ts from these types and the dataclasses that they name; a test
compares the file, and real answers, with them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, TypedDict, Union, get_args, get_origin, get_type_hints, is_typeddict

from mri.format.events import TraceSession
from mri.format.run import Model, Run
from mri.proof.report import Line

DECLARATIONS = Path(__file__).parents[2] / "tests" / "js" / "types" / "wire.d.ts"


class Meta(TypedDict):
    """GET /sessions/<id>/meta. version: "" while it grows; integrity: "checking", "right" or "damaged: …"."""

    session: TraceSession
    num_steps: int
    groups: dict[str, list[str]]
    sampled: dict[str, list[int]]
    name: str
    version: str
    integrity: str


class StepColumns(TypedDict):
    pos0: list[int]
    t_add: list[int]
    phase: list[str]
    chosen_id: list[int]
    forced: list[bool]


class Tokens(TypedDict):
    """GET /sessions/<id>/tokens. sequence: id at each position; text: id -> display string."""

    sequence: list[int]
    text: dict[str, str]
    special: list[int]
    steps: StepColumns


class FrameHeader(TypedDict):
    """The scalar fields of a StepFrame, in each record."""

    step: int
    phase: Literal["prefill", "decode", "train"]
    pos0: int
    t_add: int
    chosen_id: int
    forced: bool
    time_us: int
    dropped: int
    dropped_layers: list[int]


class CheckStatus(TypedDict):
    """POST /check, GET /check/<id>. done of `of`: while it loads; is_right, verdict, text: of one that is finished."""

    id: str
    status: Literal["running", "finished", "error"]
    message: str
    done: int
    of: int
    lines: list[Line]
    is_right: bool
    verdict: str
    text: str


class Alignment(TypedDict):
    """GET /compare/alignment. positions: of A and B that stand for each other; divergence: how many tokens both begin
    with; steps of A and B by moment, -1: that side has none; whole: values may be subtracted; keys: hook points of
    which both keep values."""

    strategy: Literal["prefix", "mapping", "pooled"]
    positions: list[tuple[int, int]]
    divergence: int
    steps: list[tuple[int, int]]
    matched: list[bool]
    whole: list[bool]
    keys: list[str]
    notes: list[str]


class PairMap(TypedDict):
    """GET /compare/map. values: of each hook point by moment, null where nothing is subtracted or known; low, high: the
    range in which it is certain to lie, null of a length; missing: why there is nothing."""

    by: Literal["difference", "cosine", "length"]
    keys: list[str]
    values: list[list[float | None]]
    low: list[list[float | None]] | None
    high: list[list[float | None]] | None
    missing: str


class RecordingStatus(TypedDict):
    """GET /record/<id>. position in the queue, 0: in hand or over; max_steps: 0 where unknown."""

    id: str
    state: Literal["queued", "running", "paused", "finished", "error"]
    position: int
    step: int
    max_steps: int
    text: str
    message: str


class ModelOffer(TypedDict):
    """GET /models, each."""

    id: str
    label: str


class ModelFacts(TypedDict):
    """GET /models/<id>: what its files say. reads: what it is a model of, "" where that is not known; field: its sizes
    in the field's words; dtype: as it is loaded unless another one is chosen."""

    id: str
    title: str
    reads: str
    sizes: str
    field: str
    dtype: str
    dtypes: list[str]


class ModelLoading(TypedDict):
    """GET /models/<id>/loaded until it is."""

    status: Literal["running"]
    message: str
    done: int
    of: int


class LoadedFacts(TypedDict):
    """GET /models/<id>/loaded once it is; devices: that there are."""

    status: Literal["finished"]
    message: str
    done: int
    of: int
    device: str
    dtype: str
    devices: list[str]
    notes: list[str]
    alarm: str


class UnknownWord(TypedDict):
    """at, length: in the prompt as JavaScript counts."""

    at: int
    length: int
    text: str
    pieces: list[str]


class PresetOffer(TypedDict):
    """bytes of a file of all `steps`, at most; lacks: what it will not show, in the page's words and
    in the field's; problem: why it cannot be chosen, or ""."""

    name: str
    title: str
    keeps: str
    lacks: list[tuple[str, str]]
    steps: int
    bytes: int
    is_stepwise: bool
    problem: str


class RecordPlan(TypedDict):
    """POST /record/check. unknown: 101 at most."""

    tokens: int
    problem: str
    unknown: list[UnknownWord]
    presets: list[PresetOffer]


class State(TypedDict):
    """The messages of /live/<id>: docs/live.md."""

    type: Literal["state"]
    state: Literal["queued", "running", "paused"]
    position: int
    step: int
    max_steps: int
    text: str
    message: str


_From = TypedDict("_From", {"from": int})


class Hello(Meta, _From):
    type: Literal["hello"]
    state: Literal["queued", "running", "paused", "finished"]


class Text(TypedDict):
    type: Literal["text"]
    text: dict[str, str]


class Dropped(TypedDict):
    type: Literal["dropped"]
    payloads: int
    frames: int
    payload_steps: list[tuple[int, int]]
    frame_steps: list[tuple[int, int]]


class Losses(TypedDict):
    payloads: int
    frames: int


class End(TypedDict):
    type: Literal["end"]
    reason: str
    end_reason: str
    num_steps: int
    text: str
    dropped: Losses


class Refused(TypedDict):
    type: Literal["refused"]
    reason: str


ANSWERS: tuple[type, ...] = (
    *(Meta, Tokens, FrameHeader, Alignment, PairMap, RecordingStatus, CheckStatus),
    *(ModelOffer, ModelFacts, ModelLoading, LoadedFacts, RecordPlan),
)
MESSAGES: tuple[type, ...] = (State, Hello, Text, Dropped, End, Refused)
TOLD_IF_KNOWN: tuple[type, ...] = (Model, Run)
"""Of these `to_json` leaves out what is the default."""

SCALARS = {str: "string", bool: "boolean", int: "number", float: "number", NoneType: "null", Any: "any", object: "any"}


def fields_of(shape: type) -> dict[str, Any]:
    """Names of a TypedDict or of a dataclass' JSON -> their types."""
    hints = get_type_hints(shape)
    if is_dataclass(shape):
        hints = {each.name: hints[each.name] for each in fields(shape) if each.init and each.name != "unknown"}
    return hints | ({"hash": str} if shape is Run else {})


def is_always_told(shape: type, name: str) -> bool:
    return shape not in TOLD_IF_KNOWN or (shape is Run and name in ("model", "hash"))


def declarations() -> str:
    """The text of wire.d.ts. Raises TypeError for a type that JSON does not have."""
    lines = ["// Written by `python -m mri.web.types`: what the server's JSON holds.", "declare namespace Wire {"]
    for shape in _with_all_they_name([*ANSWERS, *MESSAGES]):
        lines.append(f"  interface {shape.__name__} {{")
        for name, kind in fields_of(shape).items():
            lines.append(f"    {name}{'' if is_always_told(shape, name) else '?'}: {_type_of(kind)};")
        lines.append("  }")
    lines.append(f"  type Message = {' | '.join(shape.__name__ for shape in MESSAGES)};")
    return "\n".join([*lines, "}", ""])


def _with_all_they_name(shapes: Sequence[type]) -> list[type]:
    found: list[type] = []
    waiting = list(shapes)
    while waiting:
        shape = waiting.pop(0)
        if shape not in found:
            found.append(shape)
            waiting += [each for kind in fields_of(shape).values() for each in _shapes_in(kind)]
    return found


def _shapes_in(kind: Any) -> Iterator[type]:
    if is_typeddict(kind) or is_dataclass(kind):
        yield kind
    for each in get_args(kind) if get_origin(kind) is not Literal else ():
        yield from _shapes_in(each)


def _type_of(kind: Any) -> str:
    origin, args = get_origin(kind), get_args(kind)
    if kind in SCALARS:
        return SCALARS[kind]
    if origin is Literal:
        return " | ".join(f'"{each}"' for each in args)
    if origin in (Union, UnionType):
        return " | ".join(map(_type_of, args))
    if origin in (dict, Mapping):
        return f"Record<string, {_type_of(args[1])}>"
    if origin is tuple and args[-1] is not Ellipsis:
        return f"[{', '.join(map(_type_of, args))}]"
    if origin in (list, tuple):
        each = _type_of(args[0])
        return f"({each})[]" if "|" in each and not each.endswith("]") else f"{each}[]"
    if is_typeddict(kind) or is_dataclass(kind):
        return str(kind.__name__)
    raise TypeError(f"{kind} is no type of JSON")


if __name__ == "__main__":
    DECLARATIONS.write_text(declarations(), "utf-8")
