"""One pass of our own model as check sees it: what every module read and gave, in which order, and the kernel's calls.

Hooks of its own, apart from the recorder's; of the recorder only how it reads a kernel call, which is held against the
kernel. Leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mri.arrays import Bools, Doubles
from mri.capture.attention import AttentionCall, AttentionTap
from mri.capture.patches import listen


@dataclass(eq=False)
class KernelCall:
    """What the kernel was given and gave: q, out (H, T, D); k, v (G, n_keys, D); `seen` (T, n_keys) or None: not known.

    call  the same as the recorder reads it; None where it could not
    """

    q: Doubles
    k: Doubles
    v: Doubles
    out: Doubles
    seen: Bools | None
    call: AttentionCall | None


@dataclass(eq=False)
class Watched:
    """order: names of the modules as they began; read, gave: name -> (T, width) of the last time that it ran."""

    order: list[str] = field(default_factory=list)
    read: dict[str, Tensor] = field(default_factory=dict)
    gave: dict[str, Tensor] = field(default_factory=dict)
    kernel: list[KernelCall] = field(default_factory=list)
    logits: Tensor = field(default_factory=lambda: torch.empty(0))  # (T, vocab_size) as the model returned them


def modules_in_order(n_layer: int) -> list[str]:
    """As a pass has to begin them, each once."""
    names = ["transformer.wte"]
    for i in range(n_layer):
        block = f"transformer.h.{i}"
        names += [block, f"{block}.attn", f"{block}.attn.c_proj", f"{block}.mlp"]
    return [*names, "lm_head"]


@torch.inference_mode()
def watch_pass(model: Any, ids: list[int]) -> Watched:
    """Read `ids` at once, without a cache."""
    found, taken = Watched(), list[AttentionCall]()
    modules = dict(model.named_modules())
    with ExitStack() as stack:

        def before(name: str) -> Callable[..., None]:
            def note(_: nn.Module, args: tuple[Any, ...]) -> None:
                found.order.append(name)
                found.read[name] = args[0][0].clone()

            return note

        def after(name: str) -> Callable[..., None]:
            def note(_: nn.Module, __: Any, out: Tensor) -> None:
                found.gave[name] = out[0].clone()

            return note

        def around(kernel: Callable[..., Tensor], *args: Any, **more: Any) -> Tensor:
            num_taken = len(taken)
            out = kernel(*args, **more)
            call = taken[-1] if len(taken) == num_taken + 1 else None
            q, k, v = (doubles(x[0]) for x in args[:3])
            found.kernel.append(KernelCall(q, k, v, doubles(out[0]), _seen(q, k, more), call))
            return out

        for name in modules_in_order(model.config.n_layer):
            stack.callback(modules[name].register_forward_pre_hook(before(name)).remove)
            if name != "lm_head":  # its output is as large as the vocabulary, and its input says enough
                stack.callback(modules[name].register_forward_hook(after(name)).remove)
        stack.enter_context(AttentionTap(model, taken.append))
        stack.callback(listen(F, "scaled_dot_product_attention", around))
        found.logits = model(torch.tensor([ids], device=model.device))[0]
    return found


def doubles(x: Tensor) -> Doubles:
    out: Doubles = x.detach().double().cpu().numpy()
    return out


def _seen(q: Doubles, k: Doubles, more: dict[str, Any]) -> Bools | None:
    """Which keys each query may see, as the kernel was told."""
    n_queries, n_keys = q.shape[1], k.shape[1]
    mask: Tensor | None = more.get("attn_mask")
    if mask is not None:
        seen = mask if mask.dtype == torch.bool else mask > -torch.inf
        return seen.reshape(seen.shape[-2:]).cpu().numpy() if seen.numel() == n_queries * n_keys else None
    whole = torch.ones(n_queries, n_keys, dtype=torch.bool, device="cpu")
    return (whole.tril() if more.get("is_causal") else whole).numpy()
