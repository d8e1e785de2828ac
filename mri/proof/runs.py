"""The lines about whole runs: traced and not, with a cache and without, what is left behind, what it costs.

Knows the engine and the recorder. What single passes compute is for links.py.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from mri.capture.recorder import GenerationRecorder, layout_of_model
from mri.format.captured import Captured
from mri.format.config import Sampling, TraceConfig
from mri.format.events import TraceSession
from mri.nanochat.checkpoint import LoadedModel
from mri.nanochat.eras import ERAS
from mri.nanochat.model import KVCache
from mri.proof.report import Line, judged, not_judged
from mri.run.engine import Step, generate
from mri.run.record import record_generation
from mri.store.library import Library
from mri.store.opening import open_session
from mri.store.writer import SessionWriter

CONFIG = TraceConfig(capture_mode="full", ledger="direct", max_bytes_per_step=10**8)
PROMPT, NEW = 48, 24
STEPWISE, DECODED = 48, 8
TIMED_STEPS, TIMED_RUNS, MOST_TIMED_S = 16, 3, 15.0

TRACED = "tokens and logits of a recorded generation, and of one that nobody watches: numbers that differ in any bit"
CACHED = "logits read in pieces with a cache, one token at a time, and all at once: of the largest logit"
LEDGER = "the stream, and the recorded sum of all parts' writes to the logits: of the largest"
HOOKS = "hooks, patches and changed weights that are on the model or in torch after the runs: how many"
OVERHEAD = "time of a step that reads one token, recorded against not, medians on this machine"


@dataclass(frozen=True)
class Traced:
    """differ     how many numbers are other ones than without a recorder
    left_over  what the recorded parts lack of lm_head's logits, of the largest; None where nothing was recorded of it
    problem    "" or why recording ended early
    """

    differ: int
    left_over: float | None
    problem: str


def trace(loaded: LoadedModel, ids: list[int]) -> Traced:
    """The same generation plain and recorded."""
    sampling = Sampling(max_new_tokens=NEW, temperature=1.0, seed=1)
    plain = list(generate(loaded.model, ids, sampling, loaded.tokenizer))
    steps: list[Step] = []
    with tempfile.TemporaryDirectory() as folder:
        recording = record_generation(
            loaded,
            ids,
            sampling=sampling,
            config=CONFIG if loaded.era in ERAS else replace(CONFIG, ledger="none"),
            sessions=Path(folder),
            on_step=lambda step, _: steps.append(step),
            seal=False,
        )
        with open_session(recording.path) as reader:
            frames = [reader.frame(step) for step in range(reader.num_steps)]
            layout = reader.session.layout
    differ = abs(len(plain) - len(steps)) + abs(len(plain) - len(frames))
    for one, other, frame in zip(plain, steps, frames, strict=False):
        differ += int((one.logits != other.logits).sum()) + (one.next_id != other.next_id)
        differ += one.next_id != frame.chosen_id
    wrote = [found for frame in frames if (found := Captured(frame, layout).ledger()) is not None]
    left_over = max((float(np.abs(w.left_over).max() / np.abs(w.total).max()) for w in wrote), default=None)
    return Traced(differ, left_over, recording.problem)


def traced_line(found: Traced) -> Line:
    cause = "recording changes what is computed: a hook returns another value, or the model's own passes differ."
    if found.problem:
        cause = f"the recording ended early: {found.problem}"
    return judged("traced", TRACED, found.differ, 0, cause)


def ledger_line(found: Traced, stream: float, tolerance: float, broken: str) -> Line:
    if broken:
        cause = f"{broken}: the engine is not nanochat's, as where a block runs twice; load the model anew."
        return judged("ledger", LEDGER, np.inf, tolerance, cause, "∞")
    if found.left_over is None:
        why = f"no ledger was recorded ({found.problem or 'the step was too large'})."
        return not_judged("ledger", LEDGER, why, stream)
    cause = (
        "the stream between two blocks is not what the lambdas and writes give"
        if stream > tolerance
        else "the parts do not add up to the logits"
    )
    cause += ": the engine adds, scales or takes out something else than its era; load the model anew."
    return judged("ledger", LEDGER, max(stream, found.left_over), tolerance, cause)


@torch.inference_mode()
def cached_line(model: Any, ids: list[int], tolerance: float) -> Line:
    """Every position once without a cache; then a long prompt in two pieces with DECODED single tokens, and the
    beginning one token at a time."""
    idx = torch.tensor([ids], device=model.device)
    alone = model(idx)[0]
    scale = float(alone.abs().max())

    def worst_of(cuts: list[int]) -> float:
        cache, worst = KVCache(model), 0.0
        for start, stop in pairwise(cuts):
            off = (model(idx[:, start:stop], cache)[0] - alone[start:stop]).abs().max()
            worst = max(worst, float(off.nan_to_num(torch.inf)))
        return worst / scale

    prompt = len(ids) - DECODED
    in_pieces = worst_of([0, prompt // 2, *range(prompt, len(ids) + 1)])
    stepwise = worst_of([*range(min(STEPWISE, len(ids)) + 1)])
    which = "read one token at a time" if stepwise > tolerance else "a long prompt read in pieces"
    cause = f"{which}: the cache holds other keys or values than a pass without one computes; load the model anew."
    return judged("cached", CACHED, max(in_pieces, stepwise), tolerance, cause)


def hooks_on(model: Any) -> list[str]:
    """Whose hooks are on the model, and what else of torch is not as it was, in words."""
    found = [
        f"{len(hooks)} hooks on {name or 'the model'}"
        for name, module in model.named_modules()
        for hooks in [[*module._forward_hooks, *module._forward_pre_hooks, *module._backward_hooks]]
        if hooks
    ]
    found += [
        f"a forward of its own on {name or 'the model'}" for name, m in model.named_modules() if "forward" in vars(m)
    ]
    kernel = F.scaled_dot_product_attention
    return found + ([] if type(kernel).__name__ == "builtin_function_or_method" else ["another attention kernel"])


def hooks_line(loaded: LoadedModel, before: list[str]) -> Line:
    """before: what was there already when the check began. Hooks are somebody's mistake then, too; a replaced
    function is the model's own affair."""
    now = hooks_on(loaded.model)
    found = [what for what in now if " hooks on " in what or what not in before]
    if not loaded.is_as_loaded:
        found.append("weights that are not those that were loaded")
    when = "from before the check" if set(found) <= set(before) else "left behind by a recorder"
    cause = f"{'; '.join(found[:3])} ({when}): remove them (`handle.remove()`), or load the model anew."
    return judged("hooks", HOOKS, len(found), 0, cause)


