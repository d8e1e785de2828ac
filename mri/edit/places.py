"""Where in a model an edit acts: hook points and coordinates of them, heads, organs. Refuses what is not there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from mri.capture.hooks import watched_model
from mri.capture.recorder import points_of_model
from mri.edit.text import Edit, ranges_of
from mri.edit.values import Positions
from mri.errors import ConfigError, ModelError, UnknownHookPoint
from mri.format.config import TraceConfig
from mri.nanochat.model import GPT

ORGAN_POINTS = {
    "smear": "embed.resid0",
    "backout": "final.ln_f",
    "x0": "block.*.resid_pre",
    "window": "block.*.attn_summary",
    "softcap": "final.logits",
}
"""The first hook point that is another with an organ off."""


@dataclass(frozen=True)
class Place:
    """Neurons `ranges` of a hook point, all where there are none; `layer` −1 outside the blocks, `head` −1 of none."""

    point: str
    ranges: tuple[tuple[int, int], ...] = ()
    layer: int = -1
    head: int = -1

    def neurons(self, device: torch.device) -> slice | Tensor:
        """As an index of the last axis."""
        if not self.ranges:
            return slice(None)
        if len(self.ranges) == 1:
            return slice(*self.ranges[0])
        return torch.cat([torch.arange(*each, device=device) for each in self.ranges])

    def to_json(self, edit: Edit) -> dict[str, Any]:
        """How a session lists it."""
        positions = edit.positions or Positions(0)
        neurons = ",".join(f"{first}:{stop}" for first, stop in self.ranges)
        told = {"edit": str(edit), "hook_point": self.point, "neurons": neurons, "head": self.head}
        return told | {"first": positions.first, "stop": positions.stop}


class Sizes:
    """What of a nanochat model, ours or a checkout's, edits have to know. Raises ModelError for another module."""

    def __init__(self, model: nn.Module) -> None:
        self.model = watched_model(model)
        if any("_orig_mod" in name for name, _ in model.named_modules()):
            raise ModelError("This model is compiled, and compiled code runs past every edit: give the plain model.")
        points = points_of_model(self.model, TraceConfig(hook_points=("*",)))
        self.widths = {point.key: point.width for point in points}
        config: Any = self.model.config
        self.n_layer, self.n_head, self.n_ctx = int(config.n_layer), int(config.n_head), int(config.sequence_len)
        self.n_vocab = int(config.vocab_size)
        told: Any = self.model
        blocks: Any = told.transformer["h"]
        known = {"smear": "smear_gate", "backout": "backout_lambda", "x0": "x0_lambdas"}
        self.organs = {organ for organ, name in known.items() if hasattr(told, name)} | {"softcap"}
        self.organs |= {f"block.{i}.ve" for i, b in enumerate(blocks) if getattr(b.attn, "ve_gate", None) is not None}
        if isinstance(told, GPT):
            windows = [getattr(block.attn, "window", self.n_ctx) for block in blocks]
        else:
            windows = [window for window, _ in getattr(told, "window_sizes", [])]
        self.windowed = {i for i, window in enumerate(windows) if 0 <= window < self.n_ctx}
        self.organs |= {"window"} if self.windowed else set()

    @property
    def device(self) -> torch.device:
        told: Any = self.model
        device: torch.device = told.lm_head.weight.device
        return device

    def width(self, point: str) -> int:
        """Of what passes there: `lm_head` may have more rows than there are tokens."""
        told: Any = self.model
        return int(told.lm_head.weight.shape[0]) if point == "final.logits" else self.widths[point]

    def places(self, edit: Edit) -> list[Place]:
        """Every place that an edit names. Raises UnknownHookPoint, ConfigError where the model has no such place."""
        if edit.is_word:
            return []
        if edit.positions and edit.positions.first >= self.n_ctx:
            last = f"the positions 0 to {self.n_ctx - 1}"
            raise ConfigError(f"{edit} is beyond the model's context, which has {last}: choose one of them.")
        head, _, rest = edit.point.partition(".")
        if head != "block":
            if edit.is_organ:
                self._refuse_missing(edit.point)
                return self._of_organ(edit.point)
            return [self._place(edit, edit.point, -1)]
        number, _, name = rest.partition(".")
        layers = range(self.n_layer) if number == "*" else [int(number)]
        if layers[-1] >= self.n_layer:
            raise UnknownHookPoint(f"There is no block {number}: this model has the blocks 0 to {self.n_layer - 1}.")
        if name == "ve":
            organs = [f"block.{i}.ve" for i in layers if number != "*" or f"block.{i}.ve" in self.organs]
            for organ in organs or [edit.point]:
                self._refuse_missing(organ)
            return [Place(organ.removesuffix("e"), (), int(organ.split(".")[1])) for organ in organs]
        if name.startswith("head."):
            return [place for layer in layers for place in self._heads(layer, name.removeprefix("head."), edit.op)]
        point = "mlp_out" if name == "mlp" else name
        return [self._place(edit, f"block.{i}.{point}", i) for i in layers]

    def _heads(self, layer: int, number: str, op: str) -> list[Place]:
        heads = range(self.n_head) if number == "*" else [int(number)]
        if heads[-1] >= self.n_head:
            raise UnknownHookPoint(f"There is no head {number}: each block of this model has {self.n_head}, from 0.")
        point = f"block.{layer}.{'attn_summary' if op == 'cut' else 'z'}"
        size = self.widths[f"block.{layer}.z"] // self.n_head
        return [Place(point, ((head * size, (head + 1) * size),), layer, head) for head in heads]

    def _place(self, edit: Edit, point: str, layer: int) -> Place:
        width = self.widths.get(point)
        if width is None:
            known = ", ".join(name.rpartition(".")[2] for name in self.widths if name.startswith("block.0."))
            raise UnknownHookPoint(
                f"This model has no {point!r:.60}: its blocks have {known}, head.0 to head.{self.n_head - 1} and mlp; "
                "beside them stand embed.resid0, final.ln_f and final.logits."
            )
        if point == "embed.resid0" and not isinstance(self.model, GPT):
            raise ConfigError("Where the stream starts is no module of this model: edit block.0.resid_pre.")
        ranges = tuple(ranges_of(edit.target))
        if any(stop > width for _, stop in ranges):
            raise UnknownHookPoint(f"{point} has the neurons 0 to {width - 1}: {edit.target} names others.")
        return Place(point, ranges, layer)

    def _of_organ(self, organ: str) -> list[Place]:
        point = ORGAN_POINTS[organ]
        layers = sorted(self.windowed) if organ == "window" else range(self.n_layer)
        if "*" not in point:
            return [Place(point)]
        return [Place(point.replace("*", str(i)), (), i) for i in layers]

    def _refuse_missing(self, organ: str) -> None:
        if organ not in self.organs:
            known = ", ".join(sorted(self.organs))
            raise UnknownHookPoint(f"This model has no {organ} to switch off: it has {known}.")
