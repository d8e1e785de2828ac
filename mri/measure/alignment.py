"""Which token of one session stands for which token of another: shared prefix, or longest common subsequence.

Knows token ids and which step read which position. Refuses to know values: what is compared along an alignment is
difference.py's and divergence.py's. docs/comparison.md has the definitions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mri.arrays import Bools, Ids, Ints
from mri.errors import ConfigError

STRATEGIES = {
    "prefix": "shared prefix only",
    "mapping": "exact tokens, in order",
    "pooled": "pooled: means only",
}

DEFAULT = "mapping"
"""What two recordings are compared by unless asked otherwise. It holds the shared prefix, and goes on behind it: the
prefix alone has nothing to show of two texts that one model read, since up to where they part all is the same."""

MOST_CELLS = 4_000_000
"""Cells of one table of the longest common subsequence; longer sequences are cut in two first."""


@dataclass(frozen=True, eq=False)
class Alignment:
    """Positions that stand for each other.

    strategy    one of STRATEGIES
    positions   (n, 2) int64: position in A, position in B; both rise, and the ids there are equal
    divergence  how many tokens both begin with: the first position at which they differ, or one of them ends
    """

    strategy: str
    positions: Ints
    divergence: int


@dataclass(frozen=True, eq=False)
class Moments:
    """What one clock steps through: every step of both sessions once, in order, matched ones together.

    steps      (n, 2) int64: step of A, step of B, −1 where that side has none
    matched    (n,) whether the last token that A's step read stands for the last one that B's read
    whole      (n,) whether all that both steps read stands for each other, so that statistics may be compared
    """

    steps: Ints
    matched: Bools
    whole: Bools


def align(ids_a: npt.ArrayLike, ids_b: npt.ArrayLike, strategy: str = DEFAULT) -> Alignment:
    """Align two token sequences, ids by absolute position. Raises ConfigError on an unknown strategy."""
    if strategy not in STRATEGIES:
        raise ConfigError(f"There is no alignment {strategy!r}: choose one of {', '.join(STRATEGIES)}.")
    a, b = np.asarray(ids_a, np.int64), np.asarray(ids_b, np.int64)
    shared = shared_prefix(a, b)
    prefix = np.stack([np.arange(shared)] * 2, axis=1)
    if strategy == "pooled":
        return Alignment(strategy, np.empty((0, 2), np.int64), shared)
    if strategy == "prefix":
        return Alignment(strategy, prefix, shared)
    return Alignment(strategy, np.concatenate([prefix, shared + common_subsequence(a[shared:], b[shared:])]), shared)


def shared_prefix(a: Ints, b: Ints) -> int:
    """How many ids both begin with."""
    n = min(len(a), len(b))
    differ = np.flatnonzero(a[:n] != b[:n])
    return int(differ[0]) if len(differ) else n


def common_subsequence(a: Ints, b: Ints) -> Ints:
    """Index pairs of one longest common subsequence, (n, 2), both columns rising: in A and B as early as can be.

    Time len(a) · len(b); memory MOST_CELLS, since longer ones are cut in two as Hirschberg did (CACM 18, 1975).
    """
    if not len(a) or not len(b):
        return np.empty((0, 2), np.int64)
    if len(a) * len(b) <= MOST_CELLS or len(a) == 1:
        return _traced(a, b)
    half = len(a) // 2
    from_start = _lengths(a[:half], b)[-1]  # (len(b) + 1,) of a's first half with b[:j]
    from_end = _lengths(a[: half - 1 : -1], b[::-1])[-1][::-1]  # of a's second half with b[j:]
    cut = int(np.argmax(from_start + from_end))
    first, second = common_subsequence(a[:half], b[:cut]), common_subsequence(a[half:], b[cut:])
    return np.concatenate([first, second + np.array([half, cut])])


def _lengths(a: Ints, b: Ints, keep: bool = False) -> Ids:
    """Length of the longest common subsequence of a[:i] and b[:j]: the last row, or all with `keep`."""
    rows = np.zeros((len(a) + 1 if keep else 1, len(b) + 1), np.int32)
    row = rows[0]
    for i, token_id in enumerate(a.tolist(), 1):
        longer = np.maximum(row[1:], row[:-1] + (b == token_id))
        row = np.concatenate([row[:1], np.maximum.accumulate(longer)])
        rows[i if keep else 0] = row
    return rows


def _traced(a: Ints, b: Ints) -> Ints:
    # of the reversed sequences, so that the way back runs forwards and takes the earliest equal tokens
    rows = _lengths(a[::-1], b[::-1], keep=True)[::-1, ::-1]  # rows[i, j]: of a[i:] and b[j:]
    pairs, i, j = [], 0, 0
    while rows[i, j]:
        if a[i] == b[j]:
            pairs.append((i, j))
            i, j = i + 1, j + 1
        elif rows[i + 1, j] == rows[i, j]:
            i += 1
        else:
            j += 1
    return np.array(pairs, np.int64).reshape(-1, 2)


def moments(steps_a: Mapping[str, Any], steps_b: Mapping[str, Any], alignment: Alignment) -> Moments:
    """One clock for both.  steps: `SessionReader.steps()` of each.

    A step's values, attention and predictions belong to the last token it read, so steps are matched by that one.
    Between two matches the steps of both sides stand side by side in order, unmatched. Training steps read no tokens:
    none of them is matched.
    """
    partner = dict(alignment.positions.tolist())
    starts_a, ends_a = _positions(steps_a)
    starts_b, ends_b = _positions(steps_b)
    step_of_b = {end - 1: step for step, end in enumerate(ends_b) if end > starts_b[step]}
    steps: list[tuple[int, int]] = []
    matched: list[bool] = []
    whole: list[bool] = []

    def stand_by(upto_a: int, upto_b: int) -> None:
        """The steps before these, side by side."""
        for k in range(max(upto_a - next_a, upto_b - next_b)):
            a, b = next_a + k, next_b + k
            steps.append((a if a < upto_a else -1, b if b < upto_b else -1))
            matched.append(False)
            whole.append(False)

    next_a = next_b = 0
    for a, end in enumerate(ends_a):
        b = step_of_b.get(partner.get(end - 1, -1), -1) if end > starts_a[a] else -1
        if b < next_b:
            continue
        stand_by(a, b)
        steps.append((a, b))
        matched.append(True)
        same = end - starts_a[a] == ends_b[b] - starts_b[b]
        shift = starts_b[b] - starts_a[a]
        whole.append(same and all(partner.get(p) == p + shift for p in range(starts_a[a], end)))
        next_a, next_b = a + 1, b + 1
    stand_by(len(ends_a), len(ends_b))
    return Moments(np.array(steps, np.int64).reshape(-1, 2), np.array(matched, bool), np.array(whole, bool))


def _positions(steps: Mapping[str, Any]) -> tuple[list[int], list[int]]:
    """Position of the first token that each step read, and the one behind its last; a training step read none."""
    starts = np.asarray(steps["pos0"], np.int64)
    num_read = np.where(np.asarray(steps["phase"]) == "train", 0, steps["t_add"])
    return starts.tolist(), (starts + num_read).tolist()


def union_axis(positions: Ints, num_a: int, num_b: int) -> tuple[Ints, Ints, int]:
    """One axis for the first `num_a` positions of A and `num_b` of B: matched ones share a place, others have one each.

    -> place of each position of A (num_a,), of B (num_b,), both rising, and how many places there are.
    """
    place_a, place_b = np.empty(num_a, np.int64), np.empty(num_b, np.int64)
    inside = (positions[:, 0] < num_a) & (positions[:, 1] < num_b)
    next_a = next_b = place = 0
    for a, b in [*positions[inside].tolist(), (num_a, num_b)]:
        alone_a, alone_b = a - next_a, b - next_b
        place_a[next_a:a] = place + np.arange(alone_a)
        place_b[next_b:b] = place + alone_a + np.arange(alone_b)
        place += alone_a + alone_b
        if a < num_a and b < num_b:
            place_a[a] = place_b[b] = place
            place += 1
        next_a, next_b = a + 1, b + 1
    return place_a, place_b, place
