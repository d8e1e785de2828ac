from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from mri.capture.modules import Recorder
from mri.capture.points import Point
from mri.errors import ConfigError, ModelError, UnknownHookPoint
from mri.export.trace import open_trace
from mri.format.captured import Captured
from mri.format.config import TraceConfig
from mri.store.intake.intake import import_file
from mri.store.library import Library
from mri.store.opening import open_session
from tests.capture.trainings import AND, Sometimes, no_hooks, values_of
from tests.conftest import stored_bytes


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
            np.testing.assert_array_equal(Captured(reader.frame(k), layout).values("sum.weight"), weights[k])
            assert Captured(reader.frame(k), layout).values("sum").shape == (4,)
            assert reader.frame(k).phase == "train"


def test_values_are_those_of_the_forward_pass_even_if_changed_in_place(tmp_path: Path) -> None:
    model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(inplace=True))
    with Recorder(model, ["0"], sessions=tmp_path) as rec:
        x = torch.randn(5, 3, generator=torch.Generator().manual_seed(1))
        model(x)
        rec.step()
    assert rec.path is not None
    with open_session(rec.path) as reader:
        values = Captured(reader.frame(0), reader.session.layout).values("0")
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
        assert Captured(frame, layout).stats("0")["mean"] == pytest.approx(y.mean(), abs=1e-6)
        indices, values = Captured(frame, layout).captured("0")
        assert len(indices) == 4
        np.testing.assert_allclose(values, y[-1][indices], rtol=1e-6)
        assert Captured(frame, layout).bound("0") == pytest.approx(np.sort(np.abs(y[-1]))[3])


def test_unknown_names_register_nothing(tmp_path: Path) -> None:
    model = nn.Sequential(nn.Linear(2, 2))
    with pytest.raises(UnknownHookPoint, match="no module or parameter 'hidden'"):
        Recorder(model, ["0", "hidden"], sessions=tmp_path)
    assert no_hooks(model)
    with pytest.raises(ConfigError, match="nothing to record"):
        Recorder(model, [], sessions=tmp_path)
    with pytest.raises(ModelError, match=r"A function is no nn\.Module"):
        Recorder(no_hooks, ["0"], sessions=tmp_path)  # type: ignore[arg-type]


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
    assert no_hooks(model)
    assert rec.path is not None
    with open_session(rec.path) as reader:
        assert reader.session.end_reason == "error: ZeroDivisionError: oops"
        assert reader.num_steps == 1


@pytest.mark.parametrize("mode", ["topk", "full", "sampled", "stats"])
def test_a_module_that_did_not_run_in_a_step_is_not_captured_in_it(tmp_path: Path, mode: Any) -> None:
    model = Sometimes()
    config = TraceConfig(capture_mode=mode, quantization="f32", sample_stride=2)
    with Recorder(model, ["aux", "main", "aux.bias"], sessions=tmp_path, config=config) as rec:
        for step in range(5):
            model(AND[0] * step, aux=step in (0, 3))
            rec.step(loss=step)
        folder = tmp_path / rec._session_id
        with open_session(folder) as live:
            journal = [stored_bytes(live, step) for step in range(5)]
    assert rec.path is not None
    with open_session(rec.path) as reader:
        reader.verify()
        layout = reader.session.layout
        for step, (frame, blob) in enumerate(zip(reader.frames(0, 5), journal, strict=True)):
            assert stored_bytes(reader, step) == blob
            ran = step in (0, 3)
            assert np.isnan(Captured(frame, layout).stats("aux")["l2"]) == (not ran)
            y = model.aux(AND[0] * step)[-1].detach().numpy()
            indices, values = Captured(frame, layout).captured("aux")
            assert len(indices) == (0 if mode == "stats" or not ran else 2 if mode == "sampled" else 3)
            np.testing.assert_allclose(values, y[indices], rtol=1e-6)
            assert Captured(frame, layout).stats("main")["max"] == pytest.approx(model.main(AND[0] * step).max().item())
            assert Captured(frame, layout).stats("aux.bias")["max"] == model.aux.bias.max().item()
        assert np.isnan(reader.column("stats", 0, 0)).tolist() == [False, True, True, False, True]
        assert reader.column("extra/loss").tolist() == [0, 1, 2, 3, 4]
    with open_trace(rec.path) as trace:
        table = trace.stats()
        assert table[table["hook_point"] == "aux"]["step"].tolist() == [0, 3]
        assert np.isnan(trace.values("aux", step=4)).all()
        rows = trace.topk()
        assert set(rows[rows["hook_point"] == "aux"]["step"]) == (set() if mode == "stats" else {0, 3})


