"""`check`: every line of the proof for one model, in the order in which one would ask.

Puts the lines together. Knows how much to read, and how much rounding is fair.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import torch

from mri.errors import PromptError
from mri.nanochat.checkpoint import LoadedModel, load_model
from mri.nanochat.disk.english import ENGLISH
from mri.nanochat.eras import ERAS
from mri.paths import as_path
from mri.proof import runs, words
from mri.proof.links import ATTENTION, BROKEN, PARTS, Links
from mri.proof.report import Line, OnLine, Report, not_judged
from mri.proof.upstream import upstream_line
from mri.proof.watched import watch_pass

TOLERANCE = {torch.float32: 1e-4, torch.bfloat16: 5e-2}
"""Of one link, relative to the largest number in it."""
FEWEST_TOKENS, BEYOND_WINDOW = 64, 24


def check(
    model: Path | str | LoadedModel | None = None,
    *,
    upstream: Path | str | None = None,
    on_line: OnLine | None = None,
) -> Report:
    """Prove on a model of one's own that what is recorded of it is true.

    model     as of `mri.record`: a path, or what `load_model` gave; None is the embedded model
    upstream  a checkout of nanochat of the model's era: its code is run, and its logits are compared. Nothing of it is
              changed
    on_line   told each line as soon as it is known

    Raises ModelError for a model that cannot be loaded, or that is none of nanochat's eras.
    """
    began = time.perf_counter()
    loaded = model if isinstance(model, LoadedModel) else load_model(model)
    report = Report(f"{loaded.ref.id}  {loaded.ref.file}")
    for line in _lines(loaded, None if upstream is None else as_path(upstream)):
        report.lines.append(line)
        if on_line:
            on_line(line)
    return Report(report.model, report.lines, time.perf_counter() - began)


def _lines(loaded: LoadedModel, upstream: Path | None) -> Iterator[Line]:
    model, config = loaded.model, loaded.config
    before = runs.hooks_on(model)
    tolerance = TOLERANCE.get(model.lm_head.weight.dtype, max(TOLERANCE.values()))
    yield words.era_line(loaded)
    yield words.file_line(loaded)
    yield words.english_line(loaded)
    yield words.tokenizer_line(loaded)
    windows = model.era.window_sizes(config.sequence_len, config.n_layer, config.window_pattern)
    beyond = min(max(min(windows) + BEYOND_WINDOW, FEWEST_TOKENS), config.sequence_len)
    ids = prompt_ids(loaded, beyond)
    short = ids[: min(runs.PROMPT, config.sequence_len - runs.NEW)] if config.sequence_len > runs.NEW else ids[:1]
    traced = runs.trace(loaded, short)
    yield runs.traced_line(traced)
    links = Links(model, ids, watch_pass(model, ids), tolerance) if loaded.era in ERAS else None
    if links is None:
        yield runs.cached_line(model, ids, tolerance)
        for name, compared in (("parts", PARTS), ("attention", ATTENTION), ("ledger", runs.LEDGER)):
            yield not_judged(name, compared, f"the reference has nanochat's eras only, and this is {loaded.era}.")
    else:
        yield not_judged("cached", runs.CACHED, BROKEN) if links.broken else runs.cached_line(model, ids, tolerance)
        yield from links.lines()
        yield runs.ledger_line(traced, 0.0 if links.broken else links.stream(), tolerance, links.broken)
    yield runs.overhead_line(loaded, short)
    if upstream is not None:
        yield upstream_line(loaded, upstream, ids)
    yield runs.hooks_line(loaded, before)


def prompt_ids(loaded: LoadedModel, n: int) -> list[int]:
    """English as far as the tokenizer can write it, again and again."""
    try:
        ids = [loaded.tokenizer.bos_id, *loaded.tokenizer.encode(ENGLISH)]
    except PromptError:
        ids = [*range(loaded.config.vocab_size)]
    return (ids * (1 + n // len(ids)))[:n]
