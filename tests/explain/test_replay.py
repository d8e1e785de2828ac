"""Reading again: what is the same is read once, and any position can be run again as it was."""

from __future__ import annotations

import pytest
import torch

from mri.errors import PromptError
from mri.explain.replay import Replay
from mri.nanochat.model import GPT


def test_only_what_differs_is_read_again(small_model: GPT) -> None:
    replay, told = Replay(small_model), []
    replay.read(list(range(200)), lambda done, of: told.append((done, of)))
    assert told == [(0, 200), (128, 200)]
    told.clear()
    replay.read(list(range(150)), lambda done, of: told.append((done, of)))
    assert told == []
    replay.read([*range(140), 7, 8], lambda done, of: told.append((done, of)))
    assert told == [(140, 142)]


def test_who_is_not_wanted_any_more_leaves_what_was_read(small_model: GPT) -> None:
    replay = Replay(small_model)

    def stop(done: int, _of: int) -> None:
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        replay.read(list(range(200)), stop)
    assert replay.ids == list(range(128))


@torch.inference_mode()
def test_a_position_is_run_again_as_it_was(small_model: GPT) -> None:
    ids = list(range(30, 90))
    replay = Replay(small_model)
    replay.read(ids)
    whole = small_model(torch.tensor([ids]))[0]
    for first, last in ((0, 0), (17, 20), (59, 59)):
        again = replay.again(first, last)
        capped = small_model.softcap * torch.tanh(again.values["final.logits"][0, :, :300] / small_model.softcap)
        torch.testing.assert_close(capped, whole[first : last + 1], rtol=0, atol=1e-5)


def test_values_come_apart_and_add_up(small_model: GPT) -> None:
    replay = Replay(small_model)
    replay.read(list(range(20)))
    stream, embedded = replay.values(2, 3, 9)
    assert embedded is not None
    torch.testing.assert_close(stream + embedded, replay.cache.filled(2)[1][0, :, 3:9])
    assert replay.values(1, 0, 4)[1] is None  # every second block has a value embedding, the last among them


def test_tokens_of_another_model_are_refused(small_model: GPT) -> None:
    for ids in ([300], [0] * 513):
        with pytest.raises(PromptError, match="another one"):
            Replay(small_model).read(ids)
