"""Forward hooks by name, for as long as a `with` block lasts.

Knows torch modules. Hooks hand over tensors and compute nothing; what becomes of them is others' business.
Refuses to know sessions, files and budgets.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass
from typing import Any, Literal

from torch import Tensor, nn

from mri.errors import UnknownHookPoint

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

    `on_value(key, tensor)` gets each tapped tensor. Raises UnknownHookPoint for a name the model does not have.
    """

    def __init__(self, model: nn.Module, taps: Iterable[Tap], on_value: Callable[[str, Tensor], None]) -> None:
        modules = dict(model.named_modules())
        by_module: dict[str, list[Tap]] = {}
        for tap in taps:
            if tap.module not in modules:
                known = ", ".join(name for name in list(modules)[:8] if name)
                raise UnknownHookPoint(f"The model has no module {tap.module!r} to hook: it has {known}, …")
            by_module.setdefault(tap.module, []).append(tap)
        self._plan = [(modules[name], taps_here) for name, taps_here in by_module.items()]
        self._on_value = on_value
        self._stack = ExitStack()

    def __enter__(self) -> HookSet:
        with ExitStack() as stack:
            for module, taps in self._plan:
                stack.callback(module.register_forward_hook(_hook(taps, self._on_value)).remove)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stack.close()


def _hook(taps: list[Tap], on_value: Callable[[str, Tensor], None]) -> Callable[..., None]:
    inputs = [tap.key for tap in taps if tap.side == "input"]
    outputs = [tap.key for tap in taps if tap.side == "output"]

    def hook(_module: nn.Module, args: tuple[Any, ...], output: Any) -> None:
        for key in inputs:
            on_value(key, args[0])
        for key in outputs:
            on_value(key, output[0] if isinstance(output, tuple) else output)

    return hook


def parameter_or_module(model: nn.Module, name: str) -> Tensor | nn.Module:
    """What `name` names in the model. Raises UnknownHookPoint."""
    parameters = dict(model.named_parameters())
    if name in parameters:
        parameter: Tensor = parameters[name]
        return parameter
    modules = dict(model.named_modules())
    if name in modules:
        module: nn.Module = modules[name]
        return module
    known = ", ".join([*parameters, *(n for n in modules if n)][:10])
    raise UnknownHookPoint(f"The model has no module or parameter {name!r}: it has {known}, …")
