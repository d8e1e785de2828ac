"""Ten ways in which a model or an engine is not what it says: each makes exactly one line of the check wrong."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import rustbpe
import tiktoken
import torch
import torch.nn.functional as F
from torch import Tensor

from mri.capture import attention, ledger, nanochat_hooks
from mri.nanochat.checkpoint import LoadedModel
from mri.nanochat.model import GPT, KVCache
from mri.nanochat.tokenizer import SPECIAL_TOKENS, SPLIT_PATTERN, Tokenizer

ROOT = Path(__file__).parents[2]


def wrong_rotary_base(loaded: LoadedModel, patch: pytest.MonkeyPatch) -> LoadedModel:
    model = loaded.model
    D, n = loaded.config.head_dim, loaded.config.sequence_len
    angles = torch.outer(torch.arange(n).float(), 10_000.0 ** (-torch.arange(0, D, 2).float() / D))
    cos, sin = angles.cos() * model.era.qk_scale, angles.sin() * model.era.qk_scale
    model.cos, model.sin = torch.cat([cos, cos], 1)[:, None], torch.cat([sin, -sin], 1)[:, None]
    return loaded


def unscaled_queries_and_keys(loaded: LoadedModel, patch: pytest.MonkeyPatch) -> LoadedModel:
    loaded.model.cos /= loaded.model.era.qk_scale
    loaded.model.sin /= loaded.model.era.qk_scale
    return loaded


def dropped_gate(loaded: LoadedModel, patch: pytest.MonkeyPatch) -> LoadedModel:
    for block in loaded.model.transformer["h"]:  # type: ignore[union-attr]
        block.attn.ve_gate_factor = 0.0
    return loaded


def softcap_of_20(loaded: LoadedModel, patch: pytest.MonkeyPatch) -> LoadedModel:
    def head(self: GPT, x: Tensor) -> Tensor:
        raw = self.lm_head(F.rms_norm(x, (x.shape[-1],)))[..., : self.config.vocab_size].float()
        return 20 * torch.tanh(raw / 20)

    patch.setattr(GPT, "_head", head)
    return loaded


def ignored_window(loaded: LoadedModel, patch: pytest.MonkeyPatch) -> LoadedModel:
    for block in loaded.model.transformer["h"]:  # type: ignore[union-attr]
        block.attn.window = loaded.config.sequence_len
    return loaded


def hook_left_behind(loaded: LoadedModel, patch: pytest.MonkeyPatch) -> LoadedModel:
    loaded.model.transformer["h"][1].register_forward_hook(lambda *_: None)  # type: ignore[index]
    return loaded


def bfloat16_scores(loaded: LoadedModel, patch: pytest.MonkeyPatch) -> LoadedModel:
    patch.setattr(attention, "_precise", lambda x: x.bfloat16())
    return loaded


def stale_cache_row(loaded: LoadedModel, patch: pytest.MonkeyPatch) -> LoadedModel:
    append = KVCache.append

    def forgetful(self: KVCache, layer: int, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        return append(self, layer, k if self.pos != 20 else torch.zeros_like(k), v)

    patch.setattr(KVCache, "append", forgetful)
    return loaded


def tokenizer_of_another_model(loaded: LoadedModel, patch: pytest.MonkeyPatch) -> LoadedModel:
    """Of the same size, trained on other texts."""
    trained: Any = rustbpe.Tokenizer()
    texts = [page.read_text("utf-8") for page in sorted((ROOT / "docs").glob("*.md"))]
    trained.train_from_iterator(texts, loaded.tokenizer.n_vocab - len(SPECIAL_TOKENS), pattern=SPLIT_PATTERN)
    ranks = {bytes(token): rank for token, rank in trained.get_mergeable_ranks()}
    special = {token: len(ranks) + i for i, token in enumerate(SPECIAL_TOKENS)}
    encoding = tiktoken.Encoding("rustbpe", pat_str=SPLIT_PATTERN, mergeable_ranks=ranks, special_tokens=special)
    return dataclasses.replace(loaded, tokenizer=Tokenizer(encoding))


def block_twice(loaded: LoadedModel, patch: pytest.MonkeyPatch) -> LoadedModel:
    block: Any = loaded.model.transformer["h"][1]  # type: ignore[index]
    once = type(block).forward

    def twice(self: Any, x: Tensor, value_embed: Tensor | None, read: Any) -> Tensor:
        out: Tensor = once(self, x, value_embed, read)
        return once(self, out, value_embed, read) if self is block else out

    patch.setattr(type(block), "forward", twice)
    return loaded


def other_activation(loaded: LoadedModel, patch: pytest.MonkeyPatch) -> LoadedModel:
    patch.setattr(
        type(loaded.model.transformer["h"][0].mlp), "forward", lambda self, x: self.c_proj(F.gelu(self.c_fc(x)))
    )  # type: ignore[index,union-attr]
    return loaded


def no_smear(loaded: LoadedModel, patch: pytest.MonkeyPatch) -> LoadedModel:
    patch.setattr(GPT, "_smear", lambda self, x, cache: x)
    return loaded


def no_lambdas(loaded: LoadedModel, patch: pytest.MonkeyPatch) -> LoadedModel:
    """The embedding is not mixed into later blocks."""
    mixed = torch.addcmul

    def unmixed(x: Tensor, by: Tensor, other: Tensor) -> Tensor:
        is_of_later_block = by.ndim == 0 and float(by) != float(loaded.model.resid_lambdas[0])
        return by * other if is_of_later_block else mixed(x, by, other)

    patch.setattr(torch, "addcmul", unmixed)
    return loaded


def wrong_shares_in_the_ledger(loaded: LoadedModel, patch: pytest.MonkeyPatch) -> LoadedModel:
    right = ledger.reach_of
    patch.setattr(ledger, "reach_of", lambda model: dataclasses.replace(right(model), start=2.0))
    return loaded


def recorder_that_changes_what_passes(loaded: LoadedModel, patch: pytest.MonkeyPatch) -> LoadedModel:
    keep = nanochat_hooks._Reference.__call__

    def changed(self: Any, module: Any, args: Any, output: Any) -> Tensor:
        keep(self, module, args, output)
        return torch.nextafter(output, output + 1)

    patch.setattr(nanochat_hooks._Reference, "__call__", changed)
    return loaded


def era_of_another_name(loaded: LoadedModel, patch: pytest.MonkeyPatch) -> LoadedModel:
    loaded.model.era = dataclasses.replace(loaded.model.era, name="E4")
    return loaded


Damage = Callable[[LoadedModel, pytest.MonkeyPatch], LoadedModel]
DAMAGES: dict[Damage, tuple[str, str]] = {
    wrong_rotary_base: ("queries and keys", "rotary base 10,000"),
    unscaled_queries_and_keys: ("queries and keys", "scaled by 1,"),
    dropped_gate: ("values", "value embeddings do not reach them"),
    softcap_of_20: ("logits", "a softcap of 20"),
    ignored_window: ("windows", "sees 152 keys and should 129"),
    hook_left_behind: ("hooks", "1 hooks on transformer.h.1 (from before the check)"),
    bfloat16_scores: ("attention", "bfloat16"),
    stale_cache_row: ("cached", "one token at a time"),
    tokenizer_of_another_model: ("tokenizer", "not the one that this model was trained with"),
    block_twice: ("ledger", "transformer.h.1.attn ran 2 times"),
}
"""Damage -> the line that is wrong, and what its cause says."""
MORE: dict[Damage, tuple[str, str]] = {
    other_activation: ("parts", "the MLP of block"),
    no_smear: ("parts", "the embedding"),
    no_lambdas: ("ledger", "not what the lambdas and writes give"),
    wrong_shares_in_the_ledger: ("ledger", "do not add up"),
    recorder_that_changes_what_passes: ("traced", "changes what is computed"),
    era_of_another_name: ("era", "there is a smear_gate"),
}
