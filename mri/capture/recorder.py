"""Records a nanochat model while somebody else drives it: hooks → collector → sink.

Knows hooks, the collector and that a sink has `append(frame)`. Knows nothing of how tokens are chosen, nor of files.
"""

from __future__ import annotations

import math
import os
import time
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any, Protocol

import torch
from torch import nn

from mri.capture.attention import num_keys
from mri.capture.collector import Collector
from mri.capture.hooks import OF_HEADS, tapped_modules, watched_model, widths_of_heads
from mri.capture.ledger import Ledger
from mri.capture.nanochat_hooks import NanochatHooks, RawStep
from mri.errors import ConfigError, ModelError, MriError, UnknownHookPoint
from mri.format.budget import BudgetReached
from mri.format.config import TraceConfig
from mri.format.events import StepFrame
from mri.format.hook_points import HookPoint, nanochat_points
from mri.format.layout import Layout
from mri.format.presets import config_of_preset
from mri.nanochat.constants import SOFTCAP
from mri.nanochat.nanogpt import NanoGPT

MAX_BATCH_STEPS = 8
NO_ATTENTION = (
    "the model does not call scaled_dot_product_attention or flash_attn once in each block, so q and k are not known."
)
NO_LEDGER_OF_NANOGPT = (
    "Ledger and lens split what nanochat's last norm reads, and nanoGPT's is another (LayerNorm with weights)"
)
NO_SOFTCAP = "the model's own logits are not c · tanh(x / c) of its lm_head for any softcap c."


class Sink(Protocol):
    """Where finished frames go, in order."""

    def append(self, frame: StepFrame) -> None: ...


def points_of_model(model: nn.Module, config: TraceConfig) -> tuple[HookPoint, ...]:
    """Hook points of a nanochat model, ours or upstream's, those of heads as the config names them. Raises as
    `layout_of_model`."""
    model = watched_model(model)
    c: Any = getattr(model, "config", None)
    if not all(hasattr(c, name) for name in ("n_layer", "n_head", "n_embd", "sequence_len", "vocab_size")):
        raise ModelError("This model has no nanochat config: name the points to record, `mri.Recorder(model, [...])`.")
    modules = tapped_modules(model)
    widths = {}
    for i in range(c.n_layer):
        for name, module, axis in (("mlp_pre", "c_fc", 0), ("mlp_act", "c_proj", 1)):
            weight = getattr(modules[f"transformer.h.{i}.mlp.{module}"], "weight", None)
            if isinstance(weight, torch.Tensor) and weight.ndim == 2:
                widths[f"block.{i}.{name}"] = int(weight.shape[axis])
    of_heads = {key: width for key, width in widths_of_heads(model).items() if config.names(key)}
    return nanochat_points(c.n_layer, c.n_embd, c.vocab_size, widths | of_heads, of_heads)


def layout_of_model(model: nn.Module, config: TraceConfig | str, longest_row: int | None = None) -> Layout:
    """Layout of a nanochat model, ours or upstream's, for a config or the name of a preset.

    longest_row   keys that the longest step attends, by which a preset is chosen; None: the whole context
    Raises ModelError and UnknownHookPoint for another kind of model, ConfigError where the budget can never fit or no
    preset has that name.
    """
    model = watched_model(model)
    asked = config if isinstance(config, TraceConfig) else TraceConfig()
    points = points_of_model(model, asked)
    c: Any = model.config
    for pattern in asked.hook_points:
        if not any(fnmatchcase(point.key, pattern) for point in points):
            raise UnknownHookPoint(f"This model has no hook point {pattern!r}: docs/hook-points.md has their names.")
    sizes = {"n_layer": c.n_layer, "n_head": c.n_head, "n_ctx": c.sequence_len, "n_vocab": c.vocab_size}
    if isinstance(config, str):
        config = config_of_preset(config, points, longest_row=longest_row or c.sequence_len, **sizes)
        if isinstance(model, NanoGPT):
            config = replace(config, ledger="none", lens="none")
    if isinstance(model, NanoGPT) and (config.ledger, config.lens) != ("none", "none"):
        raise ConfigError(f"{NO_LEDGER_OF_NANOGPT}: record it with ledger='none' and lens='none'.")
    return Layout.plan(points, config, **sizes)


