"""A generation as an object: one Step is one forward pass, and between two of them it can be led elsewhere.

Prefills the prompt, then reads one chosen token at a time from a KV cache, with nanochat's stop tokens and its
calculator. Knows nothing of who watches, records or prints.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import torch
from torch import Tensor

from mri.errors import ConfigError, ModelError, PromptError
from mri.format.config import Sampling
from mri.nanochat.calculator import Calculator
from mri.nanochat.model import GPT, KVCache, without_autocast
from mri.nanochat.tokenizer import Tokenizer
from mri.run.sampling import generator_from_seed, sample

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
    sampled_id: int | None  # what was sampled, also where another token was forced; None: nothing was
    forced: bool  # next_id was put there by the calculator, or by `force` against what would have come
    end_reason: EndReason | None  # None on every step but the last

    @property
    def from_prompt(self) -> bool:
        """next_id is the prompt's own next token (stepwise prefill); nothing was sampled."""
        return self.sampled_id is None


@dataclass(frozen=True)
class _State:
    """All that a step changes, but for the cache and the random generator."""

    chunks: tuple[tuple[int, ...], ...]  # of the prompt; step i reads chunks[i], then what was chosen
    num_steps: int = 0
    num_chosen: int = 0
    next_id: int = -1
    forced_id: int | None = None  # what the next step has to choose
    calculator: Calculator = field(default_factory=Calculator)
    end_reason: EndReason | None = None


@dataclass(frozen=True, eq=False)
class Snapshot:
    """Where an engine stood between two steps. Restoring does not use it up, and nothing that runs later changes it.

    It holds copies of the positions read so far, not of the cache's empty room:
    2 · n_layer · n_kv_head · head_dim numbers a position in the weights' type (12 KB in the embedded model), one
    embedding in E5, and the random generator's state (5,056 bytes on a CPU, 16 on a GPU).
    """

    model: GPT
    state: _State
    cache: KVCache
    random: Tensor

    @property
    def nbytes(self) -> int:
        return self.cache.nbytes + self.random.nbytes


