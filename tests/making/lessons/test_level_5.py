"""What lies beside lessons 5 and 6 is the embedded model's, and recording again gives the same sessions."""

import numpy as np
import pytest
import torch

from mri.making.lessons import level_5, level_6
from mri.making.lessons.level_3 import EVERY_VALUE
from mri.making.lessons.record import record_anew
from mri.nanochat.checkpoint import load_model
from mri.paths import LESSONS
from mri.store.opening import open_session


@pytest.fixture(scope="module")
def loaded():
    torch.set_num_threads(1)
    return load_model(device="cpu")


def test_the_committed_weights_are_the_models(loaded):
    found, measured = level_5.weights(loaded), level_5.switched_off(loaded)
    with np.load(LESSONS / "5-block" / "weights.npz") as file:
        assert set(file) == {*found, *measured}
        for name in found:
            np.testing.assert_array_equal(file[name], found[name], err_msg=name)
        np.testing.assert_allclose(file["off_share"], measured["off_share"], atol=1e-4)
        assert (file["off_first"] != measured["off_first"]).sum() <= 2, "a near tie on another machine"


def test_the_row_of_the_softcap_is_that_of_its_word(loaded):
    with np.load(LESSONS / "6-nanochat" / "weights.npz") as file:
        token_id = int(file["softcapped_id"])
        assert loaded.tokenizer.token_bytes(token_id).decode() == level_6.SOFTCAPPED
        np.testing.assert_array_equal(
            file["lm_head_row"], loaded.model.lm_head.weight[token_id].detach().float().numpy()
        )


def test_recording_again_gives_the_same_steps(loaded, tmp_path):
    told = {"name": "", "config": EVERY_VALUE, "sampling": level_5.greedy(4)}
    record_anew(loaded, tmp_path, "lesson-capital", level_5.CAPITAL, **told)
    with (
        open_session(tmp_path / "lesson-capital.h5") as again,
        open_session(LESSONS / "5-block" / "lesson-capital.h5") as kept,
    ):
        np.testing.assert_array_equal(again.token_ids(), kept.token_ids())
        for step in range(kept.num_steps):
            for name, array in kept.frame(step).arrays.items():
                np.testing.assert_allclose(again.frame(step).arrays[name], array, rtol=1e-3, atol=1e-3, err_msg=name)


def test_the_story_is_drawn_with_its_seed(loaded, tmp_path):
    told = {"name": "", "config": level_6.LEO_CAPTURE, "sampling": level_6.LEO_SAMPLING}
    record_anew(loaded, tmp_path, "lesson-leo", level_6.LEO, **told)
    with (
        open_session(tmp_path / "lesson-leo.h5") as again,
        open_session(LESSONS / "6-nanochat" / "lesson-leo.h5") as kept,
    ):
        np.testing.assert_array_equal(again.token_ids(), kept.token_ids())
