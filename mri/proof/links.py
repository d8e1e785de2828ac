"""The lines about one pass: each link of it against the reference, on what the model itself had there.

Knows which constants an era has and what is usually wrong where a link is. The pass is a `Watched` of our own model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch

from mri.arrays import Doubles
from mri.capture.softcap import softcap_between
from mri.nanochat.eras import ERAS
from mri.proof import reference as ref
from mri.proof.reference import Facts, error
from mri.proof.report import Line, judged, not_judged
from mri.proof.watched import Watched, doubles, modules_in_order

PARTS = "the embedding, every norm, every attention's output and every MLP, recomputed in float64: of the largest value"
QK = "every query and key that reached the kernel, recomputed in float64: of the largest value"
VALUES = "every value that reached the kernel, recomputed in float64: of the largest value"
WINDOWS = "keys that a query sees, of every query and block: how many pairs are seen or hidden wrongly"
ATTENTION = "recorded attention weights times V, and the kernel's output: of the largest value"
STREAM = "what every block wrote, and the stream that it went into: of the largest value"
LOGITS = "logits from the last norm's output, recomputed in float64: of the largest logit"
NUM_LOGITS, ROWS_AT_ONCE = 8, 8192
FLOAT32_ANGLE = 2.0**-22
"""What an angle that was made in float32 is off by, for each position."""
BROKEN = "a module ran twice or not at all (line `ledger`): what this line compares is not known then."


class Links:
    """`lines()` judges a pass over `ids`; `broken` says why the pass is none, "" where every module ran once."""

    def __init__(self, model: Any, ids: list[int], seen: Watched, tolerance: float) -> None:
        self.model, self.ids, self.seen, self.tolerance = model, ids, seen, tolerance
        self.facts, self.n_layer = facts_of(model), int(model.config.n_layer)
        self.head_dim = int(model.config.head_dim)
        self._weights: dict[str, Any] = model.state_dict()
        self.broken = _broken(seen, self.n_layer)

    def lines(self) -> Iterator[Line]:
        """All but that of the stream, which is part of the ledger's."""
        for name, compared, line in (
            ("parts", PARTS, self._parts),
            ("queries and keys", QK, self._queries_and_keys),
            ("values", VALUES, self._values),
            ("windows", WINDOWS, self._windows),
            ("attention", ATTENTION, self._attention),
            ("logits", LOGITS, self._logits),
        ):
            yield not_judged(name, compared, BROKEN) if self.broken else line(name, compared)

    def stream(self) -> float:
        """Worst error of the stream: what is behind a block is what was before it and what it wrote; the next block
        reads that with the lambdas, and the last norm what the backout leaves. Where it starts is for line `parts`."""
        x = x0 = middle = self._read("transformer.h.0") / self._first_scale()
        worst = 0.0
        for i in range(self.n_layer):
            block = f"transformer.h.{i}"
            if "resid_lambdas" in self._weights:
                x = self._at("resid_lambdas", i) * x + self._at("x0_lambdas", i) * x0
            before, after = self._read(block), self._gave(block)
            wrote = self._gave(f"{block}.attn") + self._gave(f"{block}.mlp")
            worst = max(worst, error(before, x), error(after, before + wrote))
            x = after
            middle = x if i == self.n_layer // 2 else middle
        if "backout_lambda" in self._weights:
            x = x - self._at("backout_lambda", 0) * middle
        return max(worst, error(self._read("lm_head"), ref.normed(x, self.facts.eps)))

    def _parts(self, name: str, compared: str) -> Line:
        errors: dict[str, float] = {}
        eps = self.facts.eps
        errors["the embedding"] = error(self._read("transformer.h.0"), self._first_scale() * self._start())
        for i in range(self.n_layer):
            block = f"transformer.h.{i}"
            x, z, wrote = self._read(block), self._read(f"{block}.attn.c_proj"), self._gave(f"{block}.attn")
            h = ref.normed(x + wrote, eps)
            proj, into, out = (self._weight(f"{block}.{w}.weight") for w in ("attn.c_proj", "mlp.c_fc", "mlp.c_proj"))
            errors[f"the norm before block {i}'s attention"] = error(self._read(f"{block}.attn"), ref.normed(x, eps))
            errors[f"the output of block {i}'s attention"] = error(wrote, z @ proj.T)
            errors[f"the norm before block {i}'s MLP"] = error(self._read(f"{block}.mlp"), h)
            errors[f"the MLP of block {i}"] = error(self._gave(f"{block}.mlp"), ref.mlp(h, into, out))
        worst = max(errors, key=errors.__getitem__)
        cause = f"{worst} is not what the weights give: the engine computes it otherwise; report it with this table."
        return judged(name, compared, errors[worst], self.tolerance, cause)

    def _queries_and_keys(self, name: str, compared: str) -> Line:
        def worst(facts: Facts) -> float:
            return max(
                error(got, ref.query_or_key(self._attn_input(i), self._attn(i, weight), self.head_dim, facts))
                for i, call in enumerate(self.seen.kernel)
                for got, weight in ((call.q, "c_q"), (call.k, "c_k"))
            )

        most = max(self.tolerance, FLOAT32_ANGLE * len(self.ids))
        return judged(name, compared, worst(self.facts), most, lambda: self._why_qk(worst, most))

    def _why_qk(self, worst: Callable[[Facts], float], most: float) -> str:
        """Which constant would fit."""
        facts = self.facts
        want = ref.query_or_key(self._attn_input(0), self._attn(0, "c_q"), self.head_dim, facts)
        scale = facts.qk_scale * float(np.linalg.norm(self.seen.kernel[0].q) / np.linalg.norm(want))
        for base in {facts.rotary_base, *(era.rotary_base for era in ERAS.values())}:
            if worst(facts._replace(rotary_base=base, qk_scale=scale)) <= most:
                return (
                    f"they are turned with the rotary base {base:,.0f} and scaled by {scale:.4g}, where "
                    f"{facts.rotary_base:,.0f} and {facts.qk_scale:.4g} are in force: the engine has other constants "
                    "than its era; load the model anew, or set what it was trained with (`--set`)."
                )
        return "no rotary base of any era fits: the engine turns, norms or projects otherwise; load the model anew."

    def _values(self, name: str, compared: str) -> Line:
        worst, plain = 0.0, 0.0
        for i, call in enumerate(self.seen.kernel):
            want = own = ref.value(self._attn_input(i), self._attn(i, "c_v"), self.head_dim)
            if (key := f"value_embeds.{i}.weight") in self._weights:
                embedded, gate = doubles(self._weights[key][self.ids]), self._attn(i, "ve_gate")
                want = own + ref.gated(self._attn_input(i), embedded, gate, self.head_dim, self.facts)
            worst, plain = max(worst, error(call.v, want)), max(plain, error(call.v, own))
        what = "value embeddings do not reach them" if plain <= self.tolerance else "their gate or weights are others"
        cause = f"{what}: the engine is of another era than the weights; load the model anew."
        return judged(name, compared, worst, self.tolerance, cause)

    def _windows(self, name: str, compared: str) -> Line:
        config, wrong, why = self.model.config, 0, ""
        windows = self.model.era.window_sizes(config.sequence_len, self.n_layer, config.window_pattern)
        for i, (call, window) in enumerate(zip(self.seen.kernel, windows, strict=True)):
            want = ref.seen(len(self.ids), window)
            if call.seen is None or call.seen.shape != want.shape:
                return judged(name, compared, np.inf, 0, f"the mask of block {i} cannot be read: report it.")
            if off := int((call.seen != want).sum()):
                wrong += off
                why = why or f"the last query of block {i} sees {call.seen[-1].sum()} keys and should {want[-1].sum()}"
        cause = f"{why}: the engine ignores the window, or has another; load the model anew, or --set window_pattern=…"
        return judged(name, compared, wrong, 0, cause)

    def _attention(self, name: str, compared: str) -> Line:
        worst = 0.0
        for call in self.seen.kernel:
            if call.call is None:
                return judged(name, compared, np.inf, self.tolerance, "the recorder cannot read this kernel's call.")
            weights = doubles(torch.softmax(call.call.scores(call.q.shape[1]), -1))  # (H, T, n_keys)
            v = call.v.repeat(len(call.q) // len(call.v), 0)
            worst = max(worst, error(weights @ v, call.out))
        cause = (
            "the scores are rounded, in the kernel or where they are rebuilt (bfloat16, TF32, autocast): set "
            'torch.set_float32_matmul_precision("highest") and run the check outside autocast.'
        )
        return judged(name, compared, worst, self.tolerance, cause)

    def _logits(self, name: str, compared: str) -> Line:
        h = doubles(self.seen.read["lm_head"][-NUM_LOGITS:])
        rows, n_vocab, softcap = self._weights["lm_head.weight"], self.model.config.vocab_size, self.facts.softcap
        raw = np.concatenate([h @ doubles(each).T for each in rows[:n_vocab].split(ROWS_AT_ONCE)], 1)
        got = doubles(self.seen.logits[-NUM_LOGITS:])

        def cause() -> str:
            if got.shape != raw.shape:
                return f"{got.shape[1]} logits were returned and the vocabulary has {n_vocab}: load the model anew."
            own = softcap_between(torch.from_numpy(raw[-1]), torch.from_numpy(got[-1]), softcap)
            shown = "are no softcap of what lm_head gives" if own is None else f"show a softcap of {own:g}"
            return f"the logits {shown}, where {softcap:g} is in force: load the model anew, or with --set softcap=…"

        return judged(name, compared, error(got, ref.capped(raw, softcap)), self.tolerance, cause)

    def _start(self) -> Doubles:
        """Where the stream starts: (T, n_embd)."""
        x = ref.normed(doubles(self._weights["transformer.wte.weight"][self.ids]), self.facts.eps)
        if "smear_gate.weight" in self._weights:
            x = ref.smeared(x, self._weight("smear_gate.weight"), self._at("smear_lambda", 0))
        return x

    def _first_scale(self) -> float:
        """What block 0 multiplies the embedding by."""
        return self._at("resid_lambdas", 0) + self._at("x0_lambdas", 0) if "resid_lambdas" in self._weights else 1.0

    def _read(self, module: str) -> Doubles:
        return doubles(self.seen.read[module])

    def _gave(self, module: str) -> Doubles:
        return doubles(self.seen.gave[module])

    def _weight(self, name: str) -> Doubles:
        return doubles(self._weights[name])

    def _at(self, name: str, i: int) -> float:
        return float(self._weights[name][i])

    def _attn(self, layer: int, name: str) -> Doubles:
        return self._weight(f"transformer.h.{layer}.attn.{name}.weight")

    def _attn_input(self, layer: int) -> Doubles:
        return self._read(f"transformer.h.{layer}.attn")


def facts_of(model: Any) -> Facts:
    """The constants in force, as the model names them."""
    era = model.era
    eps = getattr(era, "norm_eps", None) or torch.finfo(torch.float32).eps
    return Facts(era.rotary_base, era.qk_scale, era.ve_gate_factor, eps, model.softcap)


def _broken(seen: Watched, n_layer: int) -> str:
    order = modules_in_order(n_layer)
    for name in order:
        if (times := seen.order.count(name)) != 1:
            return f"{name} ran {times} times in one pass"
    if seen.order != order:
        return "the modules do not run in nanochat's order"
    return "" if len(seen.kernel) == n_layer else f"the kernel was called {len(seen.kernel)} times in {n_layer} blocks"
