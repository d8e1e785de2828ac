"""A line in the list of sessions, and what kind of folder may stand behind one."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from mri.errors import MriError
from mri.format.config import TraceConfig
from mri.format.events import TraceSession
from mri.format.run import Run
from mri.store import description
from mri.store.files import JOURNAL, NO_FOLLOW, SESSION, read_file, shown
from mri.store.locks import is_held

MAX_NAME_BYTES = 10_000

State = Literal["recording", "unsealed", "finished", "broken"]


@dataclass(frozen=True)
class SessionInfo:
    """A line in the list of sessions.

    state    recording: somebody appends; unsealed: ended or cut off, still a journal; finished: an .h5;
             broken: `error` says in a sentence why it cannot be read
    run           what was recorded, and `sampling` how its tokens were chosen, as in TraceSession
    capture       what was kept of a step; None of a broken one
    is_bundled    it lies in no folder of one's own: it can be neither renamed nor deleted
    """

    id: str
    state: State
    bytes_on_disk: int
    name: str = ""
    prompt: str = ""
    model_id: str = ""
    num_steps: int = 0
    start_time: str = ""
    error: str = ""
    run: Run = field(default_factory=Run)
    sampling: dict[str, Any] = field(default_factory=dict)
    capture: TraceConfig | None = None
    is_bundled: bool = False


def is_session_folder(folder: Path) -> bool:
    """Also of one that lost its description: what it recorded is there."""
    if (folder / SESSION).exists():
        return True
    with contextlib.suppress(OSError):
        return (folder / JOURNAL).stat().st_size > 0
    return False


def says_recording(folder: Path) -> bool:
    if not is_held(folder):
        return False
    with contextlib.suppress(OSError, MriError):
        content = read_file(folder / SESSION, description.MAX_BYTES)
        return description.session_from_journal_json(content, folder / SESSION)[0].state == "recording"
    return False


def broken(path: Path, error: str) -> SessionInfo:
    num_bytes = 0
    with contextlib.suppress(OSError):
        num_bytes = path.lstat().st_size if not path.is_dir() else 0
    return SessionInfo(shown(path.stem), "broken", num_bytes, error=error)


SAID = "name prompt model_id num_steps start_time run sampling"
"""Fields that a line of the list has as its session has them."""


def info_of(session_id: str, state: State, num_bytes: int, session: TraceSession) -> SessionInfo:
    said: dict[str, Any] = {name: getattr(session, name) for name in SAID.split()}
    return SessionInfo(session_id, state, num_bytes, capture=session.layout.config, **said)


def renamed(folder: Path, info: SessionInfo) -> SessionInfo:
    """Under the name that a person gave it since."""
    try:
        name = read_file(folder / f"{info.id}.name", MAX_NAME_BYTES, NO_FOLLOW)
    except OSError:
        return info
    return replace(info, name=name.decode("utf-8", "replace"))
