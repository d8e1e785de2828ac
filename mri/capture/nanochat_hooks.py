"""A nanochat model, ours or an unmodified checkout, watched from outside: each forward pass becomes a RawStep.

Knows where nanochat's modules stand, and copies what passes there. Knows nothing of positions, sessions, files.
"""

from __future__ import annotations

import inspect
import os
import threading
from collections.abc import Callable, Collection
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor, nn
from torch.compiler import is_compiling

from mri.capture.attention import AttentionCall, AttentionTap
from mri.capture.hooks import ModuleHook, Tap, nanochat_taps, tapped_modules, watched_model
from mri.capture.patches import is_compiler_loaded, listen, untraced
from mri.capture.softcap import last_logits
from mri.errors import ModelError
from mri.format.events import Array
from mri.nanochat.model import GPT
from mri.nanochat.nanogpt import NanoGPT


def _needs_no_copy(model: nn.Module) -> bool:
    """Whether this is our own model, whose code changes no tensor in place, and nobody else's code runs in its passes:
    references to what passes are then as good as copies, which would cost a tenth of a small model's step."""
    return (
        type(model) in (GPT, NanoGPT)
        and not is_compiler_loaded()
        and not any(
            type(module).__module__.partition(".")[0] not in ("mri", "torch")
            or any(callable(getattr(type(module), name, None)) for name in [*vars(module)])  # a method of its own
            or any(type(hook) not in (ModuleHook, _Reference) for hook in _hooks_of(module))
            for module in model.modules()
        )
    )


def _hooks_of(module: nn.Module) -> list[Callable[..., Any]]:
    return [*module._forward_hooks.values(), *module._forward_pre_hooks.values()]


@dataclass(eq=False)
class RawStep:
    """What one forward pass left of its first sequence, as it was where it passed: what follows may overwrite it."""

    idx: Tensor  # (T,) int64
    values: dict[str, Tensor] = field(default_factory=dict)  # hook point -> (1, T, width)
    attention: list[AttentionCall | Tensor] = field(default_factory=list)
    """One per layer, or [] where unknown: scores (H, n_keys) of the last query, or the call where its keys stay."""
    matrices: list[Array] = field(default_factory=list)  # (H, T, n_keys) of all queries as they are kept, or []
    returned: Tensor | None = None  # (n_vocab,) the last position's logits as the model returned them
    resid0_scale: Tensor | None = None  # (), what block 0 multiplied the embedding by; None: by nothing
    phase: str = "decode"
    pos0: int = 0
    chosen_id: int = -1
    forced: bool = False
    time_us: int = 0


class _Pass(threading.local):
    """The pass under way in this thread, and the one that is over but whose logits `forward` has not returned yet."""

    open: RawStep | None = None
    closed: RawStep | None = None
    layer = -1  # whose attention ran last
    layers: tuple[int, ...] = ()  # of each kernel call so far


class _Copier:
    """Copies what passes at one side of a module, at once: a stream that grows in place is another one when its block
    is over."""

    def __init__(self, module: nn.Module, tap: Tap, here: _Pass, fail: Callable[[Exception], None]) -> None:
        self._module, self._fail, self._here = module, fail, here
        self._key, self._is_output = tap.key, tap.side == "output"
        self._layer = int(tap.key.split(".")[1]) if tap.key.endswith(".ln1") else -1

    def keep(self, args: tuple[Any, ...], rest: Any = None) -> None:
        """`rest`: the output, or of a pre-hook the keyword arguments. A pass of another thread may find a hook that
        torch has not yet noted as one that takes these."""
        if is_compiling():
            return
        step = self._here.open
        if step is None:
            return
        try:
            if self._layer >= 0:
                self._here.layer = self._layer
            if self._is_output:
                value = rest[0] if isinstance(rest, tuple | list) else rest
            else:  # called by keywords: its first parameter
                value = args[0] if args else rest[next(iter(inspect.signature(self._module.forward).parameters))]
            shape = value.shape if isinstance(value, Tensor) else ()
            if len(shape) != 3:
                raise ModelError(f"{self._key} is no tensor (batch, tokens, width) in this model: it is no nanochat.")
            if self._key in step.values:
                raise ModelError(f"{self._key} was computed twice in one pass, and it is not known which one counts.")
            if shape[0] > 1 or value.requires_grad:
                value = value[:1].detach()
            step.values[self._key] = value.clone()
        except Exception as error:  # the model's work goes on, whatever befalls its recording
            self._fail(error)


class _Reference(ModuleHook):
    """Keeps what passes at both sides of a module of our own model, when the module is through. One flat function:
    it runs some thirty times in each pass."""

    def __init__(self, module: nn.Module, taps: list[Tap], here: _Pass) -> None:
        super().__init__(module, lambda: None)
        self._here = here
        self._input, self._output = ("".join(t.key for t in taps if t.side == side) for side in ("input", "output"))

    def __call__(self, module: nn.Module, args: tuple[Any, ...], output: Any) -> None:
        if is_compiling():
            return
        step = self._here.open
        if step is None or module is not self._module:
            return
        if self._input:
            step.values[self._input] = args[0]
        if self._output:
            step.values[self._output] = output


