"""Records any nn.Module by naming its modules and parameters; the step is the training step.

Knows torch and the store's writer. Knows nothing of nanochat but whose weights these are (identity.py).
"""

from __future__ import annotations

import os
import threading
import time
import warnings
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import reduce
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from mri.capture.hooks import parameter_or_module
from mri.capture.identity import run_of, versions
from mri.capture.passes import Pass, Passes
from mri.capture.points import Point, array_of_extra, arrays_of_points, checked_points, float32_of, refuse_kind
from mri.errors import ConfigError, ModelError, StoreError
from mri.format.budget import BudgetReached, within_budget
from mri.format.config import TraceConfig
from mri.format.events import Array, StepFrame, TraceSession
from mri.format.hook_points import HookPoint
from mri.format.layout import LAYERS_DROPPED_BIT, Layout
from mri.paths import SESSIONS
from mri.store.files import MIN_FREE_BYTES, free_bytes, storable
from mri.store.library import Library
from mri.store.writer import SessionWriter, refuse_place


class Recorder:
    """Records points of a module while a script trains it:

        with mri.Recorder(model, ["hidden", "out.weight"], name="xor") as rec:
            for x, y in data:
                ...
                rec.step(loss=loss)

    Each `step` writes one frame (phase "train"): the outputs of the last call of `model` since the step before, the
    parameters and buffers as they are now, and the keyword arguments under `extra/<name>` (numbers, tensors or arrays,
    as float32; None is nothing). A module that did not run since the step before, or on an empty batch only, is not
    captured in this frame. Where `model` itself is not called, what its parts gave counts, each called once.

    session_id   a new one unless given      path      the session, once the block has ended
    num_steps    frames written              stopped   "" or why the recording ended early: "budget" or "error: …"

    What cannot be recorded is refused while nothing is written: UnknownHookPoint for a name that the model does not
    have, ModelError for TorchScript and for what is no module, StoreError for an id that is taken and a folder that
    cannot be written, ConfigError for settings and, at the first `step`, for points that gave no numbers or ran several
    times in one pass. From then on nothing raises: trouble with values, the budget or the disk ends the recording with
    a RuntimeWarning and `stopped`, and the training goes on. Passes of other threads than the one that calls `step`, of
    copies of the model and of forked processes are not recorded.
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
        self._model: nn.Module = getattr(model, "_orig_mod", model)  # what torch.compile wrapped
        if not isinstance(self._model, nn.Module):
            raise ModelError(f"A {type(model).__name__} is no nn.Module: give mri.Recorder the module that is called.")
        self._points = checked_points(points)
        targets = {point.name: parameter_or_module(self._model, point.name) for point in self._points}
        for key, target in targets.items():
            if isinstance(target, Tensor):
                refuse_kind(f"Tensor {key!r}", target)
        self._tensors = [key for key, target in targets.items() if isinstance(target, Tensor)]
        self._passes = Passes(self._model, [key for key in targets if key not in self._tensors])
        self._config = config or TraceConfig(quantization="f32")
        self._folder = Library(SESSIONS if sessions is None else sessions).folder
        self._session_id = session_id or Library(self._folder).new_id()
        self._name = storable(name)
        _refuse_place(self._folder, self._session_id)
        self._lock = threading.Lock()
        self._writer: SessionWriter | None = None
        self._axes: dict[str, int] = {}  # of each extra
        self._began, self._pid, self._is_open = 0.0, 0, False
        self.stopped = ""
        self.num_steps = 0
        self.path: Path | None = None

    def __enter__(self) -> Recorder:
        if self._pid:
            raise ConfigError("This Recorder has had its block: make another, as a recording is one session.")
        self._began, self._pid, self._is_open = time.perf_counter(), os.getpid(), True
        self._passes.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, tb: object) -> None:
        self._is_open = False
        self._passes.__exit__()
        if self._writer is None or os.getpid() != self._pid:
            return
        reason = "finished" if kind is None else f"error: {kind.__name__}: {exc}"
        if kind is KeyboardInterrupt:
            reason = "interrupted"
        if not self.num_steps:  # the disk failed at the very first
            self._writer.discard()
            return
        try:
            self.path = self._writer.finish(self.stopped or reason, duration_s=time.perf_counter() - self._began)
            problem = self._writer.seal_error
        except OSError as error:  # there was no process to be had for sealing
            self.path, problem = self._writer.folder, str(error)
        if not self.path.exists():
            self.path = None
        if problem and not self.stopped:
            warnings.warn(problem, RuntimeWarning, stacklevel=2)

    def step(self, **extra: float | Tensor | Array | None) -> None:
        """Write one frame. Raises ConfigError outside of the block, and as long as nothing is written (see above)."""
        if self.stopped:
            return
        if not self._is_open:
            raise ConfigError(
                "rec.step() was called outside of its block: call it within `with mri.Recorder(…) as rec:`."
            )
        if os.getpid() != self._pid:
            self._stop("error: forked", "a process that was forked off within the block records nothing.")
            return
        last = self._passes.take()
        with self._lock:
            try:
                self._append(last, extra)
            except ConfigError as error:
                if self._writer is None:
                    raise
                self._stop(f"error: {error}", error)
            except BudgetReached as error:
                if self._writer is None:
                    raise ConfigError(f"The first step is too large ({error}): raise max_bytes_per_step.") from error
                self._stop("budget", error)
            except Exception as error:  # the disk's or another: what watches a training does not end it
                self._stop(f"error: {error}", error)
        if not (self.stopped or last.of_model or last.num_calls or len(self._tensors) == len(self._points)):
            warnings.warn("No forward pass since the last rec.step(): no module is captured.", stacklevel=2)

    def _stop(self, reason: str, why: object) -> None:
        self.stopped = reason
        self._passes.__exit__()
        message = f"Recording {self._session_id} ended after {self.num_steps} steps, the training goes on: {why}"
        warnings.warn(message, RuntimeWarning, stacklevel=3)

    def _append(self, last: Pass, extra: Mapping[str, float | Tensor | Array | None]) -> None:
        rows = {point.name: x for point in self._points if (x := self._rows(point, last)) is not None}
        extras = {f"extra/{name}": array_of_extra(name, value) for name, value in extra.items() if value is not None}
        for name, array in extras.items():
            if self._axes.get(name, array.ndim) != array.ndim:
                raise ConfigError(f"{name} has {array.ndim} axes and had {self._axes[name]} before: keep its shape.")
        layout = self._writer.session.layout if self._writer else self._plan(rows)
        step = self._writer.num_steps if self._writer else 0
        for key, x in rows.items():
            if x.shape[1] != layout.width(key):
                raise ConfigError(
                    f"Point {key!r} has {x.shape[1]} numbers in step {step} and had {layout.width(key)} "
                    'before: keep its size (drop_last=True for a smaller last batch), or record it with rows="last".'
                )
        absent = tuple(point.layer_index for point in layout.points if point.key not in rows)
        arrays, time_us = arrays_of_points(layout, rows) | extras, int((time.perf_counter() - self._began) * 1e6)
        gone = bool(absent) << LAYERS_DROPPED_BIT
        frame = StepFrame(step, "train", step, 0, arrays, time_us=time_us, dropped=gone, dropped_layers=absent)
        frame = within_budget(frame, layout)
        if self._writer is None:
            self._writer = SessionWriter(self._folder, self._session(layout))
        self._writer.append(frame)
        self.num_steps = step + 1
        self._axes |= {name: array.ndim for name, array in extras.items()}

    def _rows(self, point: Point, last: Pass) -> Tensor | None:
        """The point's values as (rows, width) float32; None where there are none in this step."""
        key = point.name
        if key in self._tensors:  # looked up by its name: a script may put another in its place, or none
            tensor = _now(self._model, key)
            return None if tensor is None else float32_of(f"Tensor {key!r}", tensor).reshape(1, -1)
        output = last.outputs.get(key)
        if output is None or (isinstance(output, Tensor) and not output.numel()):
            return None
        if last.num_calls[key] > 1:
            raise ConfigError(_several_calls(self._model, key, last))
        if isinstance(output, str):
            raise ConfigError(output)
        x = float32_of(f"The output of module {key!r}", output)
        return x.reshape(1, -1) if point.rows == "all" or x.ndim == 0 else x.reshape(-1, x.shape[-1])

    def _plan(self, rows: Mapping[str, Tensor]) -> Layout:
        """The layout, which the first step decides. Raises ConfigError."""
        for point in self._points:
            if point.name not in rows:
                raise ConfigError(
                    f"Module {point.name!r} has not run yet, or on an empty batch only: call rec.step() after a pass "
                    "in the same thread, and name what the first pass runs (code compiled before the block calls no "
                    "hooks, and a module whose weights another one uses is not run)."
                )
        points = [
            HookPoint(key, i, "param" if key in self._tensors else "module", x.shape[1], "topk")
            for i, (key, x) in enumerate(rows.items())
        ]
        return Layout.plan(points, self._config)

    def _session(self, layout: Layout) -> TraceSession:
        of: dict[str, Any] = {"name": self._name, "model_id": type(self._model).__name__, "run": run_of(self._model)}
        of |= {"start_time": datetime.now(UTC).isoformat(timespec="seconds"), "facts": versions()}
        return TraceSession(self._session_id, layout, kind="training", **of)


