"""What cannot be recorded is refused or left out and said; trouble never reaches the model's work."""

from __future__ import annotations

import copy
import gc
import warnings
import weakref
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from mri.capture.watch import watch
from mri.errors import ConfigError, ModelError, StoreError, UnknownHookPoint
from mri.format.captured import Captured
from mri.format.events import StepFrame
from mri.nanochat.checkpoint import LoadedModel
from mri.nanochat.model import GPT, MLP
from mri.store.library import Library
from mri.store.opening import open_session
from tests.capture import forks
from tests.capture.forks import (
    PROMPT,
    STEPWISE,
    fork,
    greedy,
    nothing_left,
    same,
)


class WideMLP(MLP):
    def __init__(self) -> None:
        nn.Module.__init__(self)
        self.c_fc, self.c_proj = nn.Linear(64, 96, bias=False), nn.Linear(96, 64, bias=False)


def test_other_widths_and_calls_by_keyword_are_recorded(model: GPT, tmp_path: Path) -> None:
    theirs = fork(model, block=forks.KeywordBlock)
    theirs.transformer["h"][1].mlp = WideMLP()
    with watch(theirs, sessions=tmp_path, config=STEPWISE) as scan:
        greedy(theirs, PROMPT, 2)
    assert scan.stopped == ""
    assert scan.path is not None
    with open_session(scan.path) as reader:
        layout = reader.session.layout
        assert (layout.width("block.0.mlp_act"), layout.width("block.1.mlp_act")) == (256, 96)
        assert np.isfinite(Captured(reader.frame(2), layout).values("block.1.mlp_pre")).all()


def swiglu(model: GPT) -> GPT:
    model = copy.deepcopy(model)
    mlp = model.transformer["h"][1].mlp
    mlp.w1 = mlp.c_fc
    del mlp.c_fc
    return model


def test_what_is_no_nanochat_is_refused_with_nothing_left(model: GPT, tmp_path: Path, golden: LoadedModel) -> None:
    with pytest.raises(ModelError, match="name the points"):
        watch(nn.Linear(2, 2), sessions=tmp_path)
    with pytest.raises(UnknownHookPoint, match=r"'transformer.h.1.mlp.c_fc'.*has c_proj, w1"):
        watch(swiglu(model), sessions=tmp_path)
    with pytest.raises(ModelError, match="tokenizer has 300 tokens and the model 512"):
        watch(forks.small(vocab_size=512), tokenizer=golden.tokenizer._encoding, sessions=tmp_path)
    with pytest.raises(ConfigError, match="surrogate"):
        watch(model, name="caf\udce9", sessions=tmp_path)
    assert not list(tmp_path.iterdir())
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    with pytest.raises(StoreError):
        watch(model, sessions=blocked).__enter__()
    assert nothing_left(model)


class SkippingBlock(forks.Block):
    def forward(self, x: Tensor, value_embed: Tensor | None, read: object) -> Tensor:
        return x + self.attn(forks.norm(x), value_embed, read)  # type: ignore[no-any-return]


class TwiceBlock(forks.Block):
    def forward(self, x: Tensor, value_embed: Tensor | None, read: object) -> Tensor:
        x = x + self.mlp(forks.norm(x))
        return super().forward(x, value_embed, read)


@pytest.mark.parametrize(
    ("block", "sentence"),
    [(SkippingBlock, "ln2 was not computed"), (TwiceBlock, "computed twice")],
    ids=["not", "twice"],
)
def test_a_pass_that_is_not_nanochats_ends_the_recording_and_not_the_work(
    model: GPT, tmp_path: Path, block: type, sentence: str
) -> None:
    theirs = fork(model, block=block)
    plain = greedy(theirs, PROMPT, 3)
    with pytest.warns(RuntimeWarning, match=sentence), watch(theirs, sessions=tmp_path) as scan:
        assert same(greedy(theirs, PROMPT, 3), plain)
    assert sentence in scan.stopped
    assert scan.path is None
    assert not list(tmp_path.iterdir())
    assert nothing_left(theirs)


FAULTS = [
    OSError(28, "No space left on device"),
    OSError(5, "Input/output error"),
    OSError(116, "Stale file handle"),
    FileNotFoundError(2, "gone"),
    PermissionError(13, "read-only"),
    MemoryError(),
    ValueError("array"),
    RuntimeError("cuda"),
    StoreError("The disk is full: free some."),
    KeyError("x"),
    RecursionError(),
]


