from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from mri.captured import Captured
from mri.config import TraceConfig
from mri.errors import ConfigError
from mri.events import StepFrame
from mri.hook_points import HookPoint
from mri.layout import LAYERS_DROPPED_BIT, Layout
from mri.tracer.points import Point, array_of_extra, arrays_of_points, checked_points, float32_of

NO_NUMBERS = {
    "meta": (torch.ones(2, device="meta"), "on the meta device"),
    "complex": (torch.ones(2) * 1j, "complex"),
    "sparse": (torch.ones(2).to_sparse(), "sparse_coo"),
    "empty": (torch.ones(0, 3), "empty"),
    "none": (None, "no tensor (NoneType)"),
    "no weights yet": (nn.LazyLinear(2).weight, "cannot be read"),
}


@pytest.mark.parametrize(("value", "words"), NO_NUMBERS.values(), ids=NO_NUMBERS)
def test_what_has_no_plain_numbers_is_refused_in_a_sentence_that_names_it(value: Any, words: str) -> None:
    with pytest.raises(ConfigError, match="he output of module 'a'") as refused:
        float32_of("The output of module 'a'", value)
    assert words in str(refused.value)
    assert str(refused.value).count(". ") == 0


def test_values_within_a_torch_func_transform_are_refused_once_it_is_over() -> None:
    escaped = []
    torch.vmap(lambda x: escaped.append(x.detach().clone()) or x)(torch.ones(2, 3))
    with pytest.raises(ConfigError, match="numbers of x cannot be read"):
        float32_of("x", escaped[0])


@pytest.mark.parametrize("dtype", [torch.bool, torch.int64, torch.float16, torch.bfloat16, torch.float64])
def test_every_kind_of_number_becomes_float32(dtype: torch.dtype) -> None:
    x = float32_of("x", torch.tensor([0.0, 1.0], dtype=dtype))
    assert (x.dtype, x.tolist()) == (torch.float32, [0.0, 1.0])


@pytest.mark.parametrize(
    ("value", "expected"),
    [(2, 2.0), (True, 1.0), ([1, 2], [1.0, 2.0]), (np.float64(1e300), np.inf), (torch.tensor([3]), [3.0])],
    ids=repr,
)
def test_extras_are_numbers_tensors_and_arrays(value: Any, expected: Any) -> None:
    array = array_of_extra("loss", value)
    assert array.dtype == np.float32
    np.testing.assert_array_equal(array, np.float32(expected))


@pytest.mark.parametrize("value", ["1", 1j, np.array([1j]), [], [[1], [2, 3]], {"a": 1}, torch.ones(2) * 1j], ids=repr)
def test_extras_that_are_no_real_numbers_are_refused(value: Any) -> None:
    with pytest.raises(ConfigError, match="The extra 'loss' is "):
        array_of_extra("loss", value)


@pytest.mark.parametrize("name", ["a b", "a/b", ".", ""])
def test_names_that_no_file_can_have_are_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="cannot be a name"):
        array_of_extra(name, 1)


def test_points_are_checked() -> None:
    assert checked_points(["a", Point("b", "all")]) == [Point("a"), Point("b", "all")]
    for points, words in (
        ([], "nothing to record"),
        ("hidden", r"write \['hidden'\]"),
        (["a", "b", Point("a", "all")], "'a' is named 2 times"),
        ([Point("a", "first")], "rows='first' of point 'a'"),  # type: ignore[arg-type]
        (["a b"], "'a b' cannot name a point"),
    ):
        with pytest.raises(ConfigError, match=words):
            checked_points(points)


@pytest.mark.parametrize("quantization", ["f32", "f16", "q8"])
@pytest.mark.parametrize("mode", ["topk", "full", "sampled", "stats"])
@pytest.mark.parametrize("present", ["abc", "ac", "c", ""])
def test_points_without_rows_have_none_in_any_array(quantization: Any, mode: Any, present: str) -> None:
    config = TraceConfig(capture_mode=mode, quantization=quantization, sample_stride=2, topk=2)
    widths = {"a": 4, "b": 4, "c": 3}
    points = [HookPoint(key, i, "module", width, "topk") for i, (key, width) in enumerate(widths.items())]
    layout = Layout.plan(points, config)
    rows = {key: torch.arange(2.0 * widths[key]).reshape(2, -1) + 1 for key in present}
    absent = tuple(i for i, point in enumerate(points) if point.key not in present)
    arrays = arrays_of_points(layout, rows)
    frame = StepFrame(0, "train", 0, 0, arrays, dropped=bool(absent) << LAYERS_DROPPED_BIT, dropped_layers=absent)
    for name, (dtype, shape) in layout.specs("train", 0, 0).items():
        layers = layout.layer_of_rows(name)
        assert layers is not None
        assert arrays[name].shape == (sum(layer not in absent for layer in layers), *shape[1:])
        assert arrays[name].dtype == dtype
    for key in ("a", "b", "c"):
        indices, values = Captured(frame, layout).captured(key)
        if key in present:
            assert Captured(frame, layout).stats(key)["max"] == rows[key].max()
            np.testing.assert_allclose(values, rows[key][-1][indices], rtol=0.01)
        else:
            assert np.isnan(Captured(frame, layout).stats(key)["mean"])
            assert len(indices) == 0
