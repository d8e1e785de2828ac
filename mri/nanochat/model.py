"""The nanochat transformer in all its eras, for reading, generating and training.

Module tree and parameter names are nanochat's, so its state dicts load as they are. Every step of the
forward pass is a call of a submodule or of `F.scaled_dot_product_attention`, so that whoever wants to watch
can do so with forward hooks from outside. Knows nothing of tracing, checkpoints, tokens or sampling.
"""

import copy
import math
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Protocol, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mri.errors import ModelError, PromptError
from mri.nanochat.config import GPTConfig as GPTConfig  # also by this name
from mri.nanochat.constants import SOFTCAP
from mri.nanochat.eras import ERAS, SMEAR_CHANNELS, Era, has_value_embed
from mri.nanochat.positions import causal_mask, rotary_tables, rotate

VOCAB_MULTIPLE = 64  # nanochat pads the vocabulary up to a multiple of this


def norm(x: Tensor, eps: float | None = None) -> Tensor:
    """RMSNorm without weights over the last axis: x / sqrt(mean(x²) + eps); None is float32's machine epsilon, in
    bfloat16 too."""
    return F.rms_norm(x, (x.shape[-1],), eps=eps)


def without_autocast(device: str) -> AbstractContextManager[object]:
    """Around a user's own code autocast would round what the model computes in float32."""
    return torch.autocast(device, enabled=False) if torch.is_autocast_enabled(device) else nullcontext()


