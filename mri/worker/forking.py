"""What a person asks the generation worker of forks: to record one, what random changes of its size do, what its
base's words cost.

Reads what it needs to know from the session, and refuses without the model what can be; the rest is the worker's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from mri.errors import ConfigError
from mri.format.checks import is_number, is_whole
from mri.nanochat.locate import ModelRef
from mri.run.fork import Fork, check_draws, fork_again, fork_of
from mri.store.reader import SessionReader
from mri.worker.attribution import Attribution, of_weights


@dataclass(frozen=True, kw_only=True)
class ForkRequest:
    """One fork to record: as of `Trace.fork`, edits as texts."""

    step: int
    edits: tuple[str, ...] = ()
    token: int | str | None = None
    scope: str = "from_here"
    temperature: float | None = None
    top_k: int | None = None
    seed: int | None = None
    max_new_tokens: int | None = None

    @classmethod
    def from_json(cls, fields: object) -> ForkRequest:
        """Raises ConfigError on anything that is not a request."""
        if not isinstance(fields, Mapping) or not is_whole(fields.get("step"), 0, 1 << 40):
            raise ConfigError('A fork is asked for with a JSON object as {"step": 11, "edits": ["smear = off"]}.')
        unknown = sorted(set(fields) - set(cls.__dataclass_fields__))
        if unknown:
            raise ConfigError(f"Unknown setting {unknown[0]!r}: known are {', '.join(cls.__dataclass_fields__)}.")
        edits = fields.get("edits", [])
        if not isinstance(edits, list | tuple) or not all(isinstance(each, str) for each in edits):
            raise ConfigError('edits are texts in a list, as ["block.3.head.1 = 0"]: send such.')
        for name in ("temperature", "top_k", "seed", "max_new_tokens"):
            if not (fields.get(name) is None or is_number(fields[name])):
                raise ConfigError(f"{name}={fields[name]!r:.40} is no number: leave it out to keep the recording's.")
        token = fields.get("token")
        if not (token is None or isinstance(token, str) or is_whole(token, 0, 1 << 40)):
            raise ConfigError(f"token={token!r:.40} is no token: send its id, or its text.")
        return cls(**{**fields, "edits": tuple(edits)})

    def plan(self, reader: SessionReader) -> Fork:
        """Raises as `fork_of`."""
        rest = {name: value for name, value in vars(self).items() if name != "step"}
        return fork_of(reader, self.step, **rest)

    def of(self, reader: SessionReader) -> OfSession:
        """Raises what is known to be wrong with it before the model is asked."""
        self.plan(reader)
        return OfSession(self, reader)


@dataclass(frozen=True)
class OfSession:
    """A fork of this session."""

    request: ForkRequest
    reader: SessionReader

    def command(self, session_id: str, model: ModelRef) -> dict[str, Any]:
        """The worker's `fork` command."""
        wanted = {**vars(self.request), "edits": [*self.request.edits]}
        told = {"cmd": "fork", "id": session_id, "session": self.reader.session.id, "wanted": wanted}
        return told | of_weights(self.reader, model)


def control_of_fork(reader: SessionReader, draws: int, seed: int, model: ModelRef) -> Attribution:
    """What to ask the worker for: a fork beside random changes of its size. Raises ConfigError for what is no fork."""
    check_draws(draws, seed)
    fork_again(reader)
    asked = _question(reader, f"control/{draws}/{seed}", {"draws": draws, "seed": seed}, model)
    return replace(asked, doing=f"Writing on with {draws} random changes")


def costs_of_fork(reader: SessionReader, base: SessionReader, model: ModelRef) -> Attribution:
    """What to ask the worker for: what each of the base's words costs in the fork. Raises as `control_of_fork`."""
    fork_again(reader)
    return _question(reader, f"costs/{base.num_steps}", {"base": base.session.id}, model)


def _question(reader: SessionReader, what: str, asked: dict[str, Any], model: ModelRef) -> Attribution:
    session = reader.session
    question_id = f"{what}/{session.id}/{session.run.hash}/{session.run.fork_step}"
    command = {"cmd": what.partition("/")[0], "id": question_id, "session": session.id}
    return Attribution(question_id, command | asked | of_weights(reader, model))
