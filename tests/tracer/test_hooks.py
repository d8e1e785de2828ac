from __future__ import annotations

import copy
import io
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from mri.errors import ModelError, UnknownHookPoint
from mri.tracer.hooks import HookSet, Tap, parameter_or_module

X = torch.arange(6.0).reshape(2, 3)


class Gate(nn.Module):
    """Scales `x`; another argument may come first where both are given by name."""

    def forward(self, x: Tensor, scale: float = 1.0) -> Tensor:
        return x * scale


class Tied(nn.Module):
    """An embedding whose weight is the head's too, one activation under two names, a buffer."""

    def __init__(self) -> None:
        super().__init__()
        self.embed, self.head = nn.Embedding(5, 3), nn.Linear(3, 5, bias=False)
        self.head.weight = self.embed.weight
        self.act1 = self.act2 = nn.ReLU()
        self.norm = nn.BatchNorm1d(3)

    def forward(self, ids: Tensor) -> Tensor:
        out: Tensor = self.head(self.act2(self.act1(self.embed(ids))))
        return out


def pickled(model: nn.Module) -> Any:
    return pickle.loads(pickle.dumps(model))


def saved(model: nn.Module) -> Any:
    file = io.BytesIO()
    torch.save(model, file)
    file.seek(0)
    return torch.load(file, weights_only=False)


def averaged(model: nn.Module) -> Any:
    return AveragedModel(model).module


def copied_twice(model: nn.Module) -> Any:
    return copy.deepcopy(copy.deepcopy(model))


COPIES = [copy.deepcopy, pickled, saved, averaged, copied_twice]


@pytest.mark.parametrize("copied", COPIES, ids=lambda function: function.__name__)
def test_a_copy_works_and_does_not_reach_what_listens(copied: Callable[[nn.Module], nn.Module]) -> None:
    model, values = nn.Sequential(nn.Linear(3, 2), nn.ReLU()), []
    with HookSet(model, [Tap("first", "0", "output")], lambda key, value: values.append((key, value))):
        other = copied(model)
        y = other(X)
        assert values == []
        assert torch.equal(model(X), y)
        assert len(values) == 1
        assert torch.equal(model[1](values[0][1]), y)
    assert not model[0]._forward_hooks


def test_a_shallow_copy_shares_the_dict_of_hooks_and_is_not_heard() -> None:
    model, values = nn.Sequential(nn.Linear(3, 2)), []
    with HookSet(model, [Tap("first", "0", "output")], lambda key, value: values.append(value)):
        other = copy.copy(model[0])
        assert other._forward_hooks is model[0]._forward_hooks
        other(X)
    assert values == []


