"""A word's lead over its strongest rival in one step, as numbers that open: who wrote it, what is lost with a part off.

From a recording's ledger; losses from what was measured with parts off when a lesson was recorded.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from mri.errors import LessonError
from mri.lessons.arithmetic import SHOWN, Place
from mri.lessons.numbers import Number, Weights, computed
from mri.store.reader import SessionReader

OFF = "measured when the lesson was recorded, with"


class Lead:
    """One step: the chosen word against the strongest other one. Logits before the softcap."""

    def __init__(self, reader: SessionReader, step: int, name: str, weights: Weights) -> None:
        """name: of the step among the weights, <name>_norm and <name>_later (P,). Raises LessonError where the step has
        no ledger."""
        self.reader, self._name, self._weights = reader, name, weights
        self.place = Place(reader, step)
        wrote = self.place.captured.ledger()
        if wrote is None:
            raise LessonError(f"{reader.session.id} has no ledger in step {step}: make lessons.")
        ids = wrote.token_ids.tolist()
        chosen, rival = len(ids) - 1, next(i for i, token_id in enumerate(ids) if token_id != ids[-1])
        by_block = np.concatenate([wrote.heads, wrote.mlp[:, None]], 1).reshape(-1, len(ids))
        every = np.concatenate([wrote.embed[None], by_block, wrote.left_over[None]]).astype(np.float64)
        self._both = every[:, [chosen, rival]]  # (P + 2, 2)
        self._wrote: dict[str, Number] = {}

    @cached_property
    def parts(self) -> list[str]:
        """Heads and MLPs in the model's order, named as on the page: "head 5.0", "MLP 4"."""
        layout = self.place.layout
        blocks = ([*(f"head {b}.{h}" for h in range(layout.n_head)), f"MLP {b}"] for b in range(layout.n_layer))
        return [part for block in blocks for part in block]

    @cached_property
    def lead(self) -> Number:
        own, rival = (self._logit(self._both[:, i]) for i in (0, 1))
        return computed(float(self._both[:, 0].sum() - self._both[:, 1].sum()), "{own} − {rival}", own=own, rival=rival)

    def wrote(self, part: str) -> Number:
        """To the lead; of a part, of "embedding" or of "left over"."""
        if part not in self._wrote:  # one Number each, so that a formula opens it once
            own, rival = self._both[self._every.index(part)]
            self._wrote[part] = self._measured(float(own - rival), f"what {part} wrote to the lead")
        return self._wrote[part]

    def lost(self, part: str) -> Number:
        """With the part's output zero in this step."""
        wrote, norm, later = self.wrote(part), self.answer("norm", part), self.answer("later", part)
        value = float(wrote.value) - float(norm.value) - float(later.value)
        return computed(value, "{wrote} − ({norm}) − ({later})", wrote=wrote, norm=norm, later=later)

    def left(self, part: str) -> Number:
        lost = self.lost(part)
        return computed(float(self.lead.value) - float(lost.value), "{lead} − ({lost})", lead=self.lead, lost=lost)

    def answer(self, kind: str, part: str) -> Number:
        """What the last norm ("norm") or later parts ("later") do to the lead when the part is off."""
        value = float(self._weights[f"{self._name}_{kind}"][self.parts.index(part)])
        who = {"norm": "the last norm", "later": "later parts"}[kind]
        return Number(value, source=f"answered by {who}, {OFF} {part} switched off in this step")

    def position(self, text: str) -> int:
        """Where this token was read last, up to this step."""
        ids = self.reader.token_ids()[: self.place.step + 1].tolist()
        return max(at for at, token_id in enumerate(ids) if self.reader.token_bytes[token_id] == text.encode())

    @property
    def _every(self) -> list[str]:
        return ["embedding", *self.parts, "left over"]

    def _logit(self, wrote: NDArray[np.float64]) -> Number:
        """All that was written to one token's logit, the largest parts one by one."""
        largest = np.argsort(-np.abs(wrote), kind="stable")[:SHOWN].tolist()
        inputs: dict[str, Number | float | int | str] = {
            f"p{i}": self._measured(float(wrote[at]), f"what {self._every[at]} wrote") for i, at in enumerate(largest)
        }
        rest = float(wrote.sum() - wrote[largest].sum())
        inputs["rest"] = Number(rest, source=f"the other {len(wrote) - SHOWN} parts, added up")
        return Number(float(wrote.sum()), " + ".join(f"({{{name}}})" for name in inputs), inputs)

    def _measured(self, value: float, what: str) -> Number:
        return self.place.measured(value, what, tab="why")
