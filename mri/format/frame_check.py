"""Is a step what its session's layout says: these arrays, of these types and lengths, and none left out unsaid?

Asked of every step where it is written, where it is read from a journal, and by `verify`. Pure arithmetic.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from mri.format.layout import LAYERS_DROPPED_BIT, PAYLOADS, Layout

Shapes = Mapping[str, tuple[np.dtype[Any], tuple[int, ...]]]
"""Name -> dtype and shape of every array of a step."""

MAX_POSITION = 1 << 30


class FrameCheck:
    """Holds steps against one layout. Lengths that an axis may have, by array: those of `Layout.specs` for the step's
    phase, its tokens and positions so far, less the rows of dropped layers; of `extra/…` any."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self._known: dict[tuple[str, int, int], Shapes] = {}

    def fault(self, header: Mapping[str, Any], shapes: Shapes) -> str:
        """What does not fit, as the end of a sentence that begins with the step; "" where all does.

        `header`: fields of StepFrame.header, of the right types (`header_fault`).
        """
        dropped_layers = header["dropped_layers"]
        if dropped_layers and (wrong := self._fault_of_layers(header)):
            return wrong
        specs = self._specs(header["phase"], header["t_add"], header["pos0"] + header["t_add"])
        for name, (dtype, shape) in shapes.items():
            if name.startswith("extra/"):
                continue
            if name not in specs:
                return f"has an array {name} that it should not have"
            wanted_dtype, whole = specs[name]
            wanted = self._without(dropped_layers, name, whole)
            if shape != wanted:
                return f"has {name} in the shape {shape}, where its layout says {wanted}"
            if dtype != wanted_dtype:
                return f"has {name} as {dtype}, where its layout says {wanted_dtype}"
        for name in specs.keys() - shapes.keys():
            wanted = self._without(dropped_layers, name, specs[name][1])
            if math.prod(wanted) and not self._may_lack(name, header):
                return f"lacks {name} and does not say that it was left out"
        return ""

    def _specs(self, phase: str, t_add: int, n_keys: int) -> Shapes:
        key = (phase, t_add, n_keys)
        if key not in self._known:
            if len(self._known) > 4:
                self._known.clear()
            specs = self.layout.specs(phase, t_add, n_keys)
            self._known[key] = {name: (np.dtype(dtype), shape) for name, (dtype, shape) in specs.items()}
        return self._known[key]

    def _fault_of_layers(self, header: Mapping[str, Any]) -> str:
        layers = [*header["dropped_layers"]]
        ascend = layers == sorted(set(layers) & set(self.layout.droppable))
        if ascend and header["dropped"] >> LAYERS_DROPPED_BIT & 1:
            return ""
        return f"has dropped_layers {layers}, which must ascend, exist, and have their bit in `dropped`"

    def _without(self, dropped_layers: tuple[int, ...], name: str, shape: tuple[int, ...]) -> tuple[int, ...]:
        kept = self.layout.kept_rows(name, dropped_layers)
        return shape if kept is None else (len(kept), *shape[1:])

    def _may_lack(self, name: str, header: Mapping[str, Any]) -> bool:
        """What the byte budget left out; and of a prompt that was read in one pass its values, asked for or not."""
        if header["phase"] == "prefill" and header["t_add"] > 1 and name.rpartition("/")[0] in self.layout.value_groups:
            return True
        return any(
            header["dropped"] >> bit & 1 and (name == prefix or name.startswith(prefix + "/"))
            for bit, prefix in enumerate(PAYLOADS)
        )


def header_fault(header: Any) -> str:
    """The same for the types of a step's scalars, where they come from a file."""
    try:
        counts = [header[name] for name in ("step", "pos0", "t_add", "dropped")]
        numbers = [*counts, header["chosen_id"], header["time_us"], *header["dropped_layers"]]
        if any(type(number) is not int for number in numbers) or not all(0 <= x < MAX_POSITION for x in counts):
            return "has scalars that are no whole numbers"
        if type(header["forced"]) is not bool or header["phase"] not in ("prefill", "decode", "train"):
            return "has a phase or a mark that there is not"
        return "" if len(header) == 9 else "has scalars that no step has"
    except (KeyError, TypeError):
        return "lacks some of its scalars"