@pytest.mark.parametrize("fault", FAULTS, ids=repr)
@pytest.mark.parametrize("at", [0, 2])
def test_whatever_goes_wrong_ends_the_recording_and_not_the_work(
    model: GPT, tmp_path: Path, fault: Exception, at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = greedy(model, PROMPT, 12)
    scan, append = watch(model, sessions=tmp_path), watch.append

    def broken(self: watch, frame: StepFrame) -> None:
        if frame.step == at:
            raise fault
        append(self, frame)

    monkeypatch.setattr(watch, "append", broken)
    with pytest.warns(RuntimeWarning, match="stopped recording"), scan:
        assert same(greedy(model, PROMPT, 12), plain)
    assert scan.stopped.startswith("error: ")
    infos = Library(tmp_path).list()
    assert [info.num_steps for info in infos] == ([at] if at else [])
    assert len(list(tmp_path.iterdir())) == len(infos)
    assert nothing_left(model)


def test_a_folder_that_goes_away_ends_the_recording_and_not_the_work(model: GPT, tmp_path: Path) -> None:
    import shutil

    plain = greedy(model, PROMPT, 20)
    scan = watch(model, sessions=tmp_path / "s")

    def run() -> bool:
        with scan:
            greedy(model, PROMPT, 5)
            shutil.rmtree(tmp_path / "s")
            return same(greedy(model, PROMPT, 20), plain)

    with pytest.warns(RuntimeWarning):
        assert run()
    assert scan.stopped
    assert nothing_left(model)


def test_a_block_without_a_pass_leaves_no_session(model: GPT, tmp_path: Path) -> None:
    with pytest.warns(RuntimeWarning, match="saw no pass"), watch(model, sessions=tmp_path) as scan:
        pass
    assert scan.path is None
    assert not list(tmp_path.iterdir())


def test_an_exception_keeps_what_was_recorded(golden: LoadedModel, tmp_path: Path) -> None:
    scan = watch(golden.model, sessions=tmp_path)

    def script() -> None:
        with scan:
            greedy(golden.model, [5, 6, 7], 3)
            raise ZeroDivisionError("oops")

    with pytest.raises(ZeroDivisionError):
        script()
    assert scan.path is not None
    with open_session(scan.path) as reader:
        assert reader.session.end_reason == "error: ZeroDivisionError: oops"
        assert reader.num_steps == 4
    assert nothing_left(golden.model)


def test_an_exception_in_the_model_is_the_models_own(model: GPT, tmp_path: Path) -> None:
    theirs = copy.deepcopy(model)
    handle = theirs.transformer["h"][1].mlp.register_forward_pre_hook(lambda *_: 1 / 0)
    with watch(theirs, sessions=tmp_path) as scan:
        with pytest.raises(ZeroDivisionError):
            greedy(theirs, PROMPT, 1)
        handle.remove()
        greedy(theirs, PROMPT, 2)
    assert len(scan.paths) == 1
    assert nothing_left(theirs)


def test_a_compiled_or_wrapped_model_is_watched_under_its_own_name(model: GPT, tmp_path: Path) -> None:
    class Wrapper(nn.Module):
        def __init__(self, module: nn.Module) -> None:
            super().__init__()
            self.module = module

    compiled = torch.compile(copy.deepcopy(model), backend="eager")
    ids = torch.tensor([PROMPT])
    with torch.inference_mode():
        plain = model(ids)
        with watch(Wrapper(compiled), sessions=tmp_path) as scan:
            assert torch.equal(compiled(ids), plain)
            assert torch.equal(compiled(ids[:, :4]), plain[:, :4])
            greedy(compiled._orig_mod, PROMPT, 2)
    assert scan.stopped == ""
    assert len(scan.paths) == 3
    for path, num_steps in zip(scan.paths, (1, 1, 3), strict=True):
        with open_session(path) as reader:
            assert reader.session.model_id == "mri.nanochat.model.GPT"
            assert reader.num_steps == num_steps


def test_memory_of_a_recording_ends_with_it(model: GPT, tmp_path: Path) -> None:
    with watch(model, sessions=tmp_path) as scan:
        greedy(model, PROMPT, 2)
    alive = weakref.ref(scan)
    del scan
    gc.collect()
    assert alive() is None


def test_warnings_as_errors_do_not_reach_the_model(model: GPT, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: watch, frame: StepFrame) -> None:
        raise StoreError("The disk is full: free some.")

    monkeypatch.setattr(watch, "append", full)
    plain, scan, runs = greedy(model, PROMPT, 3), watch(model, sessions=tmp_path), []
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(RuntimeWarning), scan:
            runs.append(greedy(model, PROMPT, 3))
    assert same(runs[0], plain)
