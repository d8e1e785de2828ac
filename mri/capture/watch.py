"""Records a nanochat model that somebody else's engine drives, such as an unmodified upstream checkout.

Knows the recorder and the store's writer. Knows nothing of how the engine works: hooks tell it what was read.
"""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import tiktoken
from torch import nn

from mri.capture.identity import as_seen, run_of, versions
from mri.capture.recorder import NO_ATTENTION, NO_SOFTCAP, GenerationRecorder, layout_of_model
from mri.capture.taps import watched_model
from mri.errors import ModelError
from mri.format.config import TraceConfig
from mri.format.events import StepFrame, TraceSession
from mri.nanochat.constants import softcap_of
from mri.nanochat.tokenizer import Tokenizer
from mri.paths import SESSIONS
from mri.store.library import Library
from mri.store.writer import SessionWriter, seal_in_child


class watch:  # noqa: N801  (read as a verb: `with mri.watch(model):`)
    """Record every forward pass that this thread makes of a nanochat GPT inside the block, whoever calls it:

        with mri.watch(model, tokenizer=tokenizer, name="my d12") as scan:
            for token, _ in engine.generate(tokens, max_tokens=64):
                ...
        scan.path                       # the finished session

    model       nanochat's own GPT or ours; of a batch the first sequence is recorded. Passes of its copies, of other
                threads and of forked processes are not
    tokenizer   nanochat's RustBPETokenizer (its `enc`) or a tiktoken Encoding; without one tokens have no text
    constants   what no file says, {"softcap": 20}. The softcap is read from the model's own logits anyway; this one
                counts where `forward` returns none, say only a loss

    Each generation is a session of its own: `scan.paths` has all, `scan.path` the last (None where no pass was made).
    One begins where a pass begins at position 0, or beyond where the last ended. But an engine without a cache, as
    nanochat's `model.generate`, reads the whole sequence again in every pass, and is recorded as one that reads the new
    token only. Of a pass of several tokens, values, attention rows and predictions are those of its last token.

    Raises ModelError or UnknownHookPoint for a model that is no nanochat GPT or does not fit the tokenizer,
    ConfigError, StoreError, all before the first pass and with nothing left on disk. Later trouble is never raised into
    the model's work: it ends the recording, `scan.stopped` says why, and a RuntimeWarning when the block ends.
    """

    def __init__(
        self,
        model: nn.Module,
        *,
        tokenizer: Any = None,
        name: str = "",
        config: TraceConfig | str | None = None,
        constants: Mapping[str, object] | None = None,
        sessions: Path | str | None = None,
    ) -> None:
        self._model = watched_model(model)
        self._layout = layout_of_model(self._model, config or TraceConfig())
        self._softcap = softcap_of(constants)
        encoding: tiktoken.Encoding | None = getattr(tokenizer, "enc", tokenizer)
        self._tokenizer = Tokenizer(encoding) if encoding is not None else None
        if self._tokenizer is not None and self._tokenizer.n_vocab != self._layout.n_vocab:
            raise ModelError(
                f"The tokenizer has {self._tokenizer.n_vocab} tokens and the model {self._layout.n_vocab}: "
                "give the tokenizer that this model was trained with."
            )
        self._name = name
        self._library = Library(SESSIONS if sessions is None else sessions)
        TraceSession("unused", self._layout, name=name)  # raises on a name that cannot be written
        self._recorder = GenerationRecorder(self._model, self._layout, self, softcap=self._softcap)
        self.paths: list[Path] = []

    @property
    def path(self) -> Path | None:
        return self.paths[-1] if self.paths else None

    @property
    def stopped(self) -> str:
        """Why the recording ended before the block did: "budget" or "error: …"; "" while all is well."""
        return self._recorder.stopped

    def append(self, frame: StepFrame) -> None:
        if frame.step == 0 and self._writer.num_steps:
            self._finish("finished")
            self._open()
        self._writer.append(frame)
        if not self._ids:
            self._first = frame.pos0
        self._ids[frame.pos0 - self._first :] = frame.arrays["tokens"].tolist()
        if frame.phase == "prefill":
            self._num_prompt_tokens = len(self._ids)
        if frame.step == 0:
            self._writer.update(**as_seen(self._writer.session, self._model, self._recorder.facts()))

    def __enter__(self) -> watch:
        self._pid = os.getpid()
        self._open()
        self._recorder.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: object) -> None:
        self._recorder.__exit__()
        if os.getpid() != self._pid:
            return  # a forked child has nothing to say about the session of the process that it came from
        self._finish(self.stopped or ("finished" if kind is None else f"error: {kind.__name__}: {error}"))
        unsealed = [seal_in_child(path) for path in self.paths]
        self.paths = [
            path if problem else path.with_name(path.name + ".h5")
            for path, problem in zip(self.paths, unsealed, strict=True)
        ]
        for sentence in self._warnings(failed=kind is not None) + list(filter(None, unsealed)):
            warnings.warn(sentence, RuntimeWarning, stacklevel=2)

    def _new_session(self) -> TraceSession:
        kind, config = type(self._model), self._model.config
        of: dict[str, Any] = {"model_id": f"{kind.__module__}.{kind.__name__}", "name": self._name}
        of |= {"model_config": asdict(config) if is_dataclass(config) else {}, "facts": versions()}
        of |= {
            "start_time": datetime.now(UTC).isoformat(timespec="seconds"),
            "run": run_of(self._model, self._tokenizer),
        }
        return TraceSession(self._library.new_id(), self._layout, **of)

    def _open(self) -> None:
        """Begin the next session."""
        tokens = self._tokenizer
        specials = tokens.special.values() if tokens else ()
        vocabulary = tokens.vocabulary() if tokens else None
        session = self._new_session()
        self._writer = SessionWriter(self._library.folder, session, vocabulary=vocabulary, special_ids=specials)
        self._ids: list[int] = []
        self._first = self._num_prompt_tokens = 0
        self._began = time.perf_counter()

    def _finish(self, end_reason: str) -> None:
        """End the session under way; sealing waits for the end of the block. Nothing is left of one without steps."""
        if not self._writer.num_steps:
            self._writer.discard()
            return
        n = self._num_prompt_tokens
        said = as_seen(self._writer.session, self._model, self._recorder.facts())
        said |= {"prompt": self._text_of(self._ids[:n]), "response": self._text_of(self._ids[n:])}
        duration_s = time.perf_counter() - self._began
        path = self._writer.finish(end_reason, seal=False, num_prompt_tokens=n, duration_s=duration_s, **said)
        self.paths.append(path)

    def _text_of(self, ids: list[int]) -> str:
        """Without the ids of rows that pad the vocabulary, which no tokenizer knows."""
        tokens = self._tokenizer
        return tokens.decode(i for i in ids if i < tokens.n_vocab) if tokens else ""

    def _warnings(self, failed: bool) -> list[str]:
        """What the person must know whose block is over."""
        collector, said = self._recorder.collector, []
        if self.stopped:
            said.append(f"mri.watch stopped recording ({self.stopped.removeprefix('error: ')}); the model went on.")
        elif not self.paths and not failed:
            said.append(
                "mri.watch saw no pass of this model in its block, so there is no session: the passes of another "
                "thread or process, of a copy, and code compiled before the block began are not recorded."
            )
        if not collector.attention_is_known:
            said.append(f"No attention weights were recorded: {NO_ATTENTION}")
        if collector.softcap is None:
            said.append(f"No predictions were recorded: {NO_SOFTCAP}")
        elif self._softcap is not None and self._softcap != collector.softcap:
            said.append(
                f"The model's own logits show a softcap of {collector.softcap:g}, not the {self._softcap:g} that was "
                f"given: {collector.softcap:g} was recorded."
            )
        return said
