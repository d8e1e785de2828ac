"""Stop, pause, resume, step: who waits, and for how many steps."""

from __future__ import annotations

import threading

from mri.run.control import Control


def waiting(control: Control) -> tuple[threading.Thread, list[bool]]:
    """A generation that asks whether it may go on, and its answer once it has one."""
    answers: list[bool] = []
    thread = threading.Thread(target=lambda: answers.append(control.may_go_on()))
    thread.start()
    return thread, answers


def test_nobody_waits_who_was_not_paused() -> None:
    control = Control()
    assert not control.must_wait
    assert control.may_go_on()
    control.stop()
    assert not control.may_go_on()


def test_a_pause_holds_until_resume() -> None:
    control = Control()
    control.pause()
    assert control.must_wait
    thread, answers = waiting(control)
    assert answers == []
    control.resume()
    thread.join(60)
    assert answers == [True]
    assert control.may_go_on()


def test_a_stop_reaches_who_is_paused() -> None:
    control = Control()
    control.pause()
    thread, answers = waiting(control)
    control.stop()
    thread.join(60)
    assert answers == [False]


def test_one_step_and_paused_again() -> None:
    control = Control()
    control.pause()
    control.step()
    control.step()
    assert control.may_go_on()
    assert not control.must_wait, "two were granted"
    assert control.may_go_on()
    assert control.must_wait
    assert control.is_paused
    control.step()
    control.pause()
    assert control.must_wait, "a pause takes back what was granted"


def test_a_step_of_a_running_one_pauses_it() -> None:
    control = Control()
    control.step()
    assert control.must_wait
