"""What nanochat's checkpoints do not say: constants of its code that changed and cannot be told from the keys.

Knows numbers. Knows nothing of torch and files.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from mri.errors import ConfigError

SOFTCAP = 15.0  # 20 in the checkpoints of one week, 2026-03-02 to 03-09: undetectable, so it is a setting

KNOWN = ("softcap",)


def softcap_of(constants: Mapping[str, object] | None) -> float | None:
    """The softcap that `constants` set, None where they leave it to the model. Raises ConfigError."""
    constants = constants or {}
    for name in constants:
        if name not in KNOWN:
            raise ConfigError(f"There is no constant {name!r}: known are {', '.join(KNOWN)}.")
    softcap = constants.get("softcap")
    if softcap is None:
        return None
    if not isinstance(softcap, int | float) or isinstance(softcap, bool) or not 0 < softcap < math.inf:
        raise ConfigError(f"A softcap of {softcap} is not positive: leave it out for nanochat's {SOFTCAP:g}.")
    return float(softcap)


def constants_from_text(assignments: list[str]) -> dict[str, object]:
    """`["softcap=20"]`, as typed on a command line -> constants. Raises ConfigError."""
    constants: dict[str, object] = {}
    for assignment in assignments:
        name, _, value = assignment.partition("=")
        try:
            constants[name.strip()] = float(value)
        except ValueError:
            raise ConfigError(f"{assignment!r} sets no constant: write it as softcap=20.") from None
    softcap_of(constants)
    return constants
