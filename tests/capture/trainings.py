"""What the tests of mri.Recorder share: data, a model, what was written."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from mri.capture.modules import Recorder
from mri.format.captured import Captured
from mri.store.opening import open_session

AND = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]), torch.tensor([[0.0], [0.0], [0.0], [1.0]])


def values_of(rec: Recorder, step: int, point: str) -> npt.NDArray[np.float32]:
    assert rec.path is not None
    with open_session(rec.path) as reader:
        return Captured(reader.frame(step), reader.session.layout).values(point)


def end_of(rec: Recorder) -> tuple[int, str]:
    """Steps of the finished session and how it ended."""
    assert rec.path is not None
    with open_session(rec.path) as reader:
        reader.verify()
        return reader.num_steps, reader.session.end_reason


def no_hooks(model: nn.Module) -> bool:
    return not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())


class Sometimes(nn.Module):
    """`aux` runs only in the calls that ask for it."""

    def __init__(self) -> None:
        super().__init__()
        self.main, self.aux = nn.Linear(2, 3), nn.Linear(2, 3)

    def forward(self, x: torch.Tensor, aux: bool) -> torch.Tensor:
        out: torch.Tensor = self.main(x) + (self.aux(x) if aux else 0)
        return out
