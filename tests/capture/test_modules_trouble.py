"""What mri.Recorder refuses at first, and what ends a recording later: the training goes on."""

from __future__ import annotations

import copy
import errno
import os
import shutil
import warnings
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from mri.capture.modules import Recorder
from mri.capture.points import Point
from mri.errors import ConfigError, StoreError
from mri.format.config import TraceConfig
from mri.store.opening import open_session
from tests.capture.trainings import AND, end_of, no_hooks


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
    "another thing": lambda patch, folder: patch.setattr("mri.capture.points.reduce_rows", error_of(errno.ENOMEM)),
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
    if at == 0 or fault is FAULTS["the folder is removed"]:
        assert rec.path is None
        assert not [*folder.rglob("*")]
        return
    assert rec.path is not None
    with open_session(rec.path) as reader:
        assert reader.num_steps == at
        assert reader.column("extra/loss").tolist() == pytest.approx(expected[:at])


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
        (tmp_path / "file", "", "Cannot write to .*file|is a file"),
        (tmp_path / "file" / "sessions", "", "Cannot write to .*sessions|is a file"),
    ):
        with pytest.raises(StoreError, match=words):
            Recorder(model, ["0"], sessions=sessions, session_id=session_id)
    monkeypatch.setattr("mri.capture.modules.free_bytes", lambda folder: 5_000_000)
    with pytest.raises(StoreError, match="Only 5 MB of disk are free"):
        Recorder(model, ["0"], sessions=tmp_path / "new")
    assert no_hooks(model)
    assert {path.name for path in tmp_path.iterdir()} == {"taken.h5", "file"}


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
