"""All MLP neurons of all layers for 10,000 tokens: `mri.activations` beside a script of plain hooks, by turns."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np
import torch
from rich.table import Table

import mri
from mri.nanochat.checkpoint import LoadedModel, load_model

RUNS, PROMPTS, LENGTH, BATCH = 5, 100, 100, 16


def table() -> Table:
    out = Table(title=f"Activations: medians of {RUNS} turns", title_justify="left")
    for column in ("what", "measured", "goal"):
        out.add_column(column, justify="left" if column == "what" else "right")
    loaded = load_model()
    prompts = np.random.default_rng(0).integers(1, 2000, (PROMPTS, LENGTH)).tolist()
    works = (lambda: by_hooks(loaded, prompts)), (lambda: by_activations(loaded, prompts))
    seconds = [[timed(work) for work in works] for _ in range(RUNS + 1)][1:]
    plain, ours = (statistics.median(column) for column in zip(*seconds, strict=True))
    ratio = statistics.median(b / a for a, b in seconds)
    for what, value in (("a script of plain hooks", plain), ("mri.activations", ours)):
        out.add_row(what, f"{value:.2f} s, {PROMPTS * LENGTH / value:,.0f} tokens/s", "")
    out.add_row("ratio", f"{ratio:.2f}", "≤ 1.50")
    return out


def timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def by_activations(loaded: LoadedModel, prompts: list[list[int]]) -> object:
    return mri.activations(prompts, hook_points="block.*.mlp_act", model=loaded, batch_size=BATCH)


def by_hooks(loaded: LoadedModel, prompts: list[list[int]]) -> dict[int, torch.Tensor]:
    """What one writes without mri, for prompts of one length."""
    kept: dict[int, list[torch.Tensor]] = {}
    handles = []
    for layer, block in enumerate(loaded.model.transformer["h"]):  # type: ignore[arg-type]

        def keep(module: torch.nn.Module, args: tuple[torch.Tensor], layer: int = layer) -> None:
            kept.setdefault(layer, []).append(args[0].flatten(0, 1).clone())

        handles.append(block.mlp.c_proj.register_forward_pre_hook(keep))
    with torch.inference_mode():
        for start in range(0, len(prompts), BATCH):
            loaded.model(torch.tensor(prompts[start : start + BATCH]))
    for handle in handles:
        handle.remove()
    return {layer: torch.cat(parts) for layer, parts in kept.items()}
