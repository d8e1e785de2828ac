"""RawSteps → StepFrames: stacks what has the same width, reduces it at once, keeps the byte budget.

Statistics are over all positions that a step read; values, attention rows and predictions are those of its last one.
Knows torch and the layout. Knows nothing of hooks, HDF5, sockets or Dash: it returns finished frames.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from mri.capture.attention import AttentionCall, last_rows, softmax_rows
from mri.capture.ledger import Ledger
from mri.capture.nanochat_hooks import RawStep
from mri.capture.payload import (
    all_position_arrays,
    attention_arrays,
    payload_arrays,
    position_arrays,
    quantized_weights,
)
from mri.capture.reduce import reduce_rows, softcapped, summarize_attention, summarize_logits, to_host
from mri.capture.softcap import CLEARLY, FINE, distance, softcap_between
from mri.errors import ModelError
from mri.format.budget import within_budget
from mri.format.events import Array, StepFrame
from mri.format.layout import PAYLOADS, Layout

MAX_ELEMENTS_AT_ONCE = 1 << 24
"""A long prefill is reduced in pieces of this many values, so that it needs no second copy of all activations."""

Named = dict[str, Array]


@dataclass(frozen=True, eq=False)
class _Stack:
    """Hook points of one width, which are reduced at once: where each comes from and what is kept of it."""

    rows: list[int]  # of the layout
    keys: list[str]
    resid0: int | None  # place of embed.resid0
    counts_zeros: Tensor | None  # (rows,) bool; None: no row does
    captured: tuple[str, ...]  # whose values are kept
    chosen: Tensor  # int64, their places

    @classmethod
    def plan(cls, layout: Layout, rows: list[int]) -> _Stack:
        points = [layout.points[row] for row in rows]
        keys = [point.key for point in points]
        place = {key: i for i, key in enumerate(keys)}
        captured = tuple(key for key in layout.places if key in place)
        zeros = [point.counts_exact_zeros for point in points]
        exact = torch.tensor(zeros, dtype=torch.bool, device="cpu") if any(zeros) else None
        places = torch.tensor([place[key] for key in captured], dtype=torch.int64, device="cpu")
        return cls(rows, keys, place.get("embed.resid0"), exact, captured, places)

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
        return (torch.arange(num_steps, device="cpu")[:, None] * len(self.rows) + self.chosen).flatten()


class Collector:
    """Reduces one step, or several of one position each, to frames.

    `softcap` is the model's as far as known (∞: none). It is held against the logits that the model returns, and
    becomes what they show; None where they show no softcap: predictions are then left out. `attention_is_known` is
    False where kernel calls did not fit the layers: weights are then left out. Frames mark both in `dropped`.
    `softcap_is_seen` once logits were large enough to tell. `ledger` writes what the layout has of ledger and lens.
    """

    def __init__(self, layout: Layout, softcap: float, ledger: Ledger | None = None) -> None:
        self.layout, self._ledger = layout, ledger
        self.softcap: float | None = softcap
        self.softcap_is_seen = False
        self.attention_is_known = True
        rows_of_width: dict[int, list[int]] = {}
        for row, point in enumerate(layout.points):
            rows_of_width.setdefault(point.width, []).append(row)
        self._stacks = {width: _Stack.plan(layout, rows) for width, rows in rows_of_width.items()}
        sums = ("resid_pre", "attn_out", "resid_mid")
        self._mids = [tuple(f"block.{i}.{name}" for name in sums) for i in range(layout.n_layer)]

    @torch.inference_mode()
    def frames(self, steps: Sequence[RawStep], first_step: int) -> list[StepFrame]:
        """Frames of `steps`, numbered from `first_step`.

        Raises BudgetReached where the drop policy is stop_trace and a step is over the budget, ModelError where a pass
        did not do what nanochat does.
        """
        if len({(step.phase, len(step.idx), not step.attention) for step in steps}) > 1:
            return [frame for i, step in enumerate(steps) for frame in self.frames([step], first_step + i)]
        phase, T = steps[0].phase, len(steps[0].idx)
        try:
            values = [self._values(step) for step in steps]
            batch = self._logits(steps, values) | self._hidden(steps, values, T, self.layout.carries_payload(phase))
            attention = self._attention(steps)
        except (KeyError, RuntimeError):
            self._raise_misfit(steps)
            raise
        gone = self._left_out(batch, steps)
        frames = []
        for i, step in enumerate(steps):
            arrays = {name: array[i] for name, array in batch.items()}
            arrays["tokens"] = step.idx.cpu().numpy().astype(np.uint32)
            arrays |= attention[i]
            if phase == "prefill" and self.layout.config.prefill == "positions":
                arrays |= self._positions(values[i], step.pos0, T)
            elif phase == "prefill" and self.layout.config.prefill == "all":
                arrays |= self._all_positions(step, values[i])
            chosen = step.chosen_id, step.forced
            frame = StepFrame(first_step + i, phase, step.pos0, T, arrays, *chosen, step.time_us, gone)
            frames.append(within_budget(frame, self.layout))
        return frames

    def matrix(self, call: AttentionCall) -> Array:
        """Weights of all queries of one kernel call over its keys, as they are kept: (H, T, n_keys)."""
        weights = softmax_rows(call.scores(call.q.shape[2]))
        return quantized_weights(weights.cpu().numpy(), self.layout.config.quantization)

    def _values(self, step: RawStep) -> dict[str, Tensor]:
        """Every hook point of one step, (1, T, width) each, model dtype; resid0 and logits are completed later."""
        values = dict(step.values)
        values["embed.resid0"] = values["block.0.resid_pre"]
        for before, added, mid in self._mids:
            values[mid] = values[before] + values[added]  # in the model's own dtype, as the model does
        return values

    def _raise_misfit(self, steps: Sequence[RawStep]) -> None:
        """Raises ModelError for the first hook point that a pass left out or that has another width."""
        for step in steps:
            for point in self.layout.points:
                value = step.values.get(point.key)
                if value is None and not point.key.endswith((".resid0", ".resid_mid")):
                    raise ModelError(
                        f"{point.key} was not computed in a pass of {len(step.idx)} tokens: "
                        "this model is no nanochat GPT."
                    )
                if value is not None and value.shape[2] != point.width and point.layer_type != "logits":
                    raise ModelError(f"{point.key} is {value.shape[2]} wide in this model, not {point.width}.")

    def _left_out(self, batch: Named, steps: Sequence[RawStep]) -> int:
        """Takes out what is not known of this model. -> its bits of `dropped`"""
        gone = 0
        if self.softcap is None:
            for prefix in ("logits", "ledger", "lens"):
                for name in [name for name in batch if name.startswith(f"{prefix}/")]:
                    gone |= 1 << PAYLOADS.index(prefix)
                    del batch[name]
            batch["stats"][:, self.layout.rows["final.logits"]] = np.nan
        if not steps[0].attention:
            self.attention_is_known = False
            specs = self.layout.specs(steps[0].phase, len(steps[0].idx), 1)
            for bit, name in enumerate(PAYLOADS):
                gone |= (name == "attention" or (name.startswith("attention") and name in specs)) << bit
        return gone

    def _stacked(self, steps: Sequence[RawStep], values: list[dict[str, Tensor]], stack: _Stack) -> Tensor:
        """The hook points of `stack` of S steps as (S, keys, T, width) float32."""
        keys = stack.keys
        x = torch.cat([v[key] for v in values for key in keys]).float()  # (S · keys, T, width)
        x = x.view(len(values), len(keys), *x.shape[1:])
        if stack.resid0 is not None and steps[0].resid0_scale is not None:  # so far block 0's input
            x[:, stack.resid0].div_(torch.stack([step.resid0_scale for step in steps])[:, None, None])  # type: ignore[misc]
        return x

    def _hidden(self, steps: Sequence[RawStep], values: list[dict[str, Tensor]], T: int, payload: bool) -> Named:
        """Statistics of all hook points, and the last position's values where steps carry them: arrays (S, …)."""
        S = len(values)
        batch: Named = {"stats": np.empty((S, len(self.layout.points), 7), np.float32)}
        for width, whole in self._stacks.items():
            at_once = max(1, MAX_ELEMENTS_AT_ONCE // (S * T * width)) if T > 1 else len(whole.rows)
            kept = []
            for stack in whole.pieces(self.layout, at_once):
                x = self._stacked(steps, values, stack)
                if payload and stack.captured:
                    last = x.view(-1, T, width)[:, -1]  # (S · rows, width)
                    kept.append(last.index_select(0, stack.select(S).to(x.device)).view(S, -1, width))
                x = x.view(S * len(stack.rows), T * width)
                zeros = None if stack.counts_zeros is None else stack.counts_zeros.repeat(S).to(x.device)
                stats = reduce_rows(x, zeros, T)
                batch["stats"][:, stack.rows] = stats.cpu().numpy().reshape(S, len(stack.rows), 7)
            if kept:
                named = payload_arrays(self.layout, (torch.cat(kept, 1) if kept[1:] else kept[0]).view(-1, width))
                batch |= {name: array.reshape(S, -1, *array.shape[1:]) for name, array in named.items()}
        return batch

    def _positions(self, values: dict[str, Tensor], pos0: int, T: int) -> Named:
        """Top-k of resid_post at the first, middle and last position of a prefill: arrays (L, 3, …)."""
        where = [0, T // 2, T - 1]
        return position_arrays(self.layout, [pos0 + p for p in where], lambda key: values[key][0, where].float())

    def _all_positions(self, step: RawStep, values: dict[str, Tensor]) -> Named:
        def at(key: str) -> Tensor:
            x = values[key][0].float()  # (T, width)
            if key == "embed.resid0" and step.resid0_scale is not None:  # so far block 0's input
                x = x / step.resid0_scale.float()
            return x

        return all_position_arrays(self.layout, at)

    def _attention(self, steps: Sequence[RawStep]) -> list[Named]:
        """Attention of each step's last query, and in the matrix tier of all queries of a prefill."""
        if not steps[0].attention:
            return [{} for _ in steps]
        config = self.layout.config
        n_totals = [step.pos0 + len(step.idx) for step in steps]
        weights = last_rows([step.attention for step in steps], n_totals)  # (S, L, H, most keys), rows sum to 1
        summary = summarize_attention(weights)
        keys, top, entropy = to_host([summary.keys, summary.weights, summary.entropy])
        rows = weights.cpu().numpy() if config.attention_tier != "summary" else None
        return [
            attention_arrays(
                self.layout,
                n_total,
                (keys[s], top[s], entropy[s]),
                None if rows is None else rows[s],
                step.matrices if step.phase == "prefill" and len(step.idx) > 1 else (),
            )
            for s, (step, n_total) in enumerate(zip(steps, n_totals, strict=True))
        ]

    def _logits(self, steps: Sequence[RawStep], values: list[dict[str, Tensor]]) -> Named:
        """Completes `final.logits` in `values`. -> Top logits of each step's last position: arrays (S, …)."""
        raw = [v["final.logits"] for v in values]
        logits = self._capped(raw, values)
        if self.softcap is not None and not self._is_as_returned(logits, steps, raw):
            logits = self._capped(raw, values)
            if self.softcap is not None and not self._is_as_returned(logits, steps, raw):
                self.softcap = None  # one step shows this softcap, another that
        chosen = torch.tensor([step.chosen_id for step in steps], dtype=torch.int64, device=logits.device)
        host = to_host(list(summarize_logits(logits, chosen, self.layout.config.logits_topk)))
        names = ("token_ids", "values", "logsumexp", "entropy", "chosen_logprob", "chosen_rank")
        named = {f"logits/{name}": array for name, array in zip(names, host, strict=True)}
        named["logits/token_ids"] = named["logits/token_ids"].astype(np.uint32)
        named["logits/chosen_rank"] = named["logits/chosen_rank"].astype(np.uint32)
        if self._ledger is not None:
            ids = torch.from_numpy(host[0].astype(np.int64)).to(logits.device)  # (S, n), the strongest first
            ids = torch.cat([ids, torch.where(chosen < 0, ids[:, 0], chosen)[:, None]], 1)  # (S, n + 1)
            own = torch.stack([output[0, -1] for output in raw]).gather(1, ids).float()
            named |= self._ledger.arrays(values, ids, own, np.inf if self.softcap is None else self.softcap)
        return named

    def _capped(self, raw: list[Tensor], values: list[dict[str, Tensor]]) -> Tensor:
        """Sets `final.logits` in `values`. -> the last positions' logits (S, n_vocab)"""
        softcap = np.inf if self.softcap is None else self.softcap
        for value, lm_head in zip(values, raw, strict=True):
            value["final.logits"] = softcapped(lm_head, self.layout.n_vocab, softcap)
        return torch.cat([value["final.logits"][:, -1] for value in values])

    def _is_as_returned(self, logits: Tensor, steps: Sequence[RawStep], raw: list[Tensor]) -> bool:
        """Whether the model returned these logits; if not, `softcap` becomes what its own show."""
        seen = [s for s, step in enumerate(steps) if step.returned is not None]
        if not seen:
            return True
        returned = torch.stack([steps[s].returned for s in seen])  # type: ignore[misc]
        off = distance(logits if len(seen) == len(steps) else logits[seen], returned)
        before = self.softcap
        for s in seen if off > FINE else ():
            found = softcap_between(raw[s][0, -1], steps[s].returned, before)  # type: ignore[arg-type]
            if found != before:
                self.softcap, self.softcap_is_seen = found, True
                return False
        if not self.softcap_is_seen:
            uncapped = softcapped(torch.stack([raw[s][0, -1] for s in seen]), self.layout.n_vocab, np.inf)
            self.softcap_is_seen = distance(uncapped, returned) > CLEARLY * max(FINE, off)
        return True
