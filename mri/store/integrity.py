"""Whether the files of sessions are still what was written: each is read once, in a thread, one after the other.

A file is known by its signature (path, inode, time of change, size): changed, it is looked at again.
"""

from __future__ import annotations

import logging
import threading
from pathlib import Path

from mri.errors import MriError
from mri.store.files import Signature
from mri.store.opening import open_session

CHECKING, RIGHT = "checking", "right"
AT_ONCE_S = 0.02
"""Who asks for the first time waits so long: small files are read by then."""
MAX_KNOWN = 20_000

log = logging.getLogger("mri")


class Integrity:
    """What is known of files. Usable from many threads."""

    def __init__(self) -> None:
        self._news = threading.Condition()
        self._found: dict[Signature, str] = {}
        self._waiting: list[tuple[Signature, Path]] = []
        self._is_reading = False

    def state(self, signature: Signature, session: Path, wait_s: float = AT_ONCE_S) -> str:
        """CHECKING, RIGHT or "damaged: " and the sentence; begins to look where nobody did. `session`: what is to be
        opened, the file or the folder that it lies in."""
        with self._news:
            if signature not in self._found:
                self._found[signature] = CHECKING
                while len(self._found) > MAX_KNOWN:
                    del self._found[next(iter(self._found))]
                self._waiting.append((signature, session))
                if not self._is_reading:
                    self._is_reading = True
                    # no daemon: one that was cut off in HDF5 would leave its lock taken, and the program never end
                    threading.Thread(target=self._read, name="integrity", daemon=False).start()
                self._news.wait_for(lambda: self._found.get(signature) != CHECKING, wait_s)
            return self._found.get(signature, CHECKING)

    def damage(self, signature: Signature) -> str:
        """The sentence of a file that was found to be damaged, else ""."""
        state = self._found.get(signature, "")
        return state.removeprefix("damaged: ") if state.startswith("damaged: ") else ""

    def _read(self) -> None:
        while True:
            with self._news:
                if not self._waiting or not threading.main_thread().is_alive():
                    self._is_reading = False
                    return
                signature, session = self._waiting.pop()  # the newest first: somebody looks at it
            state = _state(session)
            with self._news:
                if state is None:
                    self._found.pop(signature, None)  # gone, or sealed by now: asked again under another signature
                else:
                    self._found[signature] = state
                self._news.notify_all()


def _state(session: Path) -> str | None:
    try:
        with open_session(session) as reader:
            for _ in reader.verifying():
                if not threading.main_thread().is_alive():  # the program ends
                    return None
        return RIGHT
    except MriError as error:
        return f"damaged: {error}" if session.exists() else None
    except Exception as error:
        log.warning("%s could not be checked", session, exc_info=error)
        return f"damaged: {session.name} could not be checked ({type(error).__name__}): the terminal has the details."
