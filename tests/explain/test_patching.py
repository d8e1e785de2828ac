"""Values of one text put into another, against whole passes with one hook each; what nothing reaches is not felt."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from torch import Tensor

from mri.explain.cells import Place, places, reached
from mri.explain.patching import Passed, Patching, approximated, gradients, passed
from mri.explain.replay import Replay
from mri.nanochat.checkpoint import LoadedModel
from mri.nanochat.model import GPT
from tests.edit.conftest import some_ids

PAIR = (3, 5)
NO_PROGRESS = lambda done, of: None  # noqa: E731


def windows_of(model: GPT) -> list[int]:
    return [block.attn.window for block in model.transformer["h"]]


def both(model: GPT, own: list[int], given: list[int]) -> tuple[Replay, Passed, Passed]:
    replay = Replay(model)
    there = passed(replay, given, NO_PROGRESS)
    return replay, passed(replay, own, NO_PROGRESS), there


@torch.inference_mode()
def by_hand(model: GPT, ids: list[int], place: Place, position: int, value: Tensor) -> float:
    """The pair's difference after a whole pass with `value` put in by one hook."""
    seen: list[Tensor] = []
    idx, block, D = torch.tensor([ids]), max(0, place.block), model.config.head_dim
    h = model.transformer["h"][block]

    def set_input(_m: object, args: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        x = args[0].clone()
        at = slice(place.head * D, (place.head + 1) * D) if place.head >= 0 else slice(None)
        x[0, position, at] = value[at]
        return (x, *args[1:])

    def set_output(_m: object, _a: object, out: Tensor) -> Tensor:
        out = out.clone()
        out[0, position] = value
        return out

    removes = [model.lm_head.register_forward_hook(lambda _m, _a, out: seen.append(out[0])).remove]
    name = place.target.rpartition(".")[2]
    x = model.embed(idx)
    if place.block < 0:
        x = x.clone()
        x[0, position] = value
    elif name == "resid_pre":
        removes.append(h.register_forward_pre_hook(set_input).remove)
    elif place.head >= 0:
        removes.append(h.attn.c_proj.register_forward_pre_hook(set_input).remove)
    else:
        removes.append((h.attn if name == "attn_out" else h.mlp).register_forward_hook(set_output).remove)
    model.next_logits(x, idx)
    for remove in removes:
        remove()
    return float(seen[0][PAIR[0]] - seen[0][PAIR[1]])


def value_of(given: Passed, place: Place, position: int) -> Tensor:
    if place.block < 0:
        return given.embed[position]
    name = "z" if place.head >= 0 else place.target.rpartition(".")[2]
    return getattr(given, name)[place.block, position]


def test_every_cell_of_every_era(golden: LoadedModel) -> None:
    model, own, other = golden.model, some_ids(golden, 9), some_ids(golden, 18)[9:]
    replay, mine, given = both(model, own, other)
    rows = places(model.config.n_layer, model.config.n_head)
    at = np.array([0, 1, 2, 3, 4, 4, 5, 7, 8])  # position 4 stands for two, 6 for none
    cells = np.ones((len(rows), 9), bool)
    cells[:, 6] = False
    found = Patching(replay, mine, given, at, rows).differences(cells, PAIR, NO_PROGRESS)
    assert np.isnan(found[:, 6]).all()
    for i, place in enumerate(rows):
        for position in (0, 3, 4, 5, 8):
            expected = by_hand(model, own, place, position, value_of(given, place, int(at[position])))
            assert found[i, position] == pytest.approx(expected, abs=1e-4), (place.target, position)
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())


def test_in_small_batches_it_is_the_same(golden: LoadedModel, monkeypatch: pytest.MonkeyPatch) -> None:
    model, own, other = golden.model, some_ids(golden, 9), some_ids(golden, 18)[9:]
    replay, mine, given = both(model, own, other)
    rows = places(model.config.n_layer, model.config.n_head)
    patching, cells = Patching(replay, mine, given, np.arange(9), rows), np.ones((len(rows), 9), bool)
    told: list[tuple[int, int]] = []
    at_once = patching.differences(cells, PAIR, NO_PROGRESS)
    monkeypatch.setattr("mri.explain.patching.TOKENS_AT_ONCE", 12)
    few = patching.differences(cells, PAIR, lambda done, of: told.append((done, of)))
    np.testing.assert_allclose(few, at_once, rtol=0, atol=1e-4)
    assert told[0] == (0, cells.size)
    assert len(told) > cells.size / 12


@pytest.fixture
def short_sighted(small_model: GPT) -> GPT:
    """Whose three blocks see 16 positions back each: nanochat's last block sees all."""
    model = copy.deepcopy(small_model)
    for block in model.transformer["h"]:
        block.attn.window = 16
    model._windows = {16}
    return model


def test_what_nothing_reaches_changes_nothing(short_sighted: GPT) -> None:
    """Run all the same: nothing of the prediction is another, to 1e-5 of the way between the two texts."""
    rng = np.random.default_rng(0)
    own, other = rng.integers(0, 300, 60).tolist(), rng.integers(0, 300, 60).tolist()
    replay, mine, given = both(short_sighted, own, other)
    rows, windows = places(3, 4), windows_of(short_sighted)
    cells = ~reached(rows, windows, 59)
    assert [int(cells[:, 59 - far].sum()) for far in (0, 1, 16, 17, 32, 33, 48, 49)] == [0, 6, 6, 13, 13, 20, 20, 22]
    found = Patching(replay, mine, given, np.arange(60), rows).differences(cells, PAIR, NO_PROGRESS)
    differences = [float(x.logits[PAIR[0]] - x.logits[PAIR[1]]) for x in (mine, given)]
    off = np.abs(found[cells] - differences[0]) / abs(differences[1] - differences[0])
    assert off.max() <= 1e-5
    edge = np.zeros_like(cells)
    for far in (16, 32):
        edge[~cells[:, 59 - far], 59 - far] = True
    found = Patching(replay, mine, given, np.arange(60), rows).differences(edge, PAIR, NO_PROGRESS)
    changed = np.abs(found - differences[0]) / abs(differences[1] - differences[0])
    assert np.nanmax(changed[:, 59 - 16]) > 1e-4, "at the edge something is felt"
    assert np.nanmax(changed[:, 59 - 32]) > 0


def test_a_gradient_is_the_slope_of_the_cell(golden: LoadedModel) -> None:
    """With a value moved by a hundredth of the way, the cell moves by a hundredth of what the gradient says."""
    model, own, other = golden.model, some_ids(golden, 6), some_ids(golden, 12)[6:]
    replay, mine, given = both(model, own, other)
    rows = places(model.config.n_layer, model.config.n_head)
    share = 1e-2
    near = Passed(*(a + share * (b - a) for a, b in zip(vars(mine).values(), vars(given).values(), strict=True)))
    at, cells = np.arange(6), reached(rows, windows_of(model), 5)
    told = approximated(mine, given, gradients(model, own, PAIR), at, rows, model.config.n_head)
    moved = Patching(replay, mine, near, at, rows).differences(cells, PAIR, NO_PROGRESS)
    measured = (moved - float(mine.logits[PAIR[0]] - mine.logits[PAIR[1]])) / share
    scale = np.abs(told[cells]).max()
    off = np.abs(told[cells] - measured[cells])
    assert np.median(off) < 0.02 * scale
    assert np.corrcoef(told[cells], measured[cells])[0, 1] > 0.99
    assert np.abs(told[~cells]).max(initial=0) <= 1e-6 * scale
