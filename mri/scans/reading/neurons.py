"""What the neurons of one block did in a shard, as its batches pass: kept as a few numbers each, never as activations.

Everything is decided by values and by the places of documents, so that the order of batches changes nothing but the
last bits of sums, and that order is the shard's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from mri.scans.fields import BINS, FIRST_OCTAVE, KEYS, MAGNITUDES, OCTAVES_PER_MAGNITUDE, STEPS_PER_OCTAVE
from mri.scans.reading.batches import Batch
from mri.scans.reading.samples import Samples
from mri.scans.settings import Settings

LOW = 0xFFFFFFFF
FIRST_BIN = (127 + FIRST_OCTAVE) * STEPS_PER_OCTAVE
"""Of float32's bits without its last 21: exponent, then two bits of the fraction, which are quarters of the octave."""


def keyed(values: Tensor, numbers: Tensor) -> Tensor:
    """int64 keys of float32 values and numbers below 2³²: larger for a larger value, of equal ones for the smaller
    number; 0 where the value is not above 0. The bits of floats above 0 are in their order."""
    keys = (values.view(torch.int32).long() << 32) | (LOW - numbers)
    return torch.where(values > 0, keys, 0)


def value_of(keys: Tensor) -> Tensor:
    return (keys >> 32).int().view(torch.float32)


