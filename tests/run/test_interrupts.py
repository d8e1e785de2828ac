"""Interrupts that wait for the end of a step."""

import signal
import threading

import pytest

from mri.run.interrupts import held_interrupts


@pytest.mark.usefixtures("ctrl_c")
def test_the_first_is_remembered_the_second_raises() -> None:
    with held_interrupts() as is_interrupted:
        assert not is_interrupted()
        signal.raise_signal(signal.SIGINT)
        assert is_interrupted()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


def test_what_others_did_with_interrupts_stays() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with held_interrupts() as is_interrupted:
            signal.raise_signal(signal.SIGINT)
            assert not is_interrupted()
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_in_another_thread_nothing_changes() -> None:
    seen = []

    def look() -> None:
        with held_interrupts() as is_interrupted:
            seen.append((is_interrupted(), signal.getsignal(signal.SIGINT)))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert seen == [(False, signal.getsignal(signal.SIGINT))]
