from __future__ import annotations

import math
from types import SimpleNamespace

import pytest
import torch

from mri.capture.reduce import softcapped
from mri.capture.softcap import distance, last_logits, softcap_between
from tests.tiers import sample


def raw_logits(scale: float, dtype: torch.dtype = torch.float32, seed: int = 0) -> torch.Tensor:
    return (torch.randn(64, generator=torch.Generator().manual_seed(seed)) * scale).to(dtype)


@pytest.mark.parametrize("seed", range(sample(ci=5, long=200)))
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("c", [5.0, 12.5, 15.0, 20.0, 30.0, 50.0, math.inf])
def test_the_softcap_is_found(c: float, dtype: torch.dtype, seed: int) -> None:
    raw = raw_logits(8, dtype, seed)
    assert softcap_between(raw, softcapped(raw, 64, c), 15.0) == c


@pytest.mark.parametrize("scale", [1e-3, 0.02, 1.0, 60.0])
def test_the_expected_softcap_stands_where_logits_are_too_small_or_too_large_to_tell(scale: float) -> None:
    raw = raw_logits(scale)
    for c in (15.0, 20.0):
        found = softcap_between(raw, softcapped(raw, 64, c), c)
        assert found == c


def test_a_softcap_in_a_coarse_type_is_still_known() -> None:
    raw = raw_logits(8, torch.bfloat16)
    for c in (15.0, 20.0):
        assert softcap_between(raw, c * torch.tanh(raw / c), 15.0) == c


@pytest.mark.parametrize(
    "head",
    [lambda x: x + 1, lambda x: 2 * x, lambda x: x.clamp(-3, 3), lambda x: -x, lambda x: x * 0, lambda x: x.flip(0)],
)
def test_what_no_softcap_explains_is_none(head) -> None:
    raw = raw_logits(8)
    assert softcap_between(raw, head(raw), 15.0) is None


def test_nan_and_infinity_are_as_they_are() -> None:
    raw = raw_logits(8)
    raw[3], raw[4] = math.nan, math.inf
    assert softcap_between(raw, softcapped(raw, 64, 20.0), 15.0) == 20
    assert distance(raw, raw) == 0
    assert softcap_between(torch.full((64,), math.nan), torch.full((64,), math.nan), 15.0) == 15


def test_last_logits_of_whatever_a_forward_returns() -> None:
    logits = torch.arange(2 * 3 * 6.0).view(2, 3, 6)
    wanted = logits[0, -1, :5]
    loss = torch.tensor(1.0)
    for output in (
        logits,
        logits[:, -1:],
        logits[:, -1],
        logits[0],
        wanted,
        (logits, loss),
        (loss, logits),
        {"loss": loss, "x": logits},
        [logits, None],
    ):
        found = last_logits(output, 5, 3)
        assert found is not None
        assert torch.equal(found, wanted)
    for output in (
        loss,
        None,
        (),
        "x",
        SimpleNamespace(logits=logits),
        torch.zeros(2, 3),
        torch.zeros(1, 3, 6, dtype=torch.int64),
    ):
        assert last_logits(output, 5, 3) is None
    before = logits.clone()
    last_logits(logits, 5, 3).zero_()  # type: ignore[union-attr]
    assert torch.equal(logits, before)
