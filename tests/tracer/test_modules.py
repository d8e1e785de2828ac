from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from mri.config import TraceConfig
from mri.errors import ConfigError, UnknownHookPoint
from mri.store.reader import open_session
from mri.tracer.modules import Point, Recorder

AND = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]), torch.tensor([[0.0], [0.0], [0.0], [1.0]])


class Perceptron(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.sum = nn.Linear(2, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = torch.sigmoid(self.sum(x))
        return out


def test_training_is_recorded_step_by_step(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = Perceptron()
    optimizer = torch.optim.SGD(model.parameters(), lr=2.0)
    losses, weights = [], []
    points = [Point("sum", rows="all"), "sum.weight", "sum.bias"]
    with Recorder(model, points, name="AND", sessions=tmp_path) as rec:
        for _ in range(30):
            loss = nn.functional.binary_cross_entropy(model(AND[0]), AND[1])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            rec.step(loss=loss, gradient=model.sum.weight.grad)
            losses.append(loss.item())
            weights.append(model.sum.weight.detach().flatten().numpy().copy())
    assert rec.path is not None
    with open_session(rec.path) as reader:
        layout = reader.session.layout
        assert (reader.session.kind, reader.session.end_reason, reader.num_steps) == ("training", "finished", 30)
        np.testing.assert_array_equal(reader.column("extra/loss"), np.float32(losses))
        assert reader.column("extra/gradient").shape == (30, 1, 2)
        for k in (0, 7, 29):
            np.testing.assert_array_equal(reader.frame(k).values(layout, "sum.weight"), weights[k])
            assert reader.frame(k).values(layout, "sum").shape == (4,)
            assert reader.frame(k).phase == "train"


def test_values_are_those_of_the_forward_pass_even_if_changed_in_place(tmp_path: Path) -> None:
    model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(inplace=True))
    with Recorder(model, ["0"], sessions=tmp_path) as rec:
        x = torch.randn(5, 3, generator=torch.Generator().manual_seed(1))
        model(x)
        rec.step()
    assert rec.path is not None
    with open_session(rec.path) as reader:
        values = reader.frame(0).values(reader.session.layout, "0")
    np.testing.assert_allclose(values, model[0](x)[-1].detach(), rtol=1e-5)
    assert (values < 0).any()


def test_statistics_are_over_the_batch_and_values_of_the_last_row(tmp_path: Path) -> None:
    model = nn.Linear(3, 8)
    x = torch.randn(6, 3, generator=torch.Generator().manual_seed(1))
    with Recorder(
        nn.Sequential(model), ["0"], sessions=tmp_path, config=TraceConfig(topk=4, quantization="f32")
    ) as rec:
        model(x)
        rec.step()
    assert rec.path is not None
    with open_session(rec.path) as reader:
        layout, frame = reader.session.layout, reader.frame(0)
        y = model(x).detach().numpy()
        assert frame.stats(layout, "0")["mean"] == pytest.approx(y.mean(), abs=1e-6)
        indices, values = frame.captured(layout, "0")
        assert len(indices) == 4
        np.testing.assert_allclose(values, y[-1][indices], rtol=1e-6)
        assert frame.bound(layout, "0") == pytest.approx(np.sort(np.abs(y[-1]))[3])


def test_unknown_names_register_nothing(tmp_path: Path) -> None:
    model = nn.Sequential(nn.Linear(2, 2))
    with pytest.raises(UnknownHookPoint, match="no module or parameter 'hidden'"):
        Recorder(model, ["0", "hidden"], sessions=tmp_path)
    assert not any(module._forward_hooks for module in model.modules())
    with pytest.raises(ConfigError, match="nothing to record"):
        Recorder(model, [], sessions=tmp_path)


def test_a_step_without_a_forward_pass_is_refused(tmp_path: Path) -> None:
    with (
        Recorder(nn.Sequential(nn.Linear(2, 2)), ["0"], sessions=tmp_path) as rec,
        pytest.raises(ConfigError, match="has not run yet"),
    ):
        rec.step()
    assert rec.path is None
    assert not list(tmp_path.iterdir())


def test_an_exception_in_the_script_keeps_the_steps_and_leaves_no_hooks(tmp_path: Path) -> None:
    model = nn.Sequential(nn.Linear(2, 2))
    rec = Recorder(model, ["0"], sessions=tmp_path)

    def script() -> None:
        with rec:
            model(AND[0])
            rec.step(loss=1.0)
            raise ZeroDivisionError("oops")

    with pytest.raises(ZeroDivisionError):
        script()
    assert not any(module._forward_hooks for module in model.modules())
    assert rec.path is not None
    with open_session(rec.path) as reader:
        assert reader.session.end_reason == "error: ZeroDivisionError: oops"
        assert reader.num_steps == 1