def test_a_file_saved_within_the_block_loads_where_this_package_is_not(tmp_path: Path) -> None:
    model = nn.Sequential(nn.Linear(3, 2))
    with HookSet(model, [Tap("first", "0", "output")], lambda key, value: None):
        torch.save(model, tmp_path / "model.pt")
    code = (
        "import sys, torch; torch.load('model.pt', weights_only=False)(torch.ones(1, 3)); print('mri' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("False\n", 0), done.stderr


@pytest.mark.parametrize("calls", [lambda m: m(X, 2.0), lambda m: m(x=X, scale=2.0), lambda m: m(scale=2.0, x=X)])
def test_an_input_is_the_first_argument_however_it_is_handed_over(calls: Callable[[nn.Module], Tensor]) -> None:
    model, values = nn.Sequential(Gate()), []
    taps = [Tap("in", "0", "input"), Tap("out", "0", "output")]
    with HookSet(model, taps, lambda key, value: values.append((key, value))):
        calls(model[0])
    assert [key for key, _ in values] == ["in", "out"]
    assert torch.equal(values[0][1], X)
    assert torch.equal(values[1][1], X * 2)


class Gives(nn.Module):
    def __init__(self, output: Any) -> None:
        super().__init__()
        self.output = output

    def forward(self) -> Any:
        return self.output


@pytest.mark.parametrize(("output", "value"), [((1, 2), 1), ((None, 2), None), ((), ()), (None, None), ([1], [1])])
def test_odd_inputs_and_outputs_never_raise_into_the_pass(output: Any, value: Any) -> None:
    model, values = nn.Sequential(Gives(output)), []
    with HookSet(model, [Tap("in", "0", "input"), Tap("out", "0", "output")], lambda key, x: values.append((key, x))):
        assert model[0]() == output
    assert values == [("in", None), ("out", value)]


def test_a_module_with_two_names_is_found_by_both() -> None:
    model, keys = Tied(), []
    with HookSet(model, [Tap("1", "act1", "output"), Tap("2", "act2", "output")], lambda key, value: keys.append(key)):
        model(torch.tensor([1]))
    assert keys == ["1", "2", "1", "2"]
    assert not model.act1._forward_hooks


def test_blocks_that_overlap_in_any_order_leave_nothing() -> None:
    model, keys = nn.Sequential(nn.Linear(3, 2)), []
    first, second = (HookSet(model, [Tap(k, "0", "output")], lambda key, value: keys.append(key)) for k in "ab")
    first.__enter__()
    second.__enter__()
    model(X)
    first.__exit__()
    model(X)
    second.__exit__()
    model(X)
    assert keys == ["a", "b", "b"]
    assert not model[0]._forward_hooks


def is_bare(model: nn.Module) -> bool:
    return not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())


class Pair(nn.Module):
    def forward(self, x: Tensor, scale: float = 1.0) -> tuple[Tensor, str]:
        return x * scale, "more"


TAPS = [Tap("in", "0", "input"), Tap("out", "0", "output")]


@pytest.mark.parametrize("calls", [lambda m: m(X, 2.0), lambda m: m(x=X, scale=2.0), lambda m: m(scale=2.0, x=X)])
@pytest.mark.parametrize("module", [Gate, Pair])
def test_what_is_given_back_goes_on_and_what_is_not_is_kept(calls: Any, module: type[nn.Module]) -> None:
    model = nn.Sequential(module())
    whole = calls(model[0])
    with HookSet(model, TAPS, lambda key, x: x + 10 if key == "in" else None, edits=True):
        raised = calls(model[0])
    with HookSet(model, TAPS, lambda key, x: x - 1 if key == "out" else None, edits=True):
        lowered = calls(model[0])
    again = calls(model[0])
    if module is Pair:
        assert {output[1] for output in (whole, raised, lowered, again)} == {"more"}
        whole, raised, lowered, again = (output[0] for output in (whole, raised, lowered, again))
    assert torch.equal(raised, (X + 10) * 2)
    assert torch.equal(lowered, X * 2 - 1)
    assert torch.equal(again, whole)
    assert torch.equal(X, torch.arange(6.0).reshape(2, 3))


@pytest.mark.parametrize("first", ["edit", "recorder"])
def test_who_listens_gets_what_went_on_whichever_block_was_entered_first(first: str) -> None:
    model, values = nn.Sequential(Gate(), nn.ReLU()), {}
    edit = HookSet(model, TAPS, lambda key, x: x + (10 if key == "in" else 1), edits=True)
    recorder = HookSet(model, TAPS, values.__setitem__)
    outer, inner = (edit, recorder) if first == "edit" else (recorder, edit)
    with outer, inner:
        out = model(X)
    assert torch.equal(values["in"], X + 10)
    assert torch.equal(values["out"], out)
    assert torch.equal(out, X + 11)
    assert is_bare(model)


def test_two_edits_of_one_point_act_one_after_the_other() -> None:
    model = nn.Sequential(nn.Identity())
    taps = [Tap("double", "0", "output"), Tap("add", "0", "output")]
    with HookSet(model, taps, lambda key, x: x * 2 if key == "double" else x + 1, edits=True):
        assert torch.equal(model(X), X * 2 + 1)


