"""Positions drawn at random in every group (a neuron and a magnitude): those with the smallest priorities."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[Any]
NEVER = np.iinfo(np.uint64).max


class Samples:
    """`most` of each group. Of equal priorities, which equal texts have, the first document counts."""

    def __init__(self, n_groups: int, most: int) -> None:
        self._value = np.zeros((n_groups, most), np.float32)
        self._token = np.zeros((3, n_groups, most), np.uint64)  # priority, document, position
        self._token[0] = NEVER

    def add(self, groups: Values, values: Values, tokens: Values, told: Values) -> None:
        """Entries (n,): groups, values above 0, tokens as columns of `told` (3, M)."""
        most = self._value.shape[1]
        can_come = told[0, tokens] <= self._token[0, groups, -1]
        groups, values, new = groups[can_come], values[can_come], told[:, tokens[can_come]]
        if not len(groups):
            return
        touched = np.unique(groups)
        groups = np.concatenate([groups, np.repeat(touched, most)])
        values = np.concatenate([values, self._value[touched].ravel()])
        entries = np.concatenate([new, self._token[:, touched].reshape(3, -1)], 1)
        order = np.lexsort((entries[2], entries[1], entries[0], groups))
        groups = groups[order]
        starts = np.searchsorted(groups, touched)
        rank = np.arange(len(groups)) - np.repeat(starts, np.diff([*starts, len(groups)]))
        kept = rank < most
        self._value[groups[kept], rank[kept]] = values[order][kept]
        self._token[:, groups[kept], rank[kept]] = entries[:, order][:, kept]

    def found(self) -> dict[str, Values]:
        """(n_groups, most) by name; value 0 where there are no more."""
        priority, document, position = self._token
        named = {"value": self._value, "document": document.astype(np.uint32), "position": position.astype(np.uint32)}
        return named | {"priority": priority}
