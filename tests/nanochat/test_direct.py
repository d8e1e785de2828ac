"""The direct path against the model itself: nudged streams, in every era."""

import numpy as np
import pytest
import torch

from mri.errors import ConfigError, UnknownHookPoint
from mri.making.initial import init_weights
from mri.nanochat.config import GPTConfig
from mri.nanochat.direct import direct_effect, factor_at, path_factor
from mri.nanochat.eras import ERAS
from mri.nanochat.model import GPT

CONFIG = GPTConfig(sequence_len=32, vocab_size=40, n_layer=4, n_head=2, n_kv_head=2, n_embd=32, window_pattern="L")


@pytest.fixture(scope="module", params=["E1", "E2", "E5"])
def model(request):
    torch.set_num_threads(1)
    model = GPT(CONFIG, ERAS[request.param])
    init_weights(model, 3)
    with torch.no_grad():
        model.lm_head.weight.normal_(0, 0.05)
        for i, block in enumerate(model.transformer["h"]):
            block.mlp.c_proj.weight.normal_(0, 0.3)
            if request.param != "E1":
                model.resid_lambdas[i] = 0.7 + 0.1 * i
        if request.param == "E5":
            model.backout_lambda.fill_(0.3)
    return model.eval()


@pytest.mark.parametrize("layer", [0, 1, 2, 3])
def test_the_factor_is_what_is_left_of_a_push(model, layer):
    """With every later block silenced, a unit that a block adds arrives at the end times the factor."""
    saved = {name: value.clone() for name, value in model.state_dict().items()}
    with torch.no_grad():
        for block in model.transformer["h"]:  # nothing but the stream itself
            block.attn.c_proj.weight.zero_()
            block.mlp.c_proj.weight.zero_()
    unit = torch.zeros(32)
    unit[5] = 2.0
    streams = []
    original = model._head
    model._head = lambda x: streams.append(x[0, -1].clone()) or original(x)
    with torch.inference_mode():
        model(torch.tensor([[1, 2]]))
        hook = model.transformer["h"][layer].mlp.register_forward_hook(lambda *parts: parts[-1] + unit)
        model(torch.tensor([[1, 2]]))
        hook.remove()
    del model._head
    model.load_state_dict(saved)
    difference = (streams[1] - streams[0]).numpy()
    expected = np.zeros(32, np.float32)
    expected[5] = 2 * path_factor(model, layer)
    np.testing.assert_allclose(difference, expected, atol=1e-5)


def test_a_neuron_of_the_last_mlp_moves_the_logits_as_said(model):
    """In the last block nothing comes after: to first order, the logits' change is the direct effect over the stream's
    root mean square, up to one number for all (the norm's own change of length moves all by their present value)."""
    effect = direct_effect(model, "block.3.mlp_act", 7)
    column = model.transformer["h"][3].mlp.c_proj.weight[:, 7]
    weights = model.lm_head.weight[:40]
    expected = (weights @ column).detach()
    np.testing.assert_allclose(effect, (expected - expected.mean()).numpy(), rtol=1e-4, atol=1e-6)


def test_ranks_of_ln_f_are_lm_heads_column(model):
    column = model.lm_head.weight[:40, 4].detach()
    np.testing.assert_allclose(direct_effect(model, "final.ln_f", 4), (column - column.mean()).numpy(), atol=1e-6)


def test_the_factor_of_a_hook_point_is_its_blocks_and_1_behind_the_last_norm(model):
    assert factor_at(model, "block.1.mlp_act") == factor_at(model, "block.1.resid_pre") == path_factor(model, 1)
    assert factor_at(model, "final.ln_f") == 1
    with pytest.raises(ConfigError, match="no direct path"):
        factor_at(model, "block.0.mlp_pre")


def test_mlp_out_is_a_coordinate_and_mlp_act_sums_them(model):
    column = model.transformer["h"][1].mlp.c_proj.weight[:, 3].detach().numpy()
    parts = np.stack([direct_effect(model, "block.1.mlp_out", d) for d in range(32)])  # (32, vocab)
    np.testing.assert_allclose(column @ parts, direct_effect(model, "block.1.mlp_act", 3), atol=1e-4)


def test_what_has_no_direct_path_is_refused(model):
    with pytest.raises(ConfigError, match="no direct path"):
        direct_effect(model, "block.0.mlp_pre", 0)
    with pytest.raises(ConfigError, match="no direct path"):
        direct_effect(model, "embed.resid0", 0)
    with pytest.raises(UnknownHookPoint, match="4 blocks"):
        direct_effect(model, "block.9.mlp_act", 0)
    with pytest.raises(IndexError, match="no neuron 128"):
        direct_effect(model, "block.0.mlp_act", 128)
