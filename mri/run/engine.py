"""A generation as an object: one Step is one forward pass, and between two of them it can be led elsewhere.

Prefills the prompt, then reads one chosen token at a time from a KV cache, with nanochat's stop tokens and its
calculator. Knows nothing of who watches, records or prints.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from typing import Literal

import torch
from torch import Tensor

from mri.errors import ConfigError, ModelError, PromptError
from mri.format.config import Sampling
from mri.nanochat.calculator import Calculator
from mri.nanochat.config import GPTConfig
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
class State:
    """All that a step changes, but for the cache and the random generator."""

    chunks: tuple[tuple[int, ...], ...]  # of the prompt; step i reads chunks[i], then what was chosen
    num_steps: int = 0
    num_read: int = 0
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
    state: State
    cache: KVCache
    random: Tensor

    @property
    def nbytes(self) -> int:
        return self.cache.nbytes + self.random.nbytes


class Chooser:
    """What is read next and which token is chosen after it, given the logits of whoever makes the passes: the prompt,
    sampling, stop tokens and the calculator of one sequence. `copy()` goes its own way from there.

    Raises PromptError for a prompt that cannot be read.
    """

    def __init__(
        self,
        config: GPTConfig,
        device: torch.device,
        tokenizer: Tokenizer | None,
        prompt_ids: Sequence[int],
        sampling: Sampling,
        *,
        stepwise: bool = False,
    ) -> None:
        room = config.sequence_len
        if not prompt_ids:
            raise PromptError("The prompt is empty: give at least one token.")
        if len(prompt_ids) > room:
            raise PromptError(
                f"The prompt has {len(prompt_ids)} tokens and the model's context holds {room}: shorten it."
            )
        self.tokenizer, self.sampling = tokenizer, sampling
        self._vocab_size, self._capacity = config.vocab_size, room
        for token in prompt_ids:
            self._refuse_unknown(token)
        self._stop_ids = tokenizer.stop_ids if tokenizer else set()
        self.state = State(tuple((i,) for i in prompt_ids) if stepwise else (tuple(prompt_ids),))
        self.generator = generator_from_seed(sampling.seed, device)

    @property
    def end_reason(self) -> EndReason | None:
        """Why the generation is over; None while there is a step to make."""
        return self.state.end_reason

    @property
    def chunk(self) -> tuple[int, ...]:
        """The tokens that the next pass reads."""
        state = self.state
        return state.chunks[state.num_steps] if state.num_steps < len(state.chunks) else (state.next_id,)

    @property
    def position(self) -> int:
        """Of the last token that the next pass reads: what is chosen after it stands behind it."""
        return self.state.num_read + len(self.chunk) - 1

    @property
    def is_within_prompt(self) -> bool:
        """Whether what follows the next pass is a token of the prompt."""
        return self.state.num_steps + 1 < len(self.state.chunks)

    def force(self, token: int) -> None:
        """As of `Engine`."""
        self._refuse_unknown(token)
        if self.is_within_prompt:
            raise PromptError("The next token is the prompt's own: force one when the prompt is read, or change it.")
        self.state = replace(self.state, forced_id=token)

    def take(self, logits: Tensor) -> Step:
        """The next pass was made and gave `logits` (vocab_size,): choose the token after it."""
        state, token_ids = self.state, self.chunk
        phase: Phase = "prefill" if state.num_steps < len(state.chunks) else "decode"
        sampled = None if self.is_within_prompt else sample(logits, self.sampling, self.generator)
        token, forced = self._choice(sampled)
        self.state = after = self._after(token, len(token_ids), sampled is not None)
        place = state.num_steps, phase, state.num_read
        return Step(*place, token_ids, logits, token, sampled, forced, after.end_reason)

    def copy(self) -> Chooser:
        other = copy(self)
        other.generator = torch.Generator(self.generator.device)
        other.generator.set_state(self.generator.get_state())
        return other

    def _choice(self, sampled: int | None) -> tuple[int, bool]:
        """The token that comes next and whether it was forced, given the one that was sampled."""
        state = self.state
        if sampled is None:
            return state.chunks[state.num_steps + 1][0], False
        result = state.calculator.result
        token = result[0] if result else sampled
        if state.forced_id is not None:
            token = state.forced_id
        return token, bool(result) or token != sampled

    def _after(self, token: int, num_read: int, is_chosen: bool) -> State:
        old = self.state
        state = replace(old, num_steps=old.num_steps + 1, num_read=old.num_read + num_read, next_id=token)
        if not is_chosen:
            return state
        return replace(
            state,
            num_chosen=state.num_chosen + 1,
            forced_id=None,
            calculator=state.calculator.after(token, self.tokenizer) if self.tokenizer else state.calculator,
            end_reason=self._end_reason(token, state.num_chosen + 1, state.num_read),
        )

    def _end_reason(self, token: int, num_chosen: int, num_read: int) -> EndReason | None:
        if token in self._stop_ids:
            return "stop_token"
        if num_chosen >= self.sampling.max_new_tokens:
            return "max_new_tokens"
        return "context_full" if num_read >= self._capacity else None

    def _refuse_unknown(self, token: int) -> None:
        if not 0 <= token < self._vocab_size:
            raise PromptError(f"Token id {token} does not exist: this model's ids go from 0 to {self._vocab_size - 1}.")


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
        self.model = model
        self.chooser = Chooser(model.config, model.device, tokenizer, prompt_ids, sampling, stepwise=stepwise)
        self._cache = KVCache(model)

    @property
    def sampling(self) -> Sampling:
        return self.chooser.sampling

    @sampling.setter
    def sampling(self, sampling: Sampling) -> None:
        self.chooser.sampling = sampling

    @property
    def end_reason(self) -> EndReason | None:
        """Why the generation is over; None while there is a step to make."""
        return self.chooser.end_reason

    def __iter__(self) -> Iterator[Step]:
        """The steps from here to the end."""
        while self.end_reason is None:
            yield self.step()

    def step(self) -> Step:
        """Make one pass and choose the token after it. Raises ConfigError when the generation is over."""
        if (reason := self.end_reason) is not None:
            raise ConfigError(f"This generation is over ({reason}): restore a snapshot from before its end.")
        # per pass: around several it would reach into the caller's own code
        with torch.inference_mode(), without_autocast(self.model.device.type):
            idx = torch.tensor([self.chooser.chunk], dtype=torch.int64, device=self.model.device)
            return self.chooser.take(self.model(idx, self._cache)[0, -1])

    def force(self, token: int) -> None:
        """Have the next step choose `token`. It samples all the same, so that later draws are what they would have
        been.

        It replaces one token, also one of the calculator's, whose others follow. A token that comes anyway changes
        nothing in the step. Raises PromptError for one that does not exist, and where the next token is the prompt's.
        """
        self.chooser.force(token)

    def snapshot(self) -> Snapshot:
        random = self.chooser.generator.get_state()
        return Snapshot(self.model, self.chooser.state, self._cache.copy(self._cache.pos), random)

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from a snapshot of this engine, or of another one of the same model. Raises ModelError.

        The steps that follow are the same in every bit. The cache is a new one: views of the old one stay true.
        """
        if snapshot.model is not self.model:
            raise ModelError("This snapshot is of another model: restore it in an engine of the model it was taken of.")
        self.chooser.state = snapshot.state
        self._cache = snapshot.cache.copy(self.model.config.sequence_len)
        self.chooser.generator.set_state(snapshot.random)


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