class KVCache:
    """Keys and values of all blocks for the positions read so far, and the last embedding before smearing.

    Append-only: rows already written are never changed, so a view of them stays true. Use it under
    `torch.inference_mode()` or `torch.no_grad()`.
    """

    def __init__(self, model: "GPT", batch_size: int = 1, capacity: int | None = None) -> None:
        config = model.config
        self.capacity = config.sequence_len if capacity is None else min(capacity, config.sequence_len)
        self.pos = 0  # positions filled
        self.last_embedding: Tensor | None = None  # (B, 1, n_embd)
        shape = (batch_size, config.n_kv_head, self.capacity, config.head_dim)
        dtype = model.lm_head.weight.dtype
        self._k = [torch.zeros(shape, dtype=dtype, device=model.device) for _ in range(config.n_layer)]
        self._v = [torch.zeros(shape, dtype=dtype, device=model.device) for _ in range(config.n_layer)]

    def append(self, layer: int, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        """Write one block's new keys and values, (B, G, T, D), and return all of them, (B, G, pos+T, D), as views."""
        end = self.pos + k.shape[2]
        self._k[layer][:, :, self.pos : end] = k
        self._v[layer][:, :, self.pos : end] = v
        return self._k[layer][:, :, :end], self._v[layer][:, :, :end]

    def filled(self, layer: int) -> tuple[Tensor, Tensor]:
        """Keys and values of one block for the positions read so far, (B, G, pos, D), as views."""
        return self._k[layer][:, :, : self.pos], self._v[layer][:, :, : self.pos]

    def copy(self, capacity: int) -> "KVCache":
        """A cache of its own with the same positions, and room for `capacity` in all."""
        other = copy.copy(self)
        other.capacity = capacity
        other._k, other._v = ([self._resized(x, capacity) for x in kept] for kept in (self._k, self._v))
        if self.last_embedding is not None:
            other.last_embedding = self.last_embedding.clone()
        return other

    def _resized(self, buffer: Tensor, capacity: int) -> Tensor:
        resized = buffer.new_empty(*buffer.shape[:2], capacity, buffer.shape[3])
        resized[:, :, : self.pos] = buffer[:, :, : self.pos]
        return resized

    @property
    def nbytes(self) -> int:
        embedding = 0 if self.last_embedding is None else self.last_embedding.nbytes
        return embedding + sum(buffer.nbytes for buffer in (*self._k, *self._v))


class Keys(Protocol):
    """What a block's new keys and values are added to: a KVCache, or what stands for one."""

    def append(self, layer: int, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]: ...


@dataclass(frozen=True)
class Read:
    """What all blocks of one forward pass share."""

    cos: Tensor  # (T, 1, D)
    sin: Tensor  # (T, 1, D)
    masks: dict[int, Tensor | None]  # by window size
    cache: Keys | None


def _embedding(rows: int, width: int) -> nn.Embedding:
    """Weights unset: on the meta device torch's own normal_() imports its whole compiler, which takes seconds."""
    return nn.Embedding(rows, width, _weight=torch.empty(rows, width, dtype=torch.float32))


def _linear(n_in: int, n_out: int) -> nn.Linear:
    return nn.Linear(n_in, n_out, bias=False, dtype=torch.float32)


class CausalSelfAttention(nn.Module):
    """Grouped-query attention with rotary positions, normed queries and keys, and a sliding window."""

    def __init__(self, config: GPTConfig, era: Era, layer: int, window: int) -> None:
        super().__init__()
        self.layer = layer
        self.window = window  # how many earlier keys a query sees
        self.eps = era.norm_eps
        self.n_head, self.n_kv_head, self.head_dim = config.n_head, config.n_kv_head, config.head_dim
        self.ve_gate_factor, self.ve_gate_channels = era.ve_gate_factor, era.ve_gate_channels
        self.c_q = _linear(config.n_embd, config.n_embd)
        self.c_k = _linear(config.n_embd, config.kv_dim)
        self.c_v = _linear(config.n_embd, config.kv_dim)
        self.c_proj = _linear(config.n_embd, config.n_embd)
        if era.has_value_embeds and has_value_embed(layer, config.n_layer):
            self.ve_gate = _linear(era.ve_gate_channels, config.n_kv_head)

    def forward(self, x: Tensor, value_embed: Tensor | None, read: Read) -> Tensor:
        B, T, _ = x.shape
        H, G, D = self.n_head, self.n_kv_head, self.head_dim
        q = self.c_q(x).view(B, T, H, D)
        k = self.c_k(x).view(B, T, G, D)
        v = self.c_v(x).view(B, T, G, D)
        if value_embed is not None:
            gate = self.ve_gate_factor * torch.sigmoid(self.ve_gate(x[..., : self.ve_gate_channels]))  # (B, T, G)
            v = torch.addcmul(v, gate.unsqueeze(-1), value_embed.view(B, T, G, D))

        # nanochat rotates first and norms then; a rotation keeps lengths, so the order is free, and with the
        # norm first the era's scale is part of the rotary tables. Queries and keys go through it together.
        qk = rotate(norm(torch.cat([q, k], 2), self.eps), read.cos, read.sin)
        qk = qk.to(v.dtype).transpose(1, 2)  # (B, H+G, T, D); the tables are float32
        q, k, v = qk[:, :H], qk[:, H:], v.transpose(1, 2)  # (B, H, T, D), (B, G, T, D) twice
        if read.cache is not None:
            k, v = read.cache.append(self.layer, k, v)  # (B, G, n_keys, D)
        first = max(0, k.shape[2] - T - self.window)  # keys before it are outside every query's window
        if first:
            k, v = k[:, :, first:], v[:, :, first:]

        mask = read.masks[self.window]
        y = F.scaled_dot_product_attention(
            q, k, v, attn_mask=mask, is_causal=mask is None and T > 1, enable_gqa=H != G
        )  # (B, H, T, D)
        out: Tensor = self.c_proj(y.transpose(1, 2).reshape(B, T, H * D))
        return out


class MLP(nn.Module):
    """c_proj(relu(c_fc(x))²)."""

    def __init__(self, config: GPTConfig) -> None:
        super().__init__()
        self.c_fc = _linear(config.n_embd, 4 * config.n_embd)
        self.c_proj = _linear(4 * config.n_embd, config.n_embd)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.c_proj(F.relu(self.c_fc(x)).square())
        return out


class Block(nn.Module):
    """Attention, then MLP, each on the normed stream and added to it."""

    def __init__(self, config: GPTConfig, era: Era, layer: int, window: int) -> None:
        super().__init__()
        self.attn = CausalSelfAttention(config, era, layer, window)
        self.mlp = MLP(config)
        self.eps = era.norm_eps

    def forward(self, x: Tensor, value_embed: Tensor | None, read: Read) -> Tensor:
        x = x + self.attn(norm(x, self.eps), value_embed, read)
        out: Tensor = x + self.mlp(norm(x, self.eps))
        return out


class GPT(nn.Module):
    """A nanochat model of the given era.

    `padded_vocab_size` None means vocab_size rounded up to a multiple of 64. Raises ModelError for sizes that
    cannot work together. The weights mean nothing until they are loaded or set (`mri.making.initial`).
    """

    cos: Tensor
    sin: Tensor

    def __init__(
        self, config: GPTConfig, era: Era = ERAS["E5"], padded_vocab_size: int | None = None, softcap: float = SOFTCAP
    ) -> None:
        super().__init__()
        if config.n_embd < era.min_n_embd:
            raise ModelError(f"n_embd {config.n_embd} is too narrow for era {era.name}: it needs {era.min_n_embd}.")
        self.config, self.era, self.softcap = config, era, softcap
        rows = padded_vocab_size or -(-config.vocab_size // VOCAB_MULTIPLE) * VOCAB_MULTIPLE
        windows = era.window_sizes(config.sequence_len, config.n_layer, config.window_pattern)
        blocks = [Block(config, era, i, window) for i, window in enumerate(windows)]
        self.transformer = nn.ModuleDict({"wte": _embedding(rows, config.n_embd), "h": nn.ModuleList(blocks)})
        self.lm_head = _linear(config.n_embd, rows)
        self._windows = set(windows)
        if era.has_resid_lambdas:
            self.resid_lambdas = nn.Parameter(torch.ones(config.n_layer, dtype=torch.float32))
            self.x0_lambdas = nn.Parameter(torch.zeros(config.n_layer, dtype=torch.float32))
        if era.has_value_embeds:
            layers = [i for i in range(config.n_layer) if has_value_embed(i, config.n_layer)]
            self.value_embeds = nn.ModuleDict({str(i): _embedding(rows, config.kv_dim) for i in layers})
        if era.has_smear:
            self.smear_gate = _linear(SMEAR_CHANNELS, 1)
            self.smear_lambda = nn.Parameter(torch.zeros(1, dtype=torch.float32))
        if era.has_backout:
            self.backout_lambda = nn.Parameter(torch.full((1,), 0.2, dtype=torch.float32))
        cos, sin = rotary_tables(config.sequence_len, config.head_dim, era.rotary_base, era.qk_scale)
        self.register_buffer("cos", cos, persistent=False)
        self.register_buffer("sin", sin, persistent=False)

    def tie_weights(self) -> None:
        """Nothing: embedding and head are two matrices."""

    @property
    def device(self) -> torch.device:
        return self.lm_head.weight.device

    def forward(self, idx: Tensor, cache: KVCache | None = None) -> Tensor:
        """Logits (B, T, vocab_size), float32 and softcapped, of the tokens `idx` (B, T) int64.

        With a cache, `idx` continues what the cache holds, in chunks of any size. Raises PromptError where
        the positions would go beyond the cache or sequence_len.
        """
        read = self._begin(idx, cache)
        x = self._run_blocks(self.embed(idx, cache), idx, read)
        if cache is not None:
            cache.pos += idx.shape[1]
        return self._head(x)

    def embed(self, idx: Tensor, cache: KVCache | None = None) -> Tensor:
        """Where the residual stream starts: (B, T, n_embd), the embeddings after norm and smear."""
        x = norm(self.transformer["wte"](idx), self.era.norm_eps)
        return self._smear(x, cache) if self.era.has_smear else x

    def next_logits(self, x: Tensor, idx: Tensor) -> Tensor:
        """Logits (B, vocab_size) after the last of the tokens `idx`, from `x` as `embed(idx)` gives it or changed."""
        return self._head(self._run_blocks(x, idx, self._begin(idx, None))[:, -1])

    def _head(self, x: Tensor) -> Tensor:
        """Softcapped logits (…, vocab_size), float32, of the last block's stream (…, n_embd)."""
        logits: Tensor = self.lm_head(norm(x, self.era.norm_eps))[..., : self.config.vocab_size].float()
        return self.softcap * torch.tanh(logits / self.softcap) if self.softcap < math.inf else logits

    def _begin(self, idx: Tensor, cache: KVCache | None) -> Read:
        """The rotary rows and masks for these positions."""
        T, pos = idx.shape[1], self._checked_pos(idx, cache)
        masks = {window: causal_mask(pos, T, window, idx.device) for window in self._windows}
        return Read(self.cos[pos : pos + T], self.sin[pos : pos + T], masks, cache)

    def _checked_pos(self, idx: Tensor, cache: KVCache | None) -> int:
        """Where the tokens begin. Raises PromptError where they do not fit."""
        T = idx.shape[1]
        pos, room = (0, self.config.sequence_len) if cache is None else (cache.pos, cache.capacity)
        if pos + T > room:
            raise PromptError(f"{pos + T} tokens do not fit the context of {room}: shorten the prompt.")
        return pos

    def _smear(self, x: Tensor, cache: KVCache | None) -> Tensor:
        """Mix into each embedding a gated share of the one before it: `x` (B, T, n_embd) before smearing.

        Also smears the first token of a later chunk, which nanochat's own code leaves out, so that
        chunking never changes a result.
        """
        before = None if cache is None else cache.last_embedding
        if cache is not None:
            cache.last_embedding = x[:, -1:]
        if before is not None:
            current, previous = x, before if x.shape[1] == 1 else torch.cat([before, x[:, :-1]], 1)
        else:
            current, previous = x[:, 1:], x[:, :-1]
        gate = self.smear_lambda * torch.sigmoid(self.smear_gate(current[..., :SMEAR_CHANNELS]))  # (B, T or T-1, 1)
        smeared = torch.addcmul(current, gate, previous)
        return smeared if before is not None else torch.cat([x[:, :1], smeared], 1)

    def _run_blocks(self, x: Tensor, idx: Tensor, read: Read) -> Tensor:
        """The stream after all blocks, less a share of the middle of it where there is a backout: (B, T, n_embd)."""
        era, x0, x_mid = self.era, x, x
        if era.has_resid_lambdas:  # 0-dim views, taken once: indexing a parameter in the loop costs more than using it
            resid_lambdas, x0_lambdas = self.resid_lambdas.unbind(), self.x0_lambdas.unbind()
        blocks = cast(nn.ModuleList, self.transformer["h"])
        for i, block in enumerate(blocks):
            if era.has_resid_lambdas:
                x = torch.addcmul(x0_lambdas[i] * x0, resid_lambdas[i], x)
            has_embed = era.has_value_embeds and has_value_embed(i, self.config.n_layer)
            x = block(x, self.value_embeds[str(i)](idx) if has_embed else None, read)
            if i == self.config.n_layer // 2:
                x_mid = x
        return x - self.backout_lambda * x_mid if era.has_backout else x
