"""Alignment against hand-made cases and a plain recursive longest common subsequence; its laws for any sequences."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mri.errors import ConfigError
from mri.measure import alignment
from mri.measure.alignment import align, common_subsequence, moments, union_axis

IDS = st.lists(st.integers(0, 4), max_size=14)


def longest(a, b):
    """Length of the longest common subsequence, straight from its definition."""

    @cache
    def of(i, j):
        if i == len(a) or j == len(b):
            return 0
        if a[i] == b[j]:
            return 1 + of(i + 1, j + 1)
        return max(of(i + 1, j), of(i, j + 1))

    return of(0, 0)


def pairs(found):
    return [tuple(pair) for pair in found.tolist()]


def test_the_prefix_ends_where_the_tokens_differ():
    found = align([1, 2, 3, 4, 9], [1, 2, 7, 4, 9], "prefix")
    assert pairs(found.positions) == [(0, 0), (1, 1)]
    assert found.divergence == 2


def test_the_mapping_goes_on_behind_the_difference():
    found = align([1, 2, 3, 4, 9], [1, 2, 7, 8, 4, 9, 9], "mapping")
    assert pairs(found.positions) == [(0, 0), (1, 1), (3, 4), (4, 5)]
    assert found.divergence == 2


def test_pooled_matches_no_tokens_and_still_says_where_they_part():
    found = align([1, 2, 3], [1, 5], "pooled")
    assert found.positions.shape == (0, 2)
    assert found.divergence == 1


def test_a_sequence_that_only_goes_on_diverges_where_the_other_ends():
    assert align([1, 2], [1, 2, 3]).divergence == 2
    assert align([], [1]).divergence == 0


def test_an_unknown_strategy_is_refused():
    with pytest.raises(ConfigError, match="prefix, mapping, pooled"):
        align([1], [1], "vibes")


@given(IDS, IDS)
def test_a_mapping_keeps_the_order_and_pairs_equal_tokens_and_holds_the_prefix(a, b):
    mapping = align(a, b, "mapping")
    places = mapping.positions
    assert (np.diff(places, axis=0) > 0).all()
    assert [a[i] for i in places[:, 0]] == [b[j] for j in places[:, 1]]
    assert set(pairs(align(a, b, "prefix").positions)) <= set(pairs(places))
    assert len(places) == longest(tuple(a), tuple(b))


@given(IDS, IDS)
def test_cutting_in_two_finds_one_as_long(a, b):
    a, b = np.array(a, np.int64), np.array(b, np.int64)
    whole, most = common_subsequence(a, b), alignment.MOST_CELLS
    try:
        alignment.MOST_CELLS = 6
        cut = common_subsequence(a, b)
    finally:
        alignment.MOST_CELLS = most
    assert len(cut) == len(whole)
    assert (np.diff(cut, axis=0) > 0).all()
    assert (a[cut[:, 0]] == b[cut[:, 1]]).all()


@given(IDS)
def test_a_sequence_matches_itself_throughout(a):
    for strategy in ("prefix", "mapping"):
        found = align(a, a, strategy)
        assert pairs(found.positions) == [(i, i) for i in range(len(a))]
        assert found.divergence == len(a)


def steps(*read, phase="decode", start=0):
    """Steps that read so many tokens each."""
    ends = np.cumsum([start, *read])
    return {"pos0": ends[:-1], "t_add": np.array(read), "phase": np.array([phase] * len(read))}


def test_moments_put_matched_steps_together_and_the_others_side_by_side():
    found = moments(steps(1, 1, 1, 1), steps(1, 1, 1, 1, 1), align([5, 1, 6, 7], [5, 2, 3, 6, 8], "mapping"))
    assert pairs(found.steps) == [(0, 0), (1, 1), (-1, 2), (2, 3), (3, 4)]
    assert found.matched.tolist() == [True, False, False, True, False]
    assert found.whole.tolist() == found.matched.tolist()


def test_a_prompt_read_in_one_pass_is_matched_by_its_last_token_only():
    ids = [1, 2, 3, 4]
    found = moments(steps(3, 1), steps(1, 1, 1, 1), align(ids, ids))
    assert pairs(found.steps) == [(-1, 0), (-1, 1), (0, 2), (1, 3)]
    assert found.matched.tolist() == [False, False, True, True]
    assert found.whole.tolist() == [False, False, False, True]  # one read three tokens, the other one


def test_two_equal_prompts_read_in_one_pass_are_matched_whole():
    found = moments(steps(3, 1), steps(3, 1), align([1, 2, 3, 4], [1, 2, 3, 4]))
    assert found.whole.tolist() == [True, True]
    other = moments(steps(3, 1), steps(3, 1), align([9, 2, 3, 4], [1, 2, 3, 4], "mapping"))
    assert other.matched.tolist() == [True, True]
    assert other.whole.tolist() == [False, True]


def test_training_steps_match_nothing():
    found = moments(steps(4, 4, phase="train"), steps(1, 1), align([1, 2], [1, 2]))
    assert not found.matched.any()
    assert pairs(found.steps) == [(0, 0), (1, 1)]


@given(IDS, IDS, st.sampled_from(["prefix", "mapping", "pooled"]))
def test_moments_hold_every_step_once_in_order(a, b, strategy):
    found = moments(steps(*[1] * len(a)), steps(*[1] * len(b)), align(a, b, strategy))
    for side, ids in enumerate((a, b)):
        mine = found.steps[:, side]
        assert mine[mine >= 0].tolist() == list(range(len(ids)))
    assert pairs(found.steps[found.matched]) == pairs(align(a, b, strategy).positions)


def test_union_axis_by_hand():
    place_a, place_b, size = union_axis(np.array([[0, 0], [2, 3]]), 4, 5)
    assert place_a.tolist() == [0, 1, 4, 5]
    assert place_b.tolist() == [0, 2, 3, 4, 6]
    assert size == 7


@given(IDS, IDS)
def test_on_the_union_axis_only_matched_positions_share_a_place(a, b):
    found = align(a, b, "mapping")
    place_a, place_b, size = union_axis(found.positions, len(a), len(b))
    assert size == len(a) + len(b) - len(found.positions)
    assert sorted({*place_a.tolist(), *place_b.tolist()}) == list(range(size))
    shared = [(i, j) for i in range(len(a)) for j in range(len(b)) if place_a[i] == place_b[j]]
    assert shared == pairs(found.positions)
