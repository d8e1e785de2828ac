"""mri.Recorder among copies, compilers, threads, forks and other recorders."""

from __future__ import annotations

import copy
import os
import pickle
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel

from mri.capture.modules import Recorder
from mri.errors import ConfigError
from mri.format.captured import Captured
from mri.store.opening import open_session
from tests.capture.trainings import AND, end_of, no_hooks, values_of

ROOT = Path(__file__).parents[2]


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
            np.testing.assert_allclose(Captured(reader.frame(step), reader.session.layout).values("0"), y, rtol=1e-5)


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
    assert {"float32", "bfloat16"} <= set(session.provenance["dtype"].split(", "))
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
