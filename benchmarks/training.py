"""Recording a training of 5,000 steps: memory growth and cost per step."""

from __future__ import annotations

import tempfile
import time

import psutil
import torch
from rich.table import Table
from torch import nn

from mri.capture.modules import Recorder

NUM_STEPS = 5000


def table() -> Table:
    out = Table(title=f"Training: an MLP of 64 hidden neurons, {NUM_STEPS:,} recorded steps", title_justify="left")
    for column in ("what", "measured", "goal"):
        out.add_column(column, justify="left" if column == "what" else "right")
    model = nn.Sequential(nn.Linear(16, 64), nn.ReLU(), nn.Linear(64, 4))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    x, y = torch.randn(32, 16), torch.randn(32, 4)
    process = psutil.Process()
    with tempfile.TemporaryDirectory() as folder:
        plain = seconds(model, optimizer, x, y, None)
        with Recorder(model, ["0", "2", "0.weight"], sessions=folder) as recorder:
            seconds(model, optimizer, x, y, recorder, 200)  # buffers and threads of the first steps are no growth
            before = process.memory_info().rss
            traced = seconds(model, optimizer, x, y, recorder)
            growth = process.memory_info().rss - before
    out.add_row("memory growth", f"{growth / 1e6:.1f} MB", "≤ 50 MB")
    out.add_row("untraced", f"{plain / NUM_STEPS * 1e3:.2f} ms/step", "")
    out.add_row("recorded", f"{traced / NUM_STEPS * 1e3:.2f} ms/step ({traced / plain:.1f} times)", "")
    return out


def seconds(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    x: torch.Tensor,
    y: torch.Tensor,
    recorder: Recorder | None,
    num_steps: int = NUM_STEPS,
) -> float:
    """Wall time of `num_steps` training steps, recorded or not."""
    began = time.perf_counter()
    for _ in range(num_steps):
        loss = nn.functional.mse_loss(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if recorder:
            recorder.step(loss=loss)
    return time.perf_counter() - began
