"""The closed set of conditions by which a lesson notices that something was done.

A condition is a mapping; all of it must hold. The browser's half is assets/js/learn/conditions.mjs, which a test
holds to the same names. Knows no screen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from math import inf
from typing import Any

from mri.errors import LessonError
from mri.format.checks import is_whole

is_step = partial(is_whole, least=0, most=inf)

SELECTED = {"point": str, "layer": int, "head": int, "neuron": int, "part": str, "token": int}


def _is_selection(value: Any) -> bool:
    if not isinstance(value, Mapping) or not value:
        return False
    return all(name in SELECTED and isinstance(given, SELECTED[name]) for name, given in value.items())


CONDITIONS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "step_at": (is_step, "the clock stands at this step"),
    "step_at_least": (is_step, "the clock stands at this step or later"),
    "played": (lambda value: value is True, "it has played since the moment began"),
    "visited": (is_step, "the clock has stood at so many different steps since the moment began"),
    "selected": (_is_selection, "the selection has these: point, layer, head, neuron, part, token (its step)"),
    "watched": (lambda value: isinstance(value, str), "the neuron '<hook point>:<n>' is watched"),
    "tab": (lambda value: isinstance(value, str), "this tab of the inspector is open"),
    "picture": (lambda value: value in ("tower", "flat"), "this picture is shown on the stage"),
    "opened": (lambda value: isinstance(value, str), "the formula of the number of this name was opened"),
    "widget": (lambda value: isinstance(value, str), "the widget has announced this"),
}
"""Name -> (whether a value is one for it, what it says)."""


def check_condition(condition: Any, where: str) -> None:
    """Raises LessonError on what is no condition."""
    if not isinstance(condition, Mapping) or not condition:
        raise LessonError(f"{where}: `when` needs at least one of {', '.join(CONDITIONS)}.")
    for name, value in condition.items():
        if name not in CONDITIONS:
            raise LessonError(f"{where}: there is no condition {name!r}; use {', '.join(CONDITIONS)}.")
        if not CONDITIONS[name][0](value):
            raise LessonError(f"{where}: {value!r} is no value for {name!r} ({CONDITIONS[name][1]}).")
