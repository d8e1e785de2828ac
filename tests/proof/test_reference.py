"""What links are held against is independent of the model's code, and right: a pass put together of it gives what
nanochat's own code gave for the golden models."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from mri.nanochat.checkpoint import load_model
from mri.proof import reference as ref
from mri.proof.links import facts_of
from mri.proof.watched import doubles

GOLDEN = Path(__file__).parents[1] / "golden"


def whole_pass(model: Any, ids: list[int]) -> np.ndarray:
    """Logits (T, vocab_size) from the links alone."""
    w = {name: doubles(weight) for name, weight in model.state_dict().items()}
    facts, config, D = facts_of(model), model.config, model.config.head_dim
    windows = model.era.window_sizes(config.sequence_len, config.n_layer, config.window_pattern)
    x = ref.normed(w["transformer.wte.weight"][ids], facts.eps)
    if "smear_gate.weight" in w:
        x = ref.smeared(x, w["smear_gate.weight"], float(w["smear_lambda"][0]))
    x0 = middle = x
    for i, window in enumerate(windows):
        at = f"transformer.h.{i}."
        if "resid_lambdas" in w:
            x = w["resid_lambdas"][i] * x + w["x0_lambdas"][i] * x0
        h = ref.normed(x, facts.eps)
        q, k = (ref.query_or_key(h, w[f"{at}attn.{name}.weight"], D, facts) for name in ("c_q", "c_k"))
        v = ref.value(h, w[f"{at}attn.c_v.weight"], D)
        if f"value_embeds.{i}.weight" in w:
            v = v + ref.gated(h, w[f"value_embeds.{i}.weight"][ids], w[f"{at}attn.ve_gate.weight"], D, facts)
        shared = len(q) // len(k)
        scores = q @ k.repeat(shared, 0).transpose(0, 2, 1) / D**0.5
        e = np.where(ref.seen(len(ids), window), np.exp(scores), 0.0)
        z = (e / e.sum(-1, keepdims=True)) @ v.repeat(shared, 0)
        x = x + z.transpose(1, 0, 2).reshape(x.shape) @ w[f"{at}attn.c_proj.weight"].T
        x = x + ref.mlp(ref.normed(x, facts.eps), w[f"{at}mlp.c_fc.weight"], w[f"{at}mlp.c_proj.weight"])
        middle = x if i == config.n_layer // 2 else middle
    if "backout_lambda" in w:
        x = x - w["backout_lambda"] * middle
    raw = ref.normed(x, facts.eps) @ w["lm_head.weight"][: config.vocab_size].T
    return ref.capped(raw, facts.softcap)


@pytest.mark.parametrize("era", ["E1", "E2", "E3", "E4", "E5"])
def test_the_links_together_are_nanochats_own_pass(era: str) -> None:
    golden = load_file(GOLDEN / era / "golden.safetensors")
    model = load_model(GOLDEN / era, device="cpu").model
    found = whole_pass(model, golden["tokens"].tolist())
    assert ref.error(found, golden["full_logits"].astype(np.float64)) < 2e-5


def test_the_reference_knows_nothing_of_the_model() -> None:
    tree = ast.parse(Path(ref.__file__).read_text("utf-8"))
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    imported |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    assert imported == {"__future__", "typing", "numpy", "mri.arrays"}


def test_what_is_no_number_and_what_has_another_shape_is_never_right() -> None:
    right = np.array([1.0, -2.0])
    assert ref.error(right, right) == 0
    assert ref.error(np.array([1.0, np.nan]), right) == np.inf
    assert ref.error(right[:1], right) == np.inf
    assert ref.error(np.array([1.0, -2.2]), right) == pytest.approx(0.1)
