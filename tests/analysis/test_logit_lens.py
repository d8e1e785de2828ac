"""The logit lens: norm, lm_head, softcap and softmax, on arrays small enough to reckon by hand."""

import numpy as np
import pytest

from mri.analysis.logit_lens import lens_logits, probabilities, rms, softcapped


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


@pytest.mark.parametrize("temperature", [0.1, 1.0, 3.0])
def test_probabilities_add_up_and_sharpen_in_the_cold(temperature):
    found = probabilities(np.float32([[1, 2], [500, 502]]), temperature)
    np.testing.assert_allclose(found.sum(-1), 1, rtol=1e-6)
    np.testing.assert_allclose(found[:, 1] / found[:, 0], np.exp([1 / temperature, 2 / temperature]), rtol=1e-4)