class BlockSums:
    """Of one block. `ids`: by key, the different tokens of the shard in order, whose sums are taken."""

    def __init__(self, n_neuron: int, ids: dict[str, Tensor], settings: Settings, device: torch.device) -> None:
        self._settings, self._ids = settings, ids
        self._max = torch.zeros(2, n_neuron, device=device)
        self._sum, self._sum_sq = (torch.zeros(2, n_neuron, dtype=torch.float64, device=device) for _ in range(2))
        self._histogram = torch.zeros(2 * n_neuron * BINS, dtype=torch.int64, device=device)
        self._keys = torch.zeros(settings.moments, n_neuron, dtype=torch.int64, device=device)
        self._positions = torch.zeros_like(self._keys)
        self._by_id = {key: torch.zeros(len(of_key), n_neuron, device=device) for key, of_key in ids.items()}
        self._samples = Samples(n_neuron * MAGNITUDES, settings.samples)

    def add(self, activations: Tensor, placed: Placed) -> None:
        """activations (B, T, n_neuron) float32 of a batch."""
        strongest, positions = activations.masked_fill(~placed.is_read[..., None], -torch.inf).max(1)  # (B, n_neuron)
        self._add_moments(strongest, positions, placed)
        for half in (0, 1):
            if (of_half := strongest[placed.half == half]).numel():
                self._max[half] = torch.maximum(self._max[half], of_half.amax(0))
        x = activations[placed.is_read]  # (M, n_neuron)
        self._sum += (placed.of_half @ x).double()
        self._sum_sq += (placed.of_half @ x.square()).double()
        for key in KEYS:
            self._by_id[key].index_add_(0, placed.rows[key], x if key == "this" else x[placed.has_next])
        self._add_firing(x, placed)

    def _add_moments(self, strongest: Tensor, positions: Tensor, placed: Placed) -> None:
        new = keyed(strongest, placed.documents[:, None].expand_as(strongest))
        keys, positions = torch.cat([self._keys, new]), torch.cat([self._positions, positions])
        self._keys, order = keys.topk(self._settings.moments, 0)
        self._positions = positions.gather(0, order)

    def _add_firing(self, x: Tensor, placed: Placed) -> None:
        """Histogram and samples, of what is above 0."""
        n_neuron = x.shape[1]
        token, neuron = (x > 0).nonzero(as_tuple=True)
        values = x[token, neuron]
        bins = ((values.view(torch.int32) >> 21) - FIRST_BIN).clamp(0, BINS - 1).long()
        place = (placed.half_of_token[token] * n_neuron + neuron) * BINS + bins
        self._histogram += torch.bincount(place, minlength=2 * n_neuron * BINS)
        magnitude = bins // (STEPS_PER_OCTAVE * OCTAVES_PER_MAGNITUDE)
        self._samples.add(
            (neuron * MAGNITUDES + magnitude).cpu().numpy(), values.cpu().numpy(), token.cpu().numpy(), placed.tokens
        )

    def found(self, counts: dict[str, Tensor]) -> dict[str, npt.NDArray[Any]]:
        """By name of `neuron_fields`, (n_neuron, …). counts: by key, how often each of `ids` was there."""
        n_neuron = self._max.shape[1]
        histogram = self._histogram.view(2, n_neuron, BINS).transpose(0, 1).cpu().numpy()
        by_half = {"max": self._max, "sum": self._sum, "sum_sq": self._sum_sq}
        out: dict[str, npt.NDArray[Any]] = {name: kept.T.cpu().numpy() for name, kept in by_half.items()}
        out |= {"histogram": histogram, "fires": histogram.sum(-1)}
        values = value_of(self._keys).T.cpu().numpy()
        documents = torch.where(self._keys > 0, LOW - (self._keys & LOW), 0)
        out |= {"moment_value": values, "moment_document": documents.T.cpu().numpy().astype(np.uint32)}
        out["moment_position"] = torch.where(self._keys > 0, self._positions, 0).T.cpu().numpy().astype(np.uint32)
        for name, kept in self._samples.found().items():
            out[f"sample_{name}"] = kept.reshape(n_neuron, MAGNITUDES, -1)
        for key in KEYS:
            out |= {f"{key}_{name}": kept for name, kept in self._largest(key, counts[key]).items()}
        return out

    def _largest(self, key: str, counts: Tensor) -> dict[str, npt.NDArray[Any]]:
        """The ids with the largest means."""
        most, sums, ids = self._settings.ids, self._by_id[key], self._ids[key]
        n_neuron, n_kept = sums.shape[1], min(most, len(ids))
        keys, order = keyed(sums / counts[:, None].float(), ids[:, None].expand_as(sums)).topk(n_kept, 0)
        is_there = keys > 0
        empty = np.zeros((n_neuron, most - n_kept))
        found = np.concatenate([torch.where(is_there, ids[order], -1).T.cpu().numpy(), empty - 1], 1)
        kept_sums = torch.where(is_there, sums.gather(0, order), 0).T.double().cpu().numpy()
        rest = value_of(keys)[-1].double().cpu().numpy() if n_kept == most else np.zeros(n_neuron)
        return {
            "id": found.astype(np.int32),
            "sum": np.concatenate([kept_sums, empty], 1),
            "missed": np.zeros((n_neuron, most)),
            "rest": rest,
        }


class Placed:
    """Where the rows and tokens of a batch stand, on the device; the same for every block.

    tokens   (3, M) of the batch's tokens: priority, document, position, for the samples
    """

    def __init__(self, batch: Batch, ids: dict[str, Tensor], device: torch.device) -> None:
        is_read = batch.is_read
        self.is_read = torch.from_numpy(is_read).to(device)
        self.documents = torch.from_numpy(batch.documents).to(device)
        self.half = self.documents % 2
        row, position = is_read.nonzero()
        documents = batch.documents[row]
        self.half_of_token = torch.from_numpy(documents % 2).to(device)
        self.of_half = torch.stack([self.half_of_token == 0, self.half_of_token == 1]).float()
        self.has_next = torch.from_numpy(batch.following >= 0).to(device)
        following = batch.following[batch.following >= 0]
        of_key: Sequence[Any] = (batch.ids[is_read], following)
        self.rows = {
            key: torch.searchsorted(ids[key], torch.from_numpy(each).to(device))
            for key, each in zip(KEYS, of_key, strict=True)
        }
        self.tokens = np.stack([batch.priority, documents.astype(np.uint64), position.astype(np.uint64)])
