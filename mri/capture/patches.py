"""Functions replaced for as long as somebody listens: nothing of it stays, and no copy of their owner has it.

Knows functions and threads. Refuses to know what is listened to and why.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from functools import partial, update_wrapper
from operator import itemgetter
from typing import Any

import torch


def is_compiler_loaded() -> bool:
    """Whether torch's compiler may run models here. To load it takes seconds: only where somebody else has."""
    return "torch._dynamo" in sys.modules


def untraced(function: Callable[..., None]) -> Callable[..., None]:
    """`function`, called by compiled code as it is: torch's compiler would make guards of what it looks at, and fail in
    the model's pass when that changes. Where the compiler is loaded later, `function` has to do nothing while
    `torch.compiler.is_compiling()`."""
    if not is_compiler_loaded():
        return function
    disabled: Callable[..., None] = torch._dynamo.disable(function)  # type: ignore[no-untyped-call]
    return disabled


Around = Callable[..., Any]
"""Called with the function that it stands around, then with that function's arguments; gives that function's result."""


class StandIn:
    """Stands in the place of a function, for all who listen; without listeners it is that function.

    Copied or pickled it is that function: a copy of a model whose `forward` is watched has its own `forward`.
    """

    def __init__(self, owner: Any, name: str) -> None:
        self.function = getattr(owner, name)
        update_wrapper(self, self.function)  # its name and signature, for who looks at them
        self.is_inherited = name not in vars(owner)
        self.arounds: tuple[Around, ...] = ()  # the innermost first
        self.orders: tuple[int, ...] = ()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        call, arounds = self.function, self.arounds
        if len(arounds) == 1:  # nearly always
            return arounds[0](call, *args, **kwargs)
        for around in arounds:
            call = partial(around, call)
        return call(*args, **kwargs)

    def __reduce__(self) -> tuple[Any, ...]:
        return itemgetter(0), ((self.function,),)


_lock = threading.Lock()


def listen(owner: Any, name: str, around: Around, order: int = 0) -> Callable[[], None]:
    """Have `around` called around every call of `owner.name`. -> the function that ends it.

    One stand-in serves all who listen, in whatever order and thread they begin and end: the first puts it there, the
    last takes it away. Where somebody else has replaced the function since, theirs is left alone. A larger `order`
    stands farther out: it decides what the others are called with; a smaller one, what they see come back.
    """
    with _lock:
        stand_in = vars(owner).get(name)
        if not isinstance(stand_in, StandIn):
            stand_in = StandIn(owner, name)
            setattr(owner, name, stand_in)
        at = sum(other <= order for other in stand_in.orders)
        stand_in.arounds = (*stand_in.arounds[:at], around, *stand_in.arounds[at:])
        stand_in.orders = (*stand_in.orders[:at], order, *stand_in.orders[at:])
    return partial(_end, owner, name, stand_in, around)


def _end(owner: Any, name: str, stand_in: StandIn, around: Around) -> None:
    with _lock:
        at = stand_in.arounds.index(around)
        stand_in.arounds = stand_in.arounds[:at] + stand_in.arounds[at + 1 :]
        stand_in.orders = stand_in.orders[:at] + stand_in.orders[at + 1 :]
        if stand_in.arounds or vars(owner).get(name) is not stand_in:
            return
        if stand_in.is_inherited:
            delattr(owner, name)
        else:
            setattr(owner, name, stand_in.function)
