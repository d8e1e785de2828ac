"""RawSteps → StepFrames: stacks what has the same width, reduces it at once, keeps the byte budget.

Knows torch and the layout. Knows nothing of hooks, HDF5, sockets or Dash: it returns finished frames.
"""

from __future__ import annotations

from collections.abc import Sequence

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
    Rows,
    reduce_rows,
    softcapped,
    summarize_attention,
    summarize_logits,
    to_host,
)

MAX_ELEMENTS_AT_ONCE = 1 << 24
"""A long prefill is reduced in pieces of this many values, so that it needs no second copy of all activations."""

Named = dict[str, Array]


class Collector:
    """Reduces one step, or several of one position each, to frames.

    `softcap` is the model's; `resid0_scale` is what block 0 multiplied the embedding by.
    """

    def __init__(self, layout: Layout, softcap: float = 15.0, resid0_scale: float = 1.0) -> None:
        self.layout = layout
        self._softcap, self._resid0_scale = softcap, resid0_scale
        self._rows_of_width: dict[int, list[int]] = {}
        for row, point in enumerate(layout.points):
            self._rows_of_width.setdefault(point.width, []).append(row)
        self._derived = [(f"block.{i}.attn_out", f"block.{i}.resid_mid") for i in range(layout.n_layer)]
        self._exact_zeros = torch.tensor([point.counts_exact_zeros for point in layout.points])
        self._sampled = {w: torch.from_numpy(sampled_indices(layout.config, w)) for w in self._rows_of_width}

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

    def _stacked(self, values: list[dict[str, Tensor]], rows: list[int]) -> Tensor:
        """Hook points `rows` of S steps as (S, len(rows), T, width) float32."""
        keys = [self.layout.points[row].key for row in rows]
        S = len(values)
        x = torch.cat([v[key] for v in values for key in keys])  # (S · keys, T, width)
        x = x.view(S, len(keys), *x.shape[1:])
        mids = [i for i, key in enumerate(keys) if key.endswith(".resid_mid")]
        if mids:  # so far attn_out: added in the model's own dtype, as the model does
            before = [keys[i].removesuffix("mid") + "pre" for i in mids]
            x[:, mids] += torch.cat([v[key] for v in values for key in before]).view(S, len(mids), *x.shape[2:])
        x = x.float()
        if "embed.resid0" in keys:  # so far block 0's input
            x[:, keys.index("embed.resid0")] /= self._resid0_scale
        return x

    def _hidden(self, values: list[dict[str, Tensor]], T: int, payload: bool) -> Named:
        """Statistics of all hook points, and their values where steps carry them: arrays (S, …)."""
        S = len(values)
        points = self.layout.points
        batch: Named = {"stats": np.empty((S, len(points), 7), np.float32)}
        for width, rows in self._rows_of_width.items():
            at_once = max(1, MAX_ELEMENTS_AT_ONCE // (S * T * width)) if T > 1 else len(rows)
            group = f"{self.layout.config.capture_mode}/{width}"
            keys = self.layout.groups.get(group, ()) if payload else ()
            n_top = self.layout.topk + 1 if keys else 0
            for start in range(0, len(rows), at_once):
                piece = rows[start : start + at_once]
                x = self._stacked(values, piece).reshape(S * len(piece), T * width)
                exact_zeros = self._exact_zeros[piece].repeat(S).to(x.device)
                reduced = reduce_rows(x, exact_zeros, n_top, T)
                batch["stats"][:, piece] = reduced.stats.cpu().numpy().reshape(S, len(piece), 7)
            if keys:  # one position a step: the loop above ran once, over all rows of this width
                chosen = [rows.index(self.layout.row(key)) for key in keys]
                select = torch.tensor([s * len(rows) + i for s in range(S) for i in chosen], device=x.device)
                named = self._payload(group, x, reduced, select)
                batch |= {name: array.reshape(S, len(keys), *array.shape[1:]) for name, array in named.items()}
        return batch

    def _payload(self, group: str, x: Tensor, reduced: Rows, select: Tensor) -> Named:
        """Values of the rows `select` of x (R, width), as the capture mode keeps them: arrays (len(select), …)."""
        mode, width = self.layout.config.capture_mode, x.shape[1]
        if mode == "topk":
            top = reduced.mags[select], reduced.indices[select]
            return topk_arrays(group, x[select], *top, self.layout.topk, self.layout.config.quantization)
        kept = x[select] if mode == "full" else x[select][:, self._sampled[width].to(x.device)]
        return value_arrays(group, kept.cpu().numpy(), self.layout.config.quantization)

    def _positions(self, values: dict[str, Tensor], pos0: int, T: int) -> Named:
        """Top-k of resid_post at the first, middle and last position of a prefill: arrays (L, 3, …)."""
        where = [0, T // 2, T - 1]
        named: Named = {"prefill/positions": np.array([pos0 + p for p in where], np.uint32)}
        for group, keys in self.layout.groups.items():
            if not group.startswith("prefill/"):
                continue
            x = torch.cat([values[key][0, where] for key in keys]).float()  # (3 L, width)
            top = x.abs().topk(min(self.layout.topk + 1, x.shape[1]), 1)
            flat = topk_arrays(group, x, top.values, top.indices, self.layout.topk, self.layout.config.quantization)
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
