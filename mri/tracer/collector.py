"""RawSteps → StepFrames: stacks what has the same width, reduces it at once, keeps the byte budget.

Knows torch and the layout. Knows nothing of hooks, HDF5, sockets or Dash: it returns finished frames.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from mri.config import ATTENTION_TOPK
from mri.events import Array, StepFrame
from mri.layout import Layout, index_dtype, sampled_indices
from mri.tracer.attention import last_rows, matrix
from mri.tracer.budget import within_budget
from mri.tracer.hooks import RawStep
from mri.tracer.payload import quantized_weights, topk_arrays, value_arrays
from mri.tracer.reduce import (
    reduce_rows,
    softcapped,
    summarize_attention,
    summarize_logits,
    to_host,
)

MAX_ELEMENTS_AT_ONCE = 1 << 24
"""A long prefill is reduced in pieces of this many values, so that it needs no second copy of all activations."""

Named = dict[str, Array]


@dataclass(frozen=True, eq=False)
class _Stack:
    """Hook points of one width, which are reduced at once: where each comes from and what is kept of it."""

    rows: list[int]  # of the layout
    keys: list[str]
    mids: Tensor  # int64, places of the resid_mid among them
    before: list[str]  # what each of those is added to
    resid0: int | None  # place of embed.resid0
    counts_zeros: Tensor | None  # (rows,) bool; None: no row does
    captured: tuple[str, ...]  # whose values are kept
    chosen: Tensor  # int64, their places

    @classmethod
    def plan(cls, layout: Layout, rows: list[int]) -> _Stack:
        points = [layout.points[row] for row in rows]
        keys = [point.key for point in points]
        place = {key: i for i, key in enumerate(keys)}
        mids = [key for key in keys if key.endswith(".resid_mid")]
        group = layout.groups.get(f"{layout.config.capture_mode}/{points[0].width}", ())
        captured = tuple(key for key in group if key in place)
        zeros = [point.counts_exact_zeros for point in points]
        return cls(
            rows, keys, torch.tensor([place[key] for key in mids], dtype=torch.int64),
            [key.removesuffix("mid") + "pre" for key in mids], place.get("embed.resid0"),
            torch.tensor(zeros) if any(zeros) else None, captured,
            torch.tensor([place[key] for key in captured], dtype=torch.int64),
        )  # fmt: skip

    def pieces(self, layout: Layout, at_once: int) -> list[_Stack]:
        """In pieces of at most `at_once` hook points."""
        if at_once >= len(self.rows):
            return [self]
        starts = range(0, len(self.rows), at_once)
        return [_Stack.plan(layout, self.rows[start : start + at_once]) for start in starts]

    def select(self, num_steps: int) -> Tensor:
        """Places of the captured rows among those of `num_steps` steps."""
        if num_steps == 1:
            return self.chosen
        return (torch.arange(num_steps)[:, None] * len(self.rows) + self.chosen).flatten()


class Collector:
    """Reduces one step, or several of one position each, to frames.

    `softcap` is the model's; `resid0_scale` is what block 0 multiplied the embedding by.
    """

    def __init__(self, layout: Layout, softcap: float = 15.0, resid0_scale: float = 1.0) -> None:
        self.layout = layout
        self._softcap, self._resid0_scale = softcap, resid0_scale
        rows_of_width: dict[int, list[int]] = {}
        for row, point in enumerate(layout.points):
            rows_of_width.setdefault(point.width, []).append(row)
        self._stacks = {width: _Stack.plan(layout, rows) for width, rows in rows_of_width.items()}
        self._derived = [(f"block.{i}.attn_out", f"block.{i}.resid_mid") for i in range(layout.n_layer)]
        self._sampled = {w: torch.from_numpy(sampled_indices(layout.config, w)) for w in rows_of_width}

    @torch.inference_mode()
    def frames(self, steps: Sequence[RawStep], first_step: int) -> list[StepFrame]:
        """Frames of `steps`, numbered from `first_step`.

        Raises BudgetReached where the drop policy is stop_trace and a step is over the budget.
        """
        if len({(step.phase, step.idx.shape[1]) for step in steps}) > 1:
            return [frame for i, step in enumerate(steps) for frame in self.frames([step], first_step + i)]
        phase, T = steps[0].phase, steps[0].idx.shape[1]
        values = [self._values(step) for step in steps]
        batch = self._hidden(values, T, self.layout.carries_payload(phase)) | self._logits(steps, values)
        attention = self._attention(steps)
        frames = []
        for i, step in enumerate(steps):
            arrays = {name: array[i] for name, array in batch.items()}
            arrays["tokens"] = step.idx[0].cpu().numpy().astype(np.uint32)
            arrays |= attention[i]
            if phase == "prefill" and self.layout.config.prefill == "positions":
                arrays |= self._positions(values[i], step.pos0, T)
            frame = StepFrame(
                step=first_step + i, phase=phase, pos0=step.pos0, t_add=T, arrays=arrays,
                chosen_id=step.chosen_id, forced=step.forced, time_us=step.time_us,
            )  # fmt: skip
            frames.append(within_budget(frame, self.layout))
        return frames

    def _values(self, step: RawStep) -> dict[str, Tensor]:
        """Every hook point of one step, (1, T, width) each, model dtype. `_stacked` completes the derived ones."""
        values = dict(step.values)
        if step.idx.shape[0] > 1:  # of a batch, the first sequence
            values = {key: value[:1] for key, value in values.items()}
        values["embed.resid0"] = values["block.0.resid_pre"]
        for attn_out, mid in self._derived:
            values[mid] = values[attn_out]
        values["final.logits"] = softcapped(values["final.logits"], self.layout.n_vocab, self._softcap)
        return values

    def _stacked(self, values: list[dict[str, Tensor]], stack: _Stack) -> Tensor:
        """The hook points of `stack` of S steps as (S, keys, T, width) float32."""
        keys = stack.keys
        x = torch.cat([v[key] for v in values for key in keys])  # (S · keys, T, width)
        x = x.view(len(values), len(keys), *x.shape[1:])
        if stack.before:  # resid_mid, so far attn_out: added in the model's own dtype, as the model does
            before = torch.cat([v[key] for v in values for key in stack.before])
            x.index_add_(1, stack.mids.to(x.device), before.view(len(values), len(stack.before), *x.shape[2:]))
        x = x.float()
        if stack.resid0 is not None:  # so far block 0's input
            x[:, stack.resid0].div_(self._resid0_scale)
        return x

    def _hidden(self, values: list[dict[str, Tensor]], T: int, payload: bool) -> Named:
        """Statistics of all hook points, and their values where steps carry them: arrays (S, …)."""
        S = len(values)
        batch: Named = {"stats": np.empty((S, len(self.layout.points), 7), np.float32)}
        for width, whole in self._stacks.items():
            at_once = max(1, MAX_ELEMENTS_AT_ONCE // (S * T * width)) if T > 1 else len(whole.rows)
            group = f"{self.layout.config.capture_mode}/{width}"
            keys = whole.captured if payload else ()
            for stack in whole.pieces(self.layout, at_once):
                x = self._stacked(values, stack).view(S * len(stack.rows), T * width)
                zeros = None if stack.counts_zeros is None else stack.counts_zeros.repeat(S).to(x.device)
                stats = reduce_rows(x, zeros, T)
                batch["stats"][:, stack.rows] = stats.cpu().numpy().reshape(S, len(stack.rows), 7)
            if keys:  # one position a step: the loop above ran once, over all rows of this width
                named = self._payload(group, x.index_select(0, whole.select(S).to(x.device)))
                batch |= {name: array.reshape(S, len(keys), *array.shape[1:]) for name, array in named.items()}
        return batch

    def _payload(self, group: str, x: Tensor) -> Named:
        """The values x (R, width) as the capture mode keeps them: arrays (R, …)."""
        mode, quantization = self.layout.config.capture_mode, self.layout.config.quantization
        if mode == "topk":
            return topk_arrays(group, x, self.layout.topk, quantization)
        kept = x if mode == "full" else x[:, self._sampled[x.shape[1]].to(x.device)]
        return value_arrays(group, kept.cpu().numpy(), quantization)

    def _positions(self, values: dict[str, Tensor], pos0: int, T: int) -> Named:
        """Top-k of resid_post at the first, middle and last position of a prefill: arrays (L, 3, …)."""
        where = [0, T // 2, T - 1]
        named: Named = {"prefill/positions": np.array([pos0 + p for p in where], np.uint32)}
        for group, keys in self.layout.groups.items():
            if not group.startswith("prefill/"):
                continue
            x = torch.cat([values[key][0, where] for key in keys]).float()  # (3 L, width)
            flat = topk_arrays(group, x, self.layout.topk, self.layout.config.quantization)
            named |= {name: array.reshape(len(keys), 3, *array.shape[1:]) for name, array in flat.items()}
        return named

    def _attention(self, steps: Sequence[RawStep]) -> list[Named]:
        """Attention of each step's last query, and in the matrix tier of all queries of a prefill."""
        config = self.layout.config
        n_totals = [max(call.n_keys for call in step.attention) for step in steps]
        weights = last_rows([step.attention for step in steps], n_totals)  # (S, L, H, most keys), rows sum to 1
        summary = summarize_attention(weights)
        keys, top, entropy = to_host([summary.keys, summary.weights, summary.entropy])
        rows = weights.cpu().numpy() if config.attention_tier != "summary" else None
        out = []
        for s, (step, n_total) in enumerate(zip(steps, n_totals, strict=True)):
            n = min(ATTENTION_TOPK, n_total)  # early steps of a batch have fewer keys than its last
            named: Named = {
                "attention/keys": keys[s, ..., :n].astype(index_dtype(self.layout.n_ctx)),
                "attention/weights": quantized_weights(
                    top[s, ..., :n], "f32" if config.quantization == "f32" else "f16"
                ),
                "attention/entropy": entropy[s],
                "attention/max_weight": top[s, ..., 0],
            }
            if rows is not None:
                named["attention/rows"] = quantized_weights(rows[s, ..., :n_total], config.quantization)
            if config.attention_tier == "full_matrix" and step.phase == "prefill" and step.idx.shape[1] > 1:
                layers = [
                    quantized_weights(matrix(c, n_total).cpu().numpy(), config.quantization) for c in step.attention
                ]
                named["attention/matrix"] = np.stack(layers)
            out.append(named)
        return out

    def _logits(self, steps: Sequence[RawStep], values: list[dict[str, Tensor]]) -> Named:
        """Top logits of each step's last position: arrays (S, …)."""
        logits = torch.cat([v["final.logits"][:, -1] for v in values])  # (S, n_vocab)
        chosen = torch.tensor([step.chosen_id for step in steps], device=logits.device)
        host = to_host(list(summarize_logits(logits, chosen, self.layout.config.logits_topk)))
        names = ("token_ids", "values", "logsumexp", "entropy", "chosen_logprob", "chosen_rank")
        named = {f"logits/{name}": array for name, array in zip(names, host, strict=True)}
        named["logits/token_ids"] = named["logits/token_ids"].astype(np.uint32)
        named["logits/chosen_rank"] = named["logits/chosen_rank"].astype(np.uint32)
        return named
