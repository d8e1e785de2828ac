"""The logit lens: norm, lm_head, softcap and softmax, on arrays small enough to reckon by hand."""

import numpy as np
import pytest

from mri.measure.logit_lens import exit_streams, lens_logits, probabilities, rms, softcapped
from mri.nanochat.direct import reach_of
from mri.nanochat.eras import ERAS
from mri.nanochat.reach import reach
from tests.nanochat.test_model import golden_model


def test_rms_is_what_the_norm_divides_by():
    np.testing.assert_allclose(rms(np.float32([[3, 4], [0, 0]])), [np.sqrt(12.5), np.sqrt(1.1920929e-7)], rtol=1e-6)


def test_softcap_keeps_small_logits_and_bends_large_ones():
    np.testing.assert_allclose(softcapped([0.01, 25.47, -1e6], 15.0), [0.01, 14.0285, -15], rtol=1e-4)


def test_the_lens_does_not_see_how_long_the_stream_is():
    lm_head = np.float32([[1, 0], [0, 1], [1, 1]])
    stream = np.float32([[2, 0], [0.5, 0]])
    found = lens_logits(stream, lm_head, 15.0)
    np.testing.assert_allclose(found[0], found[1], rtol=1e-6)
    np.testing.assert_allclose(found[0], 15 * np.tanh(np.sqrt([2.0, 0, 2.0]) / 15), rtol=1e-6)


@pytest.mark.parametrize("name", ERAS)
def test_the_last_row_of_the_exit_lens_is_the_model(name):
    """Of upstream's own values: the stream lens is something else wherever a backout follows."""
    model, golden = golden_model(name)
    at = {key.removeprefix("step3/"): value.double().numpy() for key, value in golden.items()}
    start = at["block.0.resid_pre"]
    if model.era.has_resid_lambdas:
        start = start / (model.resid_lambdas[0].item() + model.x0_lambdas[0].item())
    additions = [at[f"block.{i}.{kind}"] for i in range(3) for kind in ("attn_out", "mlp_out")]
    rows = exit_streams(start, additions, reach_of(model))
    assert rows.shape == (7, model.config.n_embd)
    lm_head = model.lm_head.weight[: model.config.vocab_size].float().detach().numpy()
    softcap = 15.0
    np.testing.assert_allclose(lens_logits(rows[-1], lm_head, softcap), at["final.logits"], atol=1e-4)
    stream = lens_logits(at["block.2.resid_post"].astype(np.float32), lm_head, softcap)
    assert (np.abs(stream - at["final.logits"]).max() > 1e-2) == model.era.has_smear
    before_last_mlp = rows[-1] - additions[-1]
    np.testing.assert_allclose(rows[-2], before_last_mlp, atol=1e-4)


def test_exit_streams_of_several_steps_at_once():
    rng = np.random.default_rng(0)
    start, additions = rng.standard_normal((4, 8)), rng.standard_normal((4, 6, 8))
    found = reach([2.0, 0.5, 0.3], [1.0, 0.2, 0.1], 0.6)
    every = exit_streams(start, additions, found)
    assert every.shape == (4, 7, 8)
    np.testing.assert_allclose(every[2], exit_streams(start[2], additions[2], found), rtol=1e-6)


@pytest.mark.parametrize("temperature", [0.1, 1.0, 3.0])
def test_probabilities_add_up_and_sharpen_in_the_cold(temperature):
    found = probabilities(np.float32([[1, 2], [500, 502]]), temperature)
    np.testing.assert_allclose(found.sum(-1), 1, rtol=1e-6)
    np.testing.assert_allclose(found[:, 1] / found[:, 0], np.exp([1 / temperature, 2 / temperature]), rtol=1e-4)
