"""Rotary tables and masks against their definitions."""

import pytest
import torch

from mri.nanochat.positions import causal_mask, rotary_tables


@pytest.mark.parametrize(("pos", "n_new", "window"), [(0, 5, 3), (0, 5, 4), (4, 3, 2), (4, 3, 9), (2, 4, 2), (7, 1, 2)])
def test_causal_mask_is_the_window_rule(pos, n_new, window):
    mask = causal_mask(pos, n_new, window, torch.device("cpu"))
    if n_new == 1 or (pos == 0 and n_new <= window + 1):
        assert mask is None
        return
    n_keys = mask.shape[1]
    assert n_keys == min(pos, window) + n_new
    for row in range(n_new):
        seen = [pos + n_new - n_keys + j for j in range(n_keys) if mask[row, j]]
        assert seen == list(range(max(0, pos + row - window), pos + row + 1))


def test_rotary_tables_hold_the_angles():
    cos, sin = rotary_tables(6, 8, 10_000.0, 1.0)
    assert cos.shape == sin.shape == (6, 1, 8)
    for pos in range(6):
        for j in range(4):
            angle = torch.tensor(pos / 10_000 ** (2 * j / 8))
            assert torch.allclose(cos[pos, 0, [j, j + 4]], angle.cos())
            assert torch.allclose(sin[pos, 0, [j, j + 4]], torch.stack([angle.sin(), -angle.sin()]))
