"""Who wrote the difference of two predictions, down to source tokens, coordinates and neurons, step by step.

From a replayed recording: the ledger's parts are split further, exactly, by what each head read where, through the
stream and through the value embedding, and by each coordinate of a head and each neuron of an MLP. All logits are
before the softcap, all of token minus rival. Knows tensors and asked steps; no sessions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor

from mri.capture.attention import AttentionCall
from mri.capture.ledger import Ledger, Values
from mri.capture.nanochat_hooks import RawStep
from mri.capture.reduce import softcapped
from mri.explain.asked import AskedStep, refuse_other_logits
from mri.explain.replay import Replay
from mri.format.config import TraceConfig
from mri.format.events import Array
from mri.format.layout import LENS_TOPK, Layout
from mri.nanochat.direct import reach_of
from mri.nanochat.model import GPT

SOURCES = 8
"""Source tokens of each head that are told apart; the rest is summed."""
NEURONS = 16
POSITIONS_AT_ONCE = 128
"""So far may the first and the last step of a window be apart, for the memory's sake."""
NO_SOURCE = 0xFFFF_FFFF
EVERYTHING = TraceConfig(ledger="direct", lens="top")


def layout_of(model: GPT) -> Layout:
    """Of ledger and lens alone."""
    c = model.config
    return Layout((), EVERYTHING, 0, c.n_layer, c.n_head, c.sequence_len, c.vocab_size)


