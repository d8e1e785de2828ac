from __future__ import annotations

import threading
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from mri.capture.passes import Pass, Passes

X = torch.arange(6.0).reshape(2, 3)


def outputs(last: Pass) -> dict[str, list[Any]]:
    return {name: value.tolist() if isinstance(value, Tensor) else [value] for name, value in last.outputs.items()}


class Sometimes(nn.Module):
    """Its `aux` runs only where it is told to; its `shared` runs `n` times."""

    def __init__(self) -> None:
        super().__init__()
        self.main, self.aux, self.shared = nn.Linear(3, 2), nn.Linear(3, 2), nn.Linear(2, 2)

    def forward(self, x: Tensor, aux: bool = True, n: int = 1) -> Tensor:
        out: Tensor = self.main(x) + (self.aux(x) if aux else 0)
        for _ in range(n):
            out = self.shared(out)
        return out


def test_a_pass_is_the_last_call_of_the_model_and_taken_once() -> None:
    model = Sometimes()
    expected = model.main(X + 1).tolist()
    with Passes(model, ["main", "aux"]) as passes:
        model(X)
        model(X + 1, aux=False)
        last = passes.take()
        assert outputs(last) == {"main": expected}
        assert last.of_model
        assert passes.take().outputs == {}
        model(X)
        assert set(passes.take().outputs) == {"main", "aux"}
        assert passes.take().outputs == {}
    model(X)
    assert passes.take().outputs == {}
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())


def test_calls_are_counted_within_a_pass_and_nested_calls_are_one_pass() -> None:
    class Nested(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.part = nn.Linear(3, 3)

        def forward(self, x: Tensor, depth: int = 0) -> Tensor:
            out: Tensor = self.part(self(x, depth - 1) if depth else x)
            return out

    model = Sometimes()
    with Passes(model, ["main", "shared"]) as passes:
        for _ in range(3):
            model(X, n=2)
        assert passes.take().num_calls == {"main": 1, "shared": 2}
    with Passes(nested := Nested(), ["part"]) as passes:
        nested(X, depth=2)
        assert passes.take().num_calls == {"part": 3}


def test_parts_called_alone_count_together_until_they_are_taken() -> None:
    model = Sometimes()
    with Passes(model, ["main", "aux", "shared"]) as passes:
        model.shared(model.main(X))
        last = passes.take()
        assert (last.num_calls, last.of_model) == ({"main": 1, "shared": 1}, False)
        model.forward(X, n=2)
        assert passes.take().num_calls == {"main": 1, "aux": 1, "shared": 2}


def test_a_pass_that_broke_off_is_over_and_the_next_one_counts() -> None:
    model = Sometimes()
    with Passes(model, ["main", "shared"]) as passes:
        with pytest.raises(RuntimeError):
            model(torch.ones(2, 5))
        model(X)
        assert passes.take().num_calls == {"main": 1, "shared": 1}


@pytest.mark.parametrize("reentrant", [False, True])
def test_parts_that_run_again_for_the_gradient_are_not_counted(reentrant: bool) -> None:
    class Checkpointed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.block = nn.Linear(3, 3), nn.Sequential(nn.Linear(3, 3), nn.ReLU())

        def forward(self, x: Tensor) -> Tensor:
            out: Tensor = checkpoint(self.block, self.first(x), use_reentrant=reentrant)
            return out

    model = Checkpointed()
    with Passes(model, ["first", "block.0"]) as passes:
        model(X).sum().backward()
        assert passes.take().num_calls == {"first": 1, "block.0": 1}
        model(X).sum().backward()
        assert passes.take().num_calls == {"first": 1, "block.0": 1}


def test_each_thread_has_its_own_passes() -> None:
    model = Sometimes()
    with Passes(model, ["main"]) as passes:
        model(X)
        found: list[Pass] = []

        def other() -> None:
            found.append(passes.take())
            model(X + 1)
            found.append(passes.take())
            model(X + 2)

        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
        assert outputs(passes.take()) == {"main": model.main(X).tolist()}
    assert found[0].outputs == {}
    assert outputs(found[1]) == {"main": model.main(X + 1).tolist()}


def test_what_gives_no_tensor_is_said() -> None:
    class Odd(nn.Module):
        def forward(self, x: Tensor) -> dict[str, Tensor]:
            return {"x": x}

    class Unwilling(Tensor):
        @classmethod
        def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            if "clone" in str(func):
                raise RuntimeError("out of memory")
            return super().__torch_function__(func, types, args, kwargs or {})  # type: ignore[no-untyped-call]

    class Foreign(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x.as_subclass(Unwilling)

    for part, words in ((Odd(), "'0' gives no tensor (dict)"), (Foreign(), "cannot be copied (out of memory)")):
        model = nn.Sequential(part)
        with Passes(model, ["0"]) as passes:
            model(X)
            [said] = passes.take().outputs.values()
        assert isinstance(said, str)
        assert words in said


@pytest.mark.parametrize("fullgraph", [False, True])
def test_code_compiled_within_the_block_is_followed(fullgraph: bool) -> None:
    """Nothing may break the graph: with fullgraph=True that raises in the pass."""
    torch._dynamo.reset()
    model = Sometimes()
    compiled = torch.compile(model, backend="eager", fullgraph=fullgraph)
    with Passes(model, ["main", "aux", "shared"]) as passes:
        for k in range(12):  # more passes than torch.compile makes graphs for
            y = compiled(X + k)
        last = passes.take()
        assert last.num_calls == {"main": 1, "aux": 1, "shared": 1}
        assert outputs(last)["shared"] == y.tolist()
        model(X)
        compiled(X, aux=False, n=2)
        assert passes.take().num_calls == {"main": 1, "shared": 2}
        assert passes.take().outputs == {}
    compiled(X)
    assert passes.take().outputs == {}


def test_code_compiled_before_the_block_is_not_followed() -> None:
    torch._dynamo.reset()
    model = Sometimes()
    compiled = torch.compile(model, backend="eager")
    compiled(X)
    with Passes(model, ["main"]) as passes:
        compiled(X)
        assert passes.take().outputs == {}
