"""Steps against their layout: what fits is written, what does not is refused before a byte is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mri.errors import BadFrame
from mri.format.config import TraceConfig
from mri.format.events import StepFrame, TraceSession
from mri.format.frame_check import FrameCheck, header_fault
from mri.format.hook_points import HookPoint
from mri.format.layout import LAYERS_DROPPED_BIT, PAYLOADS, Layout
from mri.format.presets import PRESETS
from mri.store.unsealed import JournalReader
from mri.store.writer import SessionWriter
from tests.conftest import random_frame, random_layout

CONFIGS = {
    **PRESETS,
    "q8": TraceConfig(capture_mode="sampled", quantization="q8", prefill="positions"),
    "matrix": TraceConfig(capture_mode="full", quantization="f32", attention_tier="full_matrix"),
}


def fault(check: FrameCheck, frame: StepFrame) -> str:
    return check.fault(frame.header(), {name: (array.dtype, array.shape) for name, array in frame.arrays.items()})


def frames(layout: Layout) -> list[StepFrame]:
    """A prompt of five tokens in one pass and token by token, and a step after it."""
    rng = np.random.default_rng(0)
    many, one = random_frame(layout, rng, 0, "prefill", 0, 5), random_frame(layout, rng, 0, "prefill", 0, 1)
    return [many, one, random_frame(layout, rng, 0, "decode", 5, 1)]


@pytest.mark.parametrize("name", CONFIGS)
def test_what_the_layout_lists_fits_and_nothing_else(name):
    layout = random_layout(2, 16, 2, CONFIGS[name])
    check = FrameCheck(layout)
    for frame in frames(layout):
        assert fault(check, frame) == ""
        for changed, array in frame.arrays.items():
            for axis in range(array.ndim):
                for shorter in (np.delete(array, 0, axis), np.concatenate([array, array], axis)):
                    wrong = replace(frame, arrays=frame.arrays | {changed: shorter})
                    assert changed in fault(check, wrong)
            assert changed in fault(check, replace(frame, arrays=frame.arrays | {changed: array[None]}))
            other = array.astype(np.float64)
            assert changed in fault(check, replace(frame, arrays=frame.arrays | {changed: other}))
        assert "extra of" in fault(check, replace(frame, arrays=frame.arrays | {"extra of": array}))
        assert fault(check, replace(frame, arrays=frame.arrays | {"extra/of": np.zeros((3, 0))})) == ""


def test_what_is_left_out_must_be_said():
    layout = random_layout(2, 16, 2, CONFIGS["everything"])
    check, frame = FrameCheck(layout), frames(layout)[2]
    for gone in frame.arrays:
        without = replace(frame, arrays={name: array for name, array in frame.arrays.items() if name != gone})
        assert fault(check, without) == f"lacks {gone} and does not say that it was left out"
        said = [bit for bit, prefix in enumerate(PAYLOADS) if gone.startswith(prefix + "/") or gone == prefix]
        for bit in said:
            assert fault(check, replace(without, dropped=1 << bit)) == ""


def test_of_a_prompt_in_one_pass_values_may_be_there_or_not():
    layout = random_layout(2, 16, 2, PRESETS["rows"])
    check, (many, one, _) = FrameCheck(layout), frames(layout)
    bare = {name: array for name, array in many.arrays.items() if not name.startswith("topk/")}
    assert fault(check, replace(many, arrays=bare)) == ""
    wide = np.zeros((14, 5 * 16), np.float16)  # rows of T · width, as once were written
    assert "topk/16/values" in fault(check, replace(many, arrays=many.arrays | {"topk/16/values": wide}))
    short = {name: array for name, array in one.arrays.items() if not name.startswith("topk/")}
    assert "lacks topk/16" in fault(check, replace(one, arrays=short))


def test_rows_of_dropped_layers_are_gone_and_only_those():
    layout = random_layout(3, 16, 2, PRESETS["rows"])
    rng, mark = np.random.default_rng(0), 1 << LAYERS_DROPPED_BIT
    check = FrameCheck(layout)
    frame = random_frame(layout, rng, 0, "decode", 0, 1, dropped=mark, dropped_layers=(0, 2))
    assert fault(check, frame) == ""
    for layers, dropped in (((0,), mark), ((0, 1, 2), mark), ((2, 0), mark), ((0, 2), 0), ((0, 3), mark), ((), 0)):
        assert fault(check, replace(frame, dropped_layers=layers, dropped=dropped))


def test_points_of_a_training_script():
    points = [HookPoint("hidden", 0, "module", 8, "topk"), HookPoint("out", 1, "module", 3, "topk")]
    layout = Layout.plan(points, TraceConfig(quantization="f32"))
    frame = random_frame(layout, np.random.default_rng(0), 0, "train", 0, 0)
    check = FrameCheck(layout)
    assert fault(check, frame) == ""
    wider = replace(frame, arrays=frame.arrays | {"topk/3/values": np.zeros((1, 4), np.float32)})
    assert "topk/3/values in the shape (1, 4), where its layout says (1, 3)" in fault(check, wider)


@pytest.mark.parametrize(
    "change",
    [
        {"step": "0"},
        {"step": True},
        {"phase": "x"},
        {"phase": None},
        {"pos0": -1},
        {"t_add": 1 << 40},
        {"forced": 1},
        {"chosen_id": 1.5},
        {"time_us": None},
        {"dropped": -1},
        {"dropped_layers": None},
        {"dropped_layers": ["0"]},
        {"more": 1},
        {"drop": "step"},
    ],
    ids=str,
)
def test_scalars_of_other_types_are_found(change):
    header = StepFrame(0, "decode", 0, 1, {}).header()
    assert header_fault(header) == ""
    assert header_fault(header | change)
    assert header_fault(None)
    assert header_fault({})


def test_nothing_of_a_refused_step_is_written_and_the_right_one_follows(tmp_path):
    layout = random_layout(2, 16, 2, TraceConfig())
    frame = frames(layout)[2]
    with SessionWriter(tmp_path, TraceSession("one", layout)) as writer:
        wrong = replace(frame, arrays=frame.arrays | {"stats": frame.arrays["stats"][1:]})
        with pytest.raises(BadFrame, match=r"Step 0 of one has stats in the shape \(20, 7\)"):
            writer.append(wrong)
        assert (writer.folder / "frames.journal").stat().st_size == 0
        writer.append(frame)
        folder = writer.finish("stopped", seal=False)
    with JournalReader(folder) as reader:
        reader.verify()
