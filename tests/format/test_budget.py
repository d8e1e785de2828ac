from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mri.format.budget import BudgetReached, middle_outwards, within_budget
from mri.format.captured import Captured
from mri.format.config import TraceConfig
from mri.format.events import StepFrame
from mri.format.hook_points import nanochat_points
from mri.format.layout import DROP_ORDER, LAYERS_DROPPED_BIT, Layout
from tests.conftest import dropped_names


def frame_of(config: TraceConfig, n_layer: int = 6, n_keys: int = 40) -> tuple[Layout, StepFrame]:
    layout = Layout(nanochat_points(n_layer, 32, 100), config, 8, n_layer, 4, 512, 100)
    rng = np.random.default_rng(0)
    arrays = {
        name: rng.integers(0, 30, shape).astype(dtype)
        for name, (dtype, shape) in layout.specs("decode", 1, n_keys).items()
    }
    return layout, StepFrame(3, "decode", n_keys - 1, 1, arrays)


def config_of(policy: str, limit: int) -> TraceConfig:
    return TraceConfig(attention_tier="full_row", edu=True, drop_policy=policy, max_bytes_per_step=limit)  # type: ignore[arg-type]


@given(st.sampled_from(["drop_payload_keep_stats", "drop_layer", "stop_trace"]), st.integers(1, 12_000))
def test_no_frame_is_ever_over_the_budget(policy: str, limit: int) -> None:
    layout, frame = frame_of(config_of(policy, limit))
    try:
        kept = within_budget(frame, layout)
    except BudgetReached:
        statistics = frame.arrays["stats"].nbytes + frame.arrays["tokens"].nbytes
        assert policy == "stop_trace" or limit < statistics
        return
    assert kept.num_bytes <= limit
    assert (kept.dropped == 0) == (frame.num_bytes <= limit)
    if policy == "drop_payload_keep_stats":
        np.testing.assert_array_equal(kept.arrays["stats"], frame.arrays["stats"])
        gone = set(frame.arrays) - set(kept.arrays)
        marked = [name for bit, name in enumerate(DROP_ORDER) if kept.dropped >> bit & 1]
        assert all(any(name == m or name.startswith(m + "/") for m in marked) for name in gone)


def test_payloads_give_way_in_the_documented_order() -> None:
    layout, frame = frame_of(config_of("drop_payload_keep_stats", 50_000))
    seen: list[str] = []
    for limit in range(frame.num_bytes, 1_000, -50):
        config = config_of("drop_payload_keep_stats", limit)
        try:
            kept = within_budget(frame, Layout(layout.points, config, 8, 6, 4, 512, 100))
        except BudgetReached:
            break
        names = dropped_names(kept)
        assert names[: len(seen)] == seen
        seen = names
    assert seen == ["attention/rows", "topk", "attention", "logits"]


def test_layers_go_from_the_middle_outwards_and_keep_their_rows() -> None:
    assert middle_outwards(6) == [3, 2, 4, 1, 5, 0]
    layout, whole = frame_of(config_of("drop_layer", 50_000))
    limit = whole.num_bytes * 2 // 3
    layout = Layout(layout.points, config_of("drop_layer", limit), 8, 6, 4, 512, 100)
    kept = within_budget(whole, layout)
    assert kept.dropped >> LAYERS_DROPPED_BIT & 1
    assert set(kept.dropped_layers) == set(middle_outwards(6)[: len(kept.dropped_layers)])
    assert 0 < len(kept.dropped_layers) < 6
    for point in layout.points:
        if point.layer_index in kept.dropped_layers:
            assert np.isnan(Captured(kept, layout).stats(point.key)["mean"])
        else:
            some, every = Captured(kept, layout), Captured(whole, layout)
            assert some.stats(point.key) == every.stats(point.key)
            np.testing.assert_array_equal(some.values(point.key), every.values(point.key))


def test_stop_trace_says_the_numbers() -> None:
    layout, frame = frame_of(config_of("stop_trace", 2_000))
    with pytest.raises(BudgetReached, match=f"{frame.num_bytes:,} bytes, the budget is 2,000"):
        within_budget(frame, layout)
