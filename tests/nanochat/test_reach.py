"""The factors against upstream's own values: all parts of every era add up to what its last norm reads."""

import numpy as np
import pytest

from mri.nanochat.direct import reach_of
from mri.nanochat.eras import ERAS
from mri.nanochat.reach import reach
from tests.nanochat.test_model import golden_model


@pytest.mark.parametrize("name", ERAS)
def test_all_parts_add_up_to_the_stream_before_the_last_norm(name):
    model, golden = golden_model(name)
    found = reach_of(model)
    for step in range(7):
        at = {key.removeprefix(f"step{step}/"): value.double().numpy() for key, value in golden.items()}
        start = at["block.0.resid_pre"]
        if model.era.has_resid_lambdas:
            start = start / (model.resid_lambdas[0].item() + model.x0_lambdas[0].item())
        parts = [found.start * start]
        for i, factor in enumerate(found.blocks):
            parts += [factor * at[f"block.{i}.attn_out"], factor * at[f"block.{i}.mlp_out"]]
        stream = np.sum(parts, axis=0)
        normed = stream / np.sqrt((stream**2).mean() + np.finfo(np.float32).eps)
        np.testing.assert_allclose(normed, at["final.ln_f"], atol=2e-5, err_msg=f"step {step}")


@pytest.mark.parametrize("n_layer", [1, 2, 3, 6, 7])
def test_each_factor_is_what_a_unit_becomes(n_layer):
    """A stream of one number: each part in turn is 1, all others 0, and the recursion itself says what arrives."""
    rng = np.random.default_rng(n_layer)
    a, b, backout = rng.uniform(0.3, 3, n_layer), rng.uniform(-1, 3, n_layer), 0.7

    def arrives(start, additions):
        x, middle = start, start
        for i in range(n_layer):
            x = a[i] * x + b[i] * start + additions[i]
            middle = x if i == n_layer // 2 else middle
        return x - backout * middle

    found = reach(a, b, backout)
    assert found.start == pytest.approx(arrives(1.0, np.zeros(n_layer)))
    for i in range(n_layer):
        assert found.blocks[i] == pytest.approx(arrives(0.0, np.eye(n_layer)[i])), i


def test_the_embedded_model_erases_what_its_lower_blocks_add():
    from mri.nanochat.checkpoint import load_model

    found = reach_of(load_model(device="cpu").model)
    assert found.blocks == pytest.approx([-0.0025, -0.0029, -0.0084, -0.0186, 0.625, 1], abs=5e-5)
    assert found.start == pytest.approx(1.3687, abs=1e-4)
