"""Organs off, against the same model with their weights zeroed; from a position on, too."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import torch
from torch import Tensor

from mri.edit.edited import edited
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
