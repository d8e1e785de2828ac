"""What is lost when one head may not look at one token: every look of one position cut, each in a copy of its own.

A look that is cut has no weight, the rest of the head's look is shared anew; where none is left the head writes 0. At
this position only. Knows tensors and an asked step; no sessions.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from mri.capture.attention import AttentionCall
from mri.capture.reduce import softcapped
from mri.explain.asked import AskedStep, refuse_other_logits
from mri.explain.copies import Copies
from mri.explain.replay import OnProgress, Replay
from mri.format.events import Array
from mri.nanochat.model import norm

COPIES_AT_ONCE = 256


@torch.inference_mode()
def knockout(replay: Replay, step: AskedStep, pair: tuple[int, int], on_progress: OnProgress) -> dict[str, Array]:
    """All arrays of a sweep with kind "knockout" (docs/why.md), n = position + 1 tokens read.

    lost (L, H, n): how much smaller the pair's difference gets; bits (L, H, n): more of surprise at the chosen token;
    weights (L, H, n); all 0 outside of a head's window, which is not run. difference, bits_before (). Raises
    ConfigError where the weights give other predictions than were recorded.
    """
    model, position = replay.model, step.position
    L, H, D = model.config.n_layer, model.config.n_head, model.config.head_dim
    calls = replay.again(position, position).attention
    scores: list[Tensor] = []
    for call in calls:
        assert isinstance(call, AttentionCall)
        scores.append(call.scores(1)[:, 0])  # (H, keys within the window)
    cells = [(layer, head, key) for layer in range(L) for head in range(H) for key in range(scores[layer].shape[1])]
    lost, bits = np.zeros((2, L, H, position + 1), np.float32)
    weights = np.zeros_like(lost)
    for layer, of_layer in enumerate(scores):
        weights[layer, :, position + 1 - of_layer.shape[1] :] = torch.softmax(of_layer, -1).cpu().numpy()
    read = [replay.cache.filled(layer)[1][0, :, : position + 1] for layer in range(L)]  # (G, n, D) of each block
    row = model.lm_head.weight[pair[0]].float() - model.lm_head.weight[pair[1]].float()
    before = np.zeros(2, np.float32)
    for first in range(0, len(cells), COPIES_AT_ONCE):
        on_progress(first, len(cells))
        some = cells[first : first + COPIES_AT_ONCE]

        def cut(layer: int, y: Tensor, some: list[tuple[int, int, int]] = some) -> Tensor:
            here = [(head, key) for i, head, key in some if i == layer]
            copies = y.repeat(len(here), 1)
            for head in sorted({head for head, _ in here}):
                rows = [i for i, each in enumerate(here) if each[0] == head]
                without = _without(scores[layer][head], [here[i][1] for i in rows])
                values = read[layer][head * model.config.n_kv_head // H, -without.shape[1] :]
                copies[rows, head * D : (head + 1) * D] = without.to(y.dtype) @ values
            return copies

        ends = Copies(replay, position, cut, mlp_off=False).run()[1]
        normed = norm(ends, model.era.norm_eps)
        capped = softcapped(model.lm_head(normed).float(), model.config.vocab_size, model.softcap)
        differences = (normed.float() @ row).cpu().numpy()
        surprise = (-torch.log_softmax(capped, -1)[:, step.chosen] / np.log(2)).cpu().numpy()
        if not first:
            refuse_other_logits(step, capped[0].cpu().numpy())
            before[:] = differences[0], surprise[0]
        for (layer, head, key), difference, more in zip(some, differences[1:], surprise[1:], strict=True):
            at = position + 1 - scores[layer].shape[1] + key
            lost[layer, head, at] = differences[0] - difference
            bits[layer, head, at] = more - surprise[0]
    token_ids = np.array(pair, np.uint32)
    told = {"token_ids": token_ids, "difference": before[0], "bits_before": before[1]}
    return {**{name: np.asarray(x) for name, x in told.items()}, "lost": lost, "bits": bits, "weights": weights}


def _without(scores: Tensor, keys: list[int]) -> Tensor:
    """(keys, n): a head's weights with each of these keys cut; 0 where none is left."""
    cut = scores.repeat(len(keys), 1)
    cut[torch.arange(len(keys)), torch.tensor(keys)] = -torch.inf
    return torch.softmax(cut, -1).nan_to_num(0.0)
