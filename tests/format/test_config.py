"""Sampling and TraceConfig: what cannot work is refused with the cure, and JSON gives back the same."""

from __future__ import annotations

import dataclasses
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mri.errors import ConfigError
from mri.format.config import Sampling, TraceConfig
from mri.format.presets import PRESETS


@pytest.mark.parametrize(
    ("field", "value", "cure"),
    [
        ("capture_mode", "all", "use one of stats, sampled, topk, full"),
        ("quantization", "f8", "use one of f32, f16, q8"),
        ("drop_policy", "", "use one of drop_payload_keep_stats, drop_layer, stop_trace"),
        ("attention_tier", None, "use one of summary, full_row, full_matrix"),
        ("prefill", "steps", "use one of stats, positions, all, stepwise"),
        ("topk", 0, "at least 1"),
        ("topk", 2.5, "at least 1"),
        ("sample_stride", 0, "at least 1"),
        ("sample_stride", None, "at least 1"),
        ("logits_topk", -1, "at least 1"),
        ("max_bytes_per_step", True, "at least 1"),
        ("sample_seed", -1, "from 0 to"),
        ("sample_seed", 2**32, "from 0 to"),
        ("sample_seed", "1", "from 0 to"),
        ("edu", "yes", "True or False"),
    ],
)
def test_what_cannot_work_is_refused_with_the_cure(field, value, cure):
    with pytest.raises(ConfigError, match=cure) as raised:
        TraceConfig(**{field: value})
    assert f"{field}={value!r}" in str(raised.value)


@pytest.mark.parametrize(
    ("field", "value", "cure"),
    [
        ("max_new_tokens", 0, "from 1 to 1,000,000"),
        ("max_new_tokens", 1.5, "from 1 to"),
        ("max_new_tokens", 1 << 40, "from 1 to 1,000,000"),
        ("temperature", -0.1, "from 0 .greedy. to 100"),
        ("temperature", float("nan"), "from 0 .greedy. to 100"),
        ("temperature", "hot", "must be a number"),
        ("top_k", 0, "from 1 to 10,000,000, or None to choose among all"),
        ("top_k", True, "or None to choose among all"),
        ("seed", -1, "from 0 to"),
        ("seed", 2**63, "from 0 to 9,223"),
    ],
)
def test_a_generation_that_cannot_be_is_refused_with_the_cure(field, value, cure):
    with pytest.raises(ConfigError, match=cure) as raised:
        Sampling(**{field: value})
    assert f"{field}={value!r}" in str(raised.value)


def test_the_defaults_are_the_seeds():
    config = TraceConfig()
    assert (config.capture_mode, config.quantization, config.max_bytes_per_step) == ("topk", "f16", 50_000)
    assert (config.drop_policy, config.attention_tier) == ("drop_payload_keep_stats", "summary")


def test_a_config_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        TraceConfig().topk = 3


@given(
    st.builds(
        TraceConfig,
        capture_mode=st.sampled_from(["stats", "sampled", "topk", "full"]),
        topk=st.none() | st.integers(1, 10_000),
        sample_seed=st.none() | st.integers(0, 2**32 - 1),
        edu=st.booleans(),
    )
    | st.sampled_from(list(PRESETS.values()))
)
def test_json_round_trip(config):
    assert TraceConfig.from_json(json.loads(json.dumps(config.to_json()))) == config


def test_an_unknown_setting_is_named():
    with pytest.raises(ConfigError, match="Unknown trace setting 'top_k': known are capture_mode"):
        TraceConfig.from_json({"top_k": 3})
