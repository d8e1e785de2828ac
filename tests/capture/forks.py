"""What people make of nanochat: small changes of our model's code on the same weights, to be watched."""

from __future__ import annotations

import copy
import types
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mri.capture.recorder import GenerationRecorder, layout_of_model
from mri.format.config import TraceConfig
from mri.format.events import StepFrame
from mri.making.initial import init_weights
from mri.nanochat.model import GPT, MLP, Block, CausalSelfAttention, GPTConfig, KVCache, norm
from mri.nanochat.positions import rotate
from tests.capture.sinks import ListSink

PROMPT = [5, 9, 2, 44, 7, 9, 2]
EXACT = TraceConfig(capture_mode="full", quantization="f32", attention_tier="full_row", max_bytes_per_step=10**7)
STEPWISE = replace(EXACT, prefill="stepwise")


def small(**fields: Any) -> GPT:
    """Two blocks, grouped queries, loud logits."""
    sizes = {"sequence_len": 256, "vocab_size": 300, "n_layer": 2, "n_head": 4, "n_kv_head": 2, "n_embd": 64}
    model = GPT(GPTConfig(**{**sizes, "window_pattern": "L", **fields}))
    init_weights(model, seed=1)
    nn.init.normal_(model.lm_head.weight, std=2, generator=torch.Generator().manual_seed(2))
    return model.eval()


def fork(model: GPT, block: type = Block, mlp: type = MLP, attention: type = CausalSelfAttention) -> GPT:
    """A copy of `model` whose blocks run other code."""
    model = copy.deepcopy(model)
    for part in model.transformer["h"]:
        part.__class__, part.mlp.__class__, part.attn.__class__ = block, mlp, attention
    return model


class InPlaceBlock(Block):
    def forward(self, x: Tensor, value_embed: Tensor | None, read: Any) -> Tensor:
        x += self.attn(norm(x), value_embed, read)
        x += self.mlp(norm(x))
        return x


class InPlaceMLP(MLP):
    def forward(self, x: Tensor) -> Tensor:
        hidden = self.c_fc(x)
        out: Tensor = self.c_proj(F.relu_(hidden).square_())
        hidden.zero_()
        return out


class KeywordBlock(Block):
    def forward(self, x: Tensor, value_embed: Tensor | None, read: Any) -> Tensor:
        x = x + self.attn(x=norm(x), value_embed=value_embed, read=read)
        out: Tensor = x + self.mlp(x=norm(x))
        return out


class HandWrittenAttention(CausalSelfAttention):
    """Softmax by hand, for prompts from position 0 only."""

    def forward(self, x: Tensor, value_embed: Tensor | None, read: Any) -> Tensor:
        B, T, _ = x.shape
        H, G, D = self.n_head, self.n_kv_head, self.head_dim
        q, k = self.c_q(x).view(B, T, H, D), self.c_k(x).view(B, T, G, D)
        qk = rotate(norm(torch.cat([q, k], 2)), read.cos, read.sin).transpose(1, 2)
        q, k = qk[:, :H], qk[:, H:]
        v = self.c_v(x).view(B, T, G, D).transpose(1, 2)
        k, v = (y.repeat_interleave(H // G, 1) for y in (k, v))
        scores = (q @ k.transpose(2, 3)) * D**-0.5 + torch.full((T, T), -torch.inf).triu(1)
        out: Tensor = self.c_proj((scores.softmax(-1) @ v).transpose(1, 2).reshape(B, T, H * D))
        return out


def with_head(model: GPT, head: Callable[[Tensor], Tensor], **returned: Any) -> GPT:
    """A copy whose logits are `head(lm_head's output)`, as a literal in its code that no attribute tells."""
    model = copy.deepcopy(model)

    def _head(self: GPT, x: Tensor) -> Tensor:
        return head(self.lm_head(norm(x))[..., : self.config.vocab_size].float())

    model._head = types.MethodType(_head, model)  # type: ignore[method-assign]
    return model


@torch.inference_mode()
def greedy(model: nn.Module, ids: list[int], num_tokens: int = 5, cache: KVCache | None = None) -> list[Tensor]:
    """Somebody else's loop, which calls `forward` directly as nanochat's engine does: logits of each pass."""
    cache = cache or KVCache(model)  # type: ignore[arg-type]
    out: list[Tensor] = []
    chunk = ids
    for _ in range(num_tokens + 1):
        logits = model.forward(torch.tensor([chunk], device="cpu"), cache)
        out.append(logits[0, -1].clone())
        chunk = [int(out[-1].argmax())]
    return out


@torch.inference_mode()
def greedy_without_cache(model: nn.Module, ids: list[int], num_tokens: int = 5) -> list[Tensor]:
    """As nanochat's own `model.generate`: every pass reads all of the sequence."""
    ids, out = [*ids], []
    for _ in range(num_tokens + 1):
        logits = model.forward(torch.tensor([ids]))[:, -1]
        out.append(logits[0].clone())
        logits[logits < logits.topk(3).values[:, [-1]]] = -torch.inf  # what it returned is changed in place
        ids.append(int(logits[0].argmax()))
    return out


def same(a: list[Tensor], b: list[Tensor]) -> bool:
    """Whether two runs are equal in every bit."""
    return len(a) == len(b) and all(torch.equal(x, y) for x, y in zip(a, b, strict=True))


def nothing_left(model: nn.Module) -> bool:
    """Whether no hook and no replaced function remains."""
    own = isinstance(F.scaled_dot_product_attention, types.BuiltinFunctionType) and "forward" not in vars(model)
    return own and not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())


def frames_of(model: nn.Module, run: Callable[[], object], config: TraceConfig = EXACT) -> list[StepFrame]:
    """What is recorded of `model` while `run` makes its passes."""
    sink = ListSink()
    with GenerationRecorder(model, layout_of_model(model, config), sink) as recorder:
        run()
    assert recorder.stopped == ""
    return sink.frames