def test_a_step_without_a_pass_has_no_old_values_and_is_told(tmp_path: Path) -> None:
    model = nn.Sequential(nn.Linear(2, 2))
    with Recorder(model, ["0"], sessions=tmp_path) as rec:
        model(AND[0])
        rec.step(loss=1)
        with pytest.warns(UserWarning, match=r"No forward pass since the last rec\.step\(\)"):
            rec.step(loss=2)
        model(AND[0])
        rec.step(loss=3)
    assert rec.path is not None
    with open_session(rec.path) as reader:
        reader.verify()
        frames = [Captured(reader.frame(step), reader.session.layout) for step in range(3)]
        assert [len(frame.captured("0")[0]) for frame in frames] == [2, 0, 2]
        assert reader.column("extra/loss").tolist() == [1, 2, 3]
    library = Library(tmp_path / "imported")
    assert library.info(import_file(library, rec.path)).num_steps == 3


def test_the_first_step_needs_every_point(tmp_path: Path) -> None:
    model = Sometimes()
    with Recorder(model, ["main", "aux"], sessions=tmp_path) as rec:
        model(AND[0], aux=False)
        with pytest.raises(ConfigError, match="Module 'aux' has not run yet"):
            rec.step()
        model(AND[0], aux=True)
        rec.step()
    assert rec.num_steps == 1


def test_only_the_last_pass_of_a_step_counts(tmp_path: Path) -> None:
    model = Sometimes()
    with Recorder(model, ["main", "aux"], sessions=tmp_path) as rec:
        model(AND[0], aux=True)
        rec.step()
        model(AND[0], aux=True)  # a micro-batch, an evaluation
        model(AND[0] + 1, aux=False)
        rec.step()
    assert rec.path is not None
    with open_session(rec.path) as reader:
        frame, layout = reader.frame(1), reader.session.layout
        assert len(Captured(frame, layout).captured("aux")[0]) == 0
        assert Captured(frame, layout).stats("main")["max"] == pytest.approx(model.main(AND[0] + 1).max().item())


def test_a_module_with_two_names_that_runs_once_has_its_output_under_both(tmp_path: Path) -> None:
    model = nn.Sequential(OrderedDict(out=nn.Linear(2, 3)))
    model.head = model.out  # type: ignore[assignment]
    model.forward = model.out.forward  # type: ignore[method-assign]
    with Recorder(model, ["out", "head"], sessions=tmp_path) as rec:
        model.head(AND[0])
        rec.step()
    assert values_of(rec, 0, "out").tolist() == values_of(rec, 0, "head").tolist()


def test_an_empty_batch_is_no_pass_of_a_module(tmp_path: Path) -> None:
    model = nn.Sequential(nn.Linear(2, 3))
    with Recorder(model, ["0"], sessions=tmp_path) as rec:
        model(AND[0][:0])
        with pytest.raises(ConfigError, match="Module '0' has not run yet, or on an empty batch only"):
            rec.step()
        for batch in (AND[0], AND[0][:0]):
            model(batch)
            rec.step()
    assert np.isnan(values_of(rec, 1, "0")).all()


