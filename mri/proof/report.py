"""What a check found, line by line. Knows no model."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

State = Literal["right", "wrong", "not judged"]


@dataclass(frozen=True)
class Line:
    """One thing that was compared.

    figure     the worst that was found, in the unit that `compared` names; None where there is no figure
    tolerance  the most that it may be; None where nothing can be wrong with it
    state      "not judged" is no failure: what could not be compared, or has no right value; `cause` says why
    cause      of what is wrong the likely cause and the cure; of the checkpoint's files what is to be noted; else ""
    """

    name: str
    compared: str
    figure: float | None
    tolerance: float | None
    state: State
    cause: str = ""
    found: str = ""

    @property
    def figure_text(self) -> str:
        """The figure, or what was found where words say it better."""
        if self.found or self.figure is None:
            return self.found or "–"
        return f"{self.figure:.1e}" if self.figure else "0"

    def to_json(self) -> dict[str, Any]:
        """JSON has no NaN and no ∞: such a figure becomes null, and `found` says it."""
        return asdict(self) | {"figure": _finite(self.figure), "found": self.figure_text}


@dataclass(frozen=True)
class Report:
    """What `mri.check` found of a model. `print(report)` is the table; `report.is_right` what the exit code says."""

    model: str
    lines: list[Line] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def is_right(self) -> bool:
        return not self.wrong

    @property
    def wrong(self) -> list[str]:
        """Names of the lines that are."""
        return [line.name for line in self.lines if line.state == "wrong"]

    @property
    def verdict(self) -> str:
        """In a sentence."""
        wrong = ", ".join(self.wrong)
        open_ = ", ".join(line.name for line in self.lines if line.state == "not judged")
        said = f"Wrong: {wrong}." if wrong else "Every line that can be judged is right."
        return f"{said}{f' Not judged: {open_}.' * bool(open_)} {self.seconds:.0f} s."

    def __getitem__(self, name: str) -> Line:
        return {line.name: line for line in self.lines}[name]

    def to_json(self) -> dict[str, Any]:
        lines = [line.to_json() for line in self.lines]
        return {
            "model": self.model,
            "is_right": self.is_right,
            "verdict": self.verdict,
            "seconds": round(self.seconds, 1),
            "lines": lines,
        }

    def __str__(self) -> str:
        rows = [
            f"{line.state:<11}{line.name:<17}{line.figure_text:>12}  {line.compared}"
            + (f"\n{'':11}{line.cause}" if line.cause else "")
            for line in self.lines
        ]
        return "\n".join([self.model, *rows, self.verdict])


OnLine = Callable[[Line], None]


def judged(
    name: str, compared: str, figure: float, tolerance: float, cause: Callable[[], str] | str, found: str = ""
) -> Line:
    """Right where the figure is within the tolerance; NaN never is."""
    is_right = figure <= tolerance
    why = "" if is_right else cause if isinstance(cause, str) else cause()
    return Line(name, compared, figure, tolerance, "right" if is_right else "wrong", why, found)


def not_judged(name: str, compared: str, why: str, figure: float | None = None, found: str = "") -> Line:
    return Line(name, compared, figure, None, "not judged", why, found)


def _finite(figure: float | None) -> float | None:
    return figure if figure is not None and math.isfinite(figure) else None
