"""What heads look at, as one number each: the token before, and what followed the same token earlier (induction).

Numpy in, numpy out. Scores are means of recorded softmax weights; nothing is said of why a head looks there.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mri.arrays import Doubles
from mri.measure.attention import attention_map
from mri.store.reader import SessionReader


def previous_targets(num_tokens: int) -> list[tuple[int, int]]:
    """(query, key) of every position and the one before it."""
    return [(query, query - 1) for query in range(1, num_tokens)]


def induction_targets(token_ids: npt.ArrayLike) -> list[tuple[int, int]]:
    """(query, key) of every position whose token stood earlier too, and the position after that one, the latest."""
    last: dict[int, int] = {}
    found = []
    for query, token_id in enumerate(np.asarray(token_ids).tolist()):
        if token_id in last:
            found.append((query, last[token_id] + 1))
        last[token_id] = query
    return found


def head_score(weights: npt.ArrayLike, targets: list[tuple[int, int]]) -> float:
    """Mean weight from query to key over the targets, NaN where there are none or one was not captured.

    weights (n, n) of one head, query by key.
    """
    if not targets:
        return float("nan")
    queries, keys = np.array(targets).T
    return float(np.asarray(weights, np.float64)[queries, keys].mean())


def head_scores(reader: SessionReader) -> tuple[Doubles, Doubles]:
    """Previous-token and induction score of every head over a whole session: (n_layer, n_head) each, 0 … 1.

    Of the weights as they were kept. In 16 bits a score is off by 2⁻¹¹ of itself and 2⁻²⁵ at most, in 8 by 1/510.
    """
    layout = reader.session.layout
    previous = np.full((layout.n_layer, layout.n_head), np.nan)
    induction = previous.copy()
    for layer in range(layout.n_layer):
        for head in range(layout.n_head):
            weights, _ = attention_map(reader, layer, head)
            ids = reader.token_ids()[: len(weights)]  # the last chosen token was never read
            previous[layer, head] = head_score(weights, previous_targets(len(weights)))
            induction[layer, head] = head_score(weights, induction_targets(ids))
    return previous, induction
