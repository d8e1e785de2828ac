"""Forward hooks by name, for as long as a `with` block lasts, and where nanochat's modules stand, ours or a checkout's.

Knows torch modules. Hooks hand over tensors, put others in their place and compute nothing; what becomes of them is
others' business.
Refuses to know sessions, files and budgets.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Iterable
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn

from mri.errors import ModelError, UnknownHookPoint

Side = Literal["input", "output"]
OnValue = Callable[[str, Any], Tensor | None]


@dataclass(frozen=True)
class Tap:
    """Read, or replace, the `side` of module `module` as hook point `key`."""

    key: str
    module: str
    side: Side


class ModuleHook:
    """What is registered on a module: hands on what torch gives a hook and what is given back, for passes of that very
    module.

    A hook lies in the module's own dict, and so comes along when somebody pickles, saves or copies the model. Its copy
    is a function of the standard library that does nothing, so that a file with it loads where mri is not installed.
    """

    def __init__(self, module: nn.Module, call: Callable[..., Any]) -> None:
        self._module, self._call = module, call

    def __call__(self, module: nn.Module, *rest: Any) -> Any:
        # a shallow copy shares the dict of hooks
        return self._call(*rest) if module is self._module else None

    def __reduce__(self) -> tuple[Any, ...]:
        return getattr, (nullcontext(), "__exit__")  # takes any arguments and returns None


class HookSet:
    """Hooks on named modules. All names are resolved before the first hook is registered.

    `on_value(key, value)` gets what each tap reads: of outputs and inputs that are tuples the first, None where there
    is none. It gives None to keep it, or a tensor that goes on in its place: a new one (others may hold the old one) of
    the same shape, type and device, else ModelError is raised in the pass. What it raises itself comes up there too.
    `edits`: its hooks stand before those of all others, so that what a recorder gets is what went on, whichever block
    was entered first. Of two such blocks, the one entered last acts first.

    Raises UnknownHookPoint for a name that the model does not have, ModelError for a module that cannot have hooks.
    """

    def __init__(self, model: nn.Module, taps: Iterable[Tap], on_value: OnValue, *, edits: bool = False) -> None:
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
        self._before, self._after = list[tuple[nn.Module, ModuleHook]](), list[tuple[nn.Module, ModuleHook]]()
        for name, taps_here in by_module.items():
            module = modules[name]
            if keys := [tap.key for tap in taps_here if tap.side == "input"]:
                self._before.append((module, ModuleHook(module, _on_input(module, keys, on_value))))
            if keys := [tap.key for tap in taps_here if tap.side == "output"]:
                self._after.append((module, ModuleHook(module, _on_output(keys, on_value))))
        self._edits = edits
        self._stack = ExitStack()

    def __enter__(self) -> HookSet:
        first = self._edits
        with ExitStack() as stack:
            for module, hook in self._before:
                handle = module.register_forward_pre_hook(hook, with_kwargs=True, prepend=first)
                stack.callback(handle.remove)
            for module, hook in self._after:
                stack.callback(module.register_forward_hook(hook, prepend=first).remove)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stack.close()


def _on_input(module: nn.Module, keys: list[str], on_value: OnValue) -> Callable[..., Any]:
    name = next(iter(inspect.signature(module.forward).parameters), "")

    def before(args: tuple[Any, ...], kwargs: dict[str, Any] | None = None) -> Any:
        """Without `kwargs` where another thread's pass finds a hook that torch has not yet noted as one with them."""
        value = args[0] if args else (kwargs or {}).get(name)
        new = _passed_on(keys, value, on_value)
        if new is value:
            return None
        if args:
            args = new, *args[1:]
        return args if kwargs is None else (args, kwargs if args else {**kwargs, name: new})

    return before


def _on_output(keys: list[str], on_value: OnValue) -> Callable[..., Any]:
    def after(_args: tuple[Any, ...], output: Any) -> Any:
        is_several = isinstance(output, tuple) and len(output) > 0
        value = output[0] if is_several else output
        new = _passed_on(keys, value, on_value)
        if new is value:
            return None
        return (new, *output[1:]) if is_several else new

    return after


def _passed_on(keys: list[str], value: Any, on_value: OnValue) -> Any:
    for key in keys:
        new = on_value(key, value)
        if new is not None:
            _refuse_other_kind(key, value, new)
            value = new
    return value


