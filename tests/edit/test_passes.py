"""Whose passes are edited, and that nothing of it stays."""

from __future__ import annotations

import copy
import threading

import pytest
import torch
from torch import nn

from mri.edit.edited import edited
from mri.errors import ModelError, UnknownHookPoint
from mri.nanochat.checkpoint import LoadedModel
from mri.nanochat.config import GPTConfig
from mri.nanochat.model import GPT
from mri.nanochat.nanogpt import NanoGPT
from tests.capture import forks
from tests.edit.conftest import cached_logits, logits_of, off_by, some_ids


def test_somebody_elses_loop_is_edited(golden: LoadedModel) -> None:
    ids = some_ids(golden, 6)
    plain = forks.greedy(golden.model, ids)
    with edited(golden.model, "block.1.head.1 = 0 @ 4:"):
        cached = forks.greedy(golden.model, ids)
        again = forks.greedy_without_cache(golden.model, ids)
    assert not forks.same(plain, cached)
    for a, b in zip(cached, again, strict=True):
        assert off_by(a, b) <= 1e-4
    assert forks.same(plain, forks.greedy(golden.model, ids))


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt])
def test_nothing_is_left_however_a_block_ends(golden: LoadedModel, error: type[BaseException]) -> None:
    model, ids = golden.model, some_ids(golden)
    plain = logits_of(model, ids)
    everything = ["block.*.head.*: cut 3", "embed.resid0 *= 2", "block.0.resid_mid += 1", "softcap = off", "x0 = off"]
    edits = [edit for edit in everything if edit != "x0 = off" or golden.era != "E1"]

    def fail(*_: object) -> None:
        raise error

    remove = model.transformer["h"][1].mlp.register_forward_pre_hook(fail).remove
    with pytest.raises(error), edited(golden, edits):
        logits_of(model, ids)
    remove()
    assert forks.nothing_left(model)
    assert "embed" not in vars(model)
    assert torch.equal(logits_of(model, ids), plain)


def test_other_threads_and_copies_are_not_edited(golden: LoadedModel) -> None:
    model, ids = golden.model, some_ids(golden)
    plain, found = logits_of(model, ids), []
    with edited(golden, ["block.*.head.*: cut 3", "block.0.mlp = 0", "embed.resid0 *= 2"]):
        thread = threading.Thread(target=lambda: found.append(logits_of(model, ids)))
        thread.start()
        thread.join()
        found.append(logits_of(copy.deepcopy(model), ids))
        mine = logits_of(model, ids)
    assert torch.equal(found[0], plain)
    assert torch.equal(found[1], plain)
    assert not torch.equal(mine, plain)


def test_blocks_within_blocks_add_up(golden: LoadedModel) -> None:
    ids = some_ids(golden)
    with edited(golden, ["block.0.head.1 = 0", "block.1.mlp *= 2 @ 5:"]):
        together = logits_of(golden.model, ids)
    with edited(golden, "block.0.head.1 = 0"), edited(golden, "block.1.mlp *= 2 @ 5:"):
        nested = logits_of(golden.model, ids)
    assert torch.equal(together, nested)


def test_nanogpt_is_edited_too() -> None:
    model = NanoGPT(GPTConfig(64, 65, 2, 2, 2, 32, "L")).eval()
    generator = torch.Generator().manual_seed(0)
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=0.3, generator=generator)
    ids = torch.randint(65, (20,), generator=generator).tolist()
    plain = logits_of(model, ids)
    for text in ("block.1.head.1 = 0 @ 5:", "block.*.head.*: cut 2 @ 5:", "embed.resid0 *= 2 @ 5:"):
        with edited(model, text):
            uncached, cached = logits_of(model, ids), cached_logits(model, ids)
        assert off_by(uncached, cached) <= 1e-4
        assert torch.equal(uncached[:5], plain[:5])
        assert off_by(uncached[5:], plain[5:]) > 1e-3
    with pytest.raises(UnknownHookPoint, match="no smear to switch off: it has softcap"):
        edited(model, "smear = off")


def test_an_engine_that_does_not_let_it_act_is_refused(golden: LoadedModel) -> None:
    class Cache:
        pass

    model = copy.deepcopy(golden.model)
    model.forward = lambda idx, cache=None: GPT.forward(model, idx)  # type: ignore[method-assign, assignment]
    with edited(model, "block.0.mlp = 0"), pytest.raises(ModelError, match="a Cache, does not say how much it holds"):
        model.forward(torch.tensor([[1, 2]]), Cache())  # type: ignore[arg-type]
    if model.era.name == "E1":
        written = forks.fork(golden.model, attention=forks.HandWrittenAttention)
        with edited(written, "block.1.head.0: cut 1"), pytest.raises(ModelError, match="attention of block 1 does not"):
            logits_of(written, [1, 2, 3])
        assert forks.nothing_left(written)
