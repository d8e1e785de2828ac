"""Level 2: a small MLP learns XOR, once with nanochat's relu² and once with relu.

A step is one case; after all four, gradient descent moves the weights once. The hidden layer keeps its four strongest
neurons in each step, as recordings of large models do; weights and loss are recorded whole.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from mri.capture.modules import Recorder
from mri.format.config import TraceConfig
from mri.making.lessons.level_1 import CASES, XOR
from mri.making.lessons.record import fresh

N_HIDDEN = 8
TOPK = 4
RATE = 0.2
UPDATES = 80
SEED = 23
POINTS = ("inputs", "mlp_pre", "mlp_act", "output")


class SmallMLP(nn.Module):
    """x (…, 2) -> (…, 1): 8 hidden units, relu or relu², one linear output. Its parts are modules, to be recorded."""

    def __init__(self, squared: bool) -> None:
        super().__init__()
        self.squared = squared
        self.w1 = nn.Parameter(torch.randn(N_HIDDEN, 2))
        self.b1 = nn.Parameter(torch.randn(N_HIDDEN) * 0.5)
        self.w2 = nn.Parameter(torch.randn(N_HIDDEN) * 0.5)
        self.b2 = nn.Parameter(torch.zeros(1))
        self.inputs, self.mlp_pre, self.mlp_act, self.output = (nn.Identity() for _ in range(4))

    def forward(self, x: Tensor) -> Tensor:
        pre = self.mlp_pre(self.inputs(x) @ self.w1.T + self.b1)  # (…, 8)
        act = functional.relu(pre) ** 2 if self.squared else functional.relu(pre)
        out: Tensor = self.output((self.mlp_act(act) @ self.w2)[..., None] + self.b2)  # (…, 1)
        return out


def record(folder: Path) -> None:
    """Write lesson-xor and lesson-xor-relu."""
    train(folder, "lesson-xor", "A small MLP learns XOR, with relu²", squared=True)
    train(folder, "lesson-xor-relu", "A small MLP learns XOR, with relu", squared=False)


def train(folder: Path, session_id: str, name: str, *, squared: bool) -> None:
    """Record each case with the weights as they are, then move them against the gradient of the mean squared error."""
    torch.manual_seed(SEED)
    model = SmallMLP(squared)
    x, wanted = torch.tensor(CASES, dtype=torch.float32), torch.tensor(XOR, dtype=torch.float32)
    config = TraceConfig(topk=TOPK, quantization="f32")
    with Recorder(
        model, POINTS, name=name, config=config, sessions=folder, session_id=fresh(folder, session_id)
    ) as recorder:
        for _ in range(UPDATES):
            loss = ((model(x)[:, 0] - wanted) ** 2).mean()
            for case, target in zip(x, wanted, strict=True):
                model(case)
                recorder.step(target=target, loss=loss, **dict(model.named_parameters()))
            gradients = torch.autograd.grad(loss, list(model.parameters()))
            with torch.no_grad():
                for parameter, gradient in zip(model.parameters(), gradients, strict=True):
                    parameter.sub_(RATE * gradient)
