"""Two recordings at one moment of their clock, as the Compare page's panels read them: each part once."""

from __future__ import annotations

from functools import cached_property

from mri.errors import ConfigError
from mri.measure.divergence import AttentionDivergence, attention_divergence
from mri.store.reader import SessionReader
from mri.study.comparison import Comparison


class Pair:
    """Raises ConfigError where there is no such moment."""

    def __init__(self, comparison: Comparison, moment: int = 0) -> None:
        if not 0 <= moment < len(comparison.moments.steps):
            raise ConfigError(f"There is no moment {moment}: there are {len(comparison.moments.steps)}.")
        self.comparison, self.moment = comparison, moment

    @property
    def readers(self) -> tuple[SessionReader, SessionReader]:
        return self.comparison.one, self.comparison.other

    @property
    def alone(self) -> str:
        """A or B, where only that one has a step at this moment; else ""."""
        a, b = self.comparison.moments.steps[self.moment].tolist()
        return "A" if b < 0 else "B" if a < 0 else ""

    @cached_property
    def steps(self) -> tuple[int, int]:
        """Of A and B. Raises ConfigError where one has none at this moment."""
        if self.alone:
            raise ConfigError(f"Only {self.alone} has a step at this moment: only one of the sessions. Choose another.")
        a, b = self.comparison.moments.steps[self.moment].tolist()
        return a, b

    @property
    def is_matched(self) -> bool:
        """Whether the tokens of the two steps stand for each other."""
        clock = self.comparison.moments
        return bool(any(clock.matched & (clock.steps == self.steps).all(axis=1)))

    @cached_property
    def attention(self) -> AttentionDivergence | None:
        """None where one of the steps has no attention, or other heads."""
        (one, other), (a, b) = self.readers, self.steps
        return attention_divergence(
            one.frame(a), one.session.layout, other.frame(b), other.session.layout, self.comparison.alignment.positions
        )
