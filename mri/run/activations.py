"""Many prompts through a nanochat model, and what passed at chosen hook points: no session, no statistics, arrays.

Knows hooks and the model. Prompts of about one length are read together, filled up at their ends: attention looks back
only, so what is behind a prompt changes none of its numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mri.capture.hooks import HookSet, nanochat_taps, watched_model, widths_of_heads
from mri.capture.recorder import points_of_model
from mri.errors import ConfigError, PromptError, UnknownHookPoint
from mri.format.config import TraceConfig
from mri.format.events import Array
from mri.nanochat.checkpoint import LoadedModel
from mri.nanochat.model import without_autocast

DTYPES: dict[str, Any] = {"float32": np.float32, "float16": np.float16, "bfloat16": np.uint16}
"""What values are kept in; NumPy has no bfloat16: its bits are kept as uint16."""


def chosen_points(model: Any, patterns: Sequence[str]) -> dict[str, int]:
    """Hook point -> width, in the model's order, of those that a pattern means. Raises UnknownHookPoint."""
    model = watched_model(model)
    tapped = {tap.key for tap in nanochat_taps(model.config.n_layer, also=widths_of_heads(model))}
    points = points_of_model(model, TraceConfig(hook_points=tuple(patterns)))
    found = {point.key: point.width for point in points if point.key in tapped and point.layer_type != "logits"}
    for pattern in patterns:
        if not any(fnmatchcase(key, pattern) for key in found):
            raise UnknownHookPoint(
                f"No hook point of {pattern!r} can be collected: docs/hook-points.md has their names "
                "(embed.resid0, resid_mid and final.logits are computed afterwards)."
            )
    return {key: width for key, width in found.items() if any(fnmatchcase(key, pattern) for pattern in patterns)}


def batches(lengths: Sequence[int], batch_size: int) -> Iterator[list[int]]:
    """Places of prompts that are read together: the longest first, so that too little memory shows at once."""
    order = sorted(range(len(lengths)), key=lambda place: -lengths[place])
    for start in range(0, len(order), batch_size):
        yield order[start : start + batch_size]


def collect(
    loaded: LoadedModel,
    prompts: Sequence[Sequence[int]],
    points: Mapping[str, int],
    into: Mapping[str, Array],
    *,
    batch_size: int,
    skip: Callable[[int], bool],
    on_batch: Callable[[list[int], int], None],
) -> None:
    """Fills `into[key]` (all tokens, width), prompt after prompt, whatever they were read with. `skip(batch)` says that
    a batch is there already; `on_batch(places of its prompts, batch)` follows each. Raises PromptError."""
    model, room = loaded.model, loaded.config.sequence_len
    for prompt in prompts:
        if not 0 < len(prompt) <= room:
            raise PromptError(f"A prompt has {len(prompt)} tokens: give each 1 to {room}, which the context holds.")
    starts = np.cumsum([0, *map(len, prompts)])
    kept: dict[str, Tensor] = {}
    also = {key for key in points if key in widths_of_heads(model)}
    taps = [tap for tap in nanochat_taps(loaded.config.n_layer, also=also) if tap.key in points]

    def keep(key: str, value: Any) -> None:
        kept[key] = value

    with HookSet(model, taps, keep), torch.inference_mode():
        for number, places in enumerate(batches([*map(len, prompts)], batch_size)):
            if skip(number):
                continue
            width = len(prompts[places[0]])
            rows = [[*prompts[place], *[0] * (width - len(prompts[place]))] for place in places]
            kept.clear()
            with without_autocast(model.device.type):
                model(torch.tensor(rows, device=model.device))
            for key, target in into.items():
                host = as_kept(kept[key], target.dtype)
                for row, place in enumerate(places):
                    n = len(prompts[place])
                    target[starts[place] : starts[place] + n] = host[row, :n]
            on_batch(places, number)


def as_kept(value: Tensor, dtype: Any) -> Array:
    """(B, T, width) in one of DTYPES."""
    if dtype == np.uint16:
        bits: Array = value.bfloat16().cpu().view(torch.uint16).numpy()
        return bits
    numbers: Array = value.to(torch.float16 if dtype == np.float16 else torch.float32).cpu().numpy()
    return numbers


def refuse_dtype(dtype: str) -> None:
    if dtype not in DTYPES:
        raise ConfigError(f"dtype={dtype!r} is not known: use one of {', '.join(DTYPES)}.")
