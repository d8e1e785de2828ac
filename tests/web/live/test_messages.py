import json

import pytest

from mri.web.live import messages
from mri.web.live.buffer import Drops
from mri.web.live.tail import End


@pytest.mark.parametrize(
    ("steps", "ranges"), [([], []), ([4], [[4, 4]]), ([3, 4, 5, 8], [[3, 5], [8, 8]]), ([0, 2], [[0, 0], [2, 2]])]
)
def test_steps_as_ranges(steps, ranges):
    assert messages.ranges(steps) == ranges


def test_dropped():
    assert json.loads(messages.dropped(Drops([7], [2, 3]))) == {
        "type": "dropped",
        "payloads": 1,
        "frames": 2,
        "payload_steps": [[7, 7]],
        "frame_steps": [[2, 3]],
    }


def test_end():
    assert json.loads(messages.end(End("stopped", "Stopped.", 4), "é", 1, 2)) == {
        "type": "end",
        "reason": "Stopped.",
        "end_reason": "stopped",
        "num_steps": 4,
        "text": "é",
        "dropped": {"payloads": 1, "frames": 2},
    }


def test_text_and_hello():
    assert json.loads(messages.text({17: "foo"})) == {"type": "text", "text": {"17": "foo"}}
    assert json.loads(messages.hello({"num_steps": 3}, "running", 2)) == {
        "type": "hello",
        "num_steps": 3,
        "state": "running",
        "from": 2,
    }
