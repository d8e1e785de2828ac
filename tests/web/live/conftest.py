"""A recording under the test's own hand: steps are appended when the test says so, never by the clock."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mri.format.config import TraceConfig
from mri.format.events import StepFrame, TraceSession
from mri.store.writer import SessionWriter
from mri.web.server import create_app
from mri.web.services import EXTENSION, Services
from mri.worker.handle import GenerationWorker
from tests.conftest import FAKE_WORKER, SPECIAL_IDS, TINY_VOCABULARY, random_frame, random_layout
from tests.web.live.sockets import served


class Recorder:
    """Writes a session as a generation would: a prompt of four tokens in one pass, then one token a step."""

    def __init__(self, folder: Path, session_id: str = "now", *, n_embd: int = 16, mode: str = "topk") -> None:
        self.layout = random_layout(2, n_embd, 2, TraceConfig(capture_mode=mode))
        session = TraceSession(
            session_id,
            self.layout,
            prompt="once",
            num_prompt_tokens=4,
            start_time="2026-01-02T03:04:05+00:00",
            sampling={"max_new_tokens": 1000},
        )
        self.id = session_id
        self.frames: list[StepFrame] = []
        self._rng = np.random.default_rng(0)
        self.writer = SessionWriter(folder, session, vocabulary=TINY_VOCABULARY, special_ids=SPECIAL_IDS)

    def append(self, num_steps: int = 1) -> None:
        for step in range(len(self.frames), len(self.frames) + num_steps):
            phase, pos0, t_add = ("decode", step + 3, 1) if step else ("prefill", 0, 4)
            frame = random_frame(self.layout, self._rng, step, phase, pos0, t_add, chosen_id=step % 26)
            self.writer.append(frame)
            self.frames.append(frame)

    def finish(self, end_reason: str = "max_new_tokens", *, seal: bool = False) -> Path:
        return self.writer.finish(end_reason, seal=seal)

    def die(self) -> None:
        """As a killed process leaves things: no last record, the lock free, its name that of nobody."""
        self.writer._journal.close()
        self.writer._recorder_file._me = replace(self.writer._recorder_file._me, started=1)
        self.writer._recorder_file._write(os.getpid())
        self.writer._lock.release()
        self.writer._finished = True


@pytest.fixture
def recorder(tmp_path: Path) -> Callable[..., Recorder]:
    """The function `recorder(session_id=…, n_embd=…, mode=…)`; what is left unfinished is finished in the end."""
    made: list[Recorder] = []

    def make(session_id: str = "now", *, n_embd: int = 16, mode: str = "topk") -> Recorder:
        made.append(Recorder(tmp_path, session_id, n_embd=n_embd, mode=mode))
        return made[-1]

    yield make
    for each in made:
        if not each.writer._finished:
            each.finish("interrupted")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[tuple[int, Services]]:
    """Port and services of an app on `tmp_path`, behind a real server; its worker is the fake one."""
    app = create_app(tmp_path, worker=GenerationWorker(tmp_path, program=FAKE_WORKER))
    services: Services = app.server.extensions[EXTENSION]
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    with served(app) as port:
        yield port, services
    services.worker.close()


def until(condition: Callable[[], object], deadline_s: float = 60) -> object:
    """What `condition` gives as soon as it is true; fails after `deadline_s`."""
    deadline = time.monotonic() + deadline_s
    while not (value := condition()):
        assert time.monotonic() < deadline
        time.sleep(0.005)
    return value