class Engine:
    """Generates from `prompt_ids`, one `step()` at a time. Step 0 reads the whole prompt, or with `stepwise` one prompt
    token per step.

    Ends at `<|assistant_end|>` or `<|bos|>` ("stop_token"), after sampling.max_new_tokens tokens, or when the pass
    has filled the context, so that the token it chose has no place to be read ("context_full"). Without a tokenizer
    there are no stop tokens and no calculator. `sampling` may be replaced between two steps, all but its seed.

    Raises PromptError for a prompt that cannot be read. What a step raises (the model's own error, or ModelError where
    no token can be drawn) leaves the engine between two places: restore a snapshot, or make another.
    """

    def __init__(
        self,
        model: GPT,
        tokenizer: Tokenizer | None,
        prompt_ids: Sequence[int],
        sampling: Sampling,
        *,
        stepwise: bool = False,
    ) -> None:
        room = model.config.sequence_len
        if not prompt_ids:
            raise PromptError("The prompt is empty: give at least one token.")
        if len(prompt_ids) > room:
            raise PromptError(
                f"The prompt has {len(prompt_ids)} tokens and the model's context holds {room}: shorten it."
            )
        self.model, self.tokenizer, self.sampling = model, tokenizer, sampling
        for token in prompt_ids:
            self._refuse_unknown(token)
        self._stop_ids = tokenizer.stop_ids if tokenizer else set()
        self._state = _State(tuple((i,) for i in prompt_ids) if stepwise else (tuple(prompt_ids),))
        self._cache = KVCache(model)
        self._generator = generator_from_seed(sampling.seed, model.device)

    @property
    def end_reason(self) -> EndReason | None:
        """Why the generation is over; None while there is a step to make."""
        return self._state.end_reason

    def __iter__(self) -> Iterator[Step]:
        """The steps from here to the end."""
        while self.end_reason is None:
            yield self.step()

    def step(self) -> Step:
        """Make one pass and choose the token after it. Raises ConfigError when the generation is over."""
        state, pos0 = self._state, self._cache.pos
        if state.end_reason is not None:
            raise ConfigError(f"This generation is over ({state.end_reason}): restore a snapshot from before its end.")
        is_prefill = state.num_steps < len(state.chunks)
        token_ids = state.chunks[state.num_steps] if is_prefill else (state.next_id,)
        # per pass: around several it would reach into the caller's own code
        with torch.inference_mode(), without_autocast(self.model.device.type):
            idx = torch.tensor([token_ids], dtype=torch.int64, device=self.model.device)
            logits = self.model(idx, self._cache)[0, -1]
            sampled = None if self._is_within_prompt else sample(logits, self.sampling, self._generator)
        phase: Phase = "prefill" if is_prefill else "decode"
        token, forced = self._choice(sampled)
        self._state = state = self._after(token, sampled is not None)
        return Step(state.num_steps - 1, phase, pos0, token_ids, logits, token, sampled, forced, state.end_reason)

    def force(self, token: int) -> None:
        """Have the next step choose `token`. It samples all the same, so that later draws are what they would have
        been.

        It replaces one token, also one of the calculator's, whose others follow. A token that comes anyway changes
        nothing in the step. Raises PromptError for one that does not exist, and where the next token is the prompt's.
        """
        self._refuse_unknown(token)
        if self._is_within_prompt:
            raise PromptError("The next token is the prompt's own: force one when the prompt is read, or change it.")
        self._state = replace(self._state, forced_id=token)

    def snapshot(self) -> Snapshot:
        return Snapshot(self.model, self._state, self._cache.copy(self._cache.pos), self._generator.get_state())

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from a snapshot of this engine, or of another one of the same model. Raises ModelError.

        The steps that follow are the same in every bit. The cache is a new one: views of the old one stay true.
        """
        if snapshot.model is not self.model:
            raise ModelError("This snapshot is of another model: restore it in an engine of the model it was taken of.")
        self._state = snapshot.state
        self._cache = snapshot.cache.copy(self.model.config.sequence_len)
        self._generator.set_state(snapshot.random)

    @property
    def _is_within_prompt(self) -> bool:
        """Whether what follows the next pass is a token of the prompt."""
        return self._state.num_steps + 1 < len(self._state.chunks)

    def _choice(self, sampled: int | None) -> tuple[int, bool]:
        """The token that comes next and whether it was forced, given the one that was sampled."""
        state = self._state
        if sampled is None:
            return state.chunks[state.num_steps + 1][0], False
        result = state.calculator.result
        token = result[0] if result else sampled
        if state.forced_id is not None:
            token = state.forced_id
        return token, bool(result) or token != sampled

    def _after(self, token: int, is_chosen: bool) -> _State:
        state = replace(self._state, num_steps=self._state.num_steps + 1, next_id=token)
        if not is_chosen:
            return state
        return replace(
            state,
            num_chosen=state.num_chosen + 1,
            forced_id=None,
            calculator=state.calculator.after(token, self.tokenizer) if self.tokenizer else state.calculator,
            end_reason=self._end_reason(token, state.num_chosen + 1),
        )

    def _end_reason(self, token: int, num_chosen: int) -> EndReason | None:
        if token in self._stop_ids:
            return "stop_token"
        if num_chosen >= self.sampling.max_new_tokens:
            return "max_new_tokens"
        return "context_full" if self._cache.pos >= self._cache.capacity else None

    def _refuse_unknown(self, token: int) -> None:
        vocab_size = self.model.config.vocab_size
        if not 0 <= token < vocab_size:
            raise PromptError(f"Token id {token} does not exist: this model's ids go from 0 to {vocab_size - 1}.")


def generate(
    model: GPT,
    prompt_ids: Sequence[int],
    sampling: Sampling,
    tokenizer: Tokenizer | None = None,
    *,
    stepwise: bool = False,
) -> Iterator[Step]:
    """All steps of an Engine, to its end. Raises as it does, PromptError at once."""
    return iter(Engine(model, tokenizer, prompt_ids, sampling, stepwise=stepwise))
