"""The warm generation worker: `python -m mri.worker.child --sessions DIR`, started and spoken to by the server.

Reads commands on stdin, writes events on stdout (protocol.py; `handle.py` is the other side). Frames do not pass here:
they go to the session's journal. Keeps the last model loaded. Ends when stdin ends, after finishing the recording in
hand.
"""

from __future__ import annotations

import os
import queue
import sys
import threading
import time
import traceback
from base64 import b64encode
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Annotated, Any, TextIO

import numpy as np
import torch
import typer

from mri.errors import ModelError, MriError, WorkerError
from mri.explain.blobs import sweep_blob, why_blob
from mri.explain.replay import OnProgress, Replay
from mri.format.config import Sampling, TraceConfig
from mri.format.events import TraceSession
from mri.format.wire import blob_from_arrays
from mri.nanochat.attribution import gradient_times_input
from mri.nanochat.checkpoint import LoadedModel, available_devices, load_model
from mri.nanochat.direct import direct_effect, factor_at
from mri.nanochat.locate import Loading, ModelRef
from mri.paths import EMBEDDED
from mri.proof.check import check
from mri.proof.report import Line
from mri.run.control import Control
from mri.run.draws import control, costs
from mri.run.engine import Step
from mri.run.fork import fork_again
from mri.run.record import Recording, record_fork, record_generation
from mri.store.library import whole_library
from mri.store.opening import open_session
from mri.store.reader import SessionReader
from mri.worker.attribution import changed_ns
from mri.worker.forking import ForkRequest
from mri.worker.protocol import CANCELLED, COMMANDS, EVENTS

STEP_EVENTS_PER_S = 20
MAX_DELAY_MS = 10.0
"""What is recorded from the page is watched there: a step waits no longer to be reduced together with others."""
DIRECT_TOKENS = 12
Say = Callable[..., None]


