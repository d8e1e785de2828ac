from __future__ import annotations

import copy
import errno
import os
import pickle
import shutil
import subprocess
import sys
import threading
import warnings
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel

from mri.config import TraceConfig
from mri.errors import ConfigError, ModelError, StoreError, UnknownHookPoint
from mri.export.trace import open_trace
from mri.store.imports import import_file
from mri.store.library import Library
from mri.store.reader import open_session
from mri.tracer.modules import Recorder
from mri.tracer.points import Point

ROOT = Path(__file__).parents[2]
AND = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]), torch.tensor([[0.0], [0.0], [0.0], [1.0]])


def values_of(rec: Recorder, step: int, point: str) -> npt.NDArray[np.float32]:
    assert rec.path is not None
    with open_session(rec.path) as reader:
        return reader.frame(step).values(reader.session.layout, point)


def end_of(rec: Recorder) -> tuple[int, str]:
    """Steps of the finished session and how it ended."""
    assert rec.path is not None
    with open_session(rec.path) as reader:
        reader.verify()
        return reader.num_steps, reader.session.end_reason


def no_hooks(model: nn.Module) -> bool:
    return not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())


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


class Sometimes(nn.Module):
    """`aux` runs only in the calls that ask for it."""

    def __init__(self) -> None:
        super().__init__()
        self.main, self.aux = nn.Linear(2, 3), nn.Linear(2, 3)

    def forward(self, x: torch.Tensor, aux: bool) -> torch.Tensor:
        out: torch.Tensor = self.main(x) + (self.aux(x) if aux else 0)
        return out


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
            journal = [live.frame_bytes(step) for step in range(5)]
    assert rec.path is not None
    with open_session(rec.path) as reader:
        reader.verify()
        layout = reader.session.layout
        for step, (frame, blob) in enumerate(zip(reader.frames(0, 5), journal, strict=True)):
            assert reader.frame_bytes(step) == blob
            ran = step in (0, 3)
            assert np.isnan(frame.stats(layout, "aux")["l2"]) == (not ran)
            y = model.aux(AND[0] * step)[-1].detach().numpy()
            indices, values = frame.captured(layout, "aux")
            assert len(indices) == (0 if mode == "stats" or not ran else 2 if mode == "sampled" else 3)
            np.testing.assert_allclose(values, y[indices], rtol=1e-6)
            assert frame.stats(layout, "main")["max"] == pytest.approx(model.main(AND[0] * step).max().item())
            assert frame.stats(layout, "aux.bias")["max"] == model.aux.bias.max().item()
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
        assert [len(reader.frame(step).captured(reader.session.layout, "0")[0]) for step in range(3)] == [2, 0, 2]
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
        assert len(frame.captured(layout, "aux")[0]) == 0
        assert frame.stats(layout, "main")["max"] == pytest.approx(model.main(AND[0] + 1).max().item())


CALLS = {"called": lambda model: model(AND[0]), "forward called": lambda model: model.forward(AND[0])}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize("name", ["act1", "act2"])
def test_a_module_that_runs_twice_is_refused_before_anything_is_written(tmp_path: Path, call: Any, name: str) -> None:
    act = nn.ReLU()
    model = nn.Sequential(OrderedDict(l1=nn.Linear(2, 2), act1=act, l2=nn.Linear(2, 2), act2=act))
    with Recorder(model, ["l1", name], sessions=tmp_path) as rec:
        call(model)
        with pytest.raises(ConfigError, match=f"Module '{name}' ran 2 times") as refused:
            rec.step()
    said = "one module with the names act1, act2" if call is CALLS["called"] else "the model itself was not called"
    assert said in str(refused.value)
    assert rec.path is None
    assert not list(tmp_path.iterdir())


def test_a_module_with_two_names_that_runs_once_has_its_output_under_both(tmp_path: Path) -> None:
    model = nn.Sequential(OrderedDict(out=nn.Linear(2, 3)))
    model.head = model.out  # type: ignore[assignment]
    model.forward = model.out.forward  # type: ignore[method-assign]
    with Recorder(model, ["out", "head"], sessions=tmp_path) as rec:
        model.head(AND[0])
        rec.step()
    assert values_of(rec, 0, "out").tolist() == values_of(rec, 0, "head").tolist()


