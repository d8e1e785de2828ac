"""Two recordings at one moment as panels read them: who has a step there, and what stands for what."""

import pytest

from mri.errors import ConfigError
from mri.panels.pair import Pair
from mri.store.library import Library
from mri.study.comparison import compare
from tests.true_sessions import write_true_session


@pytest.fixture(scope="module")
def comparison(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sessions")
    write_true_session(folder, "one", [0, 26, 1, 2, 3, 5, 4], seed=1)
    write_true_session(folder, "two", [0, 26, 6, 1, 2, 5, 4], seed=2)
    library = Library(folder)
    return compare(library.open("one"), library.open("two"), "mapping")


def at(comparison, alone):
    """The first moment at which only that one has a step; "": both."""
    count = len(comparison.moments.steps)
    return next(pair for pair in (Pair(comparison, moment) for moment in range(count)) if pair.alone == alone)


def test_a_moment_that_is_not_there(comparison):
    for moment in (-1, len(comparison.moments.steps)):
        with pytest.raises(ConfigError, match=f"There is no moment {moment}"):
            Pair(comparison, moment)


def test_where_only_one_has_a_step_nothing_of_both_is_read(comparison):
    for alone in ("A", "B"):
        with pytest.raises(ConfigError, match=f"Only {alone} has a step"):
            _ = at(comparison, alone).steps


def test_steps_that_stand_for_each_other(comparison):
    first = Pair(comparison)
    assert (first.alone, first.steps, first.is_matched) == ("", (0, 0), True)
    assert [reader.session.id for reader in first.readers] == ["one", "two"]
    apart = [Pair(comparison, moment) for moment in range(len(comparison.moments.steps))]
    matched = [pair.is_matched for pair in apart if not pair.alone]
    assert sum(matched) == int(comparison.moments.matched.sum())


def test_attention_is_compared_once(comparison):
    pair = Pair(comparison)
    assert pair.attention is not None
    assert pair.attention is pair.attention
