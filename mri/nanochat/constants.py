"""What checkpoints do not say: constants of nanochat's code that changed and cannot be told from the keys.

Each is taken from the era's table, from a config file that has it, or as a person sets it, the last first.
Knows numbers. Knows nothing of torch and files.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields

from mri.errors import ConfigError

SOFTCAP = 15.0  # 20 in the checkpoints of one week, 2026-03-02 to 03-09: undetectable, so it is a setting


@dataclass(frozen=True)
class Constants:
    """Constants that are set; None leaves one to the file and the era.

    softcap         c in c · tanh(logit / c); ∞ is none
    rotary_base     of the rotary angles pos / base^(2j/head_dim)
    qk_scale        queries and keys are both multiplied by it after their norm
    eps             of every RMS norm
    window_pattern  L and S, tiled over the blocks

    Raises ConfigError for what cannot be.
    """

    softcap: float | None = None
    rotary_base: float | None = None
    qk_scale: float | None = None
    eps: float | None = None
    window_pattern: str | None = None

    def __post_init__(self) -> None:
        for name, value in self.told().items():
            if name == "window_pattern":
                if not isinstance(value, str) or not value or set(value.upper()) - set("SL"):
                    raise ConfigError(f"The window_pattern {value!r} is not made of S and L: write it as SSSL.")
                continue
            most = math.inf if name == "softcap" else 1e12
            if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value <= most:
                raise ConfigError(f"A {name} of {value} is not positive: leave it out for {_usual(name)}.")
            object.__setattr__(self, name, float(value))

    def told(self) -> dict[str, object]:
        """Those that are set."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    def over(self, other: Constants) -> Constants:
        """These, and where they leave one open that of `other`."""
        return Constants(**{**other.told(), **self.told()})  # type: ignore[arg-type]


KNOWN = tuple(each.name for each in fields(Constants))


def constants_of(told: Mapping[str, object] | None) -> Constants:
    """`{"softcap": 20}` as a person gives it. Raises ConfigError."""
    for name in told or {}:
        if name not in KNOWN:
            raise ConfigError(f"There is no constant {name!r}: known are {', '.join(KNOWN)}.")
    return Constants(**dict(told or {}))  # type: ignore[arg-type]


def softcap_of(told: Mapping[str, object] | None) -> float | None:
    """Of a model whose own code has all other constants: the softcap that `told` sets. Raises ConfigError."""
    constants = constants_of(told)
    if others := [name for name in constants.told() if name != "softcap"]:
        raise ConfigError(f"A watched model computes with its own {others[0]}: give constants to load_model.")
    return constants.softcap


def constants_from_text(assignments: list[str]) -> dict[str, object]:
    """`["softcap=20"]`, as typed on a command line -> constants; `softcap=none` is ∞. Raises ConfigError."""
    constants: dict[str, object] = {}
    for assignment in assignments:
        name, _, value = (part.strip() for part in assignment.partition("="))
        try:
            constants[name] = value if name == "window_pattern" else float("inf" if value == "none" else value)
        except ValueError:
            raise ConfigError(f"{assignment!r} sets no constant: write it as softcap=20.") from None
    constants_of(constants)
    return constants


def _usual(name: str) -> str:
    return f"nanochat's {SOFTCAP:g}" if name == "softcap" else "what the model's era has"
