"""The claims of the README about numbers, on the golden models of every era and on the shipped one; and that what they
are held against is independent of us and right."""

import ast
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from benchmarks import reference, truth
from benchmarks.truth import GOLDEN, RANDOM_IDS, as_doubles, errors_of_loaded, seen, story_ids
from mri.nanochat.checkpoint import load_model

ERAS = ("E1", "E2", "E3", "E4", "E5")
CLAIMS = {"values": 1e-4, "statistics": 1e-6, "attention": 1e-4, "logits": 1e-5}
"""Worst relative error that the README allows; measured are a tenth of it and less."""


@pytest.mark.parametrize("era", ERAS)
def test_recordings_of_every_era_are_true(era):
    errors = errors_of_loaded(load_model(GOLDEN / era, device="cpu"), RANDOM_IDS[:150])
    assert all(0 < errors[kind] < most for kind, most in CLAIMS.items()), errors


def test_recordings_of_the_shipped_model_are_true():
    loaded = load_model(device="cpu")
    errors = errors_of_loaded(loaded, story_ids(loaded.tokenizer)[:150])
    assert all(0 < errors[kind] < most for kind, most in CLAIMS.items()), errors


@pytest.mark.parametrize("era", ERAS)
def test_the_reference_computes_what_nanochats_own_code_did(era):
    golden = load_file(GOLDEN / era / "golden.safetensors")
    loaded = load_model(GOLDEN / era, device="cpu")
    ids = golden["tokens"].tolist()
    found = reference.forward(as_doubles(loaded.model), vars(loaded.config), ids)
    assert_near(found.logits, golden["full_logits"])
    for key, values in found.values.items():
        if f"step0/{key}" in golden:
            assert_near(values[-1], golden[f"step0/{key}"])
    for i, rows in enumerate(found.attention):
        assert_near(rows[:, -1], golden[f"step0/block.{i}.attn_row"])


def assert_near(ours, theirs):
    assert np.abs(ours - theirs).max() < 2e-5 * np.abs(theirs).max()


def test_the_reference_knows_nothing_of_ours():
    tree = ast.parse(Path(reference.__file__).read_text("utf-8"))
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    imported |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    assert imported == {"__future__", "collections.abc", "typing", "numpy", "numpy.typing"}


def test_a_wrong_number_is_seen(monkeypatch):
    """What the table would say of an error in each kind, so that its zeros mean something."""
    loaded = load_model(GOLDEN / "E2", device="cpu")
    right = reference.forward

    def wrong(*args, **more):
        found = right(*args, **more)
        found.values["block.1.mlp_out"][-3] *= 1.01
        found.attention[1, 0, -3, 4] += 0.01
        found.logits[-3] += 0.01
        return found

    monkeypatch.setattr(reference, "forward", wrong)
    monkeypatch.setattr(reference, "statistics", lambda x, zeros: right_statistics(x, zeros) * 1.01)
    errors = errors_of_loaded(loaded, RANDOM_IDS[:20])
    assert all(error > 1e-4 for error in errors.values()), errors


right_statistics = reference.statistics


def test_watching_the_model_leaves_nothing_behind():
    loaded = load_model(GOLDEN / "E2", device="cpu")
    kernel = truth.F.scaled_dot_product_attention
    with seen(loaded.model):
        assert truth.F.scaled_dot_product_attention is not kernel
    assert truth.F.scaled_dot_product_attention is kernel
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in loaded.model.modules())
