"""One look of one head cut at a time, against whole passes with the cut made by an edit."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from mri.edit.edited import edited
from mri.errors import ConfigError
from mri.explain.knockout import knockout
from mri.explain.replay import Replay
from mri.nanochat.checkpoint import LoadedModel
from mri.nanochat.model import GPT
from tests.edit.conftest import some_ids
from tests.explain.conftest import asked

NO_PROGRESS = lambda done, of: None  # noqa: E731


@torch.inference_mode()
def own_logits(model: GPT, ids: list[int], edits: tuple[str, ...] = ()) -> Tensor:
    seen: list[Tensor] = []
    remove = model.lm_head.register_forward_hook(lambda _m, _a, out: seen.append(out[0, -1])).remove
    with edited(model, edits):
        model(torch.tensor([ids]))
    remove()
    return seen[0][: model.config.vocab_size].float()


def measured(model: GPT, ids: list[int]) -> tuple[dict[str, np.ndarray], tuple[int, int]]:
    [step] = asked(model, ids, [len(ids) - 1])
    replay = Replay(model)
    replay.read(ids)
    pair = step.pair(None, None)
    return knockout(replay, step, pair, NO_PROGRESS), pair


def test_every_look_of_every_era(golden: LoadedModel) -> None:
    model, ids = golden.model, some_ids(golden, 7)
    found, (token, against) = measured(model, ids)
    plain = own_logits(model, ids)
    before = float(plain[token] - plain[against])
    assert found["difference"] == pytest.approx(before, abs=1e-4)
    assert found["lost"].shape == (model.config.n_layer, model.config.n_head, 7)
    np.testing.assert_allclose(found["weights"].sum(-1), 1, atol=1e-5)
    for layer, head, key in np.ndindex(found["lost"].shape):
        cut = own_logits(model, ids, (f"block.{layer}.head.{head}: cut {key} @ 6",))
        assert found["lost"][layer, head, key] == pytest.approx(before - float(cut[token] - cut[against]), abs=1e-4)
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())


def test_bits_are_of_the_chosen_token(small_model: GPT) -> None:
    ids = [5, 9, 2, 44, 17]
    found, (token, _) = measured(small_model, ids)

    def bits(logits: Tensor) -> float:
        capped = small_model.softcap * torch.tanh(logits / small_model.softcap)
        return float(-torch.log_softmax(capped, -1)[token] / np.log(2))

    plain = bits(own_logits(small_model, ids))
    assert found["bits_before"] == pytest.approx(plain, abs=1e-4)
    cut = bits(own_logits(small_model, ids, ("block.1.head.2: cut 3 @ 4",)))
    assert found["bits"][1, 2, 3] == pytest.approx(cut - plain, abs=1e-4)


def test_the_only_key_cut_is_the_head_off(small_model: GPT) -> None:
    found, (token, against) = measured(small_model, [7])
    plain, off = own_logits(small_model, [7]), own_logits(small_model, [7], ("block.0.head.1 = 0",))
    expected = float(plain[token] - plain[against] - off[token] + off[against])
    assert found["lost"][0, 1, 0] == pytest.approx(expected, abs=1e-4)
    assert np.isfinite(found["lost"]).all()


def test_what_is_outside_of_a_window_has_no_weight_and_is_not_run(small_model: GPT) -> None:
    ids = np.random.default_rng(0).integers(0, 300, 200).tolist()
    [step] = asked(small_model, ids, [199])
    replay = Replay(small_model)
    replay.read(ids)
    told: list[int] = []
    found = knockout(replay, step, step.pair(None, None), lambda done, of: told.append(of))
    windows = [block.attn.window for block in small_model.transformer["h"]]
    assert windows[0] == 128
    assert not found["weights"][0, :, : 199 - 128].any()
    assert not found["lost"][0, :, : 199 - 128].any()
    assert (found["weights"][0, :, 199 - 128 :] > 0).all()
    assert told[0] == sum(4 * (min(199, window) + 1) for window in windows)
    cut = own_logits(small_model, ids, ("block.2.head.3: cut 80 @ 199",))
    plain, (token, against) = own_logits(small_model, ids), step.pair(None, None)
    expected = float(plain[token] - plain[against] - cut[token] + cut[against])
    assert found["lost"][2, 3, 80] == pytest.approx(expected, abs=1e-4)


def test_other_logits_than_the_recorded_are_refused(small_model: GPT) -> None:
    [step] = asked(small_model, [5, 9, 2], [2])
    replay = Replay(small_model)
    replay.read([5, 9, 3])
    with pytest.raises(ConfigError, match="differ from the recorded ones"):
        knockout(replay, step, step.pair(None, None), NO_PROGRESS)
