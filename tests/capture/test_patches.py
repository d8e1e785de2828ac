from __future__ import annotations

import copy
import inspect
import pickle
from collections.abc import Callable
from types import SimpleNamespace

import pytest
from torch import Tensor, nn, zeros

from mri.capture.hooks import ModuleHook
from mri.capture.patches import StandIn, listen


def double(x: int) -> int:
    return 2 * x


def around(seen: list[int]) -> Callable[..., int]:
    def heard(function: Callable[[int], int], x: int) -> int:
        seen.append(x)
        return function(x)

    return heard


@pytest.mark.parametrize("first_ends_first", [True, False])
def test_the_last_who_listens_puts_the_function_back(first_ends_first: bool) -> None:
    owner, a, b = SimpleNamespace(double=double), [], []
    ends = [listen(owner, "double", around(a)), listen(owner, "double", around(b))]
    assert owner.double(3) == 6
    ends.pop(0 if first_ends_first else 1)()
    assert owner.double(4) == 8
    ends.pop()()
    assert owner.double is double
    assert (a, b) == (([3], [3, 4]) if first_ends_first else ([3, 4], [3]))


def test_who_stands_farther_out_decides_what_the_others_are_called_with() -> None:
    owner, seen = SimpleNamespace(double=double), list[tuple[str, int]]()

    def adding(name: str, amount: int) -> Callable[..., int]:
        def add(function: Callable[[int], int], x: int) -> int:
            seen.append((name, x))
            return function(x + amount)

        return add

    orders = {"out": 1, "first": 0, "in": -1, "second": 0}
    ends = [listen(owner, "double", adding(name, 10), order) for name, order in orders.items()]
    assert owner.double(1) == 2 * 41
    assert seen == [("out", 1), ("second", 11), ("first", 21), ("in", 31)]
    for end in ends:
        end()
    assert owner.double is double


def test_a_stand_in_looks_like_the_function() -> None:
    owner = SimpleNamespace(double=double)
    end = listen(owner, "double", around([]))
    assert owner.double.__name__ == "double"
    assert inspect.signature(owner.double) == inspect.signature(double)
    end()


def test_a_function_that_somebody_else_put_there_is_left_alone() -> None:
    owner, seen = SimpleNamespace(double=double), []
    end = listen(owner, "double", around(seen))
    ours = owner.double
    owner.double = lambda x: ours(x) + 1
    end()
    assert owner.double(1) == 3
    assert not seen
    assert isinstance(ours, StandIn)


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(2, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x)  # type: ignore[no-any-return]


def test_forward_of_a_module_is_its_classs_again_or_the_persons_own() -> None:
    net = Net()
    listen(net, "forward", lambda call, x: call(x))()
    assert "forward" not in vars(net)
    own = net.forward = net.forward  # bound to the module, and yet its own attribute
    listen(net, "forward", lambda call, x: call(x))()
    assert vars(net)["forward"] is own


@pytest.mark.parametrize(
    "twin_of", [copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))], ids=["copy", "pickle"]
)
def test_a_copy_has_neither_hook_nor_stand_in(twin_of: Callable[[Net], Net]) -> None:
    net, seen = Net(), []
    net.layer.register_forward_hook(ModuleHook(net.layer, lambda *args: seen.append("after")))
    net.layer.register_forward_pre_hook(ModuleHook(net.layer, lambda *args: seen.append("before")), with_kwargs=True)
    listen(net, "forward", lambda call, x: seen.append("forward") or call(x))
    twin = twin_of(net)
    net(zeros(1, 2))
    assert seen == ["forward", "before", "after"]
    twin.layer.weight.data.zero_()
    assert (twin(zeros(1, 2)) == twin.layer.bias).all()
    assert len(seen) == 3
    assert twin.forward.__self__ is twin  # type: ignore[attr-defined]
