"""What is asked of the worker about forks: refused without the model where it can be, named by what decides it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mri.errors import ConfigError, MriError, SessionNotFound
from mri.store.library import whole_library
from mri.store.opening import open_session
from mri.store.reader import SessionReader
from mri.worker.forking import ForkRequest, control_of_fork, costs_of_fork
from mri.worker.protocol import COMMANDS
from tests.conftest import A_MODEL


@pytest.fixture(scope="module")
def base() -> SessionReader:
    return whole_library().open("demo-list")


def test_a_request_becomes_a_command(base: SessionReader) -> None:
    wanted = ForkRequest.from_json({"step": 11, "edits": ["block.3.head.1 = 0"], "token": " red", "temperature": 0.5})
    command = wanted.of(base).command("new", A_MODEL)
    assert COMMANDS.message_of(COMMANDS.line_of(command)) == command
    assert (command["cmd"], command["id"], command["session"]) == ("fork", "new", "demo-list")
    again = ForkRequest.from_json(command["wanted"])
    assert again == wanted
    assert again.plan(base).sampling.temperature == 0.5


@pytest.mark.parametrize(
    ("fields", "kind", "words"),
    [
        (None, ConfigError, 'as {"step": 11'),
        ({"step": "11"}, ConfigError, 'as {"step": 11'),
        ({"step": 11, "when": 3}, ConfigError, "Unknown setting 'when'"),
        ({"step": 11, "edits": "smear = off"}, ConfigError, "texts in a list"),
        ({"step": 11, "edits": [3]}, ConfigError, "texts in a list"),
        ({"step": 11, "edits": ["off"]}, ConfigError, "is no edit"),
        ({"step": 11, "token": 3.5}, ConfigError, "is no token"),
        ({"step": 11, "seed": "x"}, ConfigError, "is no number"),
        ({"step": 11, "seed": 1.5}, ConfigError, "seed"),
        ({"step": 11, "scope": []}, ConfigError, "no scope"),
        ({"step": 99}, SessionNotFound, "no step 99"),
        ({"step": 11, "edits": ["block.0.mlp = 0 @ 3"]}, ConfigError, "before step 11"),
    ],
)
def test_what_is_wrong_is_known_without_the_model(
    base: SessionReader, fields: Any, kind: type[MriError], words: str
) -> None:
    with pytest.raises(kind, match=words):
        ForkRequest.from_json(fields).of(base)


def test_what_is_no_fork_has_no_control(
    base: SessionReader, tmp_path: Path, random_session: Callable[..., Path]
) -> None:
    with pytest.raises(ConfigError, match="is no fork"):
        control_of_fork(base, 20, 0, A_MODEL)
    with pytest.raises(ConfigError, match="is no fork"):
        costs_of_fork(base, base, A_MODEL)
    with pytest.raises(ConfigError, match="draws"):
        control_of_fork(base, 10**6, 0, A_MODEL)
    with (
        open_session(random_session(tmp_path)) as reader,
        pytest.raises(ConfigError, match="does not say which weights"),
    ):
        ForkRequest(step=1).of(reader)
