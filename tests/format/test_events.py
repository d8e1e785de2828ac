"""StepFrame and TraceSession. Values as captured: test_captured.py, and the golden frames in test_wire.py."""

from __future__ import annotations

import json

import numpy as np
import pytest

from mri.format.config import TraceConfig
from mri.format.events import StepFrame, TraceSession, dequantized
from mri.format.layout import Layout
from mri.format.run import Model, Run
from tests.conftest import dropped_names, random_layout
from tests.golden_frame.build import full_q8, topk_f16


def test_header_round_trip():
    frame = full_q8()[0]
    header = json.loads(json.dumps(frame.header()))
    again = StepFrame.from_header(header, frame.arrays)
    assert again.header() == frame.header()
    assert again.dropped_layers == (0,)


def test_payloads_give_way_in_order_and_are_marked():
    frame = full_q8()[0]
    slim = frame.without_payloads(frame.num_bytes - 1)
    assert slim.num_bytes < frame.num_bytes
    [first] = dropped_names(slim)[:1]
    assert not any(name.startswith(first) for name in slim.arrays)
    bare = frame.without_payloads()
    assert set(bare.arrays) <= {"stats", "tokens"} | {name for name in frame.arrays if name.startswith("extra/")}
    assert bare.dropped >> 15 == frame.dropped >> 15, "left out layers stay marked"
    assert frame.without_payloads(frame.num_bytes).arrays.keys() == frame.arrays.keys()


@pytest.mark.parametrize(
    ("prefill", "max_new_tokens", "steps"),
    [("stats", 5, 5), ("stepwise", 5, 14), ("stats", 10_000, 1 + 2048 - 10)],
)
def test_most_steps_of_a_generation(prefill, max_new_tokens, steps):
    layout = random_layout(1, 8, 2, TraceConfig(prefill=prefill))
    session = TraceSession("a", layout, num_prompt_tokens=10, sampling={"max_new_tokens": max_new_tokens})
    assert session.max_steps == steps
    assert TraceSession("a", layout).max_steps == 0


def test_dequantized_codes():
    codes = np.int8([[0, 126, -126], [-128, 127, -127]])
    values = dequantized(codes, np.float32([2, 3]))
    np.testing.assert_array_equal(values, [[0, 252, -252], [np.nan, np.inf, -np.inf]])
    np.testing.assert_array_equal(dequantized(np.uint8([0, 255]), None), [0, 1])
    assert dequantized(np.float16([0.1]), None).dtype == np.float32
    with pytest.raises(ValueError, match="need their scale"):
        dequantized(codes, None)


def test_session_round_trip():
    session = TraceSession(
        "one",
        topk_f16()[1],
        prompt="é \u202e",
        messages=[{"role": "user", "content": "x"}],
        sampling={"seed": None},
        run=Run(Model("abc", softcap=20), edits=("block.4.head.2 = 0",)),
        facts={"versions": {"torch": "2"}},
    )
    again = TraceSession.from_json(json.loads(json.dumps(session.to_json())))
    assert again == session
    assert isinstance(again.layout, Layout)