class Gives(nn.Module):
    """Gives what `make` makes of its input from call `start` on, before that the input."""

    def __init__(self, make: Callable[[torch.Tensor], Any], start: int) -> None:
        super().__init__()
        self.make, self.start, self.calls = make, start, 0

    def forward(self, x: torch.Tensor) -> Any:
        self.calls += 1
        return self.make(x) if self.calls > self.start else x


class Output(OrderedDict[str, torch.Tensor]):
    """As the outputs of the library transformers are."""


@dataclass
class Result:
    x: torch.Tensor


ODD: dict[str, Callable[[torch.Tensor], Any]] = {
    "dict": lambda x: {"x": x},
    "list": lambda x: [x],
    "dataclass": Result,
    "ordered dict": lambda x: Output(x=x),
    "none": lambda x: None,
    "tuple of none": lambda x: (None, x),
    "empty tuple": lambda x: (),
    "complex": lambda x: x * 1j,
    "sparse": lambda x: x.to_sparse(),
    "meta": lambda x: x.to("meta"),
}


@pytest.mark.parametrize("make", ODD.values(), ids=ODD)
def test_an_odd_output_is_refused_at_the_first_step_and_ends_a_recording_later(tmp_path: Path, make: Any) -> None:
    model = nn.Sequential(Gives(make, 0))
    with Recorder(model, ["0"], sessions=tmp_path) as rec:
        model(AND[0])
        with pytest.raises(ConfigError, match="odule '0'"):
            rec.step()
    assert not list(tmp_path.iterdir())

    model = nn.Sequential(Gives(make, 2))
    with Recorder(model, ["0"], sessions=tmp_path) as rec:
        model(AND[0])
        rec.step()
        model(AND[0])
        rec.step()
        model(AND[0])
        with pytest.warns(RuntimeWarning, match="ended after 2 steps, the training goes on: .*odule '0'") as told:
            rec.step()
        model(AND[0])
        rec.step()
    assert len(told) == 1
    assert rec.stopped.startswith("error: ")
    assert end_of(rec) == (2, rec.stopped)


@pytest.mark.parametrize("mode", ["topk", "full", "sampled"])
def test_a_point_that_changes_its_size_ends_the_recording_before_a_bad_frame(tmp_path: Path, mode: Any) -> None:
    model = nn.Sequential(nn.Linear(2, 3))
    points = [Point("0", rows="all")]
    with Recorder(model, points, sessions=tmp_path, config=TraceConfig(capture_mode=mode)) as rec:
        for batch in (AND[0], AND[0], AND[0][:2]):  # the last one is smaller
            model(batch)
            if len(batch) == 4:
                rec.step()
        with pytest.warns(RuntimeWarning, match=r"Point '0' has 6 numbers in step 2 and had 12 before: .*drop_last"):
            rec.step()
        rec.step()
    assert end_of(rec) == (2, rec.stopped)


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


def test_copies_of_the_model_can_be_made_and_are_not_recorded(tmp_path: Path) -> None:
    model = nn.Sequential(nn.Linear(2, 3))
    with Recorder(model, ["0"], sessions=tmp_path) as rec:
        other, average = copy.deepcopy(model), AveragedModel(model)
        torch.save(model, tmp_path / "model.pt")
        y = model(AND[0])
        other(AND[0] * 5)
        average(AND[0] * 7)
        average.update_parameters(model)
        pickle.loads(pickle.dumps(model))(AND[0] * 9)
        rec.step()
    np.testing.assert_allclose(values_of(rec, 0, "0"), y[-1].detach(), rtol=1e-6)
    loaded = torch.load(tmp_path / "model.pt", weights_only=False)
    assert torch.equal(loaded(AND[0]), y)


def test_two_recorders_on_one_model_are_two_sessions(tmp_path: Path) -> None:
    model = nn.Sequential(nn.Linear(2, 3), nn.ReLU())
    first, second = Recorder(model, ["0"], sessions=tmp_path), Recorder(model, ["0", "1"], sessions=tmp_path)
    first.__enter__()
    second.__enter__()
    for _ in range(2):
        model(AND[0])
        first.step()
        second.step()
    first.__exit__(None, None, None)
    model(AND[0])
    second.step()
    second.__exit__(None, None, None)
    assert (end_of(first), end_of(second)) == ((2, "finished"), (3, "finished"))
    assert no_hooks(model)


