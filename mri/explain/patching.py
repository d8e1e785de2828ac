"""What of one text has to go into another for its prediction: places and positions, each put in alone.

A cell of the map is a copy of the text from its position on, with one value put in. The copies of a position are rows
of one batch that begin where they first differ, in the model's own blocks, and share the keys and values of what was
read before. Knows tensors and token ids; no sessions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor

from mri.arrays import Bools, Ints
from mri.explain.cells import Place
from mri.explain.replay import OnProgress, Replay
from mri.format.events import Array
from mri.nanochat.eras import has_value_embed
from mri.nanochat.model import GPT, KVCache, Read, norm
from mri.nanochat.positions import causal_mask

TOKENS_AT_ONCE = 4096
"""Of all copies in one batch, for the memory's sake; one copy always fits."""
POSITIONS_AT_ONCE = 128


@dataclass(frozen=True, eq=False)
class Passed:
    """What passed in one text: embed (T, n_embd), the others (L, T, n_embd); `logits` (padded vocabulary,) after its
    last token, before the softcap."""

    embed: Tensor
    resid_pre: Tensor
    z: Tensor
    attn_out: Tensor
    mlp_out: Tensor
    logits: Tensor


@torch.inference_mode()
def passed(replay: Replay, ids: Sequence[int], on_progress: OnProgress) -> Passed:
    """Reads the tokens, which the replay then has at hand."""
    replay.read(ids, on_progress)
    names = ("resid_pre", "z", "attn_out", "mlp_out")
    found: dict[str, list[Tensor]] = {name: [] for name in names}
    logits = torch.empty(0)
    layers = range(replay.model.config.n_layer)
    for first in range(0, len(ids), POSITIONS_AT_ONCE):
        values = replay.again(first, min(first + POSITIONS_AT_ONCE, len(ids)) - 1).values
        for name, kept in found.items():
            kept.append(torch.stack([values[f"block.{i}.{name}"][0] for i in layers]))
        logits = values["final.logits"][0, -1]
    embed = replay.model.embed(torch.tensor([list(ids)], device=replay.model.device))[0]
    resid_pre, z, attn_out, mlp_out = (torch.cat(found[name], 1) for name in names)
    return Passed(embed, resid_pre, z, attn_out, mlp_out, logits)