class GenerationRecorder:
    """Turns every forward pass that this thread makes inside the `with` block into one frame in `sink`.

    Steps are reduced together, up to 8 at a time, when that keeps no frame waiting longer than `max_delay_ms`
    (on small models the cost per operation dominates); 0 reduces each step on its own. All are in the sink when
    the block ends, however it ends.

    A pass from position 0 begins a new generation, and its frames count from 0 again; but where an engine without a
    cache reads the whole sequence and one more token in every pass, what it had read before is left out, and the pass
    counts as the step that reads the new token.

    `stopped` is "" while recording; the reason once the byte budget ("budget"), the disk or anything else ("error: …")
    ended it. The model's own work goes on either way: nothing is ever raised into a pass.
    `softcap` is the model's, or as given, until the model's own logits show another: see Collector. `cache_only_grows`
    says that this project's own engine makes the passes, which writes over no key: attention is then rebuilt later, of
    several steps at once.
    """

    def __init__(
        self,
        model: nn.Module,
        layout: Layout,
        sink: Sink,
        *,
        max_delay_ms: float = 300.0,
        softcap: float | None = None,
        cache_only_grows: bool = False,
    ) -> None:
        self.layout = layout
        self.stopped = ""
        self.num_steps = 0
        self._sink = sink
        self._max_delay_s = max_delay_ms / 1e3
        has_ledger = layout.config.ledger != "none" or layout.config.lens != "none"
        ledger = Ledger(watched_model(model), layout) if has_ledger else None
        self.collector = Collector(layout, softcap or float(getattr(model, "softcap", SOFTCAP)), ledger)
        matrix_of = self.collector.matrix if layout.config.attention_tier == "full_matrix" else None
        self._hooks = NanochatHooks(
            model,
            self._on_step,
            self._stop,
            matrix_of=matrix_of,
            cache_only_grows=cache_only_grows,
            with_heads=layout.config.ledger != "none",
            also={point.key for point in layout.points if point.key.rpartition(".")[2] in OF_HEADS},
        )
        self._lambdas: tuple[torch.Tensor, ...] = ()
        if hasattr(self._hooks.model, "resid_lambdas"):
            self._lambdas = (self._hooks.model.resid_lambdas, self._hooks.model.x0_lambdas)  # type: ignore[assignment]
        self._pending: list[RawStep] = []
        self._read: list[int] = []  # ids of the generation under way, the first at position _first
        self._first = 0
        self._has_decoded = self._has_cache = False
        self._began = self._last = time.perf_counter()
        self._step_s = 0.0
        self._pid = os.getpid()
        self._surroundings: dict[str, object] = {}

    def __enter__(self) -> GenerationRecorder:
        self._began = self._last = time.perf_counter()
        self._hooks.__enter__()
        return self

    def __exit__(self, *exc: object) -> None:
        self._hooks.__exit__(None, None, None)
        self.flush()

    def facts(self) -> dict[str, object]:
        """What the passes have shown, for a session's provenance."""
        collector = self.collector
        known = collector.softcap is not None and collector.softcap < math.inf
        facts: dict[str, object] = {"softcap": collector.softcap if known else None, **self._surroundings}
        if not collector.softcap_is_seen:
            facts["softcap_is_assumed"] = True
        if collector.softcap is None:
            facts["logits"] = f"left out: {NO_SOFTCAP}"
        if not collector.attention_is_known:
            facts["attention"] = f"left out: {NO_ATTENTION}"
        return facts

    def choose(self, token_id: int, *, forced: bool = False, phase: str | None = None) -> None:
        """Say which token followed the last pass, and its phase where it is not what the token count suggests.

        Without it the token is taken from the next pass, as nothing is known of a foreign engine.
        """
        if self._pending:
            step = self._pending[-1]
            step.chosen_id, step.forced, step.phase = token_id, forced, phase or step.phase
            self._flush_if_due()

    def flush(self) -> None:
        """Reduce all steps that wait and hand them to the sink. Raises nothing: see `stopped`."""
        pending, self._pending = self._pending, []
        if not pending or self.stopped or os.getpid() != self._pid:
            return
        try:
            for frame in self.collector.frames(pending, self.num_steps):
                self._sink.append(frame)
                self.num_steps += 1
        except Exception as error:
            self._stop(error)

    def _stop(self, error: Exception) -> None:
        self._pending, self._hooks.is_over = [], True
        if isinstance(error, BudgetReached):
            self.stopped = "budget"
        else:
            self.stopped = "error: " + (str(error) if isinstance(error, MriError) else repr(error))

    def _on_step(self, step: RawStep) -> None:
        if self.stopped:
            return
        ids = step.idx.tolist()
        step.pos0 = max(map(num_keys, step.attention)) - len(ids) if step.attention else self._position_of(ids)
        if step.pos0 > 0:
            self._has_cache = True
        elif self._read and self._first == 0 and not self._has_cache and ids[:-1] == self._read:
            _leave_out(step, len(self._read))
            ids = ids[-1:]
        end = self._first + len(self._read)
        if self._pending:
            if self._pending[-1].chosen_id < 0 and step.pos0 == end:
                self._pending[-1].chosen_id = ids[0]
            self._flush_if_due()
        if step.pos0 == 0 or step.pos0 > end or step.pos0 < self._first:
            self.flush()
            if self._read:
                self._began = self._last
            self.num_steps, self._read, self._first = 0, [], step.pos0
            self._has_decoded, self._has_cache = False, step.pos0 > 0
        self._read[step.pos0 - self._first :] = ids
        self._look_around(step.idx.device.type)
        if self._lambdas:
            step.resid0_scale = self._lambdas[0][0] + self._lambdas[1][0]
        now = time.perf_counter()
        step.time_us = int((now - self._began) * 1e6)
        self._has_decoded |= len(ids) == 1 and step.pos0 > 0
        step.phase = "decode" if self._has_decoded else "prefill"
        self._pending.append(step)
        self._step_s, self._last = now - self._last, now

    def _look_around(self, device: str) -> None:
        """Notes what else of torch's state decides the model's numbers."""
        self._surroundings["matmul_precision"] = torch.get_float32_matmul_precision()
        if torch.is_autocast_enabled(device):
            self._surroundings["autocast"] = str(torch.get_autocast_dtype(device)).removeprefix("torch.")

    def _position_of(self, ids: list[int]) -> int:
        """Where a pass begins whose attention is not known: a single token follows what was read."""
        return self._first + len(self._read) if len(ids) == 1 else 0

    def _flush_if_due(self) -> None:
        waited_s = time.perf_counter() - self._began - self._pending[0].time_us / 1e6
        long_prefill = len(self._pending[-1].idx) > 1
        if long_prefill or len(self._pending) >= MAX_BATCH_STEPS or waited_s + self._step_s > self._max_delay_s:
            self.flush()


def _leave_out(step: RawStep, num_tokens: int) -> None:
    """Makes of a pass over the whole sequence the step that reads what follows the first `num_tokens` of it."""
    step.idx, step.pos0, step.matrices = step.idx[num_tokens:], num_tokens, []
    step.values = {key: value[:, num_tokens:].clone() for key, value in step.values.items()}
