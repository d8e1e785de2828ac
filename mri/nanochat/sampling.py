"""How the next token is chosen from logits: temperature, top-k and a seed, as nanochat's engine does it.

Given the same logits and seed, the tokens are nanochat's. Knows nothing of models or tokenizers.
"""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from mri.errors import ConfigError, ModelError


@dataclass(frozen=True)
class Sampling:
    """How to generate. The defaults are those of nanochat's chat: 0.6 and 50. Raises ConfigError.

    max_new_tokens  at most this many tokens are chosen, those forced by the tool included
    temperature     0 is greedy: always the strongest token
    top_k           choose among the k strongest; None among all
    seed            of the random generator; greedy generation does not use it
    """

    max_new_tokens: int = 64
    temperature: float = 0.6
    top_k: int | None = 50
    seed: int = 42

    def __post_init__(self) -> None:
        if not _is_int(self.max_new_tokens) or self.max_new_tokens < 1:
            raise ConfigError(f"max_new_tokens is {self.max_new_tokens!r}: ask for at least 1.")
        if isinstance(self.temperature, bool) or not isinstance(self.temperature, (int, float)):
            raise ConfigError(f"temperature is {self.temperature!r}: give a number, 0 for greedy.")
        if not (math.isfinite(self.temperature) and self.temperature >= 0):
            raise ConfigError(f"temperature is {self.temperature}: it must be 0 (greedy) or more.")
        if self.top_k is not None and (not _is_int(self.top_k) or self.top_k < 1):
            raise ConfigError(f"top_k is {self.top_k!r}: give at least 1, or leave it out to choose among all tokens.")
        if not _is_int(self.seed) or not 0 <= self.seed < 2**63:
            raise ConfigError(f"seed is {self.seed!r}: give a whole number from 0 to 2^63 - 1.")


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def generator_from_seed(seed: int, device: torch.device) -> torch.Generator:
    return torch.Generator(device).manual_seed(seed)


def sample(logits: Tensor, sampling: Sampling, generator: torch.Generator) -> int:
    """The next token's id, from logits (vocab_size,). Advances the generator unless greedy."""
    if sampling.temperature == 0:
        return int(logits.argmax())
    if sampling.top_k is None:
        return int(_draw(logits, sampling.temperature, generator))
    strongest, ids = logits.topk(min(sampling.top_k, logits.shape[-1]))  # sorted: the draw depends on the order
    return int(ids[_draw(strongest, sampling.temperature, generator)])


def _draw(logits: Tensor, temperature: float, generator: torch.Generator) -> Tensor:
    """One index drawn with probabilities softmax(logits / temperature). Raises ModelError where there are none."""
    if not math.isfinite(float(logits.max())):  # NaN if any is
        raise ModelError(
            "The model's logits hold NaN or infinity, so that no token can be drawn from them: its weights or "
            "activations overflowed; the last step recorded shows where."
        )
    return torch.multinomial(F.softmax(logits / temperature, dim=-1), 1, generator=generator)[0]
