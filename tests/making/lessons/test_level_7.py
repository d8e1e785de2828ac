"""What lies beside lesson 7 was measured with the embedded model; and a head that is off is off at the end only."""

import numpy as np
import pytest
import torch

from mri.making.lessons import level_7
from mri.making.lessons.ablation import read, without_head_at_end
from mri.nanochat.checkpoint import load_model
from mri.paths import LESSONS


@pytest.fixture(scope="module")
def loaded():
    torch.set_num_threads(1)
    return load_model(device="cpu")


def test_the_committed_measurements_are_the_models(loaded):
    found = level_7.measured(loaded, LESSONS / "7-why")
    with np.load(LESSONS / "7-why" / "weights.npz") as file:
        assert set(file) == set(found)
        for name, array in found.items():
            np.testing.assert_allclose(file[name], array, atol=2e-3, err_msg=name)


def test_a_head_that_is_off_at_the_end_changes_nothing_before_and_nothing_afterwards(loaded):
    ids = loaded.tokenizer.encode(level_7.LIST)
    whole, weights = read(loaded.model, ids)
    with without_head_at_end(loaded.model, 3, 1):
        off, without = read(loaded.model, ids)
    torch.testing.assert_close(off[:-1], whole[:-1])
    assert not torch.allclose(off[-1], whole[-1], atol=0.1)
    torch.testing.assert_close(without[3], weights[3])  # its own block looks as before
    torch.testing.assert_close(read(loaded.model, ids)[0], whole)
