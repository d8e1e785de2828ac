"""One step of a recording, as the Scanner's panels read it: each part once, however many panels ask for it."""

from __future__ import annotations

from functools import cached_property

from mri.arrays import Floats
from mri.errors import ConfigError
from mri.format.captured import Captured
from mri.format.events import StepFrame
from mri.format.layout import Layout
from mri.measure.attention import mean_distance
from mri.panels import names
from mri.panels.selection import Selection
from mri.store.reader import SessionReader


class Scan:
    """Raises ConfigError where the recording has no such step."""

    def __init__(self, reader: SessionReader, step: int) -> None:
        if not 0 <= step < reader.num_steps:
            raise ConfigError(f"There is no step {step}: this session has {reader.num_steps}.")
        self.reader, self.step = reader, step

    @property
    def layout(self) -> Layout:
        return self.reader.session.layout

    def never_negative(self, key: str) -> bool:
        """Whether no value of this hook point can be below 0. Raises UnknownHookPoint."""
        return self.layout.points[self.layout.row(key)].is_never_negative

    @cached_property
    def frame(self) -> StepFrame:
        return self.reader.frame(self.step)

    @cached_property
    def captured(self) -> Captured:
        return Captured(self.frame, self.layout)

    @cached_property
    def attention(self) -> tuple[Floats, Floats]:
        """Weights (n_layer, n_head, n_keys) and bounds (n_layer, n_head), as `Captured.attention`."""
        return self.captured.attention()

    @cached_property
    def distances(self) -> tuple[Floats, Floats]:
        """(n_layer, n_head) each: least and most mean distance, as `mean_distance`."""
        weights, bounds = self.attention
        return mean_distance(weights, bounds, self.captured.weight_rounding(weights))

    @cached_property
    def tokens(self) -> list[str]:
        """The token at every position, as a chart names it."""
        return names.tokens(self.reader)

    @cached_property
    def texts(self) -> list[str]:
        """The token at every position, as a table has it."""
        return names.texts(self.reader)

    def unit(self, key: str) -> str:
        return self.layout.points[self.layout.row(key)].unit

    def head(self, selected: Selection) -> tuple[int, int]:
        """The selected one. Raises ConfigError where there is none."""
        layout = self.layout
        if not layout.n_head:
            raise ConfigError("No attention was captured in this session.")
        if not (0 <= selected.layer < layout.n_layer and 0 <= selected.head < layout.n_head):
            sizes = f"{layout.n_layer} layers of {layout.n_head} heads"
            raise ConfigError(f"There is no head {selected.head} in layer {selected.layer}: this session has {sizes}.")
        return selected.layer, selected.head
