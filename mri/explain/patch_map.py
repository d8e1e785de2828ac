"""The patching map of a step: whose value, put into this text, gives back how much of the other text's prediction.

Puts together two recordings, their alignment and what is computed; measures every cell where that takes seconds, else
takes the gradient and says how far off it is. Opens no session.
"""

from __future__ import annotations

import time
from typing import Any, cast

import numpy as np

from mri.arrays import Bools, Ints
from mri.capture.reduce import softcapped
from mri.errors import ConfigError
from mri.explain.asked import AskedStep, asked_steps, refuse_other_logits
from mri.explain.cells import partners, places, reached
from mri.explain.patching import Patching, approximated, gradients, passed
from mri.explain.replay import OnProgress, Replay
from mri.format.events import Array
from mri.store.reader import SessionReader

EXACT_SECONDS = 20.0
"""What would take longer is approximated, unless somebody wants it measured."""
CHECKED = 20
"""Cells of an approximation that are measured as well: those that it says are strongest."""
SAME = 1e-3
"""Logits: two texts whose differences are closer than that leave nothing to restore."""


def patch_map(
    reader: SessionReader,
    base: SessionReader,
    replay: Replay,
    step: int,
    token: int | None,
    against: int | None,
    on_progress: OnProgress,
    *,
    exact: bool | None = None,
) -> tuple[dict[str, Array], dict[str, Any]]:
    """All arrays of a sweep with kind "patch" (docs/why.md), and facts: `approximate`, and if so what the check found.

    restored (rows, n): share of the way from this text's difference of logits to `base`'s, NaN where no token of
    `base` stands for this one, 0 where nothing reaches the prediction; reached (rows, n) uint8: what was run; partners
    (n,) int32: positions of `base`, −1: none; differences (2,): of this text, of `base`. Rows: `cells.places`. Raises
    ConfigError where there is nothing to put in, or where the weights give other predictions than were recorded.
    """
    [asked] = asked_steps(reader, [step])
    own_ids, base_ids = reader.token_ids(), base.token_ids()
    at = partners(own_ids, base_ids, asked.position)
    if at[-1] < 0:
        raise ConfigError(
            f"No token of {base.session.id} stands for the one that step {step} reads: choose a step that both have."
        )
    given = passed(replay, base_ids[: at[-1] + 1].tolist(), on_progress)
    own = passed(replay, own_ids[: asked.position + 1].tolist(), on_progress)
    for passing, of in ((own, asked), (given, _step_of(base, int(at[-1])))):
        if of is not None:
            capped = softcapped(passing.logits[None].float(), replay.model.config.vocab_size, replay.model.softcap)
            refuse_other_logits(of, capped[0].cpu().numpy())
    pair = _pair(asked, base_ids, int(at[-1]), token, against)
    differences = np.array([float(x.logits[pair[0]] - x.logits[pair[1]]) for x in (own, given)], np.float32)
    way = float(differences[1] - differences[0])
    if abs(way) < SAME:
        raise ConfigError(
            "Both texts hold these two tokens equally far apart, so there is nothing to restore: name others."
        )
    config = replay.model.config
    rows = places(config.n_layer, config.n_head)
    windows = [int(block.attn.window) for block in cast("list[Any]", replay.model.transformer["h"])]
    cells = reached(rows, windows, asked.position) & (at >= 0)
    patching = Patching(replay, own, given, at, rows)
    if exact is None:
        exact = _seconds(patching, cells, pair) <= EXACT_SECONDS
    facts: dict[str, Any] = {"approximate": not exact}
    if exact:
        restored = (patching.differences(cells, pair, on_progress) - differences[0]) / way
    else:
        by = gradients(replay.model, own_ids[: asked.position + 1].tolist(), pair)
        restored = approximated(own, given, by, at, rows, config.n_head) / way
        facts |= _checked(patching, cells, pair, restored, float(differences[0]), way, on_progress)
    restored = np.where(cells, restored, np.where(at >= 0, 0.0, np.nan)).astype(np.float32)
    arrays = {"restored": restored, "reached": cells.astype(np.uint8), "partners": at.astype(np.int32)}
    return arrays | {"differences": differences, "token_ids": np.array(pair, np.uint32)}, facts


def _step_of(base: SessionReader, position: int) -> AskedStep | None:
    """The step of the other text that reads this token last, where there is one that predicted something."""
    steps = base.steps()
    found = np.flatnonzero(steps["pos0"] + steps["t_add"] - 1 == position)
    try:
        return asked_steps(base, [int(found[0])])[0] if len(found) else None
    except ConfigError:
        return None


def _pair(asked: AskedStep, base_ids: Ints, position: int, token: int | None, against: int | None) -> tuple[int, int]:
    """As asked; else the chosen token, and what follows in the other text, or where that is the same the strongest
    other."""
    follows = int(base_ids[position + 1]) if position + 1 < len(base_ids) else None
    if against is None and follows != (asked.chosen if token is None else token):
        against = follows
    return asked.pair(token, against)


def _seconds(patching: Patching, cells: Bools, pair: tuple[int, int]) -> float:
    """About how long all cells take: as the middle position does."""
    work = cells.sum(0) * (np.arange(cells.shape[1], 0, -1))  # copies times tokens, of each position
    middle = cells.shape[1] // 2
    middle = middle if work[middle] else int(work.argmax())
    some = np.zeros_like(cells)
    some[np.flatnonzero(cells[:, middle])[:: max(1, int(cells[:, middle].sum()) // 8)], middle] = True
    began = time.perf_counter()
    patching.differences(some, pair, lambda done, of: None)
    share = some.sum() * (cells.shape[1] - middle) / work.sum()
    return float((time.perf_counter() - began) / share)


def _checked(
    patching: Patching,
    cells: Bools,
    pair: tuple[int, int],
    restored: Array,
    difference: float,
    way: float,
    on_progress: OnProgress,
) -> dict[str, Any]:
    """What an approximation is worth: its strongest cells, measured."""
    amounts = np.where(cells, np.abs(restored), -1.0).ravel()
    strongest = np.argsort(-amounts)[: min(CHECKED, int(cells.sum()))]
    some = np.zeros(cells.size, bool)
    some[strongest] = True
    measured = (patching.differences(some.reshape(cells.shape), pair, on_progress) - difference) / way
    told, true = restored.ravel()[strongest], measured.ravel()[strongest]
    is_flat = len(true) < 2 or not float(np.std(told)) or not float(np.std(true))
    return {
        "checked": len(strongest),
        "error": float(np.abs(told - true).mean()),
        "worst": float(np.abs(told - true).max()),
        "same_sign": float((np.sign(told) == np.sign(true)).mean()),
        "correlation": None if is_flat else float(np.corrcoef(told, true)[0, 1]),
    }
