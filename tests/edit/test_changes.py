"""Organs off, against the same model with their weights zeroed, from a position on, too; pushes of a control."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import torch
from torch import Tensor

from mri.edit.changes import Rows
from mri.edit.edited import edited, prepare
from mri.edit.passes import Passes
from mri.errors import ConfigError
from mri.nanochat.checkpoint import LoadedModel
from mri.nanochat.model import GPT, KVCache
from tests.edit.conftest import cached_logits, changed, logits_of, off_by, some_ids


@contextmanager
def surgery(model: GPT, organ: str) -> Iterator[None]:
    if organ == "smear":
        with changed(model.smear_lambda, lambda w: w.zero_()):
            yield
    elif organ == "backout":
        with changed(model.backout_lambda, lambda w: w.zero_()):
            yield
    elif organ == "x0":
        with changed(model.x0_lambdas, lambda w: w.zero_()):
            yield
    elif organ.endswith(".ve"):
        with changed(model.value_embeds[organ.split(".")[1]].weight, lambda w: w.zero_()):
            yield


def organs_of(model: GPT) -> list[str]:
    era = model.era
    ve = [f"block.{i}.ve" for i in range(model.config.n_layer) if era.has_value_embeds and str(i) in model.value_embeds]
    kept = (("smear", era.has_smear), ("backout", era.has_backout), ("x0", era.has_resid_lambdas))
    return [name for name, has in kept if has] + ve


@torch.inference_mode()
def read_in_two(model: GPT, ids: list[int], first: int, organ: str) -> Tensor:
    """The model as it is reads what is before `first`, the one under surgery the rest, from that cache."""
    cache = KVCache(model)
    before = model(torch.tensor([ids[:first]]), cache)[0]
    with surgery(model, organ):
        return torch.cat([before, model(torch.tensor([ids[first:]]), cache)[0]])


def test_an_organ_off_is_its_weights_zeroed(golden: LoadedModel) -> None:
    model, ids = golden.model, some_ids(golden)
    plain = logits_of(model, ids)
    for organ in organs_of(model):
        with surgery(model, organ):
            expected = logits_of(model, ids)
        from_here = read_in_two(model, ids, 9, organ)
        scale = max(1.0, float(expected.abs().max()))
        with edited(golden, f"{organ} = off"):
            assert off_by(logits_of(model, ids), expected) <= 1e-5 * scale
            assert off_by(cached_logits(model, ids), expected) <= 1e-4
        with edited(golden, f"{organ} = off @ 9:"):
            assert off_by(logits_of(model, ids), from_here) <= 1e-4, organ
            assert off_by(cached_logits(model, ids), from_here) <= 1e-4, organ
        assert off_by(expected, plain) > 1e-4, organ
    assert torch.equal(logits_of(model, ids), plain)


def test_softcap_off_is_what_lm_head_gave(golden: LoadedModel) -> None:
    model, ids = golden.model, some_ids(golden)
    own: list[Tensor] = []
    remove = model.lm_head.register_forward_hook(lambda _m, _a, out: own.append(out)).remove
    with edited(golden, "softcap = off"):
        found = logits_of(model, ids)
    remove()
    assert torch.equal(found, own[0][0, :, : model.config.vocab_size])
    with pytest.raises(ConfigError, match="softcap = off @ 0:"):
        edited(golden, "softcap = off @ 9:")


@torch.inference_mode()
def test_a_push_is_as_large_as_what_it_stands_beside(golden: LoadedModel) -> None:
    """In the stream that a head and a neuron write to; of other points, there."""
    model, ids = golden.model, torch.tensor([some_ids(golden)]).expand(5, -1)
    D, seen = golden.config.head_dim, dict[str, torch.Tensor]()

    def keep(key: str):  # type: ignore[no-untyped-def]
        return lambda x, here: seen.__setitem__(key, x.clone()) or x

    weight = model.transformer["h"][1].attn.c_proj.weight[:, D : 2 * D]
    cases = {
        "block.1.head.1 = 0": ("block.1.attn_out", "block.1.z", lambda z: z[..., D : 2 * D] @ weight.T),
        "block.1.head.1 *= 3": ("block.1.attn_out", "block.1.z", lambda z: 2 * (z[..., D : 2 * D] @ weight.T)),
        "block.1.resid_post += 2 * token(#7)": (
            "block.1.resid_post",
            "block.1.resid_post",
            lambda x: (2 * model.lm_head.weight[7]).expand_as(x),
        ),
        "block.1.mlp_act[3] += 2": (
            "block.1.mlp_out",
            "block.1.mlp_out",
            lambda x: (2 * model.transformer["h"][1].mlp.c_proj.weight[:, 3]).expand_as(x),
        ),
    }
    for text, (point, source, size_of) in cases.items():
        with Passes(model, {point: [keep("plain")]}, {}), Passes(model, {source: [keep("source")]}, {}):
            model(ids)
        plain, source_values = seen["plain"], seen["source"]
        passes = prepare(model, (), own=[f"{text} @ 5:"], rows=Rows(3, 0)).passes
        with Passes(model, {point: [keep("pushed")]}, {}), passes:
            logits = model(ids)
        pushed = seen["pushed"]
        assert off_by(logits[0], logits_of(model, ids[0].tolist())) <= 1e-5
        change, wanted = pushed[2:] - plain[2:], size_of(source_values[2:])  # type: ignore[no-untyped-call]
        assert not change[:, :5].any()
        torch.testing.assert_close(change[:, 5:].norm(dim=-1), wanted[:, 5:].norm(dim=-1), rtol=1e-4, atol=1e-5)
        directions = change[:, 5] / change[:, 5].norm(dim=-1, keepdim=True)
        assert float((directions @ directions.T).fill_diagonal_(0).abs().max()) < 0.9, "each has its own"
        assert torch.equal(pushed[0], plain[0])


def test_a_cut_is_pushed_as_far_too(golden: LoadedModel) -> None:
    model, ids = golden.model, torch.tensor([some_ids(golden)]).expand(4, -1)
    seen: list[torch.Tensor] = []
    remove = model.transformer["h"][1].attn.register_forward_hook(lambda _m, _a, out: seen.append(out)).remove
    with torch.inference_mode():
        for passes in (
            prepare(model, ()).passes,
            prepare(model, ["block.1.head.1: cut 2:6 @ 9:"]).passes,
            prepare(model, (), own=["block.1.head.1: cut 2:6 @ 9:"], rows=Rows(2, 0)).passes,
        ):
            with passes:
                model(ids)
    remove()
    plain, cut, rows = seen
    torch.testing.assert_close(rows[0], plain[0], rtol=0, atol=1e-5)
    torch.testing.assert_close(rows[1], cut[1], rtol=0, atol=1e-5)
    size = (cut[2:] - plain[2:]).norm(dim=-1)
    torch.testing.assert_close((rows[2:] - plain[2:]).norm(dim=-1), size, rtol=1e-2, atol=1e-4)
    assert float(size[:, 9:].min()) > 1e-4