def test_threads_record_their_own_passes(tmp_path: Path) -> None:
    model = nn.Sequential(nn.Linear(2, 3))

    def train(number: int) -> None:
        for _ in range(25):
            model(AND[0] * number)
            rec.step(number=number)

    with Recorder(model, ["0"], sessions=tmp_path) as rec:
        threads = [threading.Thread(target=train, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert rec.path is not None
    with open_session(rec.path) as reader:
        numbers = reader.column("extra/number").astype(int).tolist()
        assert sorted(numbers) == [number for number in range(4) for _ in range(25)]
        for step in range(0, 100, 7):
            y = model(AND[0] * numbers[step])[-1].detach()
            np.testing.assert_allclose(reader.frame(step).values(reader.session.layout, "0"), y, rtol=1e-5)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_process_leaves_the_recording_alone(tmp_path: Path) -> None:
    code = """
import os, sys, warnings, torch, mri
from torch import nn
model, x = nn.Sequential(nn.Linear(2, 3)), torch.ones(4, 2)
warnings.simplefilter("error")
with mri.Recorder(model, ["0"], sessions=sys.argv[1], session_id="forked") as rec:
    model(x)
    rec.step()
    if os.fork() == 0:
        model(x * 2)
        try:
            rec.step()
        except RuntimeWarning as told:
            sys.exit(7 if "forked off" in str(told) and rec.stopped else 8)
    assert os.waitstatus_to_exitcode(os.wait()[1]) == 7
    model(x)
    rec.step()
assert rec.path.name == "forked.h5" and rec.num_steps == 2 and not rec.stopped, (rec.path, rec.num_steps, rec.stopped)
"""
    command = [sys.executable, "-c", code, str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    with open_session(tmp_path / "forked.h5") as reader:
        assert (reader.num_steps, reader.session.end_reason) == (2, "finished")


def error_of(number: int) -> Callable[..., Any]:
    def raises(*_: Any, **__: Any) -> Any:
        raise OSError(number, os.strerror(number))

    return raises


FAULTS: dict[str, Callable[[pytest.MonkeyPatch, Path], None]] = {
    "no space is left": lambda patch, folder: patch.setattr("mri.store.writer.free_bytes", lambda _: 1000),
    "the disk is gone": lambda patch, folder: patch.setattr("mri.store.writer.free_bytes", error_of(errno.ENODEV)),
    **{
        f"write says {errno.errorcode[number]}": lambda patch, folder, number=number: patch.setattr(
            "mri.store.journal.os.write", error_of(number)
        )
        for number in (errno.ENOSPC, errno.EIO, errno.ESTALE, errno.EDQUOT, errno.EROFS)
    },
    "the folder is removed": lambda patch, folder: shutil.rmtree(folder),
    "another thing": lambda patch, folder: patch.setattr("mri.tracer.points.reduce_rows", error_of(errno.ENOMEM)),
}


def train(rec: Recorder | None, model: nn.Module, before_step: Callable[[int], None]) -> list[float]:
    """Six steps. -> their losses"""
    optimizer, losses = torch.optim.SGD(model.parameters(), lr=0.5), []
    for step in range(6):
        loss = nn.functional.mse_loss(model(AND[0]), AND[1])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        before_step(step)
        if rec:
            rec.step(loss=loss, gradient=model[0].weight.grad)  # type: ignore[index, union-attr]
        losses.append(loss.item())
    return losses


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
@pytest.mark.parametrize("at", [0, 3])
def test_a_disk_that_fails_ends_the_recording_and_not_the_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: Callable[[pytest.MonkeyPatch, Path], None], at: int
) -> None:
    """The losses are those of the training without a recorder; the steps before are there, if the folder is."""
    model = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
    expected = train(None, copy.deepcopy(model), lambda step: None)
    folder = tmp_path / "sessions"
    folder.mkdir()
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        with Recorder(model, ["0", "1.weight"], sessions=folder) as rec:
            losses = train(rec, model, lambda step: fault(monkeypatch, folder) if step == at else None)
            assert no_hooks(model) == bool(rec.stopped)
    monkeypatch.undo()
    assert losses == expected
    if at == 0 and fault is FAULTS["the folder is removed"]:  # it is made anew
        assert (told, rec.stopped, rec.num_steps) == ([], "", 6)
        return
    [warning] = told
    assert f"ended after {at} steps, the training goes on: " in str(warning.message)
    assert rec.stopped.startswith("error: ")
    assert rec.num_steps == at
    if rec.path is None:
        assert at == 0 or fault is FAULTS["the folder is removed"]
        return
    with open_session(rec.path) as reader:
        assert reader.num_steps == at
        assert at == 0 or reader.column("extra/loss").tolist() == pytest.approx(expected[:at])


def test_a_budget_that_is_too_small_is_refused_at_first_and_ends_a_recording_later(tmp_path: Path) -> None:
    model = nn.Sequential(nn.Linear(2, 3))
    config = TraceConfig(quantization="f32", max_bytes_per_step=200)
    with Recorder(model, ["0"], sessions=tmp_path, config=config) as rec:
        model(AND[0])
        with pytest.raises(ConfigError, match=r"first step is too large .*: raise max_bytes_per_step"):
            rec.step(much=np.zeros(100))
        assert not list(tmp_path.iterdir())
        model(AND[0])
        rec.step()
        model(AND[0])
        with pytest.warns(RuntimeWarning, match="ended after 1 steps, the training goes on: step 1 needs"):
            rec.step(much=np.zeros(100))
    assert rec.stopped == "budget"
    assert end_of(rec) == (1, "budget")


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


def test_a_place_that_cannot_be_written_is_refused_before_the_first_pass(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = nn.Sequential(nn.Linear(2, 3))
    with Recorder(model, ["0.bias"], sessions=tmp_path, session_id="taken") as rec:
        rec.step()
    (tmp_path / "file").write_text("")
    for sessions, session_id, words in (
        (tmp_path, "taken", "Session taken exists already"),
        (tmp_path, "../up", r"'\.\./up' cannot name a session"),
        (tmp_path / "file", "", "Cannot write to .*file"),
        (tmp_path / "file" / "sessions", "", "Cannot write to .*sessions"),
    ):
        with pytest.raises(StoreError, match=words):
            Recorder(model, ["0"], sessions=sessions, session_id=session_id)
    monkeypatch.setattr("mri.tracer.modules.free_bytes", lambda folder: 5_000_000)
    with pytest.raises(StoreError, match="Only 5 MB of disk are free"):
        Recorder(model, ["0"], sessions=tmp_path / "new")
    assert no_hooks(model)
    assert {path.name for path in tmp_path.iterdir()} == {"taken.h5", "file"}


def test_a_recorder_is_used_once_and_within_its_block(tmp_path: Path) -> None:
    model = nn.Sequential(nn.Linear(2, 3))
    rec = Recorder(model, ["0"], sessions=tmp_path)
    with pytest.raises(ConfigError, match="outside of its block"):
        rec.step()
    with rec:
        with pytest.raises(ConfigError, match="has had its block"):
            rec.__enter__()
        model(AND[0])
        rec.step()
    with pytest.raises(ConfigError, match="outside of its block"):
        rec.step()
    assert (rec.num_steps, end_of(rec)) == (1, (1, "finished"))


def test_an_interrupt_is_no_error_and_odd_texts_are_written(tmp_path: Path) -> None:
    model = nn.Sequential(nn.Linear(2, 3))
    errors = {"interrupted": KeyboardInterrupt(), "error: ValueError: half ?": ValueError("half \ud83d")}
    for reason, error in errors.items():
        rec = Recorder(model, ["0.bias"], sessions=tmp_path, name="half \ud83d")

        def script(rec: Recorder = rec, error: BaseException = error) -> None:
            with rec:
                rec.step()
                raise error

        with pytest.raises(type(error)):
            script()
        assert end_of(rec) == (1, reason)


def test_the_session_says_device_dtype_and_the_wrapped_models_name(tmp_path: Path) -> None:
    model = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 3).bfloat16(), nn.BatchNorm1d(3))
    compiled = torch.compile(model, backend="eager")
    with Recorder(compiled, ["0.bias"], sessions=tmp_path) as rec:
        rec.step()
    assert rec.path is not None
    with open_session(rec.path) as reader:
        session = reader.session
    assert session.model_id == "Sequential"
    assert session.provenance["device"] == "cpu"
    assert session.provenance["dtype"] == "float32, bfloat16"
    assert session.provenance["versions"]["torch"] == torch.__version__


def test_code_compiled_before_the_block_is_said(tmp_path: Path) -> None:
    torch._dynamo.reset()
    model = nn.Sequential(nn.Linear(2, 3))
    compiled = torch.compile(model, backend="eager")
    compiled(AND[0])
    with Recorder(compiled, ["0"], sessions=tmp_path) as rec:
        compiled(AND[0])
        with pytest.raises(ConfigError, match=r"'0' has not run yet.*compiled before the block calls no hooks"):
            rec.step()
