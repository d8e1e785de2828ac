"""Opens what lies at a path as a session: an .h5, or the folder of one that is not sealed. Keeps some open."""

from __future__ import annotations

import stat
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mri.errors import BadSession, SessionNotFound
from mri.paths import as_path
from mri.store.files import Signature, disk_error, shown
from mri.store.reader import SessionReader
from mri.store.unsealed import JournalReader

MAX_OPEN = 32
"""Readers kept open; who still holds an older one keeps it."""
UNUSED_S = 300.0
"""A reader that nobody asked for so long is not kept."""


def open_session(path: Path | str) -> SessionReader:
    """Opens a session folder or an .h5. Raises SessionNotFound or BadSession."""
    path = as_path(path)
    try:
        is_folder = stat.S_ISDIR(path.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        raise SessionNotFound(
            f"There is no session at {shown(path)}: see which there are with `python -m mri ls`."
        ) from None
    except OSError as error:
        raise BadSession(str(disk_error("read", path, error))) from error
    if is_folder:
        return JournalReader(path)
    from mri.store.sealed import SealedReader  # h5py takes 0.2 s to import: not before the first .h5

    return SealedReader(path)


class OpenReaders:
    """Readers that are kept and shared by all who ask for a session. Usable from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, _Kept] = OrderedDict()

    def reader(self, session_id: str, path: Path, signature: Signature) -> SessionReader:
        """Opened anew where the file at `path` is another one. Raises SessionNotFound, BadSession."""
        with self._lock:
            known = self._kept.get(session_id)
            reader = known.reader if known is not None and known.signature == signature else open_session(path)
            self._kept[session_id] = _Kept(signature, reader, time.monotonic())
            self._kept.move_to_end(session_id)
            while len(self._kept) > MAX_OPEN:
                self._kept.popitem(last=False)
        return reader

    def forget(self, session_id: str) -> None:
        with self._lock:
            self._kept.pop(session_id, None)

    def forget_gone(self, is_gone: Callable[[Path], bool]) -> None:
        """Readers whose file is gone or another one now, and those that nobody used for long, are not kept: an open
        file takes room although it is deleted. Who still holds one keeps it."""
        with self._lock:
            for session_id, kept in [*self._kept.items()]:
                if is_gone(kept.signature[0]) or time.monotonic() - kept.used_at > UNUSED_S:
                    del self._kept[session_id]


@dataclass(frozen=True)
class _Kept:
    """A reader, and when it was asked for last."""

    signature: Signature
    reader: SessionReader
    used_at: float
