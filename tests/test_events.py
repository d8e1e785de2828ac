"""StepFrame, TraceSession and the seed's TraceEvents. Values as captured: see the golden frames in test_wire.py."""

from __future__ import annotations

import json

import numpy as np
import pytest

from mri.config import TraceConfig
from mri.errors import UnknownHookPoint
from mri.events import StepFrame, TraceSession, dequantized, group_of_mode
from mri.layout import Layout
from mri.run import Model, Run
from tests.conftest import random_frame, random_layout
from tests.golden_frame.build import full_q8, prefill_f32, topk_f16


def test_header_round_trip():
    frame = full_q8()[0]
    header = json.loads(json.dumps(frame.header()))
    again = StepFrame.from_header(header, frame.arrays)
    assert again.header() == frame.header()
    assert again.dropped_layers == (0,)


def test_dropped_names_say_what_is_missing():
    frame = StepFrame(0, "decode", 0, 1, {}, dropped=1 << 1 | 1 << 5 | 1 << 15, dropped_layers=(2, 3))
    assert frame.dropped_names == ["attention/rows", "topk", "layers [2, 3]"]
    assert StepFrame(0, "decode", 0, 1, {}).dropped_names == []


def test_payloads_give_way_in_order_and_are_marked():
    frame = full_q8()[0]
    slim = frame.without_payloads(frame.num_bytes - 1)
    assert slim.num_bytes < frame.num_bytes
    [first] = slim.dropped_names[:1]
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


def test_rows_move_up_where_layers_were_dropped():
    layout = random_layout(3, 8, 2, TraceConfig())
    rng = np.random.default_rng(0)
    whole = random_frame(layout, rng, 0, "decode", 0, 1)
    cut = random_frame(layout, np.random.default_rng(0), 0, "decode", 0, 1, dropped=1 << 15, dropped_layers=(1,))
    for point in layout.points:
        if point.layer_index == 1:
            assert cut.row(layout, "stats", point.key) is None
            assert np.isnan(list(cut.stats(layout, point.key).values())).all()
            assert len(cut.captured(layout, point.key)[0]) == 0
        else:
            assert cut.stats(layout, point.key) == whole.stats(layout, point.key)
            np.testing.assert_array_equal(cut.values(layout, point.key), whole.values(layout, point.key))


def test_an_unknown_hook_point_is_an_error_and_an_absent_array_is_not():
    frame, layout, _ = topk_f16()
    for ask in (frame.stats, frame.values, frame.captured, frame.bound):
        with pytest.raises(UnknownHookPoint):
            ask(layout, "block.9.mlp_out")
    assert frame.row(layout, "full/8/values", "embed.resid0") is None
    assert frame.row(layout, "topk/8/values", "block.0.ln1") is None


@pytest.mark.parametrize("golden", [topk_f16, full_q8, prefill_f32])
def test_events_are_one_per_hook_point_and_one_per_head(golden):
    frame, layout, _ = golden()
    events = list(frame.events(layout, "one"))
    num_kept = layout.n_layer - len(frame.dropped_layers)
    assert len(events) == len(layout.points) + num_kept * layout.n_head
    assert len({event.id for event in events}) == len(events)
    assert {event.step for event in events} == {frame.step}
    heads = [event for event in events if event.layer_key.endswith("attn_summary")]
    assert {event.layer_index for event in heads} == set(range(layout.n_layer)) - set(frame.dropped_layers)


def test_event_payloads_have_the_seeds_kinds():
    frame, layout, _ = topk_f16()
    events = {event.id: event for event in frame.events(layout, "one")}
    topk = events["one/3/embed.resid0"].payload
    assert (topk["kind"], topk["k"], topk["indices"].tolist()) == ("topk_hidden", 4, [6, 1, 7, 0])
    assert events["one/3/block.0.ln1"].payload is None
    assert events["one/3/block.0.ln1"].shape == (1, 8)
    logits = events["one/3/final.logits"].payload
    assert (logits["kind"], logits["token_ids"].tolist()) == ("topk_logits", [7, 0, 10, 3, 2])
    head = events["one/3/block.1.attn_summary/0"].payload
    assert (head["kind"], head["argmax_key"], head["entropy"]) == ("attention_summary", 0, 1.75)
    assert head["weights"].tolist() == [0.5, 0.25, 0.125, 0.125, 0, 0]


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
        "one", topk_f16()[1], prompt="é \u202e", messages=[{"role": "user", "content": "x"}],
        sampling={"seed": None},
        run=Run(Model("abc", softcap=20), edits=("block.4.head.2 = 0",)), facts={"versions": {"torch": "2"}},
    )  # fmt: skip
    again = TraceSession.from_json(json.loads(json.dumps(session.to_json())))
    assert again == session
    assert isinstance(again.layout, Layout)


def test_group_of_a_hook_point():
    layout = random_layout(2, 8, 2, TraceConfig(prefill="positions"))
    assert group_of_mode(layout, "block.0.resid_post") == "topk/8"
    assert group_of_mode(layout, "block.0.ln1") is None
