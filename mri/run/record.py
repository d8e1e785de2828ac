"""One generation, recorded: prompt → model → recorder → session on disk.

Ties nanochat, recorder and store together; command line, notebook and worker all call `record_generation`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from mri.capture.identity import as_seen, run_of_loaded, versions
from mri.capture.recorder import GenerationRecorder, layout_of_model
from mri.format.config import Sampling, TraceConfig
from mri.format.events import TraceSession
from mri.nanochat.chat import Prompt, ids_from_prompt, items_of, text_of
from mri.nanochat.checkpoint import LoadedModel
from mri.run.control import Control
from mri.run.engine import Step, generate
from mri.run.interrupts import held_interrupts
from mri.store.library import Library
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
    name: str = "",
    session_id: str | None = None,
    max_delay_ms: float = 300.0,
    on_start: Callable[[TraceSession], None] | None = None,
    on_step: Callable[[Step, list[int]], None] | None = None,
    control: Control | None = None,
    on_pause: Callable[[Step, list[int]], None] | None = None,
    seal: bool = True,
) -> Recording:
    """Generate from `prompt` and record every step into `sessions`; `config` may be a preset's name.

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
    steps = generate(loaded.model, ids, sampling, loaded.tokenizer, stepwise=stepwise)  # raises on a bad prompt
    library = Library(sessions)
    session = TraceSession(
        session_id or library.new_id(),
        layout,
        name=name,
        prompt=_text_of(prompt, loaded),
        messages=_messages_of(prompt, chat),
        model_id=loaded.ref.id,
        model_config=asdict(loaded.config),
        run=run_of_loaded(loaded),
        facts=versions(),
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
            with recorder:
                for step in steps:
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


def _finish(
    writer: SessionWriter,
    recorder: GenerationRecorder,
    loaded: LoadedModel,
    end_reason: str,
    response: str,
    began: float,
    seal: bool,
) -> Path:
    said = as_seen(writer.session, loaded.model, recorder.facts()) | {"response": response}
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
