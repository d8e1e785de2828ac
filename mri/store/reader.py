"""What reads a session, recorded or still being recorded: one interface, two implementations (sealed.py and
unsealed.py); opening.py chooses.

Knows nothing of models, torch and pages.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol, Self

from mri.arrays import Bools, Ints
from mri.errors import SessionNotFound
from mri.format.events import Array, StepFrame, TraceSession
from mri.store.files import is_session_id


class SessionReader(Protocol):
    """A session, whatever its state. Usable from many threads; a context manager.

    session      metadata; `session.num_steps` as far as it is written, `session.id` as the file is named
    num_steps    steps that can be read
    """

    path: Path
    session: TraceSession

    @property
    def num_steps(self) -> int: ...

    @property
    def token_bytes(self) -> Mapping[int, bytes]:
        """Bytes of the token ids that occur in the session (of the whole vocabulary while recording)."""

    @property
    def special_ids(self) -> frozenset[int]: ...

    def frame(self, step: int) -> StepFrame:
        """Raises IndexError on a step that is not there, BadSession where it cannot be read."""

    def frames(self, start: int, stop: int) -> list[StepFrame]:
        """Steps start … stop - 1, all of which must be there; faster than one by one. Raises as `frame` does."""

    def records(self, start: int, stop: int) -> bytes:
        """Steps start … stop - 1 (cut to what is there) as a run of wire records: the same bytes in both states."""

    def column(self, name: str, *index: Any, steps: Sequence[int] | None = None) -> Array:
        """One array over all steps, first axis = step: `column("stats", row, 4)` -> (num_steps,); or over `steps`.

        `index` is numpy's, of the axes behind the step. Rows are those of the Layout, dropped or not. Where a step
        lacks the array, its row or its ragged end: NaN (0 in whole numbers). Raises UnknownHookPoint on another name.
        """

    def present(self, prefix: str) -> dict[str, Bools]:
        """The arrays below `prefix` ("extra/"), by name in alphabetical order: (num_steps,) which steps have each."""

    def steps(self) -> dict[str, Array]:
        """STEP_COLUMNS by name, (num_steps,) each; `phase` as str, `forced` as bool, `time_us` in microseconds."""

    def dropped_layers(self, step: int) -> tuple[int, ...]:
        """`StepFrame.dropped_layers` of a step that is there."""

    def token_ids(self) -> Ints:
        """(N,) id at each absolute position that was read, then the last chosen id if there is one."""

    def verify(self) -> None:
        """Reads everything. Raises BadSession on the first checksum that does not fit, and where a step is not what the
        session's layout says."""
        for _ in self.verifying():
            pass

    def verifying(self) -> Iterator[None]:
        """`verify` in pieces of a few milliseconds, for who must be able to stop."""

    def refresh(self) -> int:
        """Takes notice of what was recorded since. -> num_steps"""

    def as_of_now(self) -> SessionReader:
        """The same session as far as it has come: what it is asked, it answers of the same steps, while others are
        being recorded. Holds the file open as long as it lives; is not to be closed."""

    def close(self) -> None: ...

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def named_after(session: TraceSession, path: Path) -> TraceSession:
    """The session under the id that its file has: of a copy that is another one."""
    return replace(session, id=path.stem) if is_session_id(path.stem) else session


def check_step(reader: SessionReader, step: int) -> None:
    """Raises SessionNotFound for a step that is not there."""
    if not 0 <= step < reader.num_steps:
        raise SessionNotFound(f"Session {reader.session.id} has {reader.num_steps} steps: there is no step {step}.")
