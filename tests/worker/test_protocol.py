"""What may be said between the server and the worker's child, and that nothing else can be."""

from pathlib import Path
from types import NoneType

import pytest

from mri.worker.protocol import COMMANDS, EVENTS

WORKER = Path(__file__).parents[2] / "mri" / "worker"
EXAMPLES = {str: "a", int: 3, float: 0.5, bool: True, list: [1], dict: {"a": 1}, str | list: ["a"], str | dict: "a"}
EXAMPLES |= {int | NoneType: None}
ALL = [
    (messages, {messages.key: name, **{field: EXAMPLES[kind] for field, kind in fields.items()}})
    for messages in (COMMANDS, EVENTS)
    for name, fields in messages.fields.items()
]


@pytest.mark.parametrize(("messages", "message"), ALL, ids=lambda value: getattr(value, "key", None))
def test_what_one_side_says_the_other_hears(messages, message):
    line = messages.line_of(message)
    assert "\n" not in line
    assert messages.message_of(line) == message


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"cmd": "explode"},
        {"cmd": "explode", "id": "a"},
        {"cmd": None},
        {"cmd": ["stop"], "id": "a"},
        {"event": "ready"},
        {"cmd": "stop"},
        {"cmd": "stop", "id": 3},
        {"cmd": "stop", "id": "a", "at": 1},
        {"cmd": "quit", "id": "a"},
    ],
)
def test_a_message_that_is_not_in_the_table_cannot_be_sent(message):
    with pytest.raises(ValueError, match="no such message"):
        COMMANDS.line_of(message)


ODD_LINES = [
    "3",
    "null",
    "[]",
    '"text"',
    "{}",
    '{"event": 3}',
    '{"event": []}',
    '{"event": "step", "id": "a"}',
    '{"event": "finished", "id": "a", "end_reason": 1, "response": "x"}',
    '{"event": "error", "id": ["a"]}',
    '{"event": "resumed", "id": "a", "step": 3}',
    "[" * 100_000,
    "NaN",
    "\udcff\x00",
]


@pytest.mark.parametrize("line", ODD_LINES, ids=range(len(ODD_LINES)))
def test_a_line_that_is_no_event_is_passed_over(line):
    assert EVENTS.message_of(line) is None


@pytest.mark.parametrize("name", ["handle", "child"])
def test_neither_side_writes_or_reads_lines_of_its_own(name):
    text = (WORKER / f"{name}.py").read_text("utf-8")
    assert "json." not in text
    assert "COMMANDS" in text
    assert "EVENTS" in text