class Patching:
    """One text with values of another put in. All that is said is of the last token of `own`.

    replay     has the tokens of `own` at hand
    partners   (T,) positions of `given` that stand for those of `own`, −1: none
    """

    def __init__(self, replay: Replay, own: Passed, given: Passed, partners: Ints, rows: Sequence[Place]) -> None:
        self._replay, self._model, self._own, self._given = replay, replay.model, own, given
        self._partners, self._rows = partners, rows
        self.last = len(partners) - 1

    @torch.inference_mode()
    def differences(self, cells: Bools, pair: tuple[int, int], on_progress: OnProgress) -> Array:
        """(rows, T): the pair's difference of logits, before the softcap, with this one value put in; NaN where `cells`
        has none."""
        found = np.full(cells.shape, np.nan, np.float32)
        row = self._model.lm_head.weight[pair[0]].float() - self._model.lm_head.weight[pair[1]].float()
        done, of = 0, int(cells.sum())
        for position in range(self.last, -1, -1):
            wanted = np.flatnonzero(cells[:, position])
            for some in self._at_once(wanted, position):
                on_progress(done, of)
                ends = norm(self._ends(position, some), self._model.era.norm_eps).float()
                found[some, position] = (ends @ row).cpu().numpy()
                done += len(some)
        return found

    def _at_once(self, wanted: Ints, position: int) -> Iterator[list[int]]:
        size = max(1, TOKENS_AT_ONCE // (self.last - position + 1))
        for first in range(0, len(wanted), size):
            yield wanted[first : first + size].tolist()

    def _ends(self, position: int, wanted: list[int]) -> Tensor:
        """What the last norm reads at the last token, (rows wanted, n_embd), each row with its value put in."""
        model, config = self._model, self._model.config
        at, first = slice(position, self.last + 1), max(0, self._rows[wanted[0]].block)
        tokens = torch.tensor([self._replay.ids[at]], device=model.device)
        read = self._read(position)
        x0 = self._own.embed[None, at]  # (1, T, n_embd); then a row for every copy
        x = self._own.resid_pre[first][None, at]
        is_embed = self._rows[wanted[0]].block < 0
        if is_embed:
            x0 = _with(x0, self._given.embed[self._partners[position]])
            x = x0
        middle = config.n_layer // 2
        own_mid = (self._own.resid_pre[middle] + self._own.attn_out[middle] + self._own.mlp_out[middle])[None, at]
        x_mid = own_mid
        for layer in range(first, config.n_layer):
            if model.era.has_resid_lambdas and (layer > first or is_embed):
                x = torch.addcmul(model.x0_lambdas[layer] * _as_many(x0, x), model.resid_lambdas[layer], x)
            here = [self._rows[i] for i in wanted if self._rows[i].block == layer]
            x = self._through(layer, x, here, position, tokens, read)
            if layer == middle:
                x_mid = x
        ends = x[1:, -1]
        if model.era.has_backout:  # of a copy that begins above the middle, what is taken out again is the text's own
            ends = ends - model.backout_lambda * _as_many(x_mid, x)[1:, -1]
        return ends

    def _through(self, layer: int, x: Tensor, here: list[Place], position: int, tokens: Tensor, read: Read) -> Tensor:
        """One block: (R, T, n_embd) -> (R + places here, T, n_embd)."""
        block: Any = cast("list[Any]", self._model.transformer["h"])[layer]
        given, at = self._given, int(self._partners[position])
        names = {place.target.rpartition(".")[2] for place in here if place.head < 0}
        heads, D = [place.head for place in here if place.head >= 0], block.attn.head_dim
        if "resid_pre" in names:
            x = _with(x, given.resid_pre[layer, at])

        def put_in(_module: object, args: tuple[Tensor]) -> tuple[Tensor]:
            y = args[0]
            copies = y[:1].repeat(len(heads), 1, 1)
            for copy, head in zip(copies, heads, strict=True):
                of = slice(head * D, (head + 1) * D)
                copy[0, of] = given.z[layer, at, of]
            return (torch.cat([y, copies]),)

        embed = None
        if self._model.era.has_value_embeds and has_value_embed(layer, self._model.config.n_layer):
            embed = self._model.value_embeds[str(layer)](tokens).expand(len(x), -1, -1)
        hook = block.attn.c_proj.register_forward_pre_hook(put_in)
        try:
            attn = block.attn(norm(x, block.eps), embed, read)
        finally:
            hook.remove()
        if "attn_out" in names:
            attn = _with(attn, given.attn_out[layer, at])
        mid = _as_many(x, attn) + attn
        mlp = block.mlp(norm(mid, block.eps))
        if "mlp_out" in names:
            mlp = _with(mlp, given.mlp_out[layer, at])
        out: Tensor = _as_many(mid, mlp) + mlp
        return out

    def _read(self, position: int) -> Read:
        model, n = self._model, self.last - position + 1
        windows = {block.attn.window for block in cast("list[Any]", model.transformer["h"])}
        masks = {window: causal_mask(position, n, window, model.device) for window in windows}
        at = slice(position, self.last + 1)
        return Read(model.cos[at], model.sin[at], masks, _Past(self._replay.cache, position))


class _Past:
    """Keys and values of what was read before a position, and behind them those of the copies, which are not kept."""

    def __init__(self, cache: KVCache, position: int) -> None:
        self._cache, self._position = cache, position

    def append(self, layer: int, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        past = (x[:, :, : self._position].expand(len(k), -1, -1, -1) for x in self._cache.filled(layer))
        past_k, past_v = past
        return torch.cat([past_k, k], 2), torch.cat([past_v, v], 2)


def _with(x: Tensor, value: Tensor) -> Tensor:
    """A row more: the first one, with another value at its first position."""
    new = x[:1].clone()
    new[0, 0] = value
    return torch.cat([x, new])


def _as_many(x: Tensor, other: Tensor) -> Tensor:
    """Rows (R, T, n_embd) as many as `other` has: those that are missing begin as the first one is."""
    missing = len(other) - len(x)
    return torch.cat([x, x[:1].expand(missing, -1, -1)]) if missing else x


def gradients(model: GPT, ids: Sequence[int], pair: tuple[int, int]) -> Passed:
    """Of the pair's difference of logits after the last token, before the softcap: its gradient by every value that a
    map puts in. `logits` is empty."""
    kept: dict[str, list[Tensor]] = {name: [] for name in ("resid_pre", "z", "attn_out", "mlp_out")}
    removes = []
    with torch.inference_mode(False), torch.enable_grad():
        idx = torch.tensor([list(ids)], device=model.device)
        embed = model.embed(idx).detach().requires_grad_()
        for block in cast("list[Any]", model.transformer["h"]):
            for name, module in (("resid_pre", block), ("z", block.attn.c_proj)):
                removes.append(module.register_forward_pre_hook(_keep_input(kept[name])).remove)
            for name, module in (("attn_out", block.attn), ("mlp_out", block.mlp)):
                removes.append(module.register_forward_hook(_keep_output(kept[name])).remove)
        ends: list[Tensor] = []
        removes.append(model.lm_head.register_forward_pre_hook(_keep_input(ends)).remove)
        try:
            model.next_logits(embed, idx)
        finally:
            for remove in removes:
                remove()
        row = model.lm_head.weight[pair[0]].float() - model.lm_head.weight[pair[1]].float()
        every = [embed, *(x for name in kept for x in kept[name])]
        told = [grad[0] for grad in torch.autograd.grad((ends[0].float() @ row).sum(), every)]
    n = model.config.n_layer
    of = {name: torch.stack(told[1 + i * n : 1 + (i + 1) * n]) for i, name in enumerate(kept)}
    return Passed(told[0], **of, logits=torch.empty(0))


def _keep_input(kept: list[Tensor]) -> Any:
    return lambda _module, args: kept.append(args[0])


def _keep_output(kept: list[Tensor]) -> Any:
    return lambda _module, _args, output: kept.append(output)


@torch.inference_mode()
def approximated(own: Passed, given: Passed, by: Passed, partners: Ints, rows: Sequence[Place], n_head: int) -> Array:
    """(rows, T): what the gradient says that each cell changes of the difference; NaN where nothing stands for it."""
    there = torch.from_numpy(np.maximum(partners, 0)).to(own.embed.device)
    n_embd = own.embed.shape[-1]
    change = {
        name: (getattr(given, name).index_select(-2, there) - getattr(own, name)).float() * getattr(by, name).float()
        for name in ("embed", "resid_pre", "z", "attn_out", "mlp_out")
    }
    found = []
    for place in rows:
        if place.block < 0:
            found.append(change["embed"].sum(-1))
        elif place.head >= 0:
            of = change["z"][place.block].view(-1, n_head, n_embd // n_head)
            found.append(of[:, place.head].sum(-1))
        else:
            found.append(change[place.target.rpartition(".")[2]][place.block].sum(-1))
    amounts: Array = torch.stack(found).cpu().numpy()
    amounts[:, partners < 0] = np.nan
    return amounts