def _refuse_other_kind(key: str, value: Any, new: Tensor) -> None:
    kind, wanted = (
        (tuple(x.shape), x.dtype, x.device) if isinstance(x, Tensor) else (type(x).__name__,) for x in (new, value)
    )
    if kind != wanted or not isinstance(value, Tensor):
        raise ModelError(
            f"What passes at {key!r} is {', '.join(map(str, wanted))} and was to be replaced by "
            f"{', '.join(map(str, kind))}: give a tensor like the one that passed."
        )


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


OF_HEADS: dict[str, tuple[str, Side]] = {
    "q": ("c_q", "output"),
    "k": ("c_k", "output"),
    "v": ("c_v", "output"),
    "ve_gate": ("ve_gate", "output"),
    "z": ("c_proj", "input"),
}
"""Where the points of heads are read, below `attn`."""


def nanochat_taps(n_layer: int, with_heads: bool = False, also: Collection[str] = ()) -> list[Tap]:
    """Where each hook point of `hook_points.py` is read on a nanochat model, ours or an unmodified checkout.

    `embed.resid0` and `resid_mid` are computed from these afterwards (see collector.py). `with_heads`: also
    `block.N.z`, what the heads give side by side; `also`: these points of heads.
    """
    taps = []
    for i in range(n_layer):
        block, prefix = f"transformer.h.{i}", f"block.{i}"
        taps += [
            Tap(f"{prefix}.resid_pre", block, "input"),
            Tap(f"{prefix}.ln1", f"{block}.attn", "input"),
            Tap(f"{prefix}.attn_out", f"{block}.attn", "output"),
            Tap(f"{prefix}.ln2", f"{block}.mlp", "input"),
            Tap(f"{prefix}.mlp_pre", f"{block}.mlp.c_fc", "output"),
            Tap(f"{prefix}.mlp_act", f"{block}.mlp.c_proj", "input"),
            Tap(f"{prefix}.mlp_out", f"{block}.mlp", "output"),
            Tap(f"{prefix}.resid_post", block, "output"),
        ]
        for name, (module, side) in OF_HEADS.items():
            if f"{prefix}.{name}" in also or (with_heads and name == "z"):
                taps.append(Tap(f"{prefix}.{name}", f"{block}.attn.{module}", side))
    return [*taps, Tap("final.ln_f", "lm_head", "input"), Tap("final.logits", "lm_head", "output")]


def watched_model(model: nn.Module) -> nn.Module:
    """The nanochat GPT itself, out of what `torch.compile` and data parallelism wrap around it. Raises ModelError."""
    while True:
        inside = dict(model.named_children())
        wrapper = "_orig_mod" if "_orig_mod" in inside else "module"
        if "transformer" in inside or wrapper not in inside:
            break
        model = inside[wrapper]
    try:
        parts: Any = model.transformer
        parts["h"], parts["wte"], model.lm_head
    except (AttributeError, KeyError, TypeError):
        raise ModelError(
            f"This {type(model).__name__} is not a nanochat GPT (no transformer.h, transformer.wte and lm_head): "
            "name the points to record, `mri.Recorder(model, [...])`."
        ) from None
    return model


def widths_of_heads(model: nn.Module) -> dict[str, int]:
    """Every point of heads that this nanochat has, `block.N.q` and so on, with its width."""
    known = {name.replace("_orig_mod.", ""): module for name, module in model.named_modules()}
    widths = {}
    for i in range(len(model.transformer["h"])):  # type: ignore[index]
        for name, (module, side) in OF_HEADS.items():
            weight = getattr(known.get(f"transformer.h.{i}.attn.{module}"), "weight", None)
            if isinstance(weight, Tensor) and weight.ndim == 2:
                widths[f"block.{i}.{name}"] = int(weight.shape[0 if side == "output" else 1])
    return widths


def tapped_modules(model: nn.Module, with_heads: bool = False, also: Collection[str] = ()) -> dict[str, nn.Module]:
    """Every module of `nanochat_taps` by name, compiled ones too. Raises UnknownHookPoint for one that is not there."""
    known = {name.replace("_orig_mod.", ""): module for name, module in model.named_modules()}
    names = {tap.module for tap in nanochat_taps(len(model.transformer["h"]), with_heads, also)}  # type: ignore[index]
    for name in sorted(names):
        if name not in known:
            parent = name.rpartition(".")[0]
            there = [child for child, _ in known[parent].named_children()] if parent in known else []
            raise UnknownHookPoint(
                f"This {type(model).__name__} has no module {name!r} to watch ({parent or 'it'} has "
                f"{', '.join(there) or 'none'}): name the points to record, `mri.Recorder(model, [...])`."
            )
    return {name: known[name] for name in names}
