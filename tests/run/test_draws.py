"""The control: known forks come out as they were measured. On the embedded model, with one thread."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from mri.errors import ConfigError
from mri.nanochat.checkpoint import LoadedModel
from mri.run.draws import control, costs
from mri.run.fork import Fork, fork_again, fork_of
from mri.run.record import record_fork
from mri.store.library import whole_library
from mri.store.opening import open_session
from tests.explain.conftest import embedded as embedded

LIBRARY = whole_library()


def planned(session_id: str, step: int, edits: str, **how: object) -> Fork:
    return fork_of(LIBRARY.open(session_id), step, edits=edits, **how)  # type: ignore[arg-type]


def text_of(loaded: LoadedModel, fork: Fork, folder: Path) -> str:
    recording = record_fork(loaded, fork, sessions=folder, seal=False)
    return recording.response


KNOWN = [
    # session, step, edit, text, bits of the base's word, most of a random change, how many part no later
    ("demo-list", 11, "block.3.head.1 = 0", " blue, blue, blue, blue, blue, blue, blue,", 6.43, 0.24, 0),
    ("demo-calculator", 11, "block.3.head.0 = 0", " 17 plus 0 is 17.<|assistant_end|>", 5.38, 0.06, 0),
    ("demo-gift", 14, "block.3.head.0 = 0", " Mia.<|bos|>", 0.25, 0.27, 10),
    ("demo-list", 11, "block.5.head.0 = 0", " green, red, blue, green, red, blue, green,", 0.17, 0.01, None),
]


@pytest.mark.parametrize(("session", "step", "edit", "text", "bits", "most", "did"), KNOWN)
def test_the_known_forks(
    embedded: LoadedModel,
    tmp_path: Path,
    session: str,
    step: int,
    edit: str,
    text: str,
    bits: float,
    most: float,
    did: int | None,
) -> None:
    fork = planned(session, step, edit)
    assert text_of(embedded, fork, tmp_path) == text
    found = control(embedded, fork, LIBRARY)
    assert found["bits"][1] == pytest.approx(bits, abs=0.006)
    assert found["bits"][2:].max() == pytest.approx(most, abs=0.006)
    assert found["bits"][0] < 0.01
    written = [embedded.tokenizer.decode(int(i) for i in row if i >= 0) for row in found["tokens"]]
    assert written[0] == LIBRARY.open(session).session.response
    assert written[1] == text
    parts_at = found["parts_at"]
    assert (parts_at[1] < 0) == (did is None)
    if did is not None:
        assert ((parts_at[2:] >= 0) & (parts_at[2:] <= parts_at[1])).sum() == did
    assert found["first"] == fork.first + 1


def test_from_here_on_and_as_if_always_are_two_things(embedded: LoadedModel, tmp_path: Path) -> None:
    for scope, text in (
        ("from_here", " Mia. Mia smiled at her.<|bos|>"),
        ("as_if_always", " Tom. Tom smiled at him.<|bos|>"),
    ):
        fork = planned("demo-gift", 14, "block.0.head.3 = 0", scope=scope)
        assert text_of(embedded, fork, tmp_path) == text
        row = control(embedded, fork, LIBRARY, draws=1)["tokens"][1]
        assert embedded.tokenizer.decode(int(i) for i in row if i >= 0) == text


def test_the_next_word_is_as_likely_as_known(embedded: LoadedModel, tmp_path: Path) -> None:
    """p of green 0.9997 → 0.0116; of Mia with 3.0 off 0.84; of green with 5.0 off 0.887."""
    for session, step, edit, share in (
        ("demo-list", 11, "block.3.head.1 = 0", 0.0116),
        ("demo-list", 11, "block.5.head.0 = 0", 0.887),
        ("demo-gift", 14, "block.3.head.0 = 0", 0.841),
    ):
        fork = planned(session, step, edit)
        assert 2 ** -float(control(embedded, fork, LIBRARY, draws=1)["bits"][1]) == pytest.approx(share, abs=5e-4)


def test_what_the_bases_words_cost(embedded: LoadedModel) -> None:
    base = LIBRARY.open("demo-list")
    found = costs(embedded, planned("demo-list", 11, "block.3.head.1 = 0"), base.token_ids().tolist(), LIBRARY)
    assert found["positions"].tolist() == [*range(11, 25)]
    np.testing.assert_allclose(found["after"][[0, 2, 6, 8]], [6.43, 7.59, 1.12, 1.72], atol=0.006)
    recorded = -base.column("logits/chosen_logprob")[11:] / np.log(2)
    np.testing.assert_allclose(found["before"], recorded, atol=1e-4)


def test_the_control_of_what_was_recorded_is_that_of_the_plan(embedded: LoadedModel, tmp_path: Path) -> None:
    fork = planned("demo-gift", 14, "block.3.head.0 = 0")
    recording = record_fork(embedded, fork, sessions=tmp_path, seal=False)
    with open_session(recording.path) as reader:
        again = fork_again(reader)
    a, b = (control(embedded, each, LIBRARY, draws=2) for each in (fork, again))
    for name, array in a.items():
        np.testing.assert_array_equal(array, b[name])


def test_what_has_no_size_and_what_is_called_off(embedded: LoadedModel) -> None:
    for edits, words in (
        ("smear = off", "an organ works in many places"),
        ('token = " Tom"', "Nothing of the model was changed"),
    ):
        with pytest.raises(ConfigError, match=words):
            control(embedded, planned("demo-gift", 14, edits), LIBRARY)
    told: list[tuple[int, int]] = []

    def stop(done: int, of: int) -> None:
        told.append((done, of))
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        control(embedded, planned("demo-gift", 14, "block.3.head.0 = 0"), LIBRARY, draws=2, on_progress=stop)
    assert told == [(i, 24) for i in range(4)]
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in embedded.model.modules())


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