@pytest.mark.parametrize(
    "wrong", [X[0], X.double(), X.to("meta")], ids=["another shape", "another type", "another device"]
)
@pytest.mark.parametrize("tap", TAPS)
def test_what_is_no_tensor_like_the_one_that_passed_is_refused(wrong: Tensor, tap: Tap) -> None:
    model = nn.Sequential(nn.Linear(3, 3))
    with (
        pytest.raises(ModelError, match=r"What passes at '(in|out)' is \(2, 3\), torch.float32, cpu and was to be"),
        HookSet(model, [tap], lambda key, x: wrong, edits=True),
    ):
        model(X)
    assert is_bare(model)
    assert model(X).shape == (2, 3)


def test_what_is_no_tensor_is_not_replaced_by_one() -> None:
    model = nn.Sequential(Gives(None))
    with (
        pytest.raises(ModelError, match="What passes at 'out' is NoneType"),
        HookSet(model, [Tap("out", "0", "output")], lambda key, x: X, edits=True),
    ):
        model[0]()


def test_what_an_edit_raises_comes_up_in_the_pass_and_nothing_stays() -> None:
    model = nn.Sequential(nn.Linear(3, 3))
    whole = model(X)

    def fail(key: str, value: Tensor) -> Tensor:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), HookSet(model, TAPS, fail, edits=True):
        model(X)
    assert is_bare(model)
    assert torch.equal(model(X), whole)


@pytest.mark.parametrize("copied", COPIES, ids=lambda function: function.__name__)
def test_a_copy_is_not_edited(copied: Callable[[nn.Module], nn.Module]) -> None:
    model = nn.Sequential(nn.Linear(3, 2))
    with HookSet(model, TAPS, lambda key, x: x + 1, edits=True):
        other = copied(model)
        edited, plain = model(X), other(X)
    assert torch.equal(plain, model(X))
    assert not torch.equal(edited, plain)


def test_a_hook_that_torch_has_not_noted_yet_as_one_with_keywords_breaks_no_other_thread() -> None:
    """register_forward_pre_hook puts it in first and notes that it takes keywords then: a pass may run between."""
    model = nn.Sequential(Gate())
    with HookSet(model, TAPS, lambda key, x: None if x is None else x + 1, edits=True):
        model[0]._forward_pre_hooks_with_kwargs.clear()
        assert torch.equal(model(X), X + 2)


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
def test_what_cannot_be_hooked_is_refused_before_any_hook() -> None:
    scripted = torch.jit.script(nn.Sequential(nn.Linear(3, 2)))
    model = nn.Sequential(nn.ReLU(), scripted)
    taps = [Tap("a", "0", "output"), Tap("b", "1.0", "output")]
    with pytest.raises(ModelError, match=r"'1\.0' is TorchScript"):
        HookSet(model, taps, lambda key, value: None)
    with pytest.raises(UnknownHookPoint, match="no module 'hidden' to hook: it has 0, 1"):
        HookSet(model, [*taps[:1], Tap("c", "hidden", "output")], lambda key, value: None)
    assert not model[0]._forward_hooks


def test_parameters_buffers_and_modules_have_all_their_names() -> None:
    model = Tied()
    assert parameter_or_module(model, "head.weight") is model.embed.weight
    assert parameter_or_module(model, "embed.weight") is model.embed.weight
    assert parameter_or_module(model, "norm.running_mean") is model.norm.running_mean
    assert parameter_or_module(model, "act2") is parameter_or_module(model, "act1") is model.act1
    for name, words in (
        ("hidden", r"no module or parameter 'hidden': it has embed\.weight"),
        ("head.weight.grad", r"a gradient, and no point: hand it to each step, `rec\.step\(grad=…\)`"),
        ("hidden.grad", "no module or parameter"),
        ("", r"hand its output to each step"),
    ):
        with pytest.raises(UnknownHookPoint, match=words):
            parameter_or_module(model, name)
