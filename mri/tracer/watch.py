"""Records a nanochat model that somebody else's engine drives, such as an unmodified upstream checkout.

Knows the recorder and the store's writer. Knows nothing of how the engine works: hooks tell it what was read.
"""

from __future__ import annotations

import time
from dataclasses import asdict, is_dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import tiktoken
from torch import nn

from mri.config import TraceConfig
from mri.events import StepFrame, TraceSession
from mri.nanochat.tokenizer import Tokenizer
from mri.paths import SESSIONS
from mri.store.library import Library
from mri.store.writer import SessionWriter
from mri.tracer.identity import provenance_of
from mri.tracer.recorder import GenerationRecorder, layout_of_model


class watch:  # noqa: N801  (read as a verb: `with mri.watch(model):`)
    """Record every forward pass of a nanochat GPT inside the block, whoever calls it, as one session:

        with mri.watch(model, tokenizer=tokenizer, name="my d12") as scan:
            for token, _ in engine.generate(tokens, max_tokens=64):
                ...
        scan.path                       # the finished session

    model       nanochat's own GPT or ours; of a batch the first sequence is recorded
    tokenizer   nanochat's RustBPETokenizer (its `enc`) or a tiktoken Encoding; without one tokens have no text
    One block is one generation: a second prefill in it would continue the same session.
    Raises ModelError for a model that is no nanochat GPT, ConfigError, StoreError.
    """

    def __init__(
        self,
        model: nn.Module,
        *,
        tokenizer: Any = None,
        name: str = "",
        config: TraceConfig | None = None,
        sessions: Path | str | None = None,
    ) -> None:
        layout = layout_of_model(model, config or TraceConfig())
        encoding: tiktoken.Encoding | None = getattr(tokenizer, "enc", tokenizer)
        self._tokenizer = Tokenizer(encoding) if encoding is not None else None
        library = Library(Path(sessions) if sessions is not None else SESSIONS)
        self._session = TraceSession(
            library.new_id(), layout, name=name, model_id=f"{type(model).__module__}.{type(model).__name__}",
            model_config=asdict(model.config) if is_dataclass(model.config) else {},
            start_time=datetime.now(UTC).isoformat(timespec="seconds"),
            provenance=provenance_of(model, self._tokenizer),
        )  # fmt: skip
        self._folder, self._model = library.folder, model
        self._ids: list[int] = []
        self._num_prompt_tokens = 0
        self.path: Path | None = None

    def append(self, frame: StepFrame) -> None:
        self._writer.append(frame)
        self._ids += frame.arrays["tokens"].tolist()
        if frame.phase == "prefill":
            self._num_prompt_tokens = len(self._ids)

    def __enter__(self) -> watch:
        tokens = self._tokenizer
        specials = tokens.special.values() if tokens else ()
        vocabulary = tokens.vocabulary() if tokens else None
        self._writer = SessionWriter(self._folder, self._session, vocabulary=vocabulary, special_ids=specials)
        self._recorder = GenerationRecorder(self._model, self._session.layout, self)
        self._began = time.perf_counter()
        self._recorder.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: object) -> None:
        self._recorder.__exit__()
        reason = "finished" if kind is None else f"error: {kind.__name__}: {error}"
        n, text = self._num_prompt_tokens, self._tokenizer.decode if self._tokenizer else lambda ids: ""
        self.path = self._writer.finish(
            self._recorder.stopped or reason, prompt=text(self._ids[:n]), response=text(self._ids[n:]),
            num_prompt_tokens=n, duration_s=time.perf_counter() - self._began,
        )  # fmt: skip
