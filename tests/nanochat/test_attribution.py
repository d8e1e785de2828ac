"""Gradient × input against finite differences, in every era."""

import numpy as np
import pytest
import torch

from mri.errors import PromptError
from mri.making.initial import init_weights
from mri.nanochat.attribution import gradient_times_input
from mri.nanochat.config import GPTConfig
from mri.nanochat.eras import ERAS
from mri.nanochat.model import GPT
from tests.nanochat.test_model import _one_thread as _one_thread

IDS = [3, 14, 15, 9, 2, 6]


def lively_model(era):
    """A random model whose logits differ: init_weights makes them nearly equal."""
    config = GPTConfig(
        sequence_len=16, vocab_size=40, n_layer=3, n_head=2, n_kv_head=1, n_embd=32, window_pattern="SSL"
    )
    model = GPT(config, ERAS[era])
    init_weights(model, 5)
    with torch.no_grad():
        model.lm_head.weight.normal_(0, 0.3, generator=torch.Generator().manual_seed(1))
    return model.eval()


@pytest.mark.parametrize("era", ERAS)
def test_it_is_the_slope_of_the_logit_as_a_position_is_stretched(era):
    model = lively_model(era)
    idx, token_id, by = torch.tensor([IDS]), 17, 1e-2
    signed, logit = gradient_times_input(model, IDS, token_id)
    assert signed.shape == (len(IDS),)
    with torch.no_grad():
        assert logit == pytest.approx(float(model(idx)[0, -1, token_id]), abs=1e-5)
        x = model.embed(idx)
        for position in range(len(IDS)):
            ends = []
            for change in (by, -by):
                stretched = x.clone()
                stretched[0, position] *= 1 + change
                ends.append(float(model.next_logits(stretched, idx)[0, token_id]))
            slope = (ends[0] - ends[1]) / (2 * by)
            assert signed[position] == pytest.approx(slope, abs=2e-3)
    assert np.abs(signed).max() > 0.02  # there was something to compare


def test_inside_inference_mode_too_and_nothing_is_left_behind():
    model = lively_model("E5")
    expected, _ = gradient_times_input(model, IDS, 4)
    with torch.inference_mode():
        signed, _ = gradient_times_input(model, IDS, 4)
    np.testing.assert_array_equal(signed, expected)
    assert all(parameter.grad is None for parameter in model.parameters())


def test_more_than_the_context_is_refused():
    with pytest.raises(PromptError):
        gradient_times_input(lively_model("E5"), [1] * 17, 4)
