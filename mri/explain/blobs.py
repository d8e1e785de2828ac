"""The answers that a page gets: windows of `why` and sweeps, each one blob of arrays under a JSON header.

Puts together the recording, its model and what is computed of both. Their arrays: docs/why.md.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mri.explain.ablation import ablation
from mri.explain.asked import asked_steps, tokens_read
from mri.explain.knockout import knockout
from mri.explain.patch_map import patch_map
from mri.explain.replay import OnProgress, Replay
from mri.explain.why import POSITIONS_AT_ONCE, Window
from mri.format.wire import blob_from_arrays
from mri.nanochat.config import GPTConfig
from mri.nanochat.tokenizer import Tokenizer
from mri.store.reader import SessionReader

BLOB_BYTES = 2_000_000
"""About what an answer may weigh: it has fewer steps than asked for where they would be more, but always one."""


def why_blob(
    reader: SessionReader,
    replay: Replay,
    tokenizer: Tokenizer,
    steps: range,
    token: int | None,
    against: int | None,
    on_progress: OnProgress,
) -> bytes:
    """Raises ConfigError for what cannot be explained, SessionNotFound for steps that are not there."""
    asked = asked_steps(reader, steps[: max(1, BLOB_BYTES // _bytes_of_step(replay.model.config))])
    asked = [step for step in asked if step.position - asked[0].position < POSITIONS_AT_ONCE]
    pairs = [step.pair(token, against) for step in asked]
    replay.read(tokens_read(reader, asked[-1].position), on_progress)
    arrays = Window(replay, asked).arrays(pairs)
    header: dict[str, Any] = {"start": steps.start, "stop": steps.start + len(asked)}
    ids = np.unique(np.concatenate([arrays["stream_ids"].ravel(), arrays["exit_ids"].ravel(), np.ravel(pairs)]))
    unknown = (int(i) for i in ids if int(i) not in reader.token_bytes)
    return blob_from_arrays(header | {"texts": {str(i): tokenizer.token_bytes(i).hex() for i in unknown}}, arrays)


def sweep_blob(
    reader: SessionReader,
    replay: Replay,
    step: int,
    kind: str,
    base: SessionReader | None,
    token: int | None,
    against: int | None,
    on_progress: OnProgress,
) -> bytes:
    """Of "ablate" for the kept predictions, the chosen token and those asked for, else for the pair. Raises as
    `why_blob`."""
    if base is not None:
        arrays, facts = patch_map(reader, base, replay, step, token, against, on_progress)
        return blob_from_arrays(facts, arrays)
    [asked] = asked_steps(reader, [step])
    replay.read(tokens_read(reader, asked.position), on_progress)
    if kind == "knockout":
        return blob_from_arrays({}, knockout(replay, asked, asked.pair(token, against), on_progress))
    return blob_from_arrays({}, ablation(replay, asked, asked.all_ids(token, against)))


def _bytes_of_step(config: GPTConfig) -> int:
    """About; nearly all of it is what each coordinate and each neuron wrote."""
    return config.n_layer * (2 * 5 * config.n_embd + config.n_head * 110 + 100) + 500
