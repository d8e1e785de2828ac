"""`block.N.q`, `.k`, `.v`, `.z`, `.ve_gate`: recorded where patterns name them, with what passed there."""

from pathlib import Path

import numpy as np
import pytest
import torch

from mri.capture.recorder import layout_of_model
from mri.errors import ConfigError, UnknownHookPoint
from mri.export.trace import open_trace
from mri.format.config import Sampling, TraceConfig
from mri.format.presets import PRESETS
from mri.nanochat.checkpoint import load_model
from mri.run.record import record_generation

GOLDEN = Path(__file__).parents[1] / "golden"
PATTERNS = ("block.*.q", "block.1.[kv]", "block.*.z", "block.*.ve_gate", "final.ln_f")
FULL = {"capture_mode": "full", "quantization": "f32", "prefill": "stepwise", "max_bytes_per_step": 1_000_000}


@pytest.fixture(scope="module")
def loaded():
    return load_model(GOLDEN / "E5", device="cpu")


def recorded(loaded, tmp_path, **config):
    asked = {"sampling": Sampling(3, 0, None, 1), "config": TraceConfig(**config), "sessions": tmp_path}
    return open_trace(record_generation(loaded, [291, 5, 7], **asked).path)


@pytest.mark.parametrize("ledger", ["none", "direct"])
def test_what_passed_is_kept(loaded, tmp_path, ledger):
    trace = recorded(loaded, tmp_path, hook_points=PATTERNS, ledger=ledger, **FULL)
    seen: dict[str, torch.Tensor] = {}
    attn = [block.attn for block in loaded.model.transformer["h"]]
    hooks = [
        module.register_forward_hook(lambda m, a, o, key=key, s=side: seen.update({key: (a[0] if s else o)[0, -1]}))
        for key, module, side in (
            ("block.0.q", attn[0].c_q, False),
            ("block.1.k", attn[1].c_k, False),
            ("block.1.v", attn[1].c_v, False),
            ("block.2.ve_gate", attn[2].ve_gate, False),
            ("block.2.z", attn[2].c_proj, True),
        )
    ]
    ids = [int(i) for step in range(trace.num_steps) for i in trace.frame(step).arrays["tokens"]]
    with torch.inference_mode():
        loaded.model(torch.tensor([ids]))
    for hook in hooks:
        hook.remove()
    for key, value in seen.items():
        kept = trace.values(key, step=-1)
        assert kept.shape == value.shape
        assert np.abs(kept - value.numpy()).max() < 1e-5
    assert trace.layout.width("block.1.k") == 32
    assert trace.layout.width("block.2.ve_gate") == 2


def test_others_keep_their_statistics_and_no_values(loaded, tmp_path):
    trace = recorded(loaded, tmp_path, hook_points=PATTERNS, **FULL)
    assert set(trace.layout.places) == {
        *(f"block.{i}.{name}" for i in range(3) for name in ("q", "z")),
        *("block.1.k", "block.1.v", "block.0.ve_gate", "block.2.ve_gate", "final.ln_f"),
    }
    assert "block.0.resid_post" in trace.layout.rows
    assert "block.0.k" not in trace.layout.rows
    assert np.isfinite(trace.frame(-1).arrays["stats"]).all()


def test_presets_have_none(loaded):
    for name, config in PRESETS.items():
        assert config.hook_points == ()
        keys = [point.key for point in layout_of_model(loaded.model, name).points]
        assert [key for key in keys if key.endswith((".q", ".k", ".v", ".z", ".ve_gate"))] == []


def test_patterns_pass_json():
    config = TraceConfig(hook_points=["block.*.q"])  # type: ignore[arg-type]
    assert config.hook_points == ("block.*.q",)
    assert TraceConfig.from_json(config.to_json()) == config
    assert hash(config) == hash(TraceConfig(hook_points=("block.*.q",)))


def test_a_pattern_that_names_nothing_is_refused(loaded):
    with pytest.raises(UnknownHookPoint, match="no hook point 'block"):
        layout_of_model(loaded.model, TraceConfig(hook_points=("final.ln_f", "block.9.q")))
    with pytest.raises(UnknownHookPoint, match="ve_gate"):
        layout_of_model(load_model(GOLDEN / "E1", device="cpu").model, TraceConfig(hook_points=("block.*.ve_gate",)))


@pytest.mark.parametrize("patterns", ["block.*.q", [3], [""], ["a" * 201], ["a"] * 201])
def test_what_are_no_patterns(patterns):
    with pytest.raises(ConfigError, match="must be patterns of hook points"):
        TraceConfig(hook_points=patterns)


@pytest.mark.parametrize("mode", ["full", "topk", "sampled"])
@pytest.mark.parametrize("quantization", ["f32", "q8"])
def test_every_position_of_a_prompt_read_in_one_pass(loaded, tmp_path, mode, quantization):
    """As a recording that reads the prompt token by token has them."""
    common = {"capture_mode": mode, "topk": 16, "quantization": quantization, "max_bytes_per_step": 1_000_000}
    at_once = recorded(loaded, tmp_path, prefill="all", **common)
    stepwise = recorded(loaded, tmp_path, prefill="stepwise", **common)
    for key in ("embed.resid0", "block.1.resid_mid", "block.2.mlp_out", "final.ln_f"):
        values = at_once.prompt_values(key)
        assert values.shape == (3, 64)
        one_by_one = np.stack([stepwise.values(key, step=step) for step in range(3)])
        both = np.isfinite(values) & np.isfinite(one_by_one)
        assert both.sum() > 0.9 * np.isfinite(one_by_one).sum()
        assert np.abs(values - one_by_one)[both].max() <= (1e-5 if quantization == "f32" else 0.1)
    with pytest.raises(ConfigError, match="prefill='all'"):
        at_once.prompt_values("final.ln_f", step=1)
    with pytest.raises(UnknownHookPoint):
        at_once.prompt_values("block.9.mlp_out")
