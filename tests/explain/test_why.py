"""The ledger, split further, adds up: by source token, by coordinate, by neuron; in every era, beyond the window."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mri.errors import ConfigError
from mri.explain.replay import Replay
from mri.explain.why import NO_SOURCE, Window
from mri.nanochat.checkpoint import LoadedModel
from mri.nanochat.model import GPT
from tests.explain.conftest import asked, tokens_of


def assert_adds_up(model: GPT, ids: list[int], positions: list[int]) -> dict[str, np.ndarray]:
    steps = asked(model, ids, positions)
    replay = Replay(model)
    replay.read(ids)
    window = Window(replay, steps)
    found = window.arrays([step.pair(None, None) for step in steps])
    logits, L, H = found["logits"], model.config.n_layer, model.config.n_head
    own = window.own.abs().amax(-1).numpy()  # (S,)
    assert (np.abs(found["parts"][:, -1]) <= 1e-4 * own).all()
    difference = logits[:, 0] - logits[:, 1]
    assert (np.abs(found["parts"].sum(1) - difference) <= 1e-4 * own).all()
    by_block = found["parts"][:, 1:-1].reshape(-1, L, H + 1)
    heads, mlps = by_block[..., :H], by_block[..., H]
    largest = 1e-4 * np.abs(found["parts"]).max(1)[:, None, None]
    net = found["source_stream"] + found["source_value"]
    assert (np.abs(net.sum(-1) + found["source_rest"] - heads) <= largest).all()
    assert (np.abs(found["source_plus"] + found["source_minus"] - heads) <= largest).all()
    # float16 rounds each of the coordinates, half a unit of its last place
    loose = 2e-3 * np.abs(found["parts"]).max(1)[:, None, None]
    assert (np.abs(found["head_dots"].astype(float).reshape(*heads.shape, -1).sum(-1) - heads) <= loose).all()
    assert (np.abs(found["mlp_dots"].astype(float).sum(-1) - mlps) <= loose[..., 0]).all()
    np.testing.assert_allclose(found["lens_exit"][:, -1], difference, rtol=0, atol=1e-3)
    for s, step in enumerate(steps):
        at = found["source_at"][s]
        assert ((at <= step.position) | (at == NO_SOURCE)).all()
        order = np.abs(net[s])
        assert (np.diff(order, axis=-1) <= 1e-6).all()
        np.testing.assert_allclose(model.softcap * np.tanh(logits[s] / model.softcap), step.logits[:2], atol=1e-4)
        neuron = found["neuron_block"][s, 0], found["neuron_index"][s, 0]
        assert found["neuron_wrote"][s, 0] == pytest.approx(found["mlp_dots"][s][neuron], rel=1e-3, abs=1e-6)
    return found


def test_every_era(golden: LoadedModel) -> None:
    ids = tokens_of(golden)
    found = assert_adds_up(golden.model, ids, [0, 1, len(ids) // 2, len(ids) - 1])
    has_values = golden.era not in ("E1", "E2")
    assert (np.abs(found["source_value"]).max() > 0) == has_values


def test_the_embedded_model(embedded: LoadedModel) -> None:
    text = "Once there was a girl named Mia. One day Mia found a red ball in the garden. She gave the ball to Tom. " * 8
    ids = embedded.tokenizer.encode(text)[:200]
    assert len(ids) == 200, "longer than the window"
    assert_adds_up(embedded.model, ids, [3, 150, 151, 199])


def test_beyond_the_window(small_model: GPT) -> None:
    ids = np.random.default_rng(0).integers(0, 300, 200).tolist()
    found = assert_adds_up(small_model, ids, [198, 199])
    at = found["source_at"][:, 0]  # block 0 has a window of 128 keys
    assert at.min() >= 198 - 128


@torch.inference_mode()
def test_source_tokens_against_the_values_themselves(small_model: GPT) -> None:
    """In float64: weights of the kernel's q and k, values and gates of the modules, in a plain pass."""
    ids, layer, position = [5, 9, 2, 44, 17, 3], 2, 5
    [step] = asked(small_model, ids, [position])
    replay = Replay(small_model)
    replay.read(ids)
    window = Window(replay, [step])
    found = window.arrays([step.pair(None, None)])
    seen: dict[str, torch.Tensor] = {}
    attn = small_model.transformer["h"][layer].attn
    hooks = [
        attn.c_v.register_forward_hook(lambda _m, _a, out: seen.update(v=out[0].double())),
        attn.ve_gate.register_forward_hook(lambda _m, _a, out: seen.update(gate=out[0].double())),
        attn.c_proj.register_forward_pre_hook(lambda _m, args: seen.update(y=args[0][0, -1].double())),
    ]
    small_model(torch.tensor([ids]))
    for hook in hooks:
        hook.remove()
    stream = seen["v"].view(6, 2, 16)
    embed = small_model.value_embeds[str(layer)](torch.tensor(ids)).double().view(6, 2, 16)
    value = 3 * torch.sigmoid(seen["gate"])[..., None] * embed
    row = torch.softmax(window._pass.attention[layer].scores(1)[:, 0].double(), -1)  # (H, 6)
    for head in range(4):
        whole = row[head] @ (stream + value)[:, head // 2]
        np.testing.assert_allclose(whole, seen["y"][16 * head : 16 * head + 16], atol=1e-5)
        dots = torch.from_numpy(found["head_dots"][0, layer, 16 * head : 16 * head + 16]).double()
        direction = dots / whole  # what one unit of each coordinate counts
        for r, at in enumerate(found["source_at"][0, layer, head]):
            for name, part in (("source_stream", stream), ("source_value", value)):
                expected = float(row[head, int(at)] * (part[int(at), head // 2] @ direction))
                assert found[name][0, layer, head, r] == pytest.approx(expected, rel=5e-3, abs=5e-3)


def test_a_window_is_what_its_steps_are_alone(small_model: GPT) -> None:
    ids = np.random.default_rng(1).integers(0, 300, 40).tolist()
    steps = asked(small_model, ids, [10, 11, 20])
    replay = Replay(small_model)
    replay.read(ids)
    together = Window(replay, steps).arrays([(1, 2)] * 3)
    for s, step in enumerate(steps):
        alone = Window(replay, [step]).arrays([(1, 2)])
        for name in ("parts", "lens_stream", "source_plus", "logits"):
            np.testing.assert_allclose(alone[name][0], together[name][s], rtol=0, atol=1e-4)


def test_other_logits_than_the_recorded_are_refused(small_model: GPT) -> None:
    steps = asked(small_model, [5, 9, 2], [2])
    replay = Replay(small_model)
    replay.read([5, 9, 3])
    with pytest.raises(ConfigError, match="differ from the recorded ones"):
        Window(replay, steps)
