"""Records any nn.Module by naming its modules and parameters; the step is the training step.

Knows torch and the store's writer. Knows nothing of nanochat but whose weights these are (identity.py).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn

from mri.config import TraceConfig
from mri.errors import ConfigError
from mri.events import Array, StepFrame, TraceSession
from mri.hook_points import HookPoint
from mri.layout import Layout, sampled_indices, width_of_group
from mri.paths import SESSIONS
from mri.store.library import Library
from mri.store.writer import SessionWriter
from mri.tracer.budget import within_budget
from mri.tracer.hooks import HookSet, Tap, parameter_or_module
from mri.tracer.identity import provenance_of
from mri.tracer.payload import topk_arrays, value_arrays
from mri.tracer.reduce import reduce_rows


@dataclass(frozen=True)
class Point:
    """A module (its output is recorded) or a parameter, by its dotted name.

    rows "last": the width is the last axis; statistics over everything, values of the last row (the last sample or
    position). rows "all": every number of the output is a neuron, sample after sample; parameters are always so.
    """

    name: str
    rows: Literal["last", "all"] = "last"


class Recorder:
    """Records points of a module while a script trains it:

        with mri.Recorder(model, ["hidden", "out.weight"], name="xor") as rec:
            for x, y in data:
                ...
                rec.step(loss=loss)

    Each `step` writes one frame (phase "train") with the outputs of the last forward pass, the parameters as they
    are now, and the keyword arguments under `extra/<name>` (numbers or arrays of a fixed shape, as float32).
    `session_id` is a new one unless given; `path` is the session once the block has ended. Raises UnknownHookPoint for
    a name the model does not have, ConfigError for a step without a forward pass, StoreError where the disk refuses.
    """

    def __init__(
        self,
        model: nn.Module,
        points: Sequence[str | Point],
        *,
        name: str = "",
        config: TraceConfig | None = None,
        sessions: Path | str | None = None,
        session_id: str = "",
    ) -> None:
        self._points = [Point(point) if isinstance(point, str) else point for point in points]
        if not self._points:
            raise ConfigError("There is nothing to record: name at least one module or parameter.")
        targets = {point.name: parameter_or_module(model, point.name) for point in self._points}
        self._parameters = {n: target for n, target in targets.items() if isinstance(target, Tensor)}
        taps = [Tap(n, n, "output") for n, target in targets.items() if isinstance(target, nn.Module)]
        self._hooks = HookSet(model, taps, self._on_value)
        self._outputs: dict[str, Tensor] = {}
        self._model = model
        self._model_id, self._name, self._session_id = type(model).__name__, name, session_id
        self._config = config or TraceConfig(quantization="f32")
        self._library = Library(Path(sessions) if sessions is not None else SESSIONS)
        self._writer: SessionWriter | None = None
        self.num_steps = 0
        self.path: Path | None = None

    def __enter__(self) -> Recorder:
        self._began = time.perf_counter()
        self._hooks.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, tb: object) -> None:
        self._hooks.__exit__(None, None, None)
        if self._writer is not None:
            reason = "finished" if kind is None else f"error: {kind.__name__}: {exc}"
            self.path = self._writer.finish(reason, duration_s=time.perf_counter() - self._began)

    def step(self, **extra: float | Tensor | Array) -> None:
        """Write one frame."""
        rows = {point.name: self._rows(point) for point in self._points}
        if self._writer is None:
            self._writer = self._open(rows)
        layout = self._writer.session.layout
        arrays = _module_arrays(layout, rows) | {f"extra/{name}": _as_float32(value) for name, value in extra.items()}
        time_us = int((time.perf_counter() - self._began) * 1e6)
        frame = StepFrame(self.num_steps, "train", self.num_steps, 0, arrays, time_us=time_us)
        self._writer.append(within_budget(frame, layout))
        self.num_steps += 1

    def _on_value(self, name: str, value: Tensor) -> None:
        self._outputs[name] = value.detach().clone()  # a script may change its tensors in place after the pass

    def _rows(self, point: Point) -> Tensor:
        """The point's values as (rows, width) float32."""
        if point.name in self._parameters:
            return self._parameters[point.name].detach().reshape(1, -1).float()
        if point.name not in self._outputs:
            raise ConfigError(f"Module {point.name!r} has not run yet: call rec.step() after the forward pass.")
        value = self._outputs[point.name].float()
        return value.reshape(1, -1) if point.rows == "all" or value.ndim == 0 else value.reshape(-1, value.shape[-1])

    def _open(self, rows: dict[str, Tensor]) -> SessionWriter:
        points = [
            HookPoint(n, i, "param" if n in self._parameters else "module", x.shape[1], "topk")
            for i, (n, x) in enumerate(rows.items())
        ]
        layout = Layout.plan(points, self._config)
        session_id = self._session_id or self._library.new_id()
        session = TraceSession(
            session_id, layout, kind="training", name=self._name, model_id=self._model_id,
            start_time=datetime.now(UTC).isoformat(timespec="seconds"),
            provenance=provenance_of(self._model),
        )  # fmt: skip
        return SessionWriter(self._library.folder, session)


def _module_arrays(layout: Layout, rows: dict[str, Tensor]) -> dict[str, Array]:
    """Statistics and payload of points of any width: no batching across points, these models are small."""
    stats = np.empty((len(layout.points), 7), np.float32)
    for i, point in enumerate(layout.points):
        x = rows[point.key]
        stats[i] = reduce_rows(x.reshape(1, -1), n_positions=x.shape[0]).cpu().numpy()[0]
    arrays: dict[str, Array] = {"stats": stats}
    for group, keys in layout.groups.items():
        width = width_of_group(group)
        x = torch.stack([rows[key][-1] for key in keys])  # (Q, width)
        if group.startswith("topk/"):
            arrays |= topk_arrays(group, x, layout.topk, layout.config.quantization)
        else:
            values = x.cpu().numpy()
            values = values[:, sampled_indices(layout.config, width)] if group.startswith("sampled/") else values
            arrays |= value_arrays(group, values, layout.config.quantization)
    return arrays


def _as_float32(value: float | Tensor | Array) -> Array:
    if isinstance(value, Tensor):
        value = value.detach().float().cpu().numpy()
    return np.asarray(value, np.float32)