def overhead_line(loaded: LoadedModel, ids: list[int]) -> Line:
    """Never wrong: how fast a machine is proves nothing."""
    plain_s, traced_s = [], []
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        for run in range(TIMED_RUNS + 1):
            both = _step_s(loaded.model, ids, None), _step_s(loaded.model, ids, Path(folder))
            if run:  # the first one warms up
                plain_s.append(both[0])
                traced_s.append(both[1])
                if time.perf_counter() - began > MOST_TIMED_S:
                    break
    plain, traced = statistics.median(plain_s), statistics.median(traced_s)
    compared = f"{OVERHEAD}: {plain * 1e3:.1f} and {traced * 1e3:.1f} ms"
    return Line("overhead", compared, traced / plain, None, "right", found=f"{traced / plain:.2f}×")


def _step_s(model: Any, ids: list[int], folder: Path | None) -> float:
    """Seconds of a step that reads one token, with a folder recorded into it."""
    steps = generate(model, ids, Sampling(max_new_tokens=TIMED_STEPS + 1, temperature=0.0))
    if folder is None:
        next(steps)
        began, num_steps = time.perf_counter(), sum(1 for _ in steps)
        return (time.perf_counter() - began) / num_steps
    layout = layout_of_model(model, TraceConfig())
    writer = SessionWriter(folder, TraceSession(Library(folder).new_id(), layout))
    with GenerationRecorder(model, layout, writer, cache_only_grows=True) as recorder:
        first = next(steps)
        recorder.choose(first.next_id, phase=first.phase)
        began, num_steps = time.perf_counter(), 0
        for step in steps:
            recorder.choose(step.next_id, phase=step.phase)
            num_steps += 1
    seconds = (time.perf_counter() - began) / num_steps  # what was left to reduce is part of it
    writer.finish("max_new_tokens", seal=False)
    return seconds


def own_text(loaded: LoadedModel, most: int) -> Iterator[list[int]]:
    """What the model writes from the beginning of a document: ids without special tokens, a text for each seed."""
    special = set(loaded.tokenizer.special.values())
    for seed in range(3):
        sampling = Sampling(max_new_tokens=most, temperature=1.0, top_k=None, seed=seed)
        steps = islice(generate(loaded.model, [loaded.tokenizer.bos_id], sampling), most)
        ids: list[int] = []
        for step in steps:
            if step.next_id in special:
                break
            ids.append(step.next_id)
        yield ids


@torch.inference_mode()
def bits_per_token(model: Any, ids: list[int]) -> float:
    """Of all but the first."""
    piece: Tensor = torch.tensor([ids], device=model.device)
    losses = F.cross_entropy(model(piece)[0, :-1].double(), piece[0, 1:])
    return float(losses) / float(np.log(2))
