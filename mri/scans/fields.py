"""What is kept of a neuron, of a head and of the corpus: names, types, shapes. Files, merging and bytes follow it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mri.scans.settings import Settings

HALVES = ("find", "count")
"""Even documents find rules, odd ones count how often they are right."""

STEPS_PER_OCTAVE = 4
FIRST_OCTAVE, OCTAVES = -8, 20
BINS = OCTAVES * STEPS_PER_OCTAVE
"""Of the histogram of what is above 0: from 2⁻⁸ to 2¹², an octave in four equal steps (1, 1.25, 1.5, 1.75 times its
beginning); what lies outside counts in the outermost."""

OCTAVES_PER_MAGNITUDE = 2
MAGNITUDES = OCTAVES // OCTAVES_PER_MAGNITUDE
"""Bins of the samples: factors of four."""

KEYS = ("this", "next")
"""Sums by the token that is read, and by the one that follows; behind a whole document the one that begins another."""


@dataclass(frozen=True)
class Sizes:
    """Of the model that was scanned."""

    n_layer: int
    n_neuron: int
    n_head: int
    n_vocab: int


def neuron_fields(settings: Settings) -> dict[str, tuple[Any, tuple[int, ...]]]:
    """dtype and shape behind (n_layer, n_neuron).

    max, fires, sum, sum_sq   by half: largest activation (0 where none is above), how often above 0, Σa, Σa²
    histogram                 by half and bin: how often above 0
    moment_*                  the strongest moment of a document, strongest first, of equal ones the first document's;
                              value 0 where there are no more
    sample_*                  by magnitude: positions drawn by `priority`, the smallest ones; value 0 where no more
    this_*, next_*            ids whose mean activation is above 0 and largest, −1 where no more; `sum` of those seen,
                              `missed` the most that may lack because a shard kept others; and, of ids that are not
                              here, the largest that a mean can be (`rest`)
    """
    k, samples, ids = settings.moments, (MAGNITUDES, settings.samples), (settings.ids,)
    fields: dict[str, tuple[Any, tuple[int, ...]]] = {
        "max": (np.float32, (2,)),
        "fires": (np.int64, (2,)),
        "sum": (np.float64, (2,)),
        "sum_sq": (np.float64, (2,)),
        "histogram": (np.int64, (2, BINS)),
        "moment_value": (np.float32, (k,)),
        "moment_document": (np.uint32, (k,)),
        "moment_position": (np.uint32, (k,)),
        "sample_value": (np.float32, samples),
        "sample_document": (np.uint32, samples),
        "sample_position": (np.uint32, samples),
        "sample_priority": (np.uint64, samples),
    }
    for key in KEYS:
        fields |= {f"{key}_id": (np.int32, ids), f"{key}_sum": (np.float64, ids), f"{key}_missed": (np.float64, ids)}
        fields[f"{key}_rest"] = (np.float64, ())
    return fields


HEAD_SUMS = ("previous", "first", "self", "distance", "queries", "induction", "repeats")
"""Of a head, added up over queries behind the first token: its weight on the token before, on the first, on itself, how
many tokens back it looks on average. `queries` is how many. Over the second copy of lists (repeats.py): its weight on
what followed the first time; `repeats` is how many queries that was."""


@dataclass
class Part:
    """What some shards hold, or all.

    neurons   by name of `neuron_fields`, (n_layer, n_neuron, …)
    heads     by name of HEAD_SUMS, (n_layer, n_head) float64
    seen      by key, (n_vocab,) int64: how often each id was read, or followed
    tokens, documents   by half, (2,) int64
    """

    neurons: dict[str, npt.NDArray[Any]]
    heads: dict[str, npt.NDArray[np.float64]]
    seen: dict[str, npt.NDArray[np.int64]]
    tokens: npt.NDArray[np.int64]
    documents: npt.NDArray[np.int64]


def bytes_per_neuron(settings: Settings) -> int:
    """Before they are packed."""
    return sum(np.dtype(dtype).itemsize * int(np.prod(shape)) for dtype, shape in neuron_fields(settings).values())


def misfit(part: Part, sizes: Sizes, settings: Settings) -> str:
    """The first name whose type or shape is not what it must be, "" where all are."""
    neurons = {
        name: (np.dtype(dtype), (sizes.n_layer, sizes.n_neuron, *shape))
        for name, (dtype, shape) in neuron_fields(settings).items()
    }
    heads = dict.fromkeys(HEAD_SUMS, (np.dtype(np.float64), (sizes.n_layer, sizes.n_head)))
    seen = dict.fromkeys(KEYS, (np.dtype(np.int64), (sizes.n_vocab,)))
    for wanted, found in ((neurons, part.neurons), (heads, part.heads), (seen, part.seen)):
        if name := _first_misfit(wanted, found):
            return name
    return "" if part.tokens.shape == part.documents.shape == (2,) else "tokens"


def _first_misfit(wanted: Mapping[str, Any], found: Mapping[str, npt.NDArray[Any]]) -> str:
    if names := wanted.keys() ^ found.keys():
        return min(names)
    return next((name for name, kind in wanted.items() if (found[name].dtype, found[name].shape) != kind), "")
