"""Two sessions side by side: their alignment, the clock for both, what can be compared, and what cannot and why.

Reads sessions; the numbers are difference.py's, divergence.py's and similarity.py's. Knows no figures.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from mri.arrays import Ints
from mri.format.events import TraceSession
from mri.format.run import Run, hashes_by_contents
from mri.measure.alignment import DEFAULT, Alignment, Moments, align, moments
from mri.measure.difference import captured_keys, shared_keys
from mri.store.reader import SessionReader


@dataclass(frozen=True, eq=False)
class Comparison:
    """keys: hook points of which both keep values; lengths: of which both keep statistics; notes: sentences on what
    cannot be compared, or needs to be known; same_tokens: whether a token id means the same in both."""

    one: SessionReader
    other: SessionReader
    alignment: Alignment
    moments: Moments
    keys: list[str]
    lengths: list[str]
    notes: list[str]
    same_tokens: bool

    @property
    def has_training(self) -> bool:
        """Whether one of them is a training, whose steps stand for no tokens."""
        return "training" in (self.one.session.kind, self.other.session.kind)

    @property
    def matched_steps(self) -> Ints:
        """(n, 2) steps of A and B whose values may be subtracted."""
        return self.moments.steps[self.moments.whole]


def compare(one: SessionReader, other: SessionReader, strategy: str = DEFAULT) -> Comparison:
    """Raises ConfigError on an unknown strategy."""
    a, b = one.session, other.session
    hashes = [session.run.model.tokenizer_hash for session in (a, b)]
    same_tokens = a.layout.n_vocab == b.layout.n_vocab and (hashes[0] == hashes[1] or "" in hashes)
    ids = [reader.token_ids() if same_tokens else np.empty(0, np.int64) for reader in (one, other)]
    alignment = _aligned(ids[0].tobytes(), ids[1].tobytes(), strategy)
    clock = moments(one.steps(), other.steps(), alignment)
    keys = captured_keys(a.layout, b.layout)
    notes = [*_notes(a, b, same_tokens), *_notes_on_steps(one, other, alignment, clock)]
    if not keys:
        notes.append("No hook point has values in both sessions: only lengths and predictions are compared.")
    return Comparison(one, other, alignment, clock, keys, shared_keys(a.layout, b.layout), notes, same_tokens)


@lru_cache(maxsize=16)
def _aligned(ids_a: bytes, ids_b: bytes, strategy: str) -> Alignment:
    """Long sequences take a second to align: every panel of a page asks for the same."""
    return align(np.frombuffer(ids_a, np.int64), np.frombuffer(ids_b, np.int64), strategy)


def _notes(a: TraceSession, b: TraceSession, same_tokens: bool) -> list[str]:
    notes = []
    if not same_tokens:
        notes.append("Their tokenizers differ: no token of one stands for a token of the other; only means compare.")
    for name, session in (("A", a), ("B", b)):
        if session.kind == "training":
            notes.append(f"{name} is a training: its steps read batches, which stand for no tokens.")
    if what := _what_differs(a.run, b.run):
        notes.append(f"{what}: what differs comes from the models, too, not from the tokens alone.")
    shapes = [_shape(session) for session in (a, b)]
    if shapes[0] != shapes[1]:
        notes.append(f"The models differ in shape, {shapes[0]} and {shapes[1]}: what has another width is left out.")
    kept = [_kept(session) for session in (a, b)]
    if kept[0] != kept[1]:
        notes.append(f"They were captured differently: A keeps {kept[0]}, B {kept[1]}.")
    return notes


def _what_differs(a: Run, b: Run) -> str:
    """Of the models that were run; "" where they were the same, or one does not say which it was."""
    by_contents = hashes_by_contents((a, b))
    hashes = [by_contents.get(run.hash, run.hash) for run in (a, b)]
    if hashes[0] == hashes[1] or not all(hashes):
        return ""
    if a.edits != b.edits:
        told = [", ".join(run.edits) or "no edits" for run in (a, b)]
        return f"A was run with {told[0]}, B with {told[1]}"
    softcaps = a.model.softcap, b.model.softcap
    if a.model.weights_hash == b.model.weights_hash and softcaps[0] != softcaps[1]:
        return f"Their softcaps are {softcaps[0] or 'none'} and {softcaps[1] or 'none'}"
    return "Their weights differ"


def _shape(session: TraceSession) -> str:
    widths = [point.width for point in session.layout.points if point.layer_type != "logits"]
    return f"{session.layout.n_layer} blocks × {min(widths, default=0)}, {session.layout.n_head} heads"


def _kept(session: TraceSession) -> str:
    layout = session.layout
    values = {
        "topk": f"the strongest {layout.topk} neurons of a hook point",
        "full": "every value",
        "sampled": f"one neuron in {layout.config.sample_stride}",
        "stats": "statistics only",
    }[layout.config.capture_mode]
    return f"{values} as {layout.config.quantization}"


def _notes_on_steps(one: SessionReader, other: SessionReader, alignment: Alignment, clock: Moments) -> list[str]:
    notes = []
    for name, reader in (("A", one), ("B", other)):
        steps = reader.steps()
        at_once = int(np.max(np.where(steps["phase"] == "prefill", steps["t_add"], 0), initial=0))
        if at_once > 1:
            notes.append(
                f"{name} read {at_once} prompt tokens in one pass: none of them has values of its own, only the last "
                "has attention and predictions."
            )
    if alignment.strategy != "pooled" and len(clock.steps) and not clock.whole.any():
        notes.append(
            "No step of one reads what a step of the other reads: nothing can be subtracted in this alignment."
        )
    return notes


def summary(comparison: Comparison) -> dict[str, Any]:
    """What the screen needs of it, as JSON."""
    clock = comparison.moments
    return {
        "strategy": comparison.alignment.strategy,
        "positions": comparison.alignment.positions.tolist(),
        "divergence": comparison.alignment.divergence,
        "steps": clock.steps.tolist(),
        "matched": clock.matched.tolist(),
        "whole": clock.whole.tolist(),
        "keys": comparison.keys,
        "notes": comparison.notes,
    }
