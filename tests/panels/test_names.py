"""What tokens and steps are called: pieces of a character, what may come next, what was read, why a token is there."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from mri.panels import names
from mri.store.reader import SessionReader

BYTES = {1: b"a", 2: "🙂".encode()[:2], 3: "🙂".encode()[2:], 4: b" b", 5: "é".encode()[1:], 6: b"\\x"}


@dataclass
class Recording:
    """Tokens of known bytes; each step reads `t_add` of them from `pos0` on."""

    sequence: list[int]
    phases: list[str] = field(default_factory=lambda: ["decode"])
    token_bytes: dict[int, bytes] = field(default_factory=lambda: dict(BYTES))
    session: Any = field(default_factory=lambda: SimpleNamespace(num_prompt_tokens=3))

    def token_ids(self) -> Any:
        return np.array(self.sequence, np.uint32)

    def steps(self) -> dict[str, Any]:
        return {"pos0": np.array([0, 2]), "t_add": np.array([2, 1]), "phase": self.phases}


def recording(*sequence: int, **more: Any) -> SessionReader:
    return cast(SessionReader, Recording(list(sequence), **more))


def frame(read: int, **more: Any) -> Any:
    """A step after which so many tokens are read."""
    return SimpleNamespace(pos0=0, t_add=read, forced=False, **more)


def test_a_token_by_its_text_or_its_number():
    assert [names.token(recording(), each) for each in (4, 2, 9)] == ["␣b", r"\xf0\x9f", "#9"]
    assert names.tokens(recording(1, 2, 3, 4)) == ["a", "🙂(1/2)", "🙂(2/2)", "␣b"]
    assert names.texts(recording(4, 2, 9)) == [" b", "�", ""]


def test_what_ends_a_character_that_the_text_has_begun_is_named_by_it():
    begun = recording(1, 2)
    assert names.next_name(begun, frame(2), 3) == "🙂(2/2)"
    assert names.next_name(begun, frame(2), 5) == r"\xa9", "which ends no character here"
    assert names.next_name(begun, frame(1), 3) == r"\x99\x82", "nothing was begun yet"
    assert names.next_name(begun, frame(2), 4) == "␣b"
    assert names.next_name(begun, frame(2), 6) == r"\\x", "an escape that a text has itself"


def test_what_did_follow_is_named_as_in_the_text():
    there = recording(1, 2, 3, 4)
    for read, token_id in ((1, 2), (2, 3), (3, 4)):
        assert names.next_name(there, frame(read), token_id) == names.tokens(there)[read]
    assert names.next_name(recording(1, 4), frame(1), 2) == r"\xf0\x9f", "another one came"


def test_what_each_step_read():
    assert names.tokens_of_steps(recording(1, 4, 1, phases=["prefill", "decode"])) == ["2 tokens", "a"]
    assert names.texts_of_steps(recording(1, 4, 1, phases=["prefill", "decode"])) == ["a b", "a"]
    train = recording(1, 4, 1, phases=["train", "train"])
    assert names.tokens_of_steps(train) == ["a batch", "a batch"]
    assert names.texts_of_steps(train) == ["", ""]


@pytest.mark.parametrize(
    ("read", "forced", "why"), [(2, False, "prompt"), (3, False, "chosen"), (3, True, "calculator")]
)
def test_why_a_token_stands_there(read, forced, why):
    step = frame(read)
    step.forced = forced
    assert names.how_chosen(recording(1, 2, 3), step) == why
