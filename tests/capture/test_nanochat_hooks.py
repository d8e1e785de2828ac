from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from mri.capture.hooks import HookSet, Tap, nanochat_taps
from mri.capture.nanochat_hooks import NanochatHooks, RawStep
from mri.capture.recorder import GenerationRecorder, layout_of_model
from mri.format.captured import Captured
from mri.format.config import Sampling
from mri.nanochat.checkpoint import LoadedModel
from mri.nanochat.model import GPT
from mri.run.engine import generate
from tests.capture import forks
from tests.capture.sinks import ListSink


def test_a_hook_that_torch_has_not_noted_yet_as_one_with_keywords_breaks_no_other_thread() -> None:
    """register_forward_pre_hook puts it in first and notes that it takes keywords then: a pass may run between."""
    model, steps, errors = forks.small(), list[RawStep](), list[Exception]()
    with NanochatHooks(model, steps.append, errors.append):
        for module in model.modules():
            module._forward_pre_hooks_with_kwargs.clear()
        forks.greedy(model, [1, 2, 3], 1)
    assert not errors
    assert len(steps) == 2
    assert torch.equal(steps[0].idx, torch.tensor([1, 2, 3]))


class _Other:
    """Looked at, it is another thread, which puts its stand-in on the module just then."""

    def __get__(self, _: object, owner: type) -> None:
        for module in owner.instances:  # type: ignore[attr-defined]
            module.__dict__["forward"] = module.forward


def test_another_thread_may_put_its_stand_in_on_a_module_that_is_looked_at() -> None:
    model = forks.small()
    looked_at = type("MLP", (type(model.transformer["h"][0].mlp),), {"__module__": "mri.nanochat.model"})  # type: ignore[index, union-attr]
    mlp = model.transformer["h"][0].mlp  # type: ignore[index, union-attr]
    mlp.__class__, looked_at.instances, looked_at.training = looked_at, [mlp], _Other()  # type: ignore[attr-defined]
    with NanochatHooks(model, lambda step: None, lambda error: None):
        forks.greedy(model, [1, 2, 3], 1)


MODELS: dict[str, Callable[[], GPT]] = {
    "ours": forks.small,
    "in place": lambda: forks.fork(forks.small(), forks.InPlaceBlock, forks.InPlaceMLP),
    "by keywords": lambda: forks.fork(forks.small(), forks.KeywordBlock),
}
TAPS = nanochat_taps(2)


@pytest.mark.parametrize("kind", MODELS)
@pytest.mark.parametrize("tap", TAPS, ids=lambda tap: tap.key)
@pytest.mark.parametrize("first", ["edit", "recorder"])
def test_what_is_recorded_of_an_edited_point_is_what_went_on(kind: str, tap: Tap, first: str) -> None:
    model, sink, gone_on = MODELS[kind](), ListSink(), list[Tensor]()
    whole = forks.greedy(model, [5])

    def edit(key: str, value: Tensor) -> Tensor:
        assert key == tap.key
        new = value * 0.5
        gone_on.append(new[0, -1].clone())
        return new

    edits = HookSet(model, [tap], edit, edits=True)
    recorder = GenerationRecorder(model, layout_of_model(model, forks.STEPWISE), sink)
    outer, inner = (edits, recorder) if first == "edit" else (recorder, edits)
    with outer, inner:
        edited = forks.greedy(model, [5])
    assert recorder.stopped == ""
    assert len(sink.frames) == len(gone_on) == 6
    for frame, value, logits in zip(sink.frames, gone_on, edited, strict=True):
        if tap.key == "final.logits":  # the strongest, behind their softcap
            ids = frame.arrays["logits/token_ids"].tolist()
            np.testing.assert_allclose(frame.arrays["logits/values"], logits[ids], rtol=1e-5)
        else:
            np.testing.assert_array_equal(Captured(frame, recorder.layout).values(tap.key), value)
    assert not torch.equal(edited[0], whole[0])
    assert forks.nothing_left(model)
    assert forks.same(forks.greedy(model, [5]), whole)


def test_an_edit_that_changes_nothing_leaves_every_bit_of_a_recording(golden: LoadedModel) -> None:
    taps = nanochat_taps(golden.model.config.n_layer)

    def record() -> list[dict[str, bytes]]:
        sink = ListSink()
        layout = layout_of_model(golden.model, forks.EXACT)
        with GenerationRecorder(golden.model, layout, sink, max_delay_ms=1e6, cache_only_grows=True) as recorder:
            for step in generate(golden.model, [1, 5, 9, 13], Sampling(8, 1.0, seed=3)):
                recorder.choose(step.next_id, forced=step.forced, phase=step.phase)
        return [{name: array.tobytes() for name, array in frame.arrays.items()} for frame in sink.frames]

    plain = record()
    with HookSet(golden.model, taps, lambda key, value: value * 1, edits=True):
        assert record() == plain
    with HookSet(golden.model, taps, lambda key, value: None, edits=True):
        assert record() == plain


def test_a_head_switched_off_by_a_hook_is_one_whose_columns_of_c_proj_are_zero(golden: LoadedModel) -> None:
    """For every era, every block and head."""
    model, width = golden.model, golden.model.config.head_dim

    def logits() -> Tensor:
        with torch.inference_mode():
            out: Tensor = model(torch.tensor([[1, 5, 9, 13, 17, 21]]))
        return out

    whole = logits()
    for layer, block in enumerate(model.transformer["h"]):
        for head in range(model.config.n_head):
            columns = slice(head * width, (head + 1) * width)

            def off(_key: str, y: Tensor, columns: slice = columns) -> Tensor:
                y = y.clone()
                y[..., columns] = 0
                return y

            with HookSet(model, [Tap("y", f"transformer.h.{layer}.attn.c_proj", "input")], off, edits=True):
                by_hook = logits()
            weight = block.attn.c_proj.weight
            kept = weight.detach().clone()
            with torch.no_grad():
                weight[:, columns] = 0
                by_weights = logits()
                weight.copy_(kept)
            assert (by_hook - by_weights).abs().max() < 1e-6
            assert not torch.equal(by_hook, whole)
    assert torch.equal(logits(), whole)
