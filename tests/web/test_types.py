"""What the browser's type check believes of the server's answers is what the server answers."""

from __future__ import annotations

import json
from dataclasses import is_dataclass
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, is_typeddict

import pytest

from mri.format.config import TraceConfig
from mri.format.run import Run
from mri.store.library import Library
from mri.web import types
from mri.web.live import messages
from mri.web.live.buffer import Drops
from mri.web.live.tail import End
from mri.web.routes.sessions import meta_of
from mri.web.server import create_app
from mri.worker.recording import Recording
from tests.conftest import write_random_session


def test_the_declarations_are_of_today():
    cure = "run `python -m mri.web.types`"
    assert types.DECLARATIONS.read_text("utf-8") == types.declarations(), cure


def test_every_kind_of_field_has_its_type():
    class Odd(types.TypedDict):
        when: complex

    with pytest.raises(TypeError, match="complex"):
        types._type_of(types.fields_of(Odd)["when"])
    assert types._type_of(int | None) == "number | null"
    assert types._type_of(list[list[float | None]]) == "(number | null)[][]"


def faults(value: Any, kind: Any, where: str = "") -> list[str]:
    """Where a JSON value is not of a type."""
    origin, args = get_origin(kind), get_args(kind)
    if is_typeddict(kind) or is_dataclass(kind):
        known = types.fields_of(kind)
        told = {name for name in known if types.is_always_told(kind, name)}
        odd = [f"{where}.{name}" for name in told - value.keys() | value.keys() - known.keys()]
        return odd + [
            fault for name in value.keys() & known for fault in faults(value[name], known[name], f"{where}.{name}")
        ]
    if origin in (Union, UnionType):
        return [] if any(not faults(value, each) for each in args) else [where]
    if origin is Literal:
        return [] if value in args else [where]
    if origin is tuple and args[-1] is not Ellipsis:
        return (
            [where]
            if len(value) != len(args)
            else [fault for each in zip(value, args, strict=True) for fault in faults(*each, where)]
        )
    if origin in (list, tuple):
        if not isinstance(value, list):
            return [where]
        return [fault for each in value for fault in faults(each, args[0], f"{where}[]")]
    if origin is not None:
        return [fault for name, each in value.items() for fault in faults(each, args[1], f"{where}.{name}")]
    fits = kind in (Any, object) or isinstance(value, (int, float) if kind is float else kind or NoneType)
    return [] if fits and not (isinstance(value, bool) and kind in (int, float)) else [where]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sessions")
    for name in ("one", "two"):
        write_random_session(folder, session_id=name, num_steps=4, config=TraceConfig(capture_mode="sampled"))
    return folder


def test_answers_are_of_their_types(folder):
    client = create_app(folder).server.test_client()
    for address, kind in (
        ("/sessions/one/meta", types.Meta),
        ("/sessions/one/tokens", types.Tokens),
        ("/compare/alignment?a=one&b=two&align=mapping", types.Alignment),
        ("/compare/map?a=one&b=two&align=mapping&by=cosine", types.PairMap),
        ("/compare/map?a=one&b=two&align=mapping&by=length", types.PairMap),
    ):
        assert faults(client.get(address).get_json(), kind) == [], address
    with Library(folder).open("one") as reader:
        assert faults(reader.frame(1).header(), types.FrameHeader) == []


def test_a_recording_says_where_it_stands_as_typed():
    recording = Recording("now", {})
    assert faults(recording.to_json(1, is_worker_ready=True), types.RecordingStatus) == []


def test_messages_are_of_their_types(folder):
    told = [
        messages.hello(meta_of(Library(folder), "one"), "running", 3),
        messages.text({17: "foo"}),
        messages.dropped(Drops([3, 4], [7])),
        messages.end(End("stopped", "It was stopped.", 4), "foo", 2, 1),
        messages.message("refused", reason="There is none."),
        messages.message("state", state="queued", position=1, step=0, max_steps=0, text="", message=""),
    ]
    kinds = {types.fields_of(kind)["type"].__args__[0]: kind for kind in types.MESSAGES}
    assert {json.loads(each)["type"] for each in told} == kinds.keys()
    for each in map(json.loads, told):
        assert faults(each, kinds[each["type"]]) == [], each["type"]


def test_a_fault_is_found():
    assert faults({"hash": "x"}, Run) == [".model"]
    assert set(faults({"hash": 1, "model": {}, "edits": [2], "new": 1}, Run)) == {".new", ".edits[]", ".hash"}
