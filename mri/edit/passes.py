"""Forward passes with something changed in them: at hook points, in who may look at whom, in the logits returned.

Knows where a pass stands (its positions, its block) and calls what acts there. What acts is changes.py's and
kernel.py's business. The same on our model and an unmodified checkout; leaves nothing behind.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from mri.capture.hooks import HookSet, Tap, nanochat_taps, watched_model, widths_of_heads
from mri.capture.patches import listen
from mri.errors import ModelError
from mri.nanochat.model import GPT


class Here(threading.local):
    """The pass of this thread. `start`, `stop`: its positions; `cache`: the engine's, ours or another."""

    start = stop = 0
    is_open = False
    layer = -1  # whose attention runs
    cache: Any = None

    def __init__(self) -> None:
        self.kept: dict[str, Tensor] = {}  # what passed at hook points that others are made of
        self.looked: set[int] = set()  # blocks whose kernel was called


Act = Callable[[Tensor, Here], Tensor]
"""(B, T, width) of a hook point -> what goes on in its place, the same tensor where nothing is changed."""
Look = Callable[..., Tensor]
"""Called as `scaled_dot_product_attention`, with that function and the pass before its arguments."""


class Passes:
    """While the block lasts, passes of this very model in this thread run with `acts` by hook point, `looks` by block,
    and `returned` applied to (logits returned, lm_head's output). What an act raises comes up in the pass.

    Beside those of the table, acts may stand at `smear_gate`. Raises ModelError, in the pass, where an engine's cache
    does not say its position, or where attention does not go through torch's kernel and looks were to be changed.
    """

    def __init__(
        self,
        model: nn.Module,
        acts: Mapping[str, Sequence[Act]],
        looks: Mapping[int, Look],
        returned: Callable[[Tensor, Tensor, Here], Tensor] | None = None,
    ) -> None:
        self.model = watched_model(model)
        self._looks, self._returned = looks, returned
        self._acts = {key: [*several] for key, several in acts.items()}
        self._embed = self._acts.pop("embed.resid0", [])
        for key in [key for key in self._acts if key.endswith(".resid_mid")]:
            self._at_mid(key.removesuffix("resid_mid"), self._acts.pop(key))
        for layer in looks:
            self._acts.setdefault(f"block.{layer}.ln1", []).append(_enter_block(layer))
        if returned is not None:
            self._acts.setdefault("final.logits", []).append(_keep("final.logits"))
        self._here = Here()
        self._stack = ExitStack()

    def keep(self, key: str) -> None:
        """What leaves a hook point, all acts done, is kept for those that come later in the pass."""
        self._acts.setdefault(key, []).append(_keep(key))

    def __enter__(self) -> Passes:
        self._owner = os.getpid(), threading.get_ident()
        n_layer = len(self.model.transformer["h"])  # type: ignore[index]
        taps = [*nanochat_taps(n_layer, also=widths_of_heads(self.model)), Tap("smear_gate", "smear_gate", "output")]
        wanted = [tap for tap in taps if tap.key in self._acts]
        with ExitStack() as stack:
            stack.enter_context(HookSet(self.model, wanted, self._on_value, edits=True))
            if self._looks:
                stack.callback(listen(F, "scaled_dot_product_attention", self._around_kernel, order=1))
            if self._embed:
                stack.callback(listen(self.model, "embed", self._around_embed, order=-1))
            stack.callback(listen(self.model, "forward", self._around_forward, order=-1))
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stack.close()

    def _around_forward(self, forward: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        here = self._here
        if here.is_open or (os.getpid(), threading.get_ident()) != self._owner:
            return forward(*args, **kwargs)
        given = [*args, *kwargs.values()]
        here.cache = next((each for each in given if hasattr(each, "get_pos") or hasattr(each, "pos")), None)
        here.start = _position_of(here.cache, given[1:])
        here.stop = here.start + int(given[0].shape[1])
        here.is_open = True
        try:
            output = forward(*args, **kwargs)
            if missing := sorted(set(self._looks) - here.looked):
                raise ModelError(
                    f"The attention of block {missing[0]} does not call torch's scaled_dot_product_attention, and no "
                    "other kernel takes such an edit: run the model in float32, or edit the head's output."
                )
            return self._with_returned(output)
        finally:
            here.is_open, here.layer, here.cache = False, -1, None
            here.kept.clear()
            here.looked.clear()

    def _with_returned(self, output: Any) -> Any:
        if self._returned is None:
            return output
        own = self._here.kept["final.logits"]
        if not isinstance(output, Tensor) or output.ndim != 3 or output.shape[:2] != own.shape[:2]:
            raise ModelError("This pass returns no logits of its tokens, so their softcap cannot be taken off.")
        return self._returned(output, own, self._here)

    def _on_value(self, key: str, value: Any) -> Tensor | None:
        here = self._here
        if not here.is_open or not isinstance(value, Tensor):
            return None
        new = value
        for act in self._acts[key]:
            new = act(new, here)
        return None if new is value else new

    def _around_embed(self, embed: Callable[..., Tensor], *args: Any, **kwargs: Any) -> Tensor:
        x = embed(*args, **kwargs)
        if self._here.is_open:
            for act in self._embed:
                x = act(x, self._here)
        return x

    def _around_kernel(self, kernel: Callable[..., Tensor], *args: Any, **kwargs: Any) -> Tensor:
        here = self._here
        look = self._looks.get(here.layer) if here.is_open else None
        if look is None:
            return kernel(*args, **kwargs)
        here.looked.add(here.layer)
        here.layer = -1
        return look(kernel, here, *args, **kwargs)

    def _at_mid(self, block: str, acts: list[Act]) -> None:
        """The stream between attention and MLP is no module's: it is changed by what attention adds."""
        self._acts.setdefault(f"{block}resid_pre", []).append(_keep(f"{block}resid_pre"))

        def act(attn_out: Tensor, here: Here) -> Tensor:
            old = mid = here.kept[f"{block}resid_pre"] + attn_out
            for each in acts:
                mid = each(mid, here)
            return attn_out if mid is old else attn_out + (mid - old)

        self._acts.setdefault(f"{block}attn_out", []).append(act)


def _enter_block(layer: int) -> Act:
    def act(x: Tensor, here: Here) -> Tensor:
        here.layer = layer
        return x

    return act


def _keep(key: str) -> Act:
    def act(x: Tensor, here: Here) -> Tensor:
        here.kept[key] = x
        return x

    return act


def _position_of(cache: Any, given: Sequence[Any]) -> int:
    """How many positions were read before this pass. Raises ModelError."""
    if cache is not None:
        return int(cache.get_pos() if hasattr(cache, "get_pos") else cache.pos)
    for each in given:
        if each is not None and not isinstance(each, Tensor | str | int | float | bool):
            raise ModelError(
                f"This engine's cache, a {type(each).__name__}, does not say how much it holds (get_pos or pos), so "
                "positions are not known: run the model without it."
            )
    return 0


def is_ours(model: nn.Module) -> bool:
    return isinstance(model, GPT)