class NanochatHooks:
    """Hands each forward pass of `model`, made by the thread that enters the `with` block, to `on_step`.

    A step opens when `transformer.wte` is called and closes when `lm_head` returns, because nanochat's own engine calls
    `model.forward` directly, so that hooks on the model itself would never fire; it is handed over when `forward`
    returns, with what it returned. Passes of copies, of other threads and of forked processes are not this model's.
    Never raises into a pass: an error goes to `on_error`, and nothing more is watched. Leaves nothing behind.
    `matrix_of`: what is kept of a call of several queries besides the last one's scores. `cache_only_grows`: keys once
    written are never written over, so that calls can be kept as they are. `with_heads`, `also`: as of `nanochat_taps`.
    """

    def __init__(
        self,
        model: nn.Module,
        on_step: Callable[[RawStep], None],
        on_error: Callable[[Exception], None],
        *,
        matrix_of: Callable[[AttentionCall], Array] | None = None,
        cache_only_grows: bool = False,
        with_heads: bool = False,
        also: Collection[str] = (),
    ) -> None:
        self.model, self._with_heads, self._also = watched_model(model), with_heads, also
        self._modules = tapped_modules(self.model, with_heads, also)
        self._n_layer = len(self.model.transformer["h"])  # type: ignore[index]
        self._n_vocab = int(self.model.config.vocab_size)  # type: ignore[union-attr,arg-type]
        self._on_step, self._on_error, self._matrix_of = on_step, on_error, matrix_of
        self._cache_only_grows = cache_only_grows
        self._attention = AttentionTap(self.model, self._keep_attention)
        self._pass = _Pass()
        self._stack = ExitStack()

    def __enter__(self) -> NanochatHooks:
        self.is_over = self._has_returned = False
        self._here = (os.getpid(), threading.get_ident())
        wte: Any = self.model.transformer["wte"]  # type: ignore[index]
        lm_head = self._modules["lm_head"]
        with ExitStack() as stack:

            def before(module: nn.Module, call: Callable[..., None]) -> None:
                hook = ModuleHook(module, untraced(call))
                stack.callback(module.register_forward_pre_hook(hook, with_kwargs=True).remove)

            def after(module: nn.Module, call: Callable[..., None]) -> None:
                stack.callback(module.register_forward_hook(ModuleHook(module, untraced(call))).remove)

            before(wte, self._guarded(self._open))
            taps = nanochat_taps(self._n_layer, self._with_heads, self._also)
            self._copies = not _needs_no_copy(self.model)
            for name, module in self._modules.items():
                taps_here = [tap for tap in taps if tap.module == name]
                if not self._copies:
                    stack.callback(module.register_forward_hook(_Reference(module, taps_here, self._pass)).remove)
                    continue
                for tap in taps_here:
                    keep = _Copier(module, tap, self._pass, self._fail).keep
                    (before if tap.side == "input" else after)(module, keep)
            after(lm_head, self._guarded(self._close))
            self._returned = untraced(self._guarded(self._take_returned))
            stack.enter_context(self._attention)
            stack.callback(listen(self.model, "forward", self._around_forward))
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stack.close()
        self._guarded(self._hand_over)()
        self.is_over = True

    def _is_here(self) -> bool:
        return (os.getpid(), threading.get_ident()) == self._here

    def _guarded(self, call: Callable[..., None]) -> Callable[..., None]:
        def guarded(*args: Any) -> None:
            if is_compiling():
                return
            try:
                call(*args)
            except Exception as error:
                self._fail(error)

        return guarded

    def _fail(self, error: Exception) -> None:
        self.is_over = True
        self._pass.open = self._pass.closed = None
        self._on_error(error)

    def _open(self, args: tuple[Any, ...], kwargs: dict[str, Any] | None = None) -> None:
        if self.is_over or not self._is_here():
            return
        self._hand_over()
        idx: Tensor = args[0] if args else next(iter((kwargs or {}).values()))
        if idx.ndim != 2:
            raise ModelError(
                f"The model read tokens of the shape {tuple(idx.shape)}: only (batch, tokens) is recorded."
            )
        here = self._pass
        here.open, here.layer, here.layers = RawStep(idx[0].clone()), -1, ()

    def _keep_attention(self, call: AttentionCall) -> None:
        here = self._pass
        if here.open is None:
            return
        layer, here.layer = here.layer, -1  # a second call in the same block is no block's
        if not self._copies:  # our own model's blocks follow each other
            layer = len(here.layers)
        here.layers += (layer,)
        here.open.attention.append(call if self._cache_only_grows else call.last_scores())
        if self._matrix_of is not None and call.q.shape[2] > 1:
            here.open.matrices.append(self._matrix_of(call))

    def _close(self, _args: tuple[Any, ...], output: Tensor) -> None:
        """`lm_head` has returned: the pass is over."""
        here, step = self._pass, self._pass.open
        if step is None:
            return
        if not self._copies and output.shape[0] > 1:  # of a batch, the first sequence
            step.values = {key: value[:1] for key, value in step.values.items()}
        if here.layers != tuple(range(self._n_layer)) or len(step.attention) != self._n_layer:
            step.attention = []
        here.open, here.closed = None, step

    def _around_forward(self, forward: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        output = forward(*args, **kwargs)
        self._returned(output)
        return output

    def _take_returned(self, output: Any) -> None:
        step = self._pass.closed
        if step is not None:
            if self._copies or not self._has_returned:  # our own model's code returns what its first pass shows
                step.returned = last_logits(output, self._n_vocab, step.idx.shape[0])
                self._has_returned = True
            self._hand_over()

    def _hand_over(self) -> None:
        step, self._pass.closed = self._pass.closed, None
        if step is not None and self._is_here():
            self._on_step(step)
