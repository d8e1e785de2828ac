"""How far numbers made of a part of the values are from those of all: Compare's difference, CKA, attention mass.

Recorded anew each time: every prompt twice, with every value and with the default's strongest 64 and 8.
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
from rich.table import Table

import mri
from mri.errors import ConfigError
from mri.format.config import TraceConfig
from mri.measure.difference import Distances, difference_map
from mri.measure.saliency import attention_mass
from mri.store.opening import open_session
from mri.store.reader import SessionReader
from mri.study.comparison import compare
from mri.study.similarity import LEAST_CKA_STEPS, debiased_cka

FEW = TraceConfig(prefill="stepwise", edu=True)
EXACT = replace(FEW, capture_mode="full", quantization="f32")
WHOLE = replace(EXACT, attention_tier="full_row", max_bytes_per_step=10_000_000)

BEN = "One day Ben found a small box in the garden. He opened it."
ANNA = "One day Anna found a big stone in the river. She took it."
PAIRS = (
    ("The capital of Italy is", "The capital of Spain is"),
    (BEN, ANNA),
    ("cold hot big small up", "hot cold small big down"),
    ("apple, pear, plum, apple, pear,", "seven, eight, nine, seven, eight,"),
    ("Lily wants to go to school. Her mother says", "Lily has to go to bed. Her father says"),
    ("It is raining today and the sun is not here.", "It is snowing today and the moon is not here."),
)
"""None of them was looked at when the estimator was chosen: that was done on the bundled pairs' prompts."""

STORIES = ("Once there was a girl named Mia.", "Tell me a story about a dog and a bird.", PAIRS[1][0])
CKA_STEPS = (5, 12, LEAST_CKA_STEPS, 64)
CKA_WIDTH, CKA_TRIES = 256, 400


def table() -> Table:
    out = Table(title="Numbers of a part of the values beside those of all", title_justify="left")
    for column in ("what", "shown", "of all values", "off by"):
        out.add_column(column, justify="left" if column == "what" else "right")
    with tempfile.TemporaryDirectory() as name:
        _differences(out, Path(name))
        _cka(out)
        _attention(out, Path(name))
    return out


def record(folder: Path, prompt: str, config: TraceConfig, num_new: int = 12, seed: int = 3) -> SessionReader:
    trace = mri.record(
        prompt, config=config, max_new_tokens=num_new, temperature=0.8, seed=seed, sessions=folder, seal=False
    )
    return open_session(trace.path)


def _differences(out: Table, folder: Path) -> None:
    kinds: dict[str, list[tuple[Distances, Distances]]] = {}
    for prompts in PAIRS:
        few, whole = (compare(*(record(folder, p, config) for p in prompts), "mapping") for config in (FEW, WHOLE))
        steps = few.matched_steps[few.matched_steps.min(axis=1) >= few.alignment.divergence]  # before: the same
        for key in few.keys:
            maps = [difference_map(found.one, found.other, steps, [key]) for found in (few, whole)]
            kinds.setdefault(key.rpartition(".")[2], []).append((maps[0], maps[1]))
    every = [pair for pairs in kinds.values() for pair in pairs]
    for kind, pairs in [*kinds.items(), ("all hook points", every)]:
        shown, true = (_mean(pairs, side, "difference") for side in (0, 1))
        out.add_row(f"difference, mean of {kind}", f"{shown:.3f}", f"{true:.3f}", f"{shown / true - 1:+.1%}")
    shown, true = (_mean(every, side, "cosine") for side in (0, 1))
    out.add_row("cosine, mean of all hook points", f"{shown:.4f}", f"{true:.4f}", f"{shown - true:+.4f}")
    cells = [np.abs(few.difference - whole.difference).ravel() for few, whole in every]
    off = np.nanquantile(np.concatenate(cells), 0.95)
    out.add_row("difference, one cell of the map: 95 in 100 off by less than", "", "", f"{off:.3f}")


def _mean(pairs: list[tuple[Distances, Distances]], side: int, name: str) -> float:
    return float(np.nanmean(np.concatenate([getattr(pair[side], name).ravel() for pair in pairs])))


def _cka(out: Table) -> None:
    rng = np.random.default_rng(0)
    for num_steps in CKA_STEPS:
        found = [debiased_cka(*rng.standard_normal((2, num_steps, CKA_WIDTH))) for _ in range(CKA_TRIES)]
        what = f"linear CKA of {num_steps} steps that have nothing in common, 95 in 100 below"
        out.add_row(what, f"{np.quantile(found, 0.95):.2f}", "0", "refused" if num_steps < LEAST_CKA_STEPS else "")


def _attention(out: Table, folder: Path) -> None:
    spans: dict[tuple[int, int], list[tuple[float, float]]] = {(9, 30): [], (30, 60): [], (60, 200): []}
    refused = 0
    for seed, prompt in enumerate(STORIES):
        few, whole = (record(folder, prompt, config, num_new=110, seed=seed) for config in (FEW, WHOLE))
        for step in range(9, whole.num_steps, 6):
            try:
                found = attention_mass(few, step)
            except ConfigError:
                refused += 1
                continue
            off = float(np.abs(found.weights - attention_mass(whole, step).weights).sum() / 2)
            span = next(span for span in spans if span[0] <= step < span[1])
            spans[span].append((off, found.most_off))
    for (first, end), offs in spans.items():
        if offs:
            off, most = np.mean(offs, axis=0)
            what = f"attention mass of 8 keys a head, {first} to {end} tokens: elsewhere ({len(offs)} steps)"
            out.add_row(what, f"at most {most:.3f}", f"{off:.3f}", "")
    out.add_row("… refused, since more than half could stand elsewhere", f"{refused} steps", "", "")
