"""Where nanochat's modules stand, in our model and in an unmodified checkout, and which hook point each gives."""

from __future__ import annotations

from typing import Any

from torch import nn

from mri.capture.hooks import Tap
from mri.errors import ModelError, UnknownHookPoint


def nanochat_taps(n_layer: int, with_heads: bool = False) -> list[Tap]:
    """Where each hook point of `hook_points.py` is read on a nanochat model, ours or an unmodified checkout.

    `embed.resid0` and `resid_mid` are computed from these afterwards (see collector.py). `with_heads`: also
    `block.N.z`, what the heads give side by side.
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
            *([Tap(f"{prefix}.z", f"{block}.attn.c_proj", "input")] if with_heads else []),
        ]
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


def tapped_modules(model: nn.Module, with_heads: bool = False) -> dict[str, nn.Module]:
    """Every module of `nanochat_taps` by name, compiled ones too. Raises UnknownHookPoint for one that is not there."""
    known = {name.replace("_orig_mod.", ""): module for name, module in model.named_modules()}
    names = {tap.module for tap in nanochat_taps(len(model.transformer["h"]), with_heads)}  # type: ignore[index]
    for name in sorted(names):
        if name not in known:
            parent = name.rpartition(".")[0]
            there = [child for child, _ in known[parent].named_children()] if parent in known else []
            raise UnknownHookPoint(
                f"This {type(model).__name__} has no module {name!r} to watch ({parent or 'it'} has "
                f"{', '.join(there) or 'none'}): name the points to record, `mri.Recorder(model, [...])`."
            )
    return {name: known[name] for name in names}