def _now(model: Any, name: str) -> Any:
    """What the dotted name names now; None where it is gone."""
    return reduce(lambda owner, part: getattr(owner, part, None), name.split("."), model)


def _several_calls(model: nn.Module, key: str, last: Pass) -> str:
    count = last.num_calls[key]
    if not last.of_model:
        return (
            f"Module {key!r} ran {count} times since the last step, but the model itself was not called: call the "
            "model (not its forward or parts), or give mri.Recorder the part that you call."
        )
    module = parameter_or_module(model, key)
    names = [name for name, other in model.named_modules(remove_duplicate=False) if other is module]
    same = f" (one module with the names {', '.join(names)})" if len(names) > 1 else ""
    return (
        f"Module {key!r} ran {count} times in one pass{same}, and a point has one value: give each place a module of "
        "its own, or hand the value to each step, `rec.step(name=…)`."
    )


def _refuse_place(folder: Path, session_id: str) -> None:
    """What the writer would refuse at the first step is refused before the first pass. Raises StoreError."""
    refuse_place(folder, session_id)
    there = next(path for path in (folder, *folder.parents) if os.path.exists(path))
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        raise StoreError(f"Cannot write to {folder}: choose a folder that can be written.")
    if free_bytes(there) < MIN_FREE_BYTES:
        raise StoreError(f"Only {free_bytes(there) / 1e6:.0f} MB of disk are free at {folder}: free some space.")
