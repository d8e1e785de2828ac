"""So much at once, the next ones wait, and what is beyond is refused."""

import threading

import pytest

from mri.errors import BusyError
from mri.study.turns import Turns
from tests.web.live.conftest import until


def test_beyond_the_number_is_refused_until_one_ends():
    turns = Turns(2, "downloads")
    ends = [turns.take(), turns.take()]
    with pytest.raises(BusyError, match="2 downloads are under way already: try again"):
        turns.take()
    ends[0]()
    ends[0]()  # twice is once
    third = turns.take()
    with pytest.raises(BusyError):
        turns.take()
    third()


def test_some_wait_for_their_turn():
    turns, order = Turns(1, "computations", waiting=1), []
    first = turns.take()

    def second():
        with turns.turn():
            order.append("second")

    thread = threading.Thread(target=second)
    thread.start()

    until(lambda: turns._places._value == 0)
    with pytest.raises(BusyError, match="2 computations"):
        turns.take()
    order.append("first")
    first()
    thread.join(60)
    assert order == ["first", "second"]


def test_a_turn_ends_with_its_block_whatever_happens():
    turns = Turns(1, "computations")
    for _ in range(2):
        with pytest.raises(ZeroDivisionError), turns.turn():
            1 / 0  # noqa: B018
