"""What the modules of a model gave in its last forward pass, kept while a `with` block lasts.

Knows hooks. Refuses to know files, sessions and what values are reduced to. Nothing here raises into a pass: what went
wrong is told when the values are asked for.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor, nn
from torch.compiler import is_compiling

from mri.capture.hooks import HookSet, ModuleHook, Tap

MODEL, AGAIN = "", "again"


@dataclass(eq=False)
class Pass:
    """One call of the model, or of its parts where the model itself was not called.

    outputs    module -> copy of its output, or the sentence that says why there is none; absent where it did not run
    num_calls  module -> how often it ran
    of_model   whether it was the model that was called
    """

    outputs: dict[str, Tensor | str] = field(default_factory=dict)
    num_calls: dict[str, int] = field(default_factory=dict)
    of_model: bool = False
    depth: int = 0  # calls of the model that are under way, one inside the other


class _OfThread(threading.local):
    last: Pass | None = None


class Passes:
    """Follows the passes of `model` and copies the outputs of the named modules. Each thread has passes of its own.

    A new call of the model begins a new pass. Its parts may also be called alone (`model.forward(x)`, an encoder and
    then a decoder): what they give counts until the pass is taken. After a call of the model it does not, because
    activation checkpointing runs parts once more during the backward pass.
    Raises UnknownHookPoint, ModelError as HookSet does.
    """

    def __init__(self, model: nn.Module, modules: Sequence[str]) -> None:
        self._model, self._follows = model, bool(modules)
        self._hooks = HookSet(model, [Tap(name, name, "output") for name in modules], self._on_value)
        self._thread = _OfThread()
        self._compiled: dict[str, Any] = {}  # what compiled code gave; MODEL where that was a call of the model
        self._stack = ExitStack()

    def __enter__(self) -> Passes:
        with ExitStack() as stack:
            if self._follows:
                begin, end = ModuleHook(self._model, self._begin), ModuleHook(self._model, self._end)
                stack.callback(self._model.register_forward_pre_hook(begin).remove)
                stack.enter_context(self._hooks)
                stack.callback(self._model.register_forward_hook(end, always_call=True).remove)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stack.close()

    def take(self) -> Pass:
        """The last pass of this thread, once: asked again before the next, an empty one."""
        last, self._thread.last = self._thread.last or Pass(), None
        if self._compiled.pop(MODEL, False):
            last = Pass(of_model=True)
        for name, value in self._compiled.items():
            last.num_calls[name] = 2 if value is AGAIN else 1
            last.outputs[name] = value if isinstance(value, Tensor) else _no_tensor(name, "in compiled code")
        self._compiled.clear()
        return last

    def _begin(self, _args: tuple[Any, ...]) -> None:
        self._compiled.clear()
        if is_compiling():
            self._compiled[MODEL] = True
            return
        last = self._thread.last
        if last is None or not last.depth:
            last = self._thread.last = Pass(of_model=True)
        last.depth += 1

    def _end(self, _args: tuple[Any, ...], _output: Any) -> None:
        if is_compiling():
            return
        last = self._thread.last
        if last is not None and last.depth:
            last.depth -= 1

    def _on_value(self, name: str, value: Any) -> None:
        if is_compiling():  # only what torch.compile can trace as it is, else it would raise in the pass
            if name in self._compiled:
                self._compiled[name] = AGAIN
            else:
                self._compiled[name] = value.detach().clone() if isinstance(value, Tensor) else None
            return
        last = self._thread.last
        if last is None:
            last = self._thread.last = Pass()
        if last.of_model and not last.depth:
            return
        last.num_calls[name] = last.num_calls.get(name, 0) + 1
        last.outputs[name] = _copied(name, value)


def _copied(name: str, value: Any) -> Tensor | str:
    """A copy, because a script may change its tensors in place after the pass, or why there is none."""
    if not isinstance(value, Tensor):
        return _no_tensor(name, type(value).__name__)
    try:
        return value.detach().clone()
    except Exception as error:  # no memory left, a tensor of a foreign kind
        return f"The output of module {name!r} cannot be copied ({error}): leave it out."


def _no_tensor(name: str, what: str) -> str:
    return (
        f"Module {name!r} gives no tensor ({what}): record a module inside it, or hand the values to each step, "
        "`rec.step(name=…)`."
    )
