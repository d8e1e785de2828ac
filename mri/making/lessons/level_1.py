"""Level 1: one perceptron learns AND by the perceptron rule, and the same on XOR, where it cannot.

A step is one example. All numbers are multiples of 1/4, so that 32-bit arithmetic is exact and a reader can check it.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from mri.capture.modules import Recorder
from mri.making.lessons.record import fresh

CASES = ((0, 0), (0, 1), (1, 0), (1, 1))
AND = (0, 0, 0, 1)
XOR = (0, 1, 1, 0)
RATE = 0.25
SEED = 7
POINTS = ("inputs", "weights", "weighted", "bias", "sum", "output")


class Perceptron(nn.Module):
    """x (2,) -> 1 where w·x + b > 0, else 0. Its parts are modules, so that they can be recorded."""

    def __init__(self) -> None:
        super().__init__()
        self.weights = nn.Parameter(torch.randint(-4, 5, (2,)) * RATE, requires_grad=False)
        self.bias = nn.Parameter(torch.randint(-4, 5, (1,)) * RATE, requires_grad=False)
        self.inputs, self.weighted, self.sum, self.output = (nn.Identity() for _ in range(4))

    def forward(self, x: Tensor) -> Tensor:
        weighted = self.weighted(self.inputs(x) * self.weights)  # (2,)
        total = self.sum(weighted.sum(-1, keepdim=True) + self.bias)  # (1,)
        fired: Tensor = self.output((total > 0).float())  # (1,)
        return fired

    def learn(self, x: Tensor, error: float) -> None:
        """The perceptron rule: every weight moves by rate · error · its input."""
        self.weights.add_(RATE * error * x)
        self.bias.add_(RATE * error)


def record(folder: Path) -> None:
    """Write lesson-and and lesson-xor-line."""
    train(folder, "lesson-and", "A perceptron learns AND", AND, num_steps=48)
    train(folder, "lesson-xor-line", "A perceptron cannot learn XOR", XOR, num_steps=64)


def train(folder: Path, session_id: str, name: str, wanted: tuple[int, ...], num_steps: int) -> None:
    """Record each example before the weights move: the frame's weights are those that made its output."""
    torch.manual_seed(SEED)
    model = Perceptron()
    with Recorder(model, POINTS, name=name, sessions=folder, session_id=fresh(folder, session_id)) as recorder:
        for step in range(num_steps):
            x = torch.tensor(CASES[step % 4], dtype=torch.float32)
            target = wanted[step % 4]
            error = target - float(model(x))
            recorder.step(target=target, error=error)
            model.learn(x, error)
