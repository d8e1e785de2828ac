"""Whole numbers: what is one, and how what is none is refused."""

import pytest

from mri.errors import ConfigError
from mri.format.checks import MOST, check_whole, is_whole, whole


def test_true_is_no_number_and_the_ends_count():
    assert [is_whole(value, 1, 3) for value in (0, 1, 3, 4, True, 1.0, "1", None)] == [False, True, True] + [False] * 5


def test_what_is_none_is_refused_with_what_may_be_given():
    check_whole("top_k", 5, 1, 5)
    with pytest.raises(ConfigError, match=r"^top_k=6 must be a whole number from 1 to 5, or None to take all\.$"):
        check_whole("top_k", 6, 1, 5, "None to take all")


def test_a_number_in_an_address():
    assert (whole("step", "0"), whole("step", "007"), whole("step", str(MOST))) == (0, 7, MOST)
    for text in ("", "-1", "1.5", "²", "٣", "1e3", str(MOST + 1), " 1"):
        with pytest.raises(ConfigError, match=r"step=.* must be a whole number from 0 to 999,999,999"):
            whole("step", text)
