"""Records a nanochat model while somebody else drives it: hooks → collector → sink.

Knows hooks, the collector and that a sink has `append(frame)`. Knows nothing of how tokens are chosen, nor of files.
"""

from __future__ import annotations

import time
from typing import Any, Protocol

from torch import nn

from mri.config import TraceConfig
from mri.errors import ModelError, StoreError
from mri.events import StepFrame
from mri.hook_points import nanochat_points
from mri.layout import Layout
from mri.tracer.budget import BudgetReached
from mri.tracer.collector import Collector
from mri.tracer.hooks import NanochatHooks, RawStep

MAX_BATCH_STEPS = 8
SOFTCAP = 15.0  # upstream has it as a literal; our model carries its own


class Sink(Protocol):
    """Where finished frames go, in order."""

    def append(self, frame: StepFrame) -> None: ...


class ListSink:
    """Keeps frames in memory. For tests and notebooks."""

    def __init__(self) -> None:
        self.frames: list[StepFrame] = []

    def append(self, frame: StepFrame) -> None:
        self.frames.append(frame)


def layout_of_model(model: nn.Module, config: TraceConfig) -> Layout:
    """Layout of a nanochat model, ours or upstream's. Raises ModelError for another kind of model, ConfigError where
    the budget can never fit."""
    c: Any = getattr(model, "config", None)
    if not all(hasattr(c, name) for name in ("n_layer", "n_head", "n_embd", "sequence_len", "vocab_size")):
        raise ModelError("This model has no nanochat config: name the points to record, `mri.Recorder(model, [...])`.")
    points = nanochat_points(c.n_layer, c.n_embd, c.vocab_size)
    sizes = {"n_layer": c.n_layer, "n_head": c.n_head, "n_ctx": c.sequence_len, "n_vocab": c.vocab_size}
    return Layout.plan(points, config, **sizes)


class GenerationRecorder:
    """Turns every forward pass inside the `with` block into one frame in `sink`.

    Steps are reduced together, up to 8 at a time, when that keeps no frame waiting longer than `max_delay_ms`
    (on small models the cost per operation dominates); 0 reduces each step on its own. All are in the sink when
    the block ends, however it ends.

    `stopped` is "" while recording; the reason once the byte budget ("budget") or the disk ("error: …") ended it.
    The model's own work goes on either way.
    """

    def __init__(self, model: nn.Module, layout: Layout, sink: Sink, *, max_delay_ms: float = 300.0) -> None:
        self.layout = layout
        self.stopped = ""
        self.num_steps = 0
        self._sink = sink
        self._max_delay_s = max_delay_ms / 1e3
        scale = 1.0
        if hasattr(model, "resid_lambdas"):
            scale = float((model.resid_lambdas[0] + model.x0_lambdas[0]).detach())  # type: ignore[index]
        self._collector = Collector(layout, float(getattr(model, "softcap", SOFTCAP)), scale)
        self._hooks = NanochatHooks(model, self._on_step)
        self._pending: list[RawStep] = []
        self._began = self._last = time.perf_counter()

    def __enter__(self) -> GenerationRecorder:
        self._began = self._last = time.perf_counter()
        self._hooks.__enter__()
        return self

    def __exit__(self, *exc: object) -> None:
        self._hooks.__exit__(None, None, None)
        self.flush()

    def choose(self, token_id: int, *, forced: bool = False, phase: str | None = None) -> None:
        """Say which token followed the last pass, and its phase where it is not what the token count suggests.

        Without it the token is taken from the next pass, as nothing is known of a foreign engine.
        """
        if self._pending:
            step = self._pending[-1]
            step.chosen_id, step.forced, step.phase = token_id, forced, phase or step.phase
            self._flush_if_due()

    def flush(self) -> None:
        """Reduce all steps that wait and hand them to the sink."""
        pending, self._pending = self._pending, []
        if not pending or self.stopped:
            return
        try:
            for frame in self._collector.frames(pending, self.num_steps):
                self._sink.append(frame)
                self.num_steps += 1
        except BudgetReached:
            self.stopped = "budget"
        except StoreError as error:
            self.stopped = f"error: {error}"

    def _on_step(self, step: RawStep) -> None:
        if self.stopped:
            return
        num_tokens = step.idx.shape[1]
        if self._pending:
            last = self._pending[-1]
            if last.chosen_id < 0 and num_tokens == 1:
                last.chosen_id = int(step.idx[0, 0])
            self._flush_if_due()
        now = time.perf_counter()
        step.time_us = int((now - self._began) * 1e6)
        step.pos0 = max(call.n_keys for call in step.attention) - num_tokens
        step.phase = "prefill" if num_tokens > 1 or step.pos0 == 0 else "decode"
        self._pending.append(step)
        self._step_s, self._last = now - self._last, now

    def _flush_if_due(self) -> None:
        waited_s = time.perf_counter() - self._began - self._pending[0].time_us / 1e6
        long_prefill = self._pending[-1].idx.shape[1] > 1
        if long_prefill or len(self._pending) >= MAX_BATCH_STEPS or waited_s + self._step_s > self._max_delay_s:
            self.flush()
