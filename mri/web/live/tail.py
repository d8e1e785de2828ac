"""Follows one session while it is being recorded, whoever records it: asked again and again, gives what is new.

Reads the journal that grows in the sessions folder and writes nothing. Knows no viewers, threads and sockets.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mri.errors import SessionNotFound
from mri.store.library import Library
from mri.store.reader import SessionReader
from mri.store.unsealed import JournalReader
from mri.web.live.buffer import LiveStep

MAX_POLL_BYTES = 8 << 20
"""About so much is read at once, so that a long journal does not fill the memory."""
LOCK_LOOK_S = 1.0
"""Between two looks, while nothing comes, whether the recorder is still alive: each takes its lock for a moment."""

DIED = "died"
"""End reason of a recording whose recorder went without a last word."""

GONE = "The recording is no longer there."
SENTENCES = {
    DIED: "The recorder ended without a word: what it recorded is kept.",
    "stop_token": "The model ended its answer.",
    "max_new_tokens": "All the tokens that were asked for are written.",
    "context_full": "The model's context is full.",
    "stopped": "The recording was stopped.",
    "interrupted": "The recording was interrupted: what it had is kept.",
    "budget": "The recording ended because a step did not fit max_bytes_per_step: what it had is kept.",
}


@dataclass(frozen=True)
class End:
    """How a session ended. `reason` as in TraceSession.end_reason, or DIED; `sentence` for a person."""

    reason: str
    sentence: str
    num_steps: int


class Tail:
    """One session, followed from where it stands when it is found.

    status     of the recording as the generation worker has it, None where it is not the worker's
    reader     None until the session's folder exists
    next_step  the step that `poll` gives next
    text       response so far: what the chosen tokens of all steps before `next_step` say
    end        None while more may come
    """

    def __init__(
        self,
        library: Library,
        session_id: str,
        status: Callable[[], dict[str, Any] | None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.session_id = session_id
        self.reader: SessionReader | None = None
        self.next_step = 0
        self.end: End | None = None
        self._library, self._status, self._clock = library, status, clock
        self._response = b""
        self._looked_at = clock()

    @property
    def text(self) -> str:
        return self._response.decode("utf-8", errors="replace")

    def poll(self) -> list[LiveStep]:
        """The steps recorded since, in order; none where there are none. Raises BadSession, StoreError."""
        if self.end is not None or (self.reader is None and not self._found()):
            return []
        assert self.reader is not None
        num_steps = self.reader.refresh()
        steps, num_bytes = [], 0
        while self.next_step < num_steps and num_bytes < MAX_POLL_BYTES:
            step = LiveStep(self.next_step, self.reader.records(self.next_step, self.next_step + 1))
            self._read_on(step)
            steps.append(step)
            num_bytes += len(step.record)
            self.next_step += 1
        if steps:
            self._looked_at = self._clock()
        elif self._reason() is not None:
            self._finish(str(self._reason()))
        elif self._clock() - self._looked_at >= LOCK_LOOK_S:
            self._look_for_recorder()
        return steps

    def _found(self) -> bool:
        """Opens the session once it is there; a recording that ended before it began is an end, too."""
        status = self._status()  # first: what is over by now, and is not there then, will never be there
        try:
            reader = self._library.open(self.session_id)
        except SessionNotFound:
            if status is None or status["state"] in ("finished", "error"):
                failed = status is not None and status["state"] == "error"
                self.end = End("error", status["message"] if status and failed else GONE, 0)
            return False
        self.next_step = reader.num_steps
        if reader.session.kind == "generation":
            self._response = _response(reader)
        self.reader = reader
        return True

    def _reason(self) -> str | None:
        """End reason as far as the session itself says so."""
        assert self.reader is not None
        if isinstance(self.reader, JournalReader):
            return self.reader.end_reason
        return self.reader.session.end_reason or DIED

    def _look_for_recorder(self) -> None:
        assert self.reader is not None
        self._looked_at = self._clock()
        try:
            alive = self._library.is_recording(self.session_id)
        except SessionNotFound:
            alive = False
        # whoever recorded may have ended it properly between the last look into the journal and that at the lock
        if not alive and self.reader.refresh() == self.next_step and self._reason() is None:
            self._finish(DIED)

    def _finish(self, reason: str) -> None:
        sentence = SENTENCES.get(reason, f"The recording ended: {reason.removeprefix('error: ').rstrip('.')}.")
        status = self._status()
        if reason == DIED and status is not None and status["state"] == "error":
            sentence = status["message"]  # the worker's own process: it is known how it ended
        self.end = End(reason, sentence, self.next_step)

    def _read_on(self, step: LiveStep) -> None:
        assert self.reader is not None
        header, _ = step.view
        if header["pos0"] + header["t_add"] >= self.reader.session.num_prompt_tokens:
            self._response += self.reader.token_bytes.get(header["chosen_id"], b"")


def _response(reader: SessionReader) -> bytes:
    """Bytes of the tokens chosen in the steps that are there already."""
    steps, tokens = reader.steps(), reader.token_bytes
    said = steps["chosen_id"][steps["pos0"] + steps["t_add"] >= reader.session.num_prompt_tokens]
    return b"".join(tokens.get(int(token_id), b"") for token_id in said)
