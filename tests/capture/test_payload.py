from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mri.capture.payload import quantized, quantized_weights, topk_arrays, with_earlier_keys
from mri.format.events import F16_MAX, F16_ZERO, dequantized

FLOATS = st.floats(width=32, allow_subnormal=True)
ROWS = hnp.arrays(np.float32, hnp.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=12), elements=FLOATS)


@given(ROWS)
def test_f32_is_exact(x: np.ndarray) -> None:
    codes, scale = quantized(x, "f32")
    np.testing.assert_array_equal(dequantized(codes, scale), x)


@given(ROWS)
def test_f16_keeps_its_stated_bound_and_marks(x: np.ndarray) -> None:
    codes, scale = quantized(x, "f16")
    back = dequantized(codes, scale)
    finite = np.isfinite(x)
    np.testing.assert_array_equal(back[~finite], x[~finite])
    clipped = finite & (np.abs(x) > F16_MAX)
    np.testing.assert_array_equal(np.abs(back[clipped]), F16_MAX)
    kept = finite & ~clipped
    error = np.abs(back[kept].astype(np.float64) - x[kept])
    assert (error <= np.maximum(np.abs(x[kept].astype(np.float64)) * 2.0**-11, 2.0**-25)).all()


def test_f16_loses_what_is_at_most_2_to_the_minus_25_and_nothing_more() -> None:
    least, above = np.float32(F16_ZERO), np.nextafter(np.float32(F16_ZERO), np.float32(1))
    back = dequantized(*quantized(np.array([least, -least, above, -above, 2.0**-14], np.float32), "f16"))
    assert back.tolist() == [0, 0, 2.0**-24, -(2.0**-24), 2.0**-14]


@given(ROWS)
@example(np.float32([np.nan, 3.3496545e38]))
def test_q8_keeps_its_stated_bound_and_marks(x: np.ndarray) -> None:
    codes, scale = quantized(x, "q8")
    back = dequantized(codes, scale)
    finite = np.isfinite(x)
    np.testing.assert_array_equal(np.isnan(back), np.isnan(x))
    np.testing.assert_array_equal(back[np.isinf(x)], x[np.isinf(x)])
    largest = np.abs(np.where(finite, x, 0).astype(np.float64)).max(-1, keepdims=True)
    error = np.abs(np.where(finite, back, 0).astype(np.float64) - np.where(finite, x, 0))
    assert (error <= largest / 252 * (1 + 1e-5) + 1e-43).all()


@given(
    hnp.arrays(np.float32, st.tuples(st.integers(1, 4), st.integers(1, 40)), elements=st.floats(-1e3, 1e3, width=32)),
    st.integers(1, 45),
    st.sampled_from(["f32", "f16", "q8"]),
)
def test_topk_keeps_the_strongest_and_the_exact_bound_of_the_rest(x: np.ndarray, topk: int, quantization: str) -> None:
    tensor = torch.from_numpy(x)
    arrays = topk_arrays("topk/9", tensor, topk, quantization)
    k = min(topk, x.shape[1])
    for row, indices, bound in zip(x, arrays["topk/9/indices"], arrays["topk/9/bound"], strict=True):
        assert len(set(indices.tolist())) == k
        rest = np.delete(np.abs(row), indices)
        assert bound == (rest.max() if len(rest) else 0.0)
        assert (np.abs(row[indices]) >= bound).all()
        assert (np.diff(np.abs(row[indices])) <= 0).all()
    values = dequantized(arrays["topk/9/values"], arrays.get("topk/9/scale"))
    exact = np.take_along_axis(x, arrays["topk/9/indices"].astype(int), 1)
    np.testing.assert_allclose(values, exact, atol=float(np.abs(x).max()) / 250 + 1e-7)


@pytest.mark.parametrize("quantization", ["f32", "f16", "q8"])
@pytest.mark.parametrize("n_keys", [1, 2, 9, 509, 510, 3000])
def test_a_row_of_nan_reads_back_as_nan_beside_rows_of_weights(n_keys: int, quantization: str) -> None:
    rows = np.zeros((4, n_keys), np.float32)
    rows[0], rows[1, 0], rows[2, -1], rows[3] = np.nan, 1, 1, 1 / n_keys
    back = dequantized(quantized_weights(rows, quantization), None)
    assert np.isnan(back).any(-1).tolist() == [True, False, False, False]
    assert np.isnan(back[0]).all()
    np.testing.assert_allclose(back[1:], rows[1:], atol=1 / 510 + 1e-7)


@given(st.integers(2, 600), st.floats(0.01, 100), st.integers(0, 2**32 - 1))
def test_no_row_of_8_bit_weights_reads_back_as_nan(n_keys: int, concentration: float, seed: int) -> None:
    row = np.random.default_rng(seed).dirichlet(np.full(n_keys, concentration)).astype(np.float32)
    assert np.isfinite(dequantized(quantized_weights(row, "q8"), None)).all()


@pytest.mark.parametrize("quantization", ["f32", "f16", "q8"])
@pytest.mark.parametrize("n", [1, 2])
def test_keys_before_a_window_weigh_nothing_but_in_a_row_of_nan(n: int, quantization: str) -> None:
    matrix = quantized_weights(np.float32([[np.nan] * n, [1] + [0] * (n - 1)]), quantization)
    back = dequantized(with_earlier_keys(matrix, 4), None)
    np.testing.assert_array_equal(back, [[np.nan] * 4, [0] * (4 - n) + [1] + [0] * (n - 1)])


@pytest.mark.parametrize(("quantization", "bound"), [("f32", 0), ("f16", 2**-11), ("q8", 1 / 510 + 1e-7)])
def test_attention_weights_keep_their_bound(quantization: str, bound: float) -> None:
    weights = np.linspace(0, 1, 1001, dtype=np.float32)
    back = dequantized(quantized_weights(weights, quantization), None)
    assert np.abs(back - weights).max() <= bound
