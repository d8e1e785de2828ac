"""A viewer's queue: its promise on bytes, its order, its counts; all with a clock of the test's own."""

from functools import lru_cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mri.format.config import TraceConfig
from mri.format.layout import DROP_ORDER
from mri.format.wire import KIND_FRAME, bytes_from_frame, frame_from_bytes, iter_records, record_bytes
from mri.web.live.buffer import MAX_MESSAGE_BYTES, LiveStep, ViewerBuffer
from tests.conftest import dropped_names, random_frame, random_layout

STATS_AND_TOKENS = {"stats", "tokens"}


@lru_cache
def frame_of(step, topk=4):
    layout = random_layout(2, 8, 2, TraceConfig(topk=topk, logits_topk=5))
    return random_frame(layout, np.random.default_rng(step), step, "decode", step + 3, 1, chosen_id=step % 20)


def live_step(number, topk=4):
    return LiveStep(number, record_bytes(KIND_FRAME, number, bytes_from_frame(frame_of(number, topk))))


FULL, THIN = len(live_step(0).record), len(live_step(0).thinned.record)


class Clock:
    def __init__(self):
        self.now_s = 100.0

    def __call__(self):
        return self.now_s


def test_a_step_that_fits_goes_out_as_the_very_record():
    buffer, step = ViewerBuffer(), live_step(0)
    buffer.put(step)
    steps, drops = buffer.take()
    assert steps == [step]
    assert not drops
    assert (len(buffer), buffer.num_bytes) == (0, 0)
    assert buffer.take() == ([], drops)


def test_a_thin_step_keeps_statistics_and_says_what_is_gone():
    step = live_step(7)
    [record] = iter_records(step.thinned.record)
    frame = frame_from_bytes(record.payload)
    assert record.step == frame.step == 7
    assert set(frame.arrays) == STATS_AND_TOKENS
    np.testing.assert_array_equal(frame.arrays["stats"], frame_of(7).arrays["stats"])
    assert dropped_names(frame) == [name for name in DROP_ORDER if name in ("topk", "attention", "logits")]
    assert frame.chosen_id == frame_of(7).chosen_id
    assert step.thinned.thinned is step.thinned is step.thinned, "made once, for all viewers"


def test_a_step_without_payloads_is_not_called_thin():
    frame = frame_of(0).without_payloads()
    step = LiveStep(0, record_bytes(KIND_FRAME, 0, bytes_from_frame(frame)))
    assert step.thinned is step
    assert not step.is_thin


def test_the_ids_that_a_step_names():
    frame = frame_of(3)
    expected = {*frame.arrays["tokens"].tolist(), *frame.arrays["logits/token_ids"].tolist(), 3}
    assert live_step(3).token_ids == expected
    assert live_step(3).thinned.token_ids == {*frame.arrays["tokens"].tolist(), 3}


def test_payloads_give_way_before_frames_and_the_oldest_first():
    buffer = ViewerBuffer(max_bytes=3 * FULL, max_messages_per_s=1e6)
    for number in range(4):
        buffer.put(live_step(number))
    taken = [buffer.take() for _ in range(4)]
    assert [[step.number for step in steps] for steps, _ in taken] == [[0], [1], [2], [3]]
    thin = [step.number for steps, _ in taken for step in steps if step.is_thin]
    assert thin == [0, 1][: len(thin)]
    assert thin, "three records' room for four"
    assert [drops.payload_steps for _, drops in taken] == [[n] if n in thin else [] for n in range(4)]
    assert not any(drops.frame_steps for _, drops in taken)


def test_forgotten_frames_are_told_with_the_next_one():
    buffer = ViewerBuffer(max_bytes=2 * THIN + 100, max_messages_per_s=1e6)  # room for two thin ones
    for number in range(5):
        buffer.put(live_step(number))
    steps, drops = buffer.take()
    assert [step.number for step in steps] == [3]
    assert (drops.payload_steps, drops.frame_steps) == ([3], [0, 1, 2])
    _, drops = buffer.take()
    assert (drops.payload_steps, drops.frame_steps) == ([4], [])


def test_a_frame_larger_than_the_queue_is_told_at_the_end():
    buffer = ViewerBuffer(max_bytes=THIN - 1)
    buffer.put(live_step(0))
    assert buffer.take()[0] == []
    assert buffer.take_drops().frame_steps == [0]
    assert not buffer.take_drops()


def test_above_the_rate_steps_share_a_message_and_below_it_none_does():
    clock = Clock()
    buffer = ViewerBuffer(max_messages_per_s=10, clock=clock)  # one message at once, then one in 100 ms
    buffer.put(live_step(0))
    assert len(buffer.take()[0]) == 1
    for number in range(1, 6):
        buffer.put(live_step(number))
    assert buffer.take()[0] == []
    assert buffer.due_in_s() == pytest.approx(0.1)
    clock.now_s += 0.101
    steps, drops = buffer.take()
    assert [step.number for step in steps] == [1, 2, 3, 4, 5]
    assert not drops
    assert buffer.due_in_s() is None
    clock.now_s += 60
    for number in range(6, 12):
        buffer.put(live_step(number))
        clock.now_s += 0.11
        assert [step.number for step in buffer.take()[0]] == [number]


def test_a_message_has_a_largest_size():
    clock = Clock()
    buffer = ViewerBuffer(max_messages_per_s=1, clock=clock)
    buffer.put(live_step(0))
    buffer.take()
    count = MAX_MESSAGE_BYTES // FULL + 10
    for number in range(1, count):
        buffer.put(LiveStep(number, live_step(0).record))
    clock.now_s += 1.1
    steps, _ = buffer.take()
    assert 1 < len(steps) < count - 1
    assert sum(len(step.record) for step in steps) <= MAX_MESSAGE_BYTES


actions = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.sampled_from([1, 4, 8])),
        st.tuples(st.just("take"), st.none()),
        st.tuples(st.just("wait"), st.floats(0, 1)),
    ),
    max_size=60,
)


@given(actions, st.integers(0, 4 * FULL), st.floats(1, 500))
def test_whatever_happens_the_promises_hold(actions, max_bytes, rate):
    clock = Clock()
    buffer = ViewerBuffer(max_bytes, rate, clock=clock)
    number, sent, thin, told_thin, told_gone = 0, [], [], [], []

    def take():
        steps, drops = buffer.take()
        sent.extend(step.number for step in steps)
        thin.extend(step.number for step in steps if step.is_thin)
        told_thin.extend(drops.payload_steps)
        told_gone.extend(drops.frame_steps)
        for step in steps:
            assert step.is_thin or step.record == live_step(step.number, sizes[step.number]).record
        return steps

    sizes = {}
    for what, value in actions:
        if what == "put":
            sizes[number] = value
            buffer.put(live_step(number, value))
            number += 1
        elif what == "take":
            take()
        else:
            clock.now_s += value
        assert 0 <= buffer.num_bytes <= max_bytes
        assert buffer.num_bytes == sum(len(step.record) for step in buffer._queue)
    while len(buffer):
        clock.now_s += 1
        assert take(), "one second is long enough for any of these rates"
    told_gone.extend(buffer.take_drops().frame_steps)
    assert sent == sorted(set(sent)), "in order, once"
    assert told_gone == sorted(set(told_gone))
    assert sorted(sent + told_gone) == list(range(number)), "every step was sent or told as forgotten"
    assert told_thin == thin, "exactly those that went out thin"
