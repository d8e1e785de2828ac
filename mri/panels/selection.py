"""What is selected on the screen, as panels need it: from the page's store or from an address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mri.errors import ConfigError
from mri.format.checks import whole

Pairs = tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Selection:
    """points: the hook points on the stage; watched: (hook point, neuron) pairs; heads: what colours them, "entropy" or
    "distance"; sign: whether colours say it; overlay: all heads of a block over each other; moment, by: of the Compare
    page, its clock and its map;
    token, against: ids of the two tokens of Why, None: the chosen one and the strongest other.

    Unknown hook points and neurons raise UnknownHookPoint where they are read.
    """

    step: int = 0
    point: str = ""
    neuron: int = 0
    layer: int = 0
    head: int = 0
    stat: str = "l2"
    heads: str = "entropy"
    overlay: bool = False
    sign: bool = False
    temperature: float = 1.0
    points: tuple[str, ...] = ()
    watched: Pairs = ()
    moment: int = 0
    by: str = "difference"
    token: int | None = None
    against: int | None = None

    @classmethod
    def from_mapping(cls, given: Mapping[str, Any]) -> Selection:
        """Of a page's store, or of an address, where lists are texts with commas. Raises ConfigError."""
        numbers: dict[str, Any] = {
            name: whole(name, str(given.get(name) or 0)) for name in ("step", "neuron", "layer", "head", "moment")
        }
        numbers |= {name: str(given[name]) for name in ("point", "stat", "heads", "by") if given.get(name)}
        asked = {name: str(given.get(name) or "") for name in ("token", "against")}
        numbers |= {name: whole(name, text) for name, text in asked.items() if text}
        temperature = _number("temperature", given.get("temperature") or 1)
        if not temperature > 0:
            raise ConfigError(f"A temperature of {temperature:g} divides by nothing: choose one above 0.")
        pairs = [name.rpartition(":") for name in _names(given.get("watched"))]
        return cls(
            **numbers,
            overlay=str(given.get("overlay") or "") in ("1", "True"),
            sign=str(given.get("sign") or "") in ("1", "True"),
            temperature=temperature,
            points=tuple(_names(given.get("points"))),
            watched=tuple((key, whole("watched", neuron)) for key, _, neuron in dict.fromkeys(pairs)),
        )


def _names(given: Any) -> list[str]:
    names = given.split(",") if isinstance(given, str) else given or []
    return [str(name) for name in names if name]


def _number(name: str, value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{name}={value!r} must be a number.") from error
