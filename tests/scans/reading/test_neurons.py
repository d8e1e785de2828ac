"""Values as keys that are in their order, and samples in any order of what comes."""

from __future__ import annotations

import numpy as np
import torch

from mri.scans.reading.neurons import keyed, value_of
from mri.scans.reading.samples import Samples


def test_keys_are_in_the_order_of_values_and_then_of_the_smaller_number():
    values = torch.tensor([0.5, 2.0, 2.0, 1e-30, 0.0, -1.0, 3e30])
    numbers = torch.tensor([1, 4_000_000_000, 3, 1, 1, 1, 9])
    keys = keyed(values, numbers)
    assert keys.argsort(descending=True)[:5].tolist() == [6, 2, 1, 0, 3]
    assert keys[4:6].tolist() == [0, 0]
    assert torch.equal(value_of(keys), values.clamp(min=0))


def test_samples_are_the_smallest_priorities_however_they_come():
    rng = np.random.default_rng(3)
    told = np.stack([rng.permutation(500), rng.integers(0, 9, 500), np.arange(500)]).astype(np.uint64)
    groups, tokens = rng.integers(0, 3, 2000), rng.integers(0, 500, 2000)
    pairs = np.unique(np.stack([groups, tokens]), axis=1)
    values = np.ones(pairs.shape[1], np.float32)
    found = []
    for order in (np.arange(len(values)), rng.permutation(len(values))):
        samples = Samples(4, 5)
        for part in np.array_split(order, 7):
            samples.add(pairs[0, part], values[part], pairs[1, part], told)
        found.append(samples.found())
    for name, kept in found[0].items():
        np.testing.assert_array_equal(kept, found[1][name])
    for group in range(3):
        wanted = np.sort(told[0, pairs[1, pairs[0] == group]])[:5]
        assert found[0]["priority"][group].tolist() == wanted.tolist()
    assert not found[0]["value"][3].any()
