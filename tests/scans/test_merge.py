"""Parts merged: which ids stay, and how far their sums can be off."""

from __future__ import annotations

import numpy as np

from mri.scans.fields import HEAD_SUMS, KEYS, Part, Sizes, bytes_per_neuron, misfit, neuron_fields
from mri.scans.merge import merge
from mri.scans.settings import Settings

SETTINGS, SIZES = Settings(moments=2, samples=1, ids=2), Sizes(1, 1, 1, 6)


def part(ids, sums, rest, seen) -> Part:
    fields = neuron_fields(SETTINGS)
    neurons = {name: np.zeros((1, 1, *shape), dtype) for name, (dtype, shape) in fields.items()}
    for key in KEYS:
        neurons[f"{key}_id"][0, 0], neurons[f"{key}_sum"][0, 0], neurons[f"{key}_rest"][0, 0] = ids, sums, rest
    counts = np.array(seen)
    two = np.zeros(2, np.int64)
    return Part(neurons, dict.fromkeys(HEAD_SUMS, np.zeros((1, 1))), dict.fromkeys(KEYS, counts), two, two)


def test_ids_that_one_did_not_keep_may_lack_what_its_rest_allows() -> None:
    a = part([3, 5], [8, 3], 1.0, [9, 9, 9, 2, 9, 1])  # means 4 and 3
    b = part([3, 1], [2, 6], 0.5, [9, 3, 9, 2, 9, 8])  # means 1 and 2
    both = merge(a, b)
    assert misfit(both, SIZES, SETTINGS) == ""
    kept = {name: both.neurons[f"this_{name}"][0, 0].tolist() for name in ("id", "sum", "missed", "rest")}
    assert kept["id"] == [3, 1]  # means 10 / 4 and 6 / 12; of id 5 it is 3 / 9
    assert kept["sum"] == [10, 6]
    assert kept["missed"] == [0, 9]  # 9 times id 1 in a, a mean of 1 at most
    assert kept["rest"] == 1.0
    other = merge(b, a)
    assert other.neurons["this_id"].tolist() == both.neurons["this_id"].tolist()


def test_an_empty_place_is_no_id() -> None:
    a, b = part([-1, -1], [0, 0], 0, [1, 0, 0, 0, 0, 0]), part([4, -1], [2, 0], 0, [0, 0, 0, 0, 1, 0])
    for both in (merge(a, b), merge(b, a)):
        assert both.neurons["next_id"][0, 0].tolist() == [4, -1]
        assert both.neurons["next_sum"][0, 0].tolist() == [2, 0]


def test_the_bytes_of_a_neuron_are_told() -> None:
    a = part([-1, -1], [0, 0], 0, [0] * 6)
    assert sum(values.nbytes for values in a.neurons.values()) == bytes_per_neuron(SETTINGS)
    a.neurons.pop("max")
    assert misfit(a, SIZES, SETTINGS) == "max"
