"""What people asked other tools for, as whole recordings: values of what was generated, edits beside a cache, heads,
which tokens an edit touched; and a hundred odd edits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from mri.edit.edited import edited
from mri.errors import MriError
from mri.format.captured import Captured
from mri.format.config import Sampling, TraceConfig
from mri.nanochat.checkpoint import LoadedModel
from mri.run.engine import generate
from mri.run.record import record_generation
from mri.store.opening import open_session
from mri.store.reader import SessionReader
from tests.capture import forks
from tests.edit.conftest import logits_of
from tests.run.test_fork import SAMPLED, base_of, forked

WHOLE: dict[str, Any] = {"capture_mode": "full", "quantization": "f32", "max_bytes_per_step": 10**7}


def whole_of(loaded: LoadedModel, folder: Path, *points: str) -> SessionReader:
    """Every value of these hook points."""
    config = TraceConfig(**WHOLE, prefill="stepwise", hook_points=points)
    return open_session(
        record_generation(loaded, "ab ab", sampling=SAMPLED, config=config, sessions=folder, seal=False).path
    )


@torch.inference_mode()
def passing(loaded: LoadedModel, ids: list[int]) -> dict[str, Tensor]:
    """What one pass over all tokens has, by hooks of this test: (T, width)."""
    seen: dict[str, Tensor] = {}
    removes = []
    for i, block in enumerate(loaded.model.transformer["h"]):
        for name, module in (("resid_post", block), ("attn_out", block.attn), ("mlp_out", block.mlp)):

            def keep(_m: object, _a: object, out: Tensor, key: str = f"block.{i}.{name}") -> None:
                seen[key] = out[0]

            removes.append(module.register_forward_hook(keep).remove)
    loaded.model(torch.tensor([ids]))
    for remove in removes:
        remove()
    return seen


def test_values_of_generated_tokens_are_those_of_a_pass_over_them(golden: LoadedModel, tmp_path: Path) -> None:
    """Out of the one run that made them, in every era; and the tokens are those that come without a recorder."""
    reader = whole_of(golden, tmp_path, "block.*.resid_post", "block.*.mlp_out", "block.*.attn_out")
    ids = reader.token_ids().tolist()
    expected = passing(golden, ids)
    assert reader.num_steps > reader.session.num_prompt_tokens
    for step in range(reader.num_steps):
        captured, position = Captured(reader.frame(step), reader.session.layout), int(reader.steps()["pos0"][step])
        for key, values in expected.items():
            np.testing.assert_allclose(captured.values(key), values[position], rtol=0, atol=1e-4, err_msg=key)
    num_prompt = reader.session.num_prompt_tokens
    sampling = Sampling(**reader.session.sampling)
    untraced = [step.next_id for step in generate(golden.model, ids[:num_prompt], sampling, golden.tokenizer)]
    assert untraced[: len(ids) - num_prompt] == ids[num_prompt:]


@pytest.mark.parametrize("scope", ["from_here", "as_if_always"])
@pytest.mark.parametrize("edit", ["block.1.resid_post += 3 * token(#7)", "block.0.head.1 = 0", "block.*.head.*: cut 2"])
def test_a_forked_run_is_a_pass_without_a_cache(golden: LoadedModel, tmp_path: Path, edit: str, scope: str) -> None:
    base = base_of(golden, tmp_path)
    fork = forked(golden, base, tmp_path, 5, edits=edit, scope=scope)
    ids = fork.token_ids().tolist()
    with edited(golden, fork.session.run.edits):
        uncached = logits_of(golden.model, ids)
    for step in range(fork.num_steps):
        frame = fork.frame(step)
        kept = frame.arrays["logits/token_ids"].astype(int)
        recorded = torch.from_numpy(frame.arrays["logits/values"].copy())
        torch.testing.assert_close(recorded, uncached[frame.pos0, kept], rtol=0, atol=1e-4)


def test_heads_times_their_columns_are_what_attention_adds(golden: LoadedModel, tmp_path: Path) -> None:
    """And a head that is off is its share less: not a slice of what `c_proj` gives."""
    reader = whole_of(golden, tmp_path, "block.*.z", "block.*.attn_out")
    fork = forked(golden, reader, tmp_path, 3, edits="block.0.head.1 = 0")
    D, layout = golden.config.head_dim, reader.session.layout
    for layer, block in enumerate(golden.model.transformer["h"]):
        weight = block.attn.c_proj.weight.detach().numpy()
        for step in range(reader.num_steps):
            captured = Captured(reader.frame(step), layout)
            z = captured.values(f"block.{layer}.z")
            heads = [weight[:, h * D : (h + 1) * D] @ z[h * D : (h + 1) * D] for h in range(golden.config.n_head)]
            attn_out = captured.values(f"block.{layer}.attn_out")
            np.testing.assert_allclose(np.sum(heads, 0), attn_out, rtol=0, atol=1e-4)
            if layer == 0 and step == 3:
                off = Captured(fork.frame(3), layout).values("block.0.attn_out")
                np.testing.assert_allclose(off, attn_out - heads[1], rtol=0, atol=1e-4)


def test_what_is_listed_as_edited_is_what_differs(golden: LoadedModel, tmp_path: Path) -> None:
    """At the first block that is edited: these positions, this hook point, these neurons, and no others."""
    base = whole_of(golden, tmp_path, "block.0.mlp_act")
    fork = forked(golden, base, tmp_path, 2, edits="block.0.mlp_act[3,5:9] = 1.5 @ 2:4")
    [listed] = fork.session.facts["edited"]
    assert (listed["hook_point"], listed["neurons"], listed["first"], listed["stop"]) == (
        *("block.0.mlp_act", "3:4,5:9"),
        *(2, 4),
    )
    for step in range(min(base.num_steps, fork.num_steps)):
        position = int(base.steps()["pos0"][step])
        if base.token_ids()[: position + 1].tolist() != fork.token_ids()[: position + 1].tolist():
            break
        before, after = (
            Captured(each.frame(step), base.session.layout).values("block.0.mlp_act") for each in (base, fork)
        )
        named = [3, 5, 6, 7, 8] if 2 <= position < 4 else []
        assert np.flatnonzero(before != after).tolist() == named
        assert (after[named] == 1.5).all()
    assert step >= 4


NAMES_NOTHING = (
    "block.99.mlp",
    "block.0.head.99",
    "block.0.nothing",
    "embed.gone",
    "final.logit",
    "block.x.mlp",
    "",
    "mlp",
)
VALUES = ("= nan", "= inf", "= -inf", "= 1e30", "*= 1e30", "+= -1e30", "= 1e9999", "= ", "= zero", "== 0", ": cap -1")
PLACES = ("@ 400", "@ 99999999", "@ 5:5", "@ 9:7", "@ -1", "@ x", "@ 1e3", "@ 3", "@ 0:")
SESSIONS = ("patch(gone@3)", "patch(gone@-3)", "mean(gone)", "mean(../../etc)", "patch(@3)", "patch(gone)", "mean(a b)")
DIRECTIONS = (
    *("token()", 'token("")', 'token("two words")', "token(#99999999)", "neuron(block.9.mlp_act[1])"),
    *(
        "neuron(block.0.mlp_act[99999])",
        "neuron(mlp)",
        "diff(gone, gone)",
        "diff(gone)",
        "missing.npy",
        "/dev/null.npy",
    ),
)
ORGANS = (
    *("smear = 0", "smear *= 2", "backout = mean", "heart = off", "block.99.ve = off", "ve = off", "token = 5"),
    *('token = ""', 'token = "two words"', "token = #99999999", 'token = " a" @ 0', 'token = " a" @ 3:9', "token *= 2"),
)
CUTS = (
    *("block.0.mlp: cut 3", "block.0.head.0: cut", "block.0.head.0: cut x", "block.0.head.0: cut 9:3"),
    *("block.0.head.0: cut -1", "block.0.head.0 = cut 3", "block.0.q: cut 3", "block.9.head.*: cut 1"),
)
ODD: list[Any] = [
    *(f"{name} = 0" for name in NAMES_NOTHING),
    *(f"block.0.mlp {value}" for value in VALUES),
    *(f"block.0.mlp = 0 {place}" for place in PLACES),
    *(f"block.0.head.0 = {value}" for value in SESSIONS),
    *(f"block.1.resid_post += 2 * {value}" for value in DIRECTIONS),
    *(f"block.1.resid_post -= proj({value})" for value in DIRECTIONS),
    *ORGANS,
    *CUTS,
    *(
        f"block.0.mlp_act[{neurons}] = 0"
        for neurons in ("99999", "", "x", "5:3", "3:3", "-1", "1,,2", "0:99999", "1 2")
    ),
    *(f"block.0.mlp_out {op} 1" for op in ("/=", "**=", "%=", "//=", "<", "-=", "->", "=>")),
    *("💥", "block.0.mlp = 0; import os", "\x00", "block.0.mlp = 0\n\nblock.1.mlp = 0", "x" * 5000),
    ["block.0.mlp = 0"] * 400,
    [None],
    [3],
    ["block.0.mlp = 0", "block.99.mlp = 0"],
]


def test_they_are_a_hundred() -> None:
    assert len(ODD) >= 100
    assert len({str(each) for each in ODD}) == len(ODD)


def test_a_hundred_odd_edits_are_a_sentence_each_and_leave_nothing(golden: LoadedModel, tmp_path: Path) -> None:
    base = base_of(golden, tmp_path)
    there = sorted(tmp_path.rglob("*"))
    for odd in ODD:
        with pytest.raises(MriError) as refusal:
            forked(golden, base, tmp_path, 5, edits=odd)
        said = str(refusal.value)
        assert said.endswith("."), said
        assert "\n" not in said.strip(), said
        assert len(said) < 700, said
        assert sorted(tmp_path.rglob("*")) == there, odd
    assert forks.nothing_left(golden.model)