def test_tied_weights_and_buffers_are_recorded_as_they_are_now(tmp_path: Path) -> None:
    model = nn.Sequential()
    model.embed, model.norm, model.head = nn.Embedding(4, 2), nn.BatchNorm1d(2), nn.Linear(2, 4, bias=False)
    model.head.weight = model.embed.weight
    points = ["head.weight", "embed.weight", "norm.running_mean", "norm.num_batches_tracked"]
    with Recorder(model, points, sessions=tmp_path) as rec:
        model(torch.arange(4))
        rec.step()
        mean = model.norm.running_mean.numpy().copy()
        model.head.weight = nn.Parameter(torch.zeros(4, 2))  # no longer the embedding's
        model.norm.num_batches_tracked = None
        model(torch.arange(4))
        rec.step()
    assert values_of(rec, 0, "head.weight").tolist() == model.embed.weight.flatten().tolist()
    assert values_of(rec, 0, "embed.weight").tolist() == model.embed.weight.flatten().tolist()
    np.testing.assert_array_equal(values_of(rec, 0, "norm.running_mean"), mean)
    assert values_of(rec, 0, "norm.num_batches_tracked").tolist() == [1]
    assert values_of(rec, 1, "head.weight").tolist() == [0] * 8
    assert np.isnan(values_of(rec, 1, "norm.num_batches_tracked")).all()


def test_values_are_those_of_the_pass_in_inference_mode_autocast_and_half_precision(tmp_path: Path) -> None:
    model = nn.Sequential(nn.Linear(2, 3))
    x, seen = AND[0] + 1, []
    model.register_forward_hook(lambda module, args, output: seen.append(output.detach().float()[-1].numpy().copy()))
    with Recorder(model, ["0"], sessions=tmp_path) as rec:
        with torch.inference_mode():
            model(x).mul_(0)
            rec.step()
        with torch.autocast("cpu", torch.bfloat16):
            model(x)
            rec.step()
        model(x)[:, :0].sum().backward()
        with torch.inference_mode():
            rec.step(loss=torch.ones(1))
    for step, values in enumerate(seen):
        np.testing.assert_array_equal(values_of(rec, step, "0"), values)
    assert not np.array_equal(seen[0], seen[1])
    half = nn.Sequential(nn.Linear(2, 3)).half()
    with Recorder(half, ["0"], sessions=tmp_path) as rec:
        y = half(x.half() * 6e4)
        rec.step()
    np.testing.assert_array_equal(values_of(rec, 0, "0"), y[-1].detach().float())
    assert y.isinf().any()


def test_what_torch_makes_by_default_does_not_matter(tmp_path: Path) -> None:
    model = nn.Sequential(nn.Linear(2, 3))
    before, seen = torch.get_default_dtype(), []
    with Recorder(model, ["0"], sessions=tmp_path) as rec:
        try:
            for dtype in (torch.float32, torch.float64, torch.bfloat16):
                torch.set_default_dtype(dtype)
                with torch.device("meta"), torch.autocast("cpu", enabled=dtype == torch.bfloat16):
                    y = model(AND[0])
                    rec.step(loss=0.5)
                seen.append(y[-1].detach().float().numpy())
        finally:
            torch.set_default_dtype(before)
    assert (rec.stopped, rec.num_steps) == ("", 3)
    for step, values in enumerate(seen):
        np.testing.assert_array_equal(values_of(rec, step, "0"), values)


def test_extras_may_be_missing_and_keep_their_axes(tmp_path: Path) -> None:
    model = nn.Sequential(nn.Linear(2, 3))
    with Recorder(model, ["0.bias"], sessions=tmp_path) as rec:
        rec.step(gradient=model[0].weight.grad, accuracy=0.5)  # there is none yet
        rec.step(gradient=torch.ones(3, 2))
        with pytest.warns(RuntimeWarning, match="extra/gradient has 1 axes and had 2 before"):
            rec.step(gradient=torch.ones(3))
    assert rec.path is not None
    with open_session(rec.path) as reader:
        assert np.isnan(reader.column("extra/gradient", 0, 0)).tolist() == [True, False]
        assert np.isnan(reader.column("extra/accuracy")).tolist() == [False, True]
