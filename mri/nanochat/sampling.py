"""How the next token is chosen from logits: temperature, top-k and a seed, as nanochat's engine does it.

Given the same logits and seed, the tokens are nanochat's. Knows nothing of models or tokenizers.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from mri.config import Sampling
from mri.errors import ModelError


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
