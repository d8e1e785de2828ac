"""Forward hooks by name, for as long as a `with` block lasts.

Knows torch modules. Hooks hand over tensors and compute nothing; what becomes of them is others' business.
Refuses to know sessions, files and budgets.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn

from mri.errors import ModelError, UnknownHookPoint

Side = Literal["input", "output"]


@dataclass(frozen=True)
class Tap:
    """Read the `side` of module `module` as hook point `key`."""

    key: str
    module: str
    side: Side


class ModuleHook:
    """What is registered on a module: hands on what torch gives a hook, for passes of that very module.

    A hook lies in the module's own dict, and so comes along when somebody pickles, saves or copies the model. Its copy
    is a function of the standard library that does nothing, so that a file with it loads where mri is not installed.
    """

    def __init__(self, module: nn.Module, call: Callable[..., None]) -> None:
        self._module, self._call = module, call

    def __call__(self, module: nn.Module, *rest: Any) -> None:
        if module is self._module:  # a shallow copy shares the dict of hooks
            self._call(*rest)

    def __reduce__(self) -> tuple[Any, ...]:
        return getattr, (nullcontext(), "__exit__")  # takes any arguments and returns None


class HookSet:
    """Hooks on named modules. All names are resolved before the first hook is registered.

    `on_value(key, value)` gets what each tap reads: of outputs and inputs that are tuples the first, None where there
    is none. It must not raise: it is called inside the model's pass. Raises UnknownHookPoint for a name that the model
    does not have, ModelError for a module that cannot have hooks.
    """

    def __init__(self, model: nn.Module, taps: Iterable[Tap], on_value: Callable[[str, Any], None]) -> None:
        modules = dict(model.named_modules(remove_duplicate=False))  # a module may have several names
        by_module: dict[str, list[Tap]] = {}
        for tap in taps:
            if tap.module not in modules:
                known = ", ".join(name for name in list(modules)[:8] if name)
                raise UnknownHookPoint(f"The model has no module {tap.module!r} to hook: it has {known}, …")
            if isinstance(modules[tap.module], torch.jit.ScriptModule):
                raise ModelError(
                    f"Module {tap.module!r} is TorchScript, which takes no hooks: record the plain module."
                )
            by_module.setdefault(tap.module, []).append(tap)
        self._hooks = [
            (modules[name], ModuleHook(modules[name], _reading(modules[name], taps_here, on_value)))
            for name, taps_here in by_module.items()
        ]
        self._stack = ExitStack()

    def __enter__(self) -> HookSet:
        with ExitStack() as stack:
            for module, hook in self._hooks:
                stack.callback(module.register_forward_hook(hook, with_kwargs=True).remove)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stack.close()


def _reading(module: nn.Module, taps: list[Tap], on_value: Callable[[str, Any], None]) -> Callable[..., None]:
    inputs = [tap.key for tap in taps if tap.side == "input"]
    outputs = [tap.key for tap in taps if tap.side == "output"]
    name_of_input = next(iter(inspect.signature(module.forward).parameters), "") if inputs else ""

    def read(args: tuple[Any, ...], kwargs: dict[str, Any], output: Any) -> None:
        for key in inputs:
            on_value(key, args[0] if args else kwargs.get(name_of_input))
        for key in outputs:
            on_value(key, output[0] if isinstance(output, tuple) and output else output)

    return read


def parameter_or_module(model: nn.Module, name: str) -> Tensor | nn.Module:
    """What `name` names in the model: a parameter, a buffer or a module, each under all of its names (tied weights have
    several). Raises UnknownHookPoint."""
    tensors = dict(model.named_parameters(remove_duplicate=False)) | dict(model.named_buffers(remove_duplicate=False))
    modules = dict(model.named_modules(remove_duplicate=False))
    if name and (found := tensors.get(name, modules.get(name))) is not None:
        return found
    if name.removesuffix(".grad") in tensors:
        raise UnknownHookPoint(f"{name!r} is a gradient, and no point: hand it to each step, `rec.step(grad=…)`.")
    if not name:
        raise UnknownHookPoint("The model as a whole is no point: hand its output to each step, `rec.step(output=…)`.")
    known = ", ".join([*dict(model.named_parameters()), *(n for n, _ in model.named_modules() if n)][:10])
    raise UnknownHookPoint(f"The model has no module or parameter {name!r}: it has {known}, …")
