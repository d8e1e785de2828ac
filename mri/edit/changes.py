"""What an edit does to the values that pass, at its positions: in all rows of a batch, or as a control has them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from mri.edit.passes import Act, Here
from mri.edit.places import Place, Sizes
from mri.edit.values import Positions
from mri.errors import ModelError
from mri.nanochat.model import norm

GATE_OFF = -1e4
"""Its sigmoid is exactly 0."""


class Rows:
    """The rows of a batch in a control: 0 as it is, 1 edited, each later one pushed as far in a direction of its own,
    which is the same in every pass."""

    def __init__(self, num_pushed: int, seed: int) -> None:
        self.num_pushed = num_pushed
        self._generator = torch.Generator().manual_seed(seed)

    def push(self, place: Place, sizes: Sizes) -> Push:
        """What heads and MLP neurons change is measured, and pushed, where they write it: in the stream."""
        model: Any = sizes.model
        point, weight, of = place.point, None, place.neurons(sizes.device)
        if place.head >= 0:
            point, weight = f"block.{place.layer}.attn_out", model.transformer["h"][place.layer].attn.c_proj.weight
        elif point.endswith(".mlp_act"):
            point, weight = f"block.{place.layer}.mlp_out", model.transformer["h"][place.layer].mlp.c_proj.weight
        drawn = torch.randn(self.num_pushed, sizes.width(point), generator=self._generator, device="cpu")
        directions = (drawn / drawn.norm(dim=-1, keepdim=True)).to(sizes.device)
        return Push(point, directions, None if weight is None else weight.detach()[:, of].float())


@dataclass(frozen=True, eq=False)
class Push:
    """Random directions (num_pushed, width) at a hook point, as long as what an edit changes; `weight` (width, n):
    through which the edit's place writes there."""

    point: str
    directions: Tensor
    weight: Tensor | None

    def measure(self, here: Here, change: Tensor, at: slice) -> None:
        """`change` (num_pushed, t, n): what the edit would do to these rows at the pass's positions `at`."""
        change = change.float() if self.weight is None else change.float() @ self.weight.T
        here.kept[self._key] = change.norm(dim=-1, keepdim=True) * self.directions[:, None]
        here.kept[f"{self._key}/at"] = torch.tensor([at.start, at.stop], device="cpu")

    def act(self, x: Tensor, here: Here) -> Tensor:
        pushed = here.kept.pop(self._key, None)
        if pushed is None:
            return x
        start, stop = here.kept.pop(f"{self._key}/at").tolist()
        new = x.clone()
        new[2:, start:stop] += pushed.to(x.dtype)
        return new

    @property
    def _key(self) -> str:
        return f"push/{id(self)}"


def change(place: Place, positions: Positions, changed: Callable[[Tensor], Tensor], push: Push | None) -> Act:
    """`changed`: values (B, t, n) of the place's neurons -> what they become. With a push row 1 is edited only."""

    def act(x: Tensor, here: Here) -> Tensor:
        first = here.stop - x.shape[1]
        at = positions.within(first, here.stop)
        if at.start >= at.stop:
            return x
        of: Any = place.neurons(x.device)
        seen = x[:, at][..., of]
        told = changed(seen).to(x.dtype)
        new = x.clone()
        if push is None:
            new[:, at, of] = told
            return new
        new[1, at, of] = told[1]
        push.measure(here, told[2:] - seen[2:], at)
        return new

    return act


def gate_off(positions: Positions) -> Act:
    """At the output of a gate, before its sigmoid."""

    def act(x: Tensor, here: Here) -> Tensor:
        at = positions.within(here.stop - x.shape[1], here.stop)
        if at.start >= at.stop:
            return x
        new = x.clone()
        new[:, at] = GATE_OFF
        return new

    return act


def x0_off(model: Any, layer: int, positions: Positions) -> Act:
    """At block.i.resid_pre: the stream without its share of the embedding."""

    def act(x: Tensor, here: Here) -> Tensor:
        at = positions.within(here.start, here.stop)
        if at.start >= at.stop:
            return x
        scale = model.resid_lambdas[layer].to(x.dtype)
        if layer:
            without = scale * here.kept[f"block.{layer - 1}.resid_post"][:, at]
        else:  # all of it is the embedding, so far
            whole = scale + model.x0_lambdas[0].to(x.dtype)
            if not whole:
                raise ModelError("Block 0 of this model reads nothing of the embedding: x0 cannot be taken out there.")
            without = x[:, at] * (scale / whole)
        new = x.clone()
        new[:, at] = without
        return new

    return act


def backout_off(model: Any, positions: Positions) -> Act:
    """At final.ln_f: the norm of the last block's stream, of which nothing was taken out again."""
    last = f"block.{len(model.transformer['h']) - 1}.resid_post"
    eps = getattr(getattr(model, "era", None), "norm_eps", None)

    def act(x: Tensor, here: Here) -> Tensor:
        at = positions.within(here.start, here.stop)
        if at.start >= at.stop:
            return x
        new = x.clone()
        new[:, at] = norm(here.kept[last][:, at], eps).to(x.dtype)
        return new

    return act


def uncapped(positions: Positions) -> Callable[[Tensor, Tensor, Here], Tensor]:
    """Of the logits that a pass returns: as `lm_head` gave them."""

    def act(logits: Tensor, own: Tensor, here: Here) -> Tensor:
        at = positions.within(here.start, here.stop)
        new = logits.clone()
        new[:, at] = own[:, at, : logits.shape[-1]].to(logits.dtype)
        return new

    return act
