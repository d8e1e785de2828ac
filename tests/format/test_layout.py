"""Layout: which arrays, which rows, how many bytes; and that what can never fit is refused."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mri.errors import ConfigError, UnknownHookPoint
from mri.format.config import TraceConfig, sampled_indices
from mri.format.hook_points import HookPoint, nanochat_points
from mri.format.layout import Layout, index_dtype, width_of_group
from mri.format.presets import LEAN, PRESETS, config_of_preset


def nanochat(n_layer, n_embd, config=None, n_head=4, n_vocab=2048, n_ctx=512):
    points = nanochat_points(n_layer, n_embd, n_vocab)
    return Layout.plan(points, config or TraceConfig(), n_layer=n_layer, n_head=n_head, n_ctx=n_ctx, n_vocab=n_vocab)


@pytest.mark.parametrize(
    ("n_layer", "n_embd", "n_head", "topk"), [(6, 256, 4, 64), (12, 768, 6, 128), (24, 1536, 12, 64), (4, 384, 3, 64)]
)
def test_topk_is_the_largest_that_fits_the_budget(n_layer, n_embd, n_head, topk):
    layout = nanochat(n_layer, n_embd, n_head=n_head)
    assert layout.topk == topk
    assert layout.num_bytes("decode", 1, 512) <= layout.config.max_bytes_per_step


def test_what_can_never_fit_is_refused_with_the_numbers():
    with pytest.raises(ConfigError, match=r"at least [\d,]+ bytes .* max_bytes_per_step is 50,000: raise it"):
        nanochat(24, 1536, TraceConfig(capture_mode="full"))
    with pytest.raises(ConfigError, match="topk=1000"):
        nanochat(24, 1536, TraceConfig(topk=1000))


@pytest.mark.parametrize("preset", PRESETS)
def test_presets_fit_the_embedded_model(preset):
    layout = nanochat(6, 256, PRESETS[preset])
    assert layout.num_bytes("decode", 1, 512) <= layout.config.max_bytes_per_step


def test_groups_by_capture_mode():
    keys = {
        mode: nanochat(2, 8, TraceConfig(capture_mode=mode)).groups for mode in ("stats", "sampled", "topk", "full")
    }
    assert keys["stats"] == {}
    assert [(name, len(rows)) for name, rows in keys["topk"].items()] == [("topk/8", 12)]
    assert [*keys["sampled"]] == ["sampled/8"]
    assert [(name, len(rows)) for name, rows in keys["full"].items()] == [("full/8", 16), ("full/32", 4)]
    edu = nanochat(2, 8, TraceConfig(edu=True)).groups
    assert edu["topk/32"] == ("block.0.mlp_act", "block.1.mlp_act")
    positions = nanochat(2, 8, TraceConfig(prefill="positions")).groups
    assert positions["prefill/topk/8"] == ("block.0.resid_post", "block.1.resid_post")


def test_specs_by_phase():
    layout = nanochat(2, 8, TraceConfig(prefill="positions", attention_tier="full_matrix"))
    prefill, decode = layout.specs("prefill", 5, 5), layout.specs("decode", 1, 6)
    assert prefill["tokens"] == (np.uint32, (5,))
    assert prefill["attention/matrix"][1] == (2, 4, 5, 5)
    assert prefill["attention/keys"][1] == (2, 4, 5)
    assert prefill["prefill/topk/8/values"][1] == (2, 3, 8)
    assert "topk/8/values" not in prefill
    assert decode["attention/rows"][1] == (2, 4, 6)
    assert decode["topk/8/values"][1] == (12, 8)
    assert not {"attention/matrix", "prefill/positions"} & set(decode)
    assert set(layout.specs("train", 0, 0)) == {"stats", "topk/8/values", "topk/8/indices", "topk/8/bound"}


@given(
    config=st.builds(
        TraceConfig,
        capture_mode=st.sampled_from(["stats", "sampled", "topk", "full"]),
        quantization=st.sampled_from(["f32", "f16", "q8"]),
        attention_tier=st.sampled_from(["summary", "full_row", "full_matrix"]),
        prefill=st.sampled_from(["stats", "positions", "stepwise"]),
        edu=st.booleans(),
        max_bytes_per_step=st.just(10**9),
    ),
    phase=st.sampled_from(["prefill", "decode", "train"]),
    t_add=st.integers(1, 9),
)
def test_num_bytes_is_the_sum_and_rows_have_layers(config, phase, t_add):
    layout = nanochat(3, 8, config, n_head=2)
    specs = layout.specs(phase, t_add, 9)
    arrays = {name: np.zeros(shape, dtype) for name, (dtype, shape) in specs.items()}
    assert layout.num_bytes(phase, t_add, 9) == sum(array.nbytes for array in arrays.values())
    for name, array in arrays.items():
        layers = layout.layer_of_rows(name)
        if layers is not None:
            assert len(layers) == len(array), name
        else:
            assert name.startswith(("tokens", "logits/", "prefill/positions")), name


def test_json_round_trip():
    layout = nanochat(2, 8, TraceConfig(edu=True, quantization="q8"))
    again = Layout.from_json(json.loads(json.dumps(layout.to_json())))
    assert again == layout
    assert (again.rows, again.groups) == (layout.rows, layout.groups)


def test_a_plain_module_has_no_attention_and_no_logits():
    points = [HookPoint("hidden", 0, "mlp", 5, "topk"), HookPoint("out", 1, "mlp", 1, "topk")]
    layout = Layout.plan(points, TraceConfig())
    assert {name: shape for name, (_, shape) in layout.specs("train", 0, 0).items()} == {
        "stats": (2, 7),
        "topk/5/values": (1, 5),
        "topk/5/indices": (1, 5),
        "topk/5/bound": (1,),
        "topk/1/values": (1, 1),
        "topk/1/indices": (1, 1),
        "topk/1/bound": (1,),
    }


def test_an_unknown_hook_point_is_named_with_those_that_are():
    with pytest.raises(UnknownHookPoint, match=r"no hook point 'block\.9\.x' here: known are embed\.resid0.*, …"):
        nanochat(2, 8).row("block.9.x")


def test_sampled_neurons_are_reproducible_and_as_many():
    strided = sampled_indices(TraceConfig(sample_stride=3), 10)
    assert strided.tolist() == [0, 3, 6, 9]
    drawn = sampled_indices(TraceConfig(sample_stride=3, sample_seed=7), 10)
    assert len(set(drawn.tolist())) == 4
    assert (np.diff(drawn) > 0).all()
    np.testing.assert_array_equal(drawn, sampled_indices(TraceConfig(sample_stride=3, sample_seed=7), 10))


def test_small_helpers():
    assert width_of_group("prefill/topk/256") == 256
    assert index_dtype(65_536) == np.uint16
    assert index_dtype(65_537) == np.uint32


def test_standard_keeps_what_the_pages_read_where_no_step_costs_more_than_120_kb():
    def standard(n_layer, n_embd, longest_row):
        points = nanochat_points(n_layer, n_embd, 2048)
        sizes = {"n_layer": n_layer, "n_head": n_embd // 64, "n_ctx": 2048, "n_vocab": 2048}
        config = config_of_preset("standard", points, longest_row=longest_row, **sizes)
        return config, Layout.plan(points, config, **sizes).num_bytes("decode", 1, min(longest_row, 2048))

    small, num_bytes = standard(6, 256, 512)
    assert (small.prefill, small.attention_tier, small.edu, small.topk) == ("stepwise", "full_row", True, 64)
    assert num_bytes <= small.max_bytes_per_step == 120_000
    assert standard(12, 768, 80)[0].prefill == "stepwise"
    assert standard(12, 768, 2000)[0] == LEAN, "its longest row decides, once for all steps"
    assert standard(6, 256, 10_000)[1] <= 120_000, "no row is longer than the context"


def test_other_presets_are_as_they_stand_and_an_unknown_one_is_refused():
    sizes = {"n_layer": 2, "n_head": 2, "n_ctx": 16, "n_vocab": 31}
    points = nanochat_points(2, 8, 31)
    assert config_of_preset("rows", points, longest_row=9, **sizes) == PRESETS["rows"]
    with pytest.raises(ConfigError, match="There is no capture preset 'all': choose from light, standard"):
        config_of_preset("all", points, longest_row=9, **sizes)
