"""Generation as an iterator of steps: one Step is one forward pass.

Prefills the prompt, then reads one chosen token at a time from a KV cache, with nanochat's stop tokens and its
calculator. Knows nothing of who watches, records or prints.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from mri.errors import PromptError
from mri.nanochat import calculator
from mri.nanochat.model import GPT, KVCache
from mri.nanochat.sampling import Sampling, generator_from_seed, sample
from mri.nanochat.tokenizer import Tokenizer

Phase = Literal["prefill", "decode"]
EndReason = Literal["stop_token", "max_new_tokens", "context_full"]


@dataclass(frozen=True)
class Step:
    """One forward pass and the token chosen after it. The last chosen token is never read by a pass."""

    index: int
    phase: Phase
    pos0: int  # absolute position of the first token read
    token_ids: tuple[int, ...]  # read in this pass
    logits: Tensor  # (vocab_size,) float32, softcapped, at the last position read
    next_id: int  # stands at position pos0 + len(token_ids)
    forced: bool  # next_id was put there by the calculator; a sampled token was thrown away
    from_prompt: bool  # next_id is the prompt's own next token (stepwise prefill); nothing was sampled
    end_reason: EndReason | None  # None on every step but the last


def generate(
    model: GPT,
    prompt_ids: Sequence[int],
    sampling: Sampling,
    tokenizer: Tokenizer | None = None,
    *,
    stepwise: bool = False,
) -> Iterator[Step]:
    """Generate from `prompt_ids`. Step 0 reads the whole prompt, or with `stepwise` one prompt token per step.

    Ends at `<|assistant_end|>` or `<|bos|>` ("stop_token"), after sampling.max_new_tokens tokens, or when the pass
    has filled the context, so that the token it chose has no place to be read ("context_full"). Without a tokenizer
    there are no stop tokens and no calculator. Raises PromptError, at once, for a prompt that cannot be read.
    """
    room, vocab_size = model.config.sequence_len, model.config.vocab_size
    if not prompt_ids:
        raise PromptError("The prompt is empty: give at least one token.")
    if len(prompt_ids) > room:
        raise PromptError(f"The prompt has {len(prompt_ids)} tokens and the model's context holds {room}: shorten it.")
    if unknown := [i for i in prompt_ids if not 0 <= i < vocab_size]:
        raise PromptError(f"Token id {unknown[0]} does not exist: this model's ids go from 0 to {vocab_size - 1}.")
    chunks = [(i,) for i in prompt_ids] if stepwise else [tuple(prompt_ids)]
    return _steps(model, deque(chunks), sampling, tokenizer)


def _steps(
    model: GPT, chunks: deque[tuple[int, ...]], sampling: Sampling, tokenizer: Tokenizer | None
) -> Iterator[Step]:
    generator = generator_from_seed(sampling.seed, model.device)
    calculator_turn = _Calculator(tokenizer)
    stop_ids = {tokenizer.special[name] for name in ("<|assistant_end|>", "<|bos|>")} if tokenizer else set()
    cache = KVCache(model)
    index = n_chosen = 0
    phase: Phase = "prefill"
    token_ids = chunks.popleft()
    while True:
        pos0 = cache.pos
        forced, from_prompt = False, bool(chunks)
        # per pass: around the yield it would reach into the consumer's own code
        with torch.inference_mode(), without_autocast(model.device.type):
            logits = model(torch.tensor([token_ids], dtype=torch.int64, device=model.device), cache)[0, -1]
            if from_prompt:
                next_id = chunks[0][0]
            else:
                next_id, forced = calculator_turn.choose(sample(logits, sampling, generator))
                n_chosen += 1
        end_reason: EndReason | None = None
        if not from_prompt:
            end_reason = _end_reason(next_id in stop_ids, n_chosen >= sampling.max_new_tokens, cache)
        yield Step(index, phase, pos0, token_ids, logits, next_id, forced, from_prompt, end_reason)
        if end_reason is not None:
            return
        token_ids = chunks.popleft() if chunks else (next_id,)
        phase = "prefill" if from_prompt else "decode"
        index += 1


def without_autocast(device: str) -> AbstractContextManager[object]:
    """Around a user's own code autocast would round what the model computes in float32."""
    return torch.autocast(device, enabled=False) if torch.is_autocast_enabled(device) else nullcontext()


def _end_reason(stopped: bool, enough: bool, cache: KVCache) -> EndReason | None:
    if stopped:
        return "stop_token"
    if enough:
        return "max_new_tokens"
    return "context_full" if cache.pos >= cache.capacity else None


class _Calculator:
    """Follows the chosen tokens; after an expression between the python tokens it forces the result in.

    A result is `<|output_start|>`, the value's text, `<|output_end|>`. Nothing is forced for an empty expression
    or one without a value. Only what is generated counts: an expression left open by the prompt does not.
    """

    def __init__(self, tokenizer: Tokenizer | None) -> None:
        self._tokenizer = tokenizer
        self._forced: deque[int] = deque()
        self._expression: list[int] | None = None  # None = not between the python tokens

    def choose(self, sampled: int) -> tuple[int, bool]:
        """The token that comes next and whether it was forced, given the one that was sampled."""
        forced = bool(self._forced)
        token = self._forced.popleft() if forced else sampled
        if self._tokenizer:
            self._follow(token, self._tokenizer)
        return token, forced

    def _follow(self, token: int, tokenizer: Tokenizer) -> None:
        special = tokenizer.special
        if token == special["<|python_start|>"]:
            self._expression = []
        elif self._expression is None:
            return
        elif token == special["<|python_end|>"]:
            value = calculator.evaluate(tokenizer.decode(self._expression))
            self._expression = None
            if value is not None:
                result = tokenizer.encode(value)
                self._forced.extend([special["<|output_start|>"], *result, special["<|output_end|>"]])
        else:
            self._expression.append(token)
