from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mri.hook_points import STATS
from mri.tracer.reduce import reduce_rows, softcapped, summarize_attention, summarize_logits, to_host

ROWS = hnp.arrays(
    np.float32,
    hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=150),
    elements=st.floats(-1e4, 1e4, width=32),
)


def stats_in_float64(row: np.ndarray, exact_zeros: bool, n_positions: int) -> list[float]:
    """The definitions of hook_points.STATS, written independently with numpy."""
    x = row.astype(np.float64)
    threshold = 0.0 if exact_zeros else 1e-3 * np.abs(x).max()
    norms = np.linalg.norm(x.reshape(n_positions, -1), axis=1)
    return [
        x.mean(), x.std(), x.min(), x.max(), math.sqrt((norms**2).mean()),
        (np.abs(x) <= threshold).mean(), np.quantile(np.abs(x), 0.99),
    ]  # fmt: skip


@given(ROWS, st.booleans())
def test_statistics_equal_numpy_in_float64(x: np.ndarray, exact_zeros: bool) -> None:
    reduced = reduce_rows(torch.from_numpy(x), torch.full((len(x),), exact_zeros))
    for row, stats in zip(x, reduced.numpy(), strict=True):
        expected = stats_in_float64(row, exact_zeros, 1)
        scale = float(np.abs(row).max()) + 1e-6
        for name, got, want in zip(STATS, stats, expected, strict=True):
            if name == "sparsity":  # values within rounding of the threshold may fall on either side
                near = np.isclose(np.abs(row), 1e-3 * np.abs(row).max(), rtol=1e-6).mean()
                assert abs(got - want) <= near + 1e-6
            else:
                tolerance = 2e-6 * scale * (math.sqrt(x.shape[1]) if name == "l2" else 1)
                assert got == pytest.approx(want, abs=tolerance + 1e-30), name


def test_l2_of_a_prefill_is_the_root_mean_square_over_positions() -> None:
    x = torch.randn(2, 5 * 16, generator=torch.Generator().manual_seed(0))
    reduced = reduce_rows(x, n_positions=5)
    for row, stats in zip(x.numpy(), reduced.numpy(), strict=True):
        np.testing.assert_allclose(stats, stats_in_float64(row, False, 5), rtol=1e-5, atol=1e-6)


def test_nan_and_infinity_come_through() -> None:
    x = torch.tensor([[1.0, torch.nan, 2.0, 0.0], [1.0, torch.inf, 2.0, 0.0]])
    reduced = reduce_rows(x)
    assert torch.isnan(reduced[0, 0])
    assert reduced[1, 3] == torch.inf


def test_attention_summary() -> None:
    rows = torch.tensor([[0.25, 0.25, 0.25, 0.25], [0.0, 1.0, 0.0, 0.0]])
    summary = summarize_attention(rows)
    np.testing.assert_allclose(summary.entropy.numpy(), [2.0, 0.0], atol=1e-6)  # log2(4) bits, and one key
    assert summary.keys[1, 0] == 1
    assert summary.weights[1].tolist() == [1.0, 0.0, 0.0, 0.0]


def test_logits_summary_against_float64() -> None:
    logits = torch.randn(3, 50, generator=torch.Generator().manual_seed(4)) * 3
    summary = summarize_logits(logits, torch.tensor([7, 0, -1]), 20)
    x = logits.double().numpy()
    p = np.exp(x) / np.exp(x).sum(1, keepdims=True)
    np.testing.assert_allclose(summary.logsumexp, np.log(np.exp(x).sum(1)), rtol=1e-6)
    np.testing.assert_allclose(summary.entropy, -(p * np.log2(p)).sum(1), rtol=1e-5)
    np.testing.assert_allclose(summary.chosen_logprob[:2], np.log([p[0, 7], p[1, 0]]), rtol=1e-5)
    assert summary.chosen_rank.tolist() == [(x[0] > x[0, 7]).sum(), (x[1] > x[1, 0]).sum(), 0]
    assert torch.isnan(summary.chosen_logprob[2])
    np.testing.assert_array_equal(summary.token_ids, np.argsort(-x, 1)[:, :20])


def test_softcap_crops_first() -> None:
    out = softcapped(torch.tensor([[1.0, 100.0, 7.0]]), 2, 15.0)
    np.testing.assert_allclose(out, [[15 * math.tanh(1 / 15), 15 * math.tanh(100 / 15)]], rtol=1e-6)


def test_one_copy_to_the_host_keeps_dtypes_and_shapes() -> None:
    tensors = [torch.arange(6).view(2, 3), torch.randn(4), torch.tensor(2.5)]
    for tensor, array in zip(tensors, to_host(tensors), strict=True):
        np.testing.assert_array_equal(tensor.numpy(), array)
