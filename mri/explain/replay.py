"""The tokens of a recording, read once more by the model that it was recorded from.

Keeps keys and values of every position, so that any step can be run again alone, and how far each position's value
embedding counted. Knows the model and token ids; no sessions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any, cast

import torch
from torch import Tensor

from mri.capture.nanochat_hooks import NanochatHooks, RawStep
from mri.errors import PromptError
from mri.nanochat.model import GPT, KVCache, norm

TOKENS_AT_ONCE = 128
OnProgress = Callable[[int, int], None]
"""(tokens read, tokens to read). What it raises ends the reading; what was read stays."""


class Replay:
    """Of one model; serves one recording after the other, and rereads only from where their tokens differ.

    ids     tokens whose keys and values are at hand
    cache   these keys and values
    """

    def __init__(self, model: GPT) -> None:
        self.model = model
        self.cache = KVCache(model)
        self.ids: list[int] = []
        self._gates: dict[int, Tensor] = {}  # block -> (sequence_len, G), filled as the cache is

    @torch.inference_mode()
    def read(self, ids: Sequence[int], on_progress: OnProgress = lambda done, of: None) -> None:
        """Have all of `ids` at hand. Raises PromptError where they do not fit the context, or are not the model's."""
        config = self.model.config
        if len(ids) > config.sequence_len or not all(0 <= i < config.vocab_size for i in ids):
            raise PromptError("This model cannot read these tokens: it is another one than they were recorded from.")
        same = next((i for i, (a, b) in enumerate(zip(self.ids, ids, strict=False)) if a != b), len(self.ids))
        if same >= len(ids):
            return
        self.ids = self.ids[:same]
        while (done := len(self.ids)) < len(ids):
            on_progress(done, len(ids))
            self._run(ids, done, min(done + TOKENS_AT_ONCE, len(ids)))
            self.ids = list(ids[: self.cache.pos])

    @torch.inference_mode()
    def again(self, first: int, last: int) -> RawStep:
        """The pass over the positions `first` … `last`, which were read: values (1, last − first + 1, width) of every
        hook point and of `block.N.z`, and the kernel's calls."""
        passes: list[RawStep] = []
        hooks = NanochatHooks(self.model, passes.append, _raise, cache_only_grows=True, with_heads=True)
        with hooks:
            self._run(self.ids, first, last + 1)
        self.rewind(len(self.ids))
        [found] = passes
        return found

    @torch.inference_mode()
    def rewind(self, pos: int) -> None:
        """The cache as it was before the position `pos` was read."""
        self._rewind(torch.tensor([self.ids], device=self.model.device), pos)

    def _rewind(self, tokens: Tensor, pos: int) -> None:
        if self.model.era.has_smear:
            wte = self.model.transformer["wte"]
            self.cache.last_embedding = norm(wte(tokens[:, pos - 1 : pos]), self.model.era.norm_eps) if pos else None
        self.cache.pos = pos

    @torch.inference_mode()
    def values(self, layer: int, start: int, stop: int) -> tuple[Tensor, Tensor | None]:
        """What heads of a block read at the positions `start` … `stop` − 1, (G, n, D) each: what came through the
        stream (`c_v`), and through the value embedding, where the block has one. They add up to the value."""
        attn: Any = self.model.transformer["h"][layer].attn  # type: ignore[index]
        value = self.cache.filled(layer)[1][0, :, start:stop].float()
        if layer not in self._gates:
            return value, None
        ids = torch.tensor(self.ids[start:stop], device=value.device)
        of_token = self.model.value_embeds[str(layer)](ids).view(-1, attn.n_kv_head, attn.head_dim).float()  # (n, G, D)
        embedded = (self._gates[layer][start:stop, :, None] * of_token).transpose(0, 1)
        return value - embedded, embedded

    def _run(self, ids: Sequence[int], first: int, stop: int) -> None:
        tokens = torch.tensor([list(ids[:stop])], device=self.model.device)
        self._rewind(tokens, first)
        with ExitStack() as stack:
            for layer, block in enumerate(cast("list[Any]", self.model.transformer["h"])):
                if (gate := getattr(block.attn, "ve_gate", None)) is not None:
                    stack.callback(gate.register_forward_hook(self._keep_gate(layer, first)).remove)
            self.model(tokens[:, first:], self.cache)

    def _keep_gate(self, layer: int, first: int) -> Callable[..., None]:
        def keep(_module: object, _args: object, output: Tensor) -> None:
            n_positions, kv_heads = self.model.config.sequence_len, output.shape[-1]
            gates = self._gates.setdefault(layer, output.new_zeros(n_positions, kv_heads, dtype=torch.float32))
            factor = self.model.era.ve_gate_factor
            gates[first : first + output.shape[1]] = factor * torch.sigmoid(output[0]).float()

        return keep


def _raise(error: Exception) -> None:
    raise error
