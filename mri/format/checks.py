"""Numbers that people, files and addresses give."""

from typing import TypeGuard

from mri.errors import ConfigError

MOST = 999_999_999
"""In an address."""


def is_whole(value: object, least: float, most: float) -> TypeGuard[int]:
    """Whether it is a whole number from least to most. True and False are none."""
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def is_number(value: object) -> TypeGuard[float]:
    """Whether it is a number, NaN and ∞ too. True and False are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def check_whole(name: str, value: object, least: int, most: int, otherwise: str = "") -> None:
    """Raises ConfigError. otherwise: what may be given instead."""
    if not is_whole(value, least, most):
        choices = f"{least} to {most:,}" + (f", or {otherwise}" if otherwise else "")
        raise ConfigError(f"{name}={value!r} must be a whole number from {choices}.")


def whole(name: str, text: str) -> int:
    """What an address says of `name`. Raises ConfigError."""
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(MOST))):
        raise ConfigError(f"{name}={text!r} must be a whole number from 0 to {MOST:,}.")
    return int(text)
