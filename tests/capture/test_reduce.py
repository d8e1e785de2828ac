from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mri.capture.reduce import reduce_rows, softcapped, summarize_attention, summarize_logits, to_host
from mri.format.hook_points import STATS
from tests.tiers import sample

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
        x.mean(),
        x.std(),
        x.min(),
        x.max(),
        math.sqrt((norms**2).mean()),
        (np.abs(x) <= threshold).mean(),
        np.quantile(np.abs(x), 0.99),
    ]


@given(ROWS, st.booleans())
def test_statistics_equal_numpy_in_float64(x: np.ndarray, exact_zeros: bool) -> None:
    reduced = reduce_rows(torch.from_numpy(x), torch.full((len(x),), exact_zeros))
    for row, stats in zip(x, reduced.numpy(), strict=True):
        expected = stats_in_float64(row, exact_zeros, 1)
        assert_statistics(row, stats, expected)


def assert_statistics(row: np.ndarray, stats: np.ndarray, expected: list[float]) -> None:
    """Each within 1e-6 of the truth, relative; what cancels out (a mean near 0) to float64's digits of the largest."""
    largest = float(np.abs(row).max())
    for name, got, want in zip(STATS, stats, expected, strict=True):
        if name == "sparsity":  # values within rounding of the threshold may fall on either side
            near = np.isclose(np.abs(row), 1e-3 * largest, rtol=1e-6, atol=0).mean()
            assert abs(got - want) <= near + 1e-6
        else:
            assert got == pytest.approx(want, rel=1e-6, abs=1e-13 * largest + 2e-45), name


LONG_ROWS = [(2048, 6144, "relu2")] + [
    (*size, kind)
    for size in [(1, 32_768), (300, 1024), (1, 65_536), (2048, 6144)]
    for kind in ("relu2", "outlier", "far from 0")
]


@pytest.mark.parametrize(("positions", "width", "kind"), LONG_ROWS[: sample(ci=7, long=13)])
def test_long_rows_keep_their_digits(positions: int, width: int, kind: str) -> None:
    """As many values as a prompt of 2048 tokens has at the MLP of a d24, and as a vocabulary has logits."""
    x = torch.randn(1, positions * width, generator=torch.Generator().manual_seed(width))
    if kind == "relu2":
        x = x.relu_().square_()
    elif kind == "outlier":
        x[0, 0] = 3e4
    else:
        x += 1e4
    stats = reduce_rows(x, n_positions=positions)[0].numpy()
    assert_statistics(x[0].numpy(), stats, stats_in_float64(x[0].numpy(), False, positions))


@pytest.mark.parametrize("scale", [1e-44, 1e-30, 1e-20, 1e20, 1e36])
def test_squares_that_float32_cannot_hold(scale: float) -> None:
    x = torch.randn(2, 300, generator=torch.Generator().manual_seed(1)) * scale
    for row, stats in zip(x.numpy(), reduce_rows(x).numpy(), strict=True):
        expected = stats_in_float64(row, False, 1)
        np.testing.assert_allclose(stats, expected, rtol=1e-6, atol=2e-45)
        assert stats[STATS.index("std")] > 0


def test_equal_values_have_no_deviation() -> None:
    stats = reduce_rows(torch.full((1, 3 << 20), 0.1))[0]
    assert stats[STATS.index("std")] == 0
    assert stats[STATS.index("mean")] == torch.tensor(0.1)


def test_l2_of_a_prefill_is_the_root_mean_square_over_positions() -> None:
    x = torch.randn(2, 5 * 16, generator=torch.Generator().manual_seed(0))
    reduced = reduce_rows(x, n_positions=5)
    for row, stats in zip(x.numpy(), reduced.numpy(), strict=True):
        np.testing.assert_allclose(stats, stats_in_float64(row, False, 5), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("odd", [torch.nan, torch.inf, -torch.inf])
@pytest.mark.parametrize("exact_zeros", [None, torch.tensor([True, True])])
def test_a_row_with_nan_or_infinity_has_no_statistics(odd: float, exact_zeros: torch.Tensor | None) -> None:
    x = torch.tensor([[1.0, 0.0, 2.0, odd], [1.0, 0.0, 2.0, 3e38]])
    reduced = reduce_rows(x, exact_zeros)
    assert torch.isnan(reduced[0]).all()
    assert torch.isfinite(reduced[1]).all()
    both = reduce_rows(torch.tensor([[odd, -odd, 0.0]]))
    assert torch.isnan(both).all()


def test_no_values_have_no_statistics() -> None:
    assert torch.isnan(reduce_rows(torch.empty(2, 0))).all()
    assert reduce_rows(torch.empty(0, 5)).shape == (0, 7)


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


def test_a_sure_model_keeps_the_digits_of_entropy_and_logprob() -> None:
    """Of a real vocabulary: what is not the top token has little of the probability, and 32,767 terms."""
    logits = torch.randn(2, 32_768, generator=torch.Generator().manual_seed(5)) * 2 - 9
    logits[0, 7], logits[1, 7] = 15.0, 1.0
    chosen = torch.tensor([7, 11])
    summary = summarize_logits(logits, chosen, 20)
    x = logits.double()
    logprobs = x - x.logsumexp(1, keepdim=True)
    for got, want in (
        (summary.logsumexp, x.logsumexp(1)),
        (summary.entropy, -(logprobs.exp() * logprobs).sum(1) / math.log(2)),
        (summary.chosen_logprob, logprobs.gather(1, chosen[:, None])[:, 0]),
    ):
        np.testing.assert_allclose(got, want, rtol=1e-6)
    assert summary.chosen_logprob[0] < 0


def test_a_token_that_cannot_come_has_no_share_of_the_entropy() -> None:
    logits = torch.tensor([[0.0, 0.0, -torch.inf], [torch.nan, 0.0, 0.0]])
    summary = summarize_logits(logits, torch.tensor([2, 1]), 3)
    assert summary.entropy[0] == 1
    assert summary.chosen_logprob[0] == -torch.inf
    assert torch.isnan(summary.logsumexp[1])
    assert torch.isnan(summary.entropy[1])
    assert torch.isnan(summary.chosen_logprob[1])


def test_attention_over_many_keys_keeps_its_digits() -> None:
    weights = torch.randn(1, 32_768, generator=torch.Generator().manual_seed(6)).softmax(-1)
    p = weights.double()
    entropy = summarize_attention(weights).entropy
    np.testing.assert_allclose(entropy, -(p * p.log2()).sum(-1), rtol=1e-6)


def test_softcap_crops_first() -> None:
    out = softcapped(torch.tensor([[1.0, 100.0, 7.0]]), 2, 15.0)
    np.testing.assert_allclose(out, [[15 * math.tanh(1 / 15), 15 * math.tanh(100 / 15)]], rtol=1e-6)


def test_one_copy_to_the_host_keeps_dtypes_and_shapes() -> None:
    tensors = [torch.arange(6).view(2, 3), torch.randn(4), torch.tensor(2.5)]
    for tensor, array in zip(tensors, to_host(tensors), strict=True):
        np.testing.assert_array_equal(tensor.numpy(), array)
