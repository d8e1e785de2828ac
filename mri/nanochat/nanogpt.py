"""nanoGPT's transformer, nanochat's predecessor: learned positions, LayerNorm, one matrix for q, k and v, exact GELU,
the head tied to the embedding, biases where it was trained with them.

Module tree and parameter names are nanoGPT's. It answers to all that the nanochat model does, so the same hooks, cache
and engine serve it. Knows nothing of tracing, checkpoints, tokens or sampling.
"""

from __future__ import annotations

import math
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mri.nanochat.config import GPTConfig
from mri.nanochat.eras import NANOGPT, Era
from mri.nanochat.model import GPT, KVCache, Read
from mri.nanochat.positions import causal_mask


class _Attention(nn.Module):
    """Multi-head attention; q, k and v come out of one matrix, one after the other."""

    def __init__(self, config: GPTConfig, layer: int, has_biases: bool) -> None:
        super().__init__()
        self.layer, self.n_head, self.head_dim = layer, config.n_head, config.head_dim
        self.c_attn = _linear(config.n_embd, 3 * config.n_embd, has_biases)
        self.c_proj = _linear(config.n_embd, config.n_embd, has_biases)

    def forward(self, x: Tensor, read: Read) -> Tensor:
        B, T, C = x.shape
        q, k, v = (part.view(B, T, self.n_head, self.head_dim).transpose(1, 2) for part in self.c_attn(x).split(C, 2))
        if read.cache is not None:
            k, v = read.cache.append(self.layer, k, v)
        [mask] = read.masks.values()
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, is_causal=mask is None and T > 1)
        out: Tensor = self.c_proj(y.transpose(1, 2).reshape(B, T, C))
        return out


class _MLP(nn.Module):
    """c_proj(gelu(c_fc(x)))."""

    def __init__(self, config: GPTConfig, has_biases: bool) -> None:
        super().__init__()
        self.c_fc = _linear(config.n_embd, 4 * config.n_embd, has_biases)
        self.c_proj = _linear(4 * config.n_embd, config.n_embd, has_biases)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.c_proj(F.gelu(self.c_fc(x)))
        return out


class _Block(nn.Module):
    def __init__(self, config: GPTConfig, eps: float, layer: int, has_biases: bool) -> None:
        super().__init__()
        self.ln_1, self.ln_2 = (_norm(config.n_embd, eps, has_biases) for _ in range(2))
        self.attn = _Attention(config, layer, has_biases)
        self.mlp = _MLP(config, has_biases)

    def forward(self, x: Tensor, read: Read) -> Tensor:
        x = x + self.attn(self.ln_1(x), read)
        out: Tensor = x + self.mlp(self.ln_2(x))
        return out


class NanoGPT(GPT):
    """A nanoGPT of `config`, whose `sequence_len` is the block_size and whose heads have keys of their own."""

    def __init__(
        self,
        config: GPTConfig,
        era: Era = NANOGPT,
        padded_vocab_size: int | None = None,
        has_biases: bool = True,
    ) -> None:
        nn.Module.__init__(self)
        self.config, self.era, self.softcap = config, era, math.inf
        eps = era.norm_eps or 1e-5
        rows = padded_vocab_size or config.vocab_size
        blocks = [_Block(config, eps, i, has_biases) for i in range(config.n_layer)]
        self.transformer = nn.ModuleDict(
            {
                "wte": _embedding(rows, config.n_embd),
                "wpe": _embedding(config.sequence_len, config.n_embd),
                "h": nn.ModuleList(blocks),
                "ln_f": _norm(config.n_embd, eps, has_biases),
            }
        )
        self.lm_head = _linear(config.n_embd, rows, False)
        self._windows = {config.sequence_len}

    def tie_weights(self) -> None:
        """The head reads the rows of the embedding."""
        self.lm_head.weight = self.transformer["wte"].weight  # type: ignore[assignment]

    def embed(self, idx: Tensor, cache: KVCache | None = None) -> Tensor:
        """Where the residual stream starts: (B, T, n_embd), embedding and position."""
        pos = 0 if cache is None else cache.pos
        positions = torch.arange(pos, pos + idx.shape[1], device=idx.device)
        x: Tensor = self.transformer["wte"](idx) + self.transformer["wpe"](positions)
        return x

    def _begin(self, idx: Tensor, cache: KVCache | None) -> Read:
        pos = self._checked_pos(idx, cache)
        window = self.config.sequence_len
        nothing = torch.empty(0, device=idx.device)  # no rotary tables
        return Read(nothing, nothing, {window: causal_mask(pos, idx.shape[1], window, idx.device)}, cache)

    def _run_blocks(self, x: Tensor, idx: Tensor, read: Read) -> Tensor:
        for block in cast(nn.ModuleList, self.transformer["h"]):
            x = block(x, read)
        return x

    def _head(self, x: Tensor) -> Tensor:
        """Logits (…, vocab_size), float32."""
        logits: Tensor = self.lm_head(self.transformer["ln_f"](x))
        return logits[..., : self.config.vocab_size].float()


def _linear(n_in: int, n_out: int, has_bias: bool) -> nn.Linear:
    return nn.Linear(n_in, n_out, bias=has_bias, dtype=torch.float32)


def _embedding(rows: int, width: int) -> nn.Embedding:
    return nn.Embedding(rows, width, _weight=torch.empty(rows, width, dtype=torch.float32))


def _norm(width: int, eps: float, has_bias: bool) -> nn.LayerNorm:
    return nn.LayerNorm(width, eps, bias=has_bias, dtype=torch.float32)