class Window:
    """Some steps of a recording, run again: all that is asked of them is computed from this one pass.

    Raises ConfigError where the pass gives other predictions than were recorded.
    """

    @torch.inference_mode()
    def __init__(self, replay: Replay, steps: Sequence[AskedStep]) -> None:
        self.model, self.steps, self._replay = replay.model, steps, replay
        first, last = steps[0].position, steps[-1].position
        self._pass: RawStep = replay.again(first, last)
        self._rows = [step.position - first for step in steps]
        self._n_keys = last + 1
        self._ledger = Ledger(self.model, layout_of(self.model))
        keys = [f"block.{i}.{name}" for i in range(self.n_layer) for name in ("z", "attn_out", "mlp_out", "resid_post")]
        kept = {key: self._pass.values[key] for key in ("block.0.resid_pre", *keys)}
        self._values: list[Values] = [{key: x[:, r : r + 1] for key, x in kept.items()} for r in self._rows]
        lm_head = self._pass.values["final.logits"][0, self._rows].float()  # (S, padded vocabulary)
        self.own = lm_head[:, : self.model.config.vocab_size]
        capped = softcapped(self.own, self.model.config.vocab_size, self.model.softcap).cpu().numpy()
        for step, logits in zip(steps, capped, strict=True):
            refuse_other_logits(step, logits)

    @property
    def n_layer(self) -> int:
        return self.model.config.n_layer

    @torch.inference_mode()
    def recorded_arrays(self, token_ids: Sequence[Sequence[int]]) -> dict[str, Array]:
        """Ledger and lens of K tokens for each step, named as a frame has them (`Layout.specs`)."""
        ids = torch.tensor(token_ids, device=self.model.device)
        return self._ledger.arrays(self._values, ids, self.own.gather(1, ids), self.model.softcap)

    @torch.inference_mode()
    def all_sources(self, pair: tuple[int, int]) -> list[tuple[Array, Array, Array]]:
        """Of each block, in the one step asked for: the positions (n,) that it sees, and what each gave through each
        head, (H, n), through the stream and through the value embedding."""
        found = []
        for layer, counts in enumerate(self._head_directions(torch.tensor([pair], device=self.model.device))):
            stream, value, start = self.sources_of(layer, counts)
            found.append((np.arange(start, self._n_keys), stream[0].cpu().numpy(), value[0].cpu().numpy()))
        return found

    @torch.inference_mode()
    def all_neurons(self, pair: tuple[int, int]) -> Array:
        """What each neuron wrote in the one step asked for: (L, 4 · n_embd)."""
        ids = torch.tensor([pair], device=self.model.device)
        wrote: Array = self._by_neuron(ids)[0].cpu().numpy()
        return wrote

    @torch.inference_mode()
    def arrays(self, pairs: Sequence[tuple[int, int]]) -> dict[str, Array]:
        """All arrays of `GET /sessions/<id>/why` (docs/why.md), of a token and its rival for each step."""
        found, ids = self.recorded_arrays(pairs), torch.tensor(pairs, device=self.model.device)  # (S, 2)
        by_block = np.concatenate([found["ledger/heads"], found["ledger/mlp"][:, :, None]], 2)  # (S, L, H + 1, 2)
        flat = by_block.reshape(len(pairs), -1, 2)
        parts = np.concatenate([found["ledger/embed"][:, None], flat, found["ledger/left_over"][:, None]], 1)
        out = {"token_ids": ids[:, 0].cpu().numpy().astype(np.uint32)}
        out |= {"against_ids": ids[:, 1].cpu().numpy().astype(np.uint32)}
        out |= {"logits": self.own.gather(1, ids).cpu().numpy(), "parts": _pair(parts)}
        out |= {"lens_stream": _pair(found["lens/stream"]), "lens_exit": _pair(found["lens/exit"])}
        for name, normed in zip(("stream", "exit"), self._ledger.depths(self._values), strict=True):
            out |= self._strongest(name, normed)
        return out | self._splits(ids)

    def _strongest(self, name: str, normed: Tensor) -> dict[str, Array]:
        """The strongest tokens and their shares at every depth, (S, L + 1, 5); step by step, for the memory's sake."""
        ids, probs = [], []
        for step in normed:
            logits = self._ledger.capped(step, self.model.softcap)
            top = logits.topk(min(LENS_TOPK, logits.shape[-1]), -1)
            ids.append(top.indices)
            probs.append((top.values - logits.logsumexp(-1, keepdim=True)).exp())
        told = torch.stack(ids).cpu().numpy().astype(np.uint32), torch.stack(probs).cpu().numpy()
        return {f"{name}_ids": told[0], f"{name}_probs": told[1]}

    def _directions(self, ids: Tensor) -> Tensor:
        """What one unit written by each block counts for the pair: (L, S, n_embd)."""
        rows = self.model.lm_head.weight[ids].float()  # (S, 2, n_embd)
        pair = (rows[:, 0] - rows[:, 1]) * self._ledger.exit_scale(self._values)[:, 0]
        return pair.new_tensor(reach_of(self.model).blocks)[:, None, None] * pair

    def _head_directions(self, ids: Tensor) -> list[Tensor]:
        """Of each block, what one unit of each coordinate of its heads counts: (S, H · D)."""
        h = cast("list[Any]", self.model.transformer["h"])
        return [d @ block.attn.c_proj.weight.float() for d, block in zip(self._directions(ids), h, strict=True)]

    def _by_neuron(self, ids: Tensor) -> Tensor:
        """What each neuron wrote: (S, L, 4 · n_embd)."""
        h = cast("list[Any]", self.model.transformer["h"])
        wrote = [
            self._last(f"block.{i}.mlp_act") * (d @ block.mlp.c_proj.weight.float())
            for i, (d, block) in enumerate(zip(self._directions(ids), h, strict=True))
        ]
        return torch.stack(wrote, 1)

    def _splits(self, ids: Tensor) -> dict[str, Array]:
        directions, by_neuron = self._head_directions(ids), self._by_neuron(ids)
        head_dots = [d * self._last(f"block.{layer}.z") for layer, d in enumerate(directions)]
        sources = [self._top_sources(*self.sources_of(layer, d)) for layer, d in enumerate(directions)]
        strongest = by_neuron.flatten(1).abs().topk(min(NEURONS, by_neuron[0].numel()), -1).indices
        out = {name: np.stack([layer[name] for layer in sources], 1) for name in sources[0]}
        out |= {"head_dots": torch.stack(head_dots, 1).half().cpu().numpy(), "mlp_dots": by_neuron.half().cpu().numpy()}
        width = by_neuron.shape[-1]
        out |= {"neuron_block": (strongest // width).cpu().numpy().astype(np.uint32)}
        out |= {"neuron_index": (strongest % width).cpu().numpy().astype(np.uint32)}
        return out | {"neuron_wrote": by_neuron.flatten(1).gather(1, strongest).cpu().numpy()}

    def sources_of(self, layer: int, by_coordinate: Tensor) -> tuple[Tensor, Tensor, int]:
        """What each source token gave through each head of a block, (S, H, n) twice: through the stream and through
        the value embedding; and the position of the first. `by_coordinate` (S, H · D): what one unit of a head's
        coordinate counts."""
        call = self._pass.attention[layer]
        assert isinstance(call, AttentionCall)
        start = self._n_keys - call.n_keys
        weights = torch.softmax(call.scores(call.q.shape[2])[:, self._rows], -1)  # (H, S, n)
        H, S, n = weights.shape
        kv_heads = call.k.shape[1]
        counts = by_coordinate.view(S, kv_heads, H // kv_heads, -1).transpose(0, 1).flatten(1, 2)  # (G, S · H/G, D)

        def given(values: Tensor) -> Tensor:
            each = torch.bmm(counts, values.transpose(1, 2)).view(kv_heads, S, H // kv_heads, n)
            return each.transpose(0, 1).flatten(1, 2) * weights.transpose(0, 1)

        stream, embedded = self._replay.values(layer, start, self._n_keys)
        through_stream = given(stream)
        return through_stream, torch.zeros_like(through_stream) if embedded is None else given(embedded), start

    def _top_sources(self, stream: Tensor, value: Tensor, start: int) -> dict[str, Array]:
        net = stream + value  # (S, H, n)
        positions = torch.arange(start, self._n_keys, device=net.device)
        seen = positions <= torch.tensor([step.position for step in self.steps], device=net.device)[:, None]
        n_top = min(SOURCES, self._n_keys)
        top = torch.where(seen[:, None], net.abs(), -1.0).topk(min(n_top, net.shape[-1]), -1).indices
        is_there = torch.take_along_dim(seen[:, None].expand_as(net), top, -1)
        at = torch.where(is_there, positions[top], NO_SOURCE)
        told = [torch.where(is_there, x.gather(-1, top), 0.0) for x in (stream, value)]
        rest = net.sum(-1) - told[0].sum(-1) - told[1].sum(-1)
        missing = (0, n_top - top.shape[-1])  # a window's keys may be fewer than the positions read
        at = torch.nn.functional.pad(at, missing, value=NO_SOURCE)
        told = [torch.nn.functional.pad(x, missing) for x in told]
        sums = {"source_rest": rest, "source_plus": net.clamp(min=0).sum(-1), "source_minus": net.clamp(max=0).sum(-1)}
        out = {"source_at": at.cpu().numpy().astype(np.uint32)}
        named = {"source_stream": told[0], "source_value": told[1], **sums}
        return out | {name: x.cpu().numpy() for name, x in named.items()}

    def _last(self, key: str) -> Tensor:
        """A hook point at the steps' positions: (S, width) float32."""
        return self._pass.values[key][0, self._rows].float()


def _pair(array: Array) -> Array:
    difference: Array = array[..., 0] - array[..., 1]
    return difference
