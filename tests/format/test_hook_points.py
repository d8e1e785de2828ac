"""The table of hook points is the capture map of the design, in the order in which a token passes them."""

from __future__ import annotations

import re

from mri.format.hook_points import BLOCK, EMBED, FINAL, STATS, nanochat_points
from mri.format.presets import PRESETS
from mri.paths import DATA


def test_a_model_of_two_layers():
    points = nanochat_points(2, 8, 50)
    inside = "resid_pre ln1 attn_out resid_mid ln2 mlp_pre mlp_act mlp_out resid_post"
    blocks = [f"block.{i}.{name}" for i in (0, 1) for name in inside.split()]
    assert [point.key for point in points] == ["embed.resid0", *blocks, "final.ln_f", "final.logits"]
    by_key = {point.key: point for point in points}
    assert {point.width for point in points} == {8, 32, 50}
    wide = [f"block.{i}.{name}" for i in (0, 1) for name in ("mlp_pre", "mlp_act")]
    assert [key for key, point in by_key.items() if point.width == 32] == wide
    assert [point.layer_index for point in points] == [-1, *[0] * 9, *[1] * 9, 2, 2]
    assert [key for key, point in by_key.items() if point.counts_exact_zeros] == ["block.0.mlp_act", "block.1.mlp_act"]


def test_payloads_follow_the_design():
    payloads = {kind.name: kind.payload for kind in (*EMBED, *BLOCK, *FINAL)}
    carries = {name for name, payload in payloads.items() if payload == "topk"}
    assert carries == {"resid0", "resid_pre", "attn_out", "resid_mid", "mlp_out", "resid_post", "ln_f"}
    assert (payloads["mlp_act"], payloads["attn_summary"], payloads["logits"]) == ("edu", "attention", "logits")


def test_every_kind_says_where_and_what():
    names = [kind.name for kind in (*EMBED, *BLOCK, *FINAL)]
    assert len(set(names)) == len(names) == 13
    for kind in (*EMBED, *BLOCK, *FINAL):
        assert kind.read_at
        assert kind.meaning
        assert kind.unit
    assert STATS == ("mean", "std", "min", "max", "l2", "sparsity", "p99")


def test_the_glossary_has_every_hook_point_statistic_and_capture():
    glossary = (DATA.parent / "assets" / "js" / "core" / "glossary.mjs").read_text("utf-8")
    terms = {term for entry in re.findall(r'\[\s*"([^"]+)",\s*"', glossary) for term in entry.split(", ")}
    kinds = {kind.name for kind in (*EMBED, *BLOCK, *FINAL)}
    assert kinds | set(STATS) <= terms
    (capture,) = re.findall(r'\[\s*"capture, Keep",\s*"([^"]+)"', glossary)
    assert all(preset in capture for preset in PRESETS)
