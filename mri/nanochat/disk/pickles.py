"""Looks at a pickle before it is loaded: which operations it makes and which names it imports.

A pickle is a program. Those in a nanochat base directory need a few plain operations and one or a handful
of names; anything else is refused here, without running a step of it. Knows nothing of torch or tokenizers.
"""

import pickletools
from collections.abc import Set

from mri.errors import ModelError

PLAIN_OPS = frozenset(
    """PROTO FRAME STOP MARK POP NONE NEWTRUE NEWFALSE BININT BININT1 BININT2 LONG1 BINFLOAT
    BINUNICODE SHORT_BINUNICODE EMPTY_TUPLE TUPLE TUPLE1 TUPLE2 TUPLE3 EMPTY_LIST APPEND APPENDS
    EMPTY_DICT SETITEM SETITEMS BINPUT LONG_BINPUT MEMOIZE BINGET LONG_BINGET""".split()  # noqa: SIM905 (a table to read)
)
TENSOR_OPS = PLAIN_OPS | {"GLOBAL", "REDUCE", "BUILD", "BINPERSID"}
OBJECT_OPS = PLAIN_OPS | {"GLOBAL", "STACK_GLOBAL", "NEWOBJ", "BUILD", "BINBYTES", "SHORT_BINBYTES"}


_CONTAINERS = frozenset({"EMPTY_TUPLE", "TUPLE", "TUPLE1", "TUPLE2", "TUPLE3", "EMPTY_LIST", "EMPTY_DICT", "MARK"})
MOST_CONTAINERS = 200_000
"""A tokenizer has three, a checkpoint a handful for each tensor; each takes a hundred times the byte that makes it."""


def check_pickle(data: bytes, what: str, cure: str, ops: Set[str], names: Set[str]) -> None:
    """Raise ModelError unless `data` is one whole pickle of these operations.

    `names` are the "module name" pairs that it may import by GLOBAL; those of STACK_GLOBAL are known only when it
    runs, and are for the unpickler's find_class. `what` and `cure` are the parts of the sentence.
    """
    end = containers = 0
    try:
        for op, argument, position in pickletools.genops(data):
            end = (position or 0) + 1
            if op.name not in ops:
                raise ModelError(f"{what} holds the pickle operation {op.name}, which it has no use for: {cure}.")
            containers += op.name in _CONTAINERS
            if containers > MOST_CONTAINERS:
                raise ModelError(f"{what} would make more than {MOST_CONTAINERS:,} lists and tuples: {cure}.")
            if op.name == "GLOBAL" and argument not in names:
                raise ModelError(f"{what} would import {str(argument).replace(' ', '.')!r} when read: {cure}.")
            if op.name in ("LONG_BINPUT", "FRAME") and isinstance(argument, int) and argument > len(data):
                raise ModelError(f"{what} is truncated or broken ({op.name} {argument} in {len(data)} bytes): {cure}.")
    except ValueError as error:  # what pickletools raises for everything broken or cut off
        raise ModelError(f"{what} is truncated or broken: {cure}.") from error
    if end != len(data):
        raise ModelError(f"{what} has {len(data) - end} bytes after its end: {cure}.")