class Worker:
    """Carries out what it is asked for one after the other; stop, pause, resume and step take effect between two steps.
    Once nobody is there to say `resume`, nothing waits for it."""

    def __init__(self, sessions: Path, say: Say) -> None:
        self._sessions, self._say = sessions, say
        self._commands: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._controls: dict[str, Control] = {}
        self._loaded: tuple[tuple[Path, Loading, int], LoadedModel] | None = None
        self._known_hashes: set[str] = set()  # by which sessions name the weights of the loaded model
        self._replay: Replay | None = None

    def read(self, lines: TextIO) -> None:
        """Body of the reading thread: sorts commands, so that a stop is seen while a generation runs."""
        try:
            for line in lines:
                command = COMMANDS.message_of(line) or {"cmd": "quit"}
                match command["cmd"]:
                    case "stop" | "pause" | "step" | "resume" as what:
                        if control := self._controls.get(command["id"]):  # else it is over
                            getattr(control, what)()
                    case "quit":
                        break
                    case _:
                        self._controls[command["id"]] = Control()
                        self._commands.put(command)
        finally:  # whatever happened: nobody can be heard any more, so nothing waits and the worker comes to its end
            for control in [*self._controls.values()]:
                control.resume()
            self._commands.put(None)

    def run(self) -> None:
        """Record what is asked for until there is nothing more to come."""
        self._say(event="ready")
        while (command := self._commands.get()) is not None:
            try:
                match command["cmd"]:
                    case "check":
                        self._check(command)
                    case "attribute":
                        self._attribute(command)
                    case "direct":
                        self._direct(command)
                    case "why" | "sweep" | "control" | "costs":
                        self._explain(command)
                    case "fork":
                        self._fork(command)
                    case "load":
                        self._load(command)
                    case _:
                        self._record(command)
            except MriError as error:
                self._say(event="error", id=command["id"], message=str(error))
            except Exception as error:  # the worker outlives a generation that failed, whatever the reason
                self._say(
                    event="error", id=command["id"], message=f"The worker failed here ({error!r}): see the terminal."
                )
                traceback.print_exc()
            finally:
                self._controls.pop(command["id"], None)

    def _record(self, command: dict[str, Any]) -> None:
        loaded, config = self._model(command), command["config"]
        of = {"chat": command["chat"], "sampling": Sampling(**command["sampling"])}
        of["config"] = TraceConfig.from_json(config) if isinstance(config, dict) else config
        self._watched(command["id"], loaded, partial(record_generation, loaded, command["prompt"], **of))

    def _fork(self, command: dict[str, Any]) -> None:
        with self._opened(command["session"]) as reader:
            fork = ForkRequest.from_json(command["wanted"]).plan(reader)
        loaded = self._recorded_model(command)
        self._watched(command["id"], loaded, partial(record_fork, loaded, fork, may_read_files=False))

    def _watched(self, session_id: str, loaded: LoadedModel, record: Callable[..., Recording]) -> None:
        """Record, telling how far it has come."""
        control = self._controls[session_id]
        if control.is_stopped:
            raise WorkerError(CANCELLED)
        said_at, said_paused = 0.0, False

        def on_start(session: TraceSession) -> None:
            self._say(event="started", id=session_id, max_steps=session.max_steps)

        def on_step(step: Step, said: list[int]) -> None:
            nonlocal said_at, said_paused
            now = time.monotonic()
            if said_paused and not control.is_paused:
                said_paused = False
                self._say(event="resumed", id=session_id)
            if now - said_at >= 1 / STEP_EVENTS_PER_S:
                said_at = now
                self._say(event="step", id=session_id, step=step.index, text=loaded.tokenizer.decode(said))

        def on_pause(step: Step, said: list[int]) -> None:
            nonlocal said_paused
            said_paused = True
            self._say(event="paused", id=session_id, step=step.index, text=loaded.tokenizer.decode(said))

        recording = record(
            sessions=self._sessions,
            session_id=session_id,
            on_start=on_start,
            on_step=on_step,
            on_pause=on_pause,
            control=control,
            max_delay_ms=MAX_DELAY_MS,
        )
        if recording.problem:
            self._say(event="error", id=session_id, message=recording.problem)
        else:
            self._say(event="finished", id=session_id, end_reason=recording.end_reason, response=recording.response)

    def _load(self, command: dict[str, Any]) -> None:
        loaded = self._model(command)
        is_embedded = EMBEDDED in loaded.ref.file.parents  # its English is known to be that of a small world
        notes = loaded.notes if is_embedded else [remark for remark in loaded.remarks if remark != loaded.alarm]
        told = {"devices": available_devices(), "notes": list(notes), "alarm": loaded.alarm}
        told |= {"device": str(loaded.device), "dtype": loaded.ref.loading.dtype}
        self._say(event="loaded", id=command["id"], **told)

    def _attribute(self, command: dict[str, Any]) -> None:
        loaded = self._recorded_model(command)
        signed, logit = gradient_times_input(loaded.model, command["ids"], command["token_id"])
        self._say(event="attribution", id=command["id"], signed=[float(value) for value in signed], logit=logit)

    def _check(self, command: dict[str, Any]) -> None:
        """Each line as soon as it is known, then the report."""
        control = self._controls.get(command["id"], Control())
        loaded = self._model(command)

        def on_line(line: Line) -> None:
            if control.is_stopped:
                raise WorkerError("The check was cancelled: start it again.")
            self._say(event="line", id=command["id"], line=line.to_json())

        report = check(loaded, on_line=on_line)
        told = {"is_right": report.is_right, "verdict": report.verdict, "text": str(report)}
        self._say(event="checked", id=command["id"], **told)

    def _direct(self, command: dict[str, Any]) -> None:
        loaded = self._recorded_model(command)
        effect = direct_effect(loaded.model, command["point"], command["neuron"])
        rising = effect.argsort(kind="stable")
        promoted, suppressed = (
            [[int(i), loaded.tokenizer.token_bytes(int(i)).hex(), float(effect[i])] for i in ids]
            for ids in (rising[::-1][:DIRECT_TOKENS], rising[:DIRECT_TOKENS])
        )
        factor = factor_at(loaded.model, command["point"])
        self._say(event="direct", id=command["id"], promoted=promoted, suppressed=suppressed, factor=factor)

    def _recorded_model(self, command: dict[str, Any]) -> LoadedModel:
        """The loaded model, if it is the one that the session was recorded from. Raises ModelError."""
        loaded = self._model(command)
        if command["weights_hash"] not in self._known_hashes:  # reading all weights takes its time
            if not loaded.has_weights(command["weights_hash"]):
                raise ModelError(
                    f"This session was recorded with other weights ({command['weights_hash'][:8]}) than the loaded "
                    f"model has ({loaded.weights_hash[:8]}): start the server with --model "
                    f"{command['model_path'] or 'and the model it was recorded from'}."
                )
            self._known_hashes.add(command["weights_hash"])
        return loaded

    def _explain(self, command: dict[str, Any]) -> None:
        """Windows of `why`, sweeps, and what is asked of a fork."""
        control = self._controls.get(command["id"], Control())  # asked for twice, it went with the first

        def on_progress(done: int, of: int) -> None:
            if not control.may_go_on():
                raise WorkerError("Nobody asked after this any more: ask again.")
            self._say(event="progress", id=command["id"], done=done, of=of)

        on_progress(0, 0)
        loaded = self._recorded_model(command)
        of = self._of_fork if command["cmd"] in ("control", "costs") else self._of_steps
        self._say(event="arrays", id=command["id"], blob=b64encode(of(command, loaded, on_progress)).decode())

    def _of_steps(self, command: dict[str, Any], loaded: LoadedModel, on_progress: OnProgress) -> bytes:
        if self._replay is None:
            self._replay = Replay(loaded.model)
        tokens = command["token"], command["against"]
        with ExitStack() as stack:
            reader = stack.enter_context(open_session(command["path"]))
            if command["cmd"] == "sweep":
                base = stack.enter_context(open_session(command["base"])) if command["base"] else None
                which = command["step"], command["kind"], base
                return sweep_blob(reader, self._replay, *which, *tokens, on_progress)
            steps = range(command["start"], min(command["stop"], reader.num_steps))
            return why_blob(reader, self._replay, loaded.tokenizer, steps, *tokens, on_progress)

    def _of_fork(self, command: dict[str, Any], loaded: LoadedModel, on_progress: OnProgress) -> bytes:
        library = whole_library(self._sessions)
        with self._opened(command["session"]) as reader:
            planned, known = fork_again(reader), reader.token_bytes
        if command["cmd"] == "costs":
            with self._opened(command["base"]) as base:
                ids = base.token_ids().tolist()
            return blob_from_arrays({}, costs(loaded, planned, ids, library, may_read_files=False))
        draws, seed = command["draws"], command["seed"]
        of: dict[str, Any] = {"draws": draws, "seed": seed, "may_read_files": False, "on_progress": on_progress}
        arrays = control(loaded, planned, library, **of)
        new = {int(i) for i in np.unique(arrays["tokens"]) if i >= 0 and int(i) not in known}
        return blob_from_arrays({"texts": {str(i): loaded.tokenizer.token_bytes(i).hex() for i in new}}, arrays)

    def _opened(self, session_id: str) -> SessionReader:
        return open_session(whole_library(self._sessions).path(session_id))

    def _model(self, command: dict[str, Any]) -> LoadedModel:
        """The model of a command, loaded again only where the file has changed, or is to be loaded otherwise. Raises
        WorkerError where the command is called off meanwhile."""
        ref, control = ModelRef.from_json(command["model"]), self._controls.get(command["id"], Control())
        said_at = 0.0

        def on_progress(words: str, share: float) -> None:
            nonlocal said_at
            if control.is_stopped:
                raise WorkerError(CANCELLED)
            if time.monotonic() - said_at >= 1 / STEP_EVENTS_PER_S:
                said_at = time.monotonic()
                self._say(event="loading", id=command["id"], words=words, done=int(1000 * share))

        key = (ref.file, ref.loading, changed_ns(ref))
        if self._loaded is None or self._loaded[0] != key:
            self._loaded = self._replay = None  # two large models need not fit at once
            self._known_hashes.clear()
            self._loaded = (key, load_model(ref, on_progress=on_progress))
        return self._loaded[1]


def main(sessions: Annotated[Path, typer.Option(help="Folder to record into.")]) -> None:
    """Generation worker of nanochat MRI; started by the server."""
    torch.set_num_threads(max(1, (os.cpu_count() or 2) // 2))  # small models decode no slower; the server keeps a core
    out, sys.stdout = sys.stdout, sys.stderr  # whatever else prints must not break the protocol

    def say(**event: Any) -> None:
        try:
            print(EVENTS.line_of(event), file=out, flush=True)
        except BrokenPipeError:  # the server has gone: the recording in hand goes on, unheard
            os.dup2(os.open(os.devnull, os.O_WRONLY), out.fileno())

    worker = Worker(sessions, say)
    threading.Thread(target=worker.read, args=(sys.stdin,), daemon=True).start()
    worker.run()


if __name__ == "__main__":
    typer.run(main)
