"""One generation, recorded: prompt → model → recorder → session on disk.

Ties nanochat, recorder and store together; command line, notebook and worker all call `record_generation`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mri.capture.identity import as_seen, run_of_loaded, versions
from mri.capture.recorder import GenerationRecorder, layout_of_model
from mri.edit.edited import prepare
from mri.edit.text import Edit
from mri.format.config import Sampling, TraceConfig
from mri.format.events import TraceSession
from mri.nanochat.chat import Prompt, ids_from_prompt, items_of, text_of
from mri.nanochat.checkpoint import LoadedModel
from mri.run.control import Control
from mri.run.engine import Engine, Step
from mri.run.fork import Fork, check_place
from mri.run.interrupts import held_interrupts
from mri.store.library import Library, whole_library
from mri.store.writer import SessionWriter


@dataclass(frozen=True)
class Recording:
    """What a generation left behind. `path` is the .h5, or the session folder where it could not be sealed;
    `problem` is "" or the sentence that says why recording or sealing ended early (the response is whole anyway)."""

    id: str
    path: Path
    response: str
    end_reason: str
    num_steps: int
    problem: str


def record_generation(
    loaded: LoadedModel,
    prompt: Prompt,
    *,
    sampling: Sampling,
    config: TraceConfig | str,
    sessions: Path,
    chat: bool = False,
    edits: Iterable[Edit | str] = (),
    fork: Fork | None = None,
    name: str = "",
    session_id: str | None = None,
    max_delay_ms: float = 300.0,
    on_start: Callable[[TraceSession], None] | None = None,
    on_step: Callable[[Step, list[int]], None] | None = None,
    control: Control | None = None,
    on_pause: Callable[[Step, list[int]], None] | None = None,
    seal: bool = True,
    may_read_files: bool = True,
) -> Recording:
    """Generate from `prompt` and record every step into `sessions`; `config` may be a preset's name. With `edits` the
    model is changed while it reads and writes; `fork` is what they and the prompt are of (`record_fork`).

    on_start(session) before the first step; on_step(step, ids of the response so far) after each; `control` is asked
    after each step, and on_pause(step, ids of the response so far) told where it has to wait; the journal then has
    every step. `seal=False` leaves the journal as it is, to be packed into one file later. An interrupt (Ctrl-C) ends
    the recording as "interrupted" after the step under way, with all it has; a second one at once.
    Raises PromptError, ConfigError, ModelError; StoreError only where the session cannot even be opened. Of a recording
    that fails before its first step nothing is left.
    """
    ids = ids_from_prompt(loaded.tokenizer, prompt, chat)
    layout = layout_of_model(loaded.model, config, longest_row=len(ids) + sampling.max_new_tokens)
    stepwise = layout.config.prefill == "stepwise"
    engine = Engine(loaded.model, loaded.tokenizer, ids, sampling, stepwise=stepwise)  # raises on a bad prompt
    library = Library(sessions)
    prepared = prepare(
        loaded.model,
        edits,
        tokenizer=loaded.tokenizer,
        sessions=whole_library(sessions),
        may_read_files=may_read_files,
    )
    for edit in prepared.edits:
        check_place(edit, len(ids), len(ids) + sampling.max_new_tokens)
    run = replace(run_of_loaded(loaded), edits=tuple(map(str, prepared.edits)))
    more: dict[str, Any] = {"edited": [*prepared.listed]} if prepared.edits else {}
    if fork is not None:
        run = replace(run, parent=fork.parent, fork_step=fork.step)
        more |= {"inherited_edits": fork.inherited} if fork.inherited else {}
    session = TraceSession(
        session_id or library.new_id(),
        layout,
        name=name,
        prompt=_text_of(prompt, loaded) if fork is None else fork.prompt,
        messages=_messages_of(prompt, chat) if fork is None else [dict(message) for message in fork.messages],
        model_id=loaded.ref.id,
        model_config=asdict(loaded.config),
        run=run,
        facts=versions() | more,
        sampling=asdict(sampling),
        start_time=datetime.now(UTC).isoformat(timespec="seconds"),
        num_prompt_tokens=len(ids),
    )
    specials = loaded.tokenizer.special.values()
    writer = SessionWriter(library.folder, session, vocabulary=loaded.tokenizer.vocabulary(), special_ids=specials)
    recorder = GenerationRecorder(loaded.model, layout, writer, max_delay_ms=max_delay_ms, cache_only_grows=True)
    began = time.perf_counter()
    said: list[int] = []
    end_reason = "interrupted"
    with held_interrupts() as is_interrupted:
        try:
            if on_start:
                on_start(session)
            with prepared.passes, recorder:
                for step in _steps(engine, prepared.words, {} if fork is None else fork.said):
                    recorder.choose(step.next_id, forced=step.forced, phase=step.phase)
                    if not step.from_prompt:
                        said.append(step.next_id)
                    if on_step:
                        on_step(step, said)
                    end_reason = step.end_reason or end_reason
                    if is_interrupted():
                        break
                    if step.end_reason is None and control is not None:
                        if control.must_wait:
                            recorder.flush()
                            if on_pause:
                                on_pause(step, said)
                        if not control.may_go_on():
                            end_reason = "stopped"
                            break
        except BaseException as error:
            if not writer.num_steps:
                writer.discard()
                raise
            if not isinstance(error, KeyboardInterrupt):  # that is the second, or the end of what it interrupted
                end_reason = f"error: {error}"
                _finish(writer, recorder, loaded, end_reason, loaded.tokenizer.decode(said), began, seal)
                raise
        response = loaded.tokenizer.decode(said)
        path = _finish(writer, recorder, loaded, end_reason, response, began, seal)
    problem = recorder.stopped.removeprefix("error: ") or writer.seal_error
    if recorder.stopped == "budget":
        problem = f"Recording ended after {recorder.num_steps} steps because the next did not fit max_bytes_per_step."
    return Recording(session.id, path, response, recorder.stopped or end_reason, recorder.num_steps, problem)


def record_fork(loaded: LoadedModel, fork: Fork, **rest: Any) -> Recording:
    """Record what was planned; `rest` and what is raised as of `record_generation`."""
    of: dict[str, Any] = {"sampling": fork.sampling, "config": fork.config, "edits": fork.edits, "fork": fork}
    return record_generation(loaded, fork.prompt_ids, **of, **rest)


def _steps(engine: Engine, words: Mapping[int, int], said: Mapping[int, tuple[int, bool]]) -> Iterator[Step]:
    """All steps to the end. What was `said` before is said again, and counts as forced where it was."""
    while engine.end_reason is None:
        position = engine.chooser.position
        token, forced = said.get(position, (None, False)) if not engine.chooser.is_within_prompt else (None, False)
        if (word := words.get(position, token)) is not None:
            engine.force(word)
        step = engine.step()
        yield step if token is None or position in words else replace(step, forced=forced)


def _finish(
    writer: SessionWriter,
    recorder: GenerationRecorder,
    loaded: LoadedModel,
    end_reason: str,
    response: str,
    began: float,
    seal: bool,
) -> Path:
    session = writer.session
    said = as_seen(session, loaded.model, recorder.facts()) | {"response": response}
    if session.run.edits:  # a softcap that was off is still the model's
        said["run"] = session.run
    said["facts"] = {**session.facts, **said["facts"]}
    duration_s = round(time.perf_counter() - began, 6)
    return writer.finish(recorder.stopped or end_reason, seal=seal, duration_s=duration_s, **said)


def _text_of(prompt: Prompt, loaded: LoadedModel) -> str:
    if isinstance(prompt, str):
        return prompt
    items = items_of(prompt)
    if isinstance(items[0], int):
        return loaded.tokenizer.decode(items)
    return "\n\n".join(map(text_of, items))


def _messages_of(prompt: Prompt, chat: bool) -> list[dict[str, str]]:
    if isinstance(prompt, str):
        return [{"role": "user", "content": prompt}] if chat else []
    messages = [message for message in items_of(prompt) if not isinstance(message, int)]
    return [{"role": message["role"], "content": text_of(message)} for message in messages]
