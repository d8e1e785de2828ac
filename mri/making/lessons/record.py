"""Records the sessions and weights of the lessons, level by level, seeded: the same command makes the same numbers.

Knows the levels' modules, each with `record(folder)`, and where lessons lie. Knows nothing of texts and pages.
"""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path
from typing import Annotated, Any

import typer

from mri.errors import LessonError, MriError
from mri.nanochat.checkpoint import LoadedModel
from mri.paths import LESSONS
from mri.run.record import record_generation

MOST_BYTES = 15_000_000
"""All sessions of the lessons together."""


def run(wanted: Annotated[list[str] | None, typer.Argument(metavar="LEVEL…")] = None) -> None:
    """Record the levels named, or all that there are."""
    try:
        for level in wanted or levels():
            record_level(level, LESSONS)
    except MriError as error:
        typer.echo(error, err=True)
        raise typer.Exit(1) from error
    total = sum(path.stat().st_size for path in LESSONS.glob("*/*") if path.suffix in (".h5", ".npz"))
    print(f"together {total / 1e6:.2f} MB of {MOST_BYTES / 1e6:.0f} MB")


def levels() -> list[str]:
    """Levels that have something to record."""
    here = Path(__file__).parent
    return sorted(path.stem.removeprefix("level_") for path in here.glob("level_*.py"))


def record_level(level: str, lessons: Path) -> None:
    """Record one level into its lesson's folder. Raises LessonError where there is none."""
    name = f"mri.making.lessons.level_{level}"
    folders = sorted(lessons.glob(f"{level}-*/"))
    if not level.isdigit() or not folders or importlib.util.find_spec(name) is None:
        raise LessonError(f"There is no level {level!r} to record: choose from {', '.join(levels())}.")
    importlib.import_module(name).record(folders[0])
    for path in sorted(folders[0].iterdir()):
        if path.suffix in (".h5", ".npz"):
            print(f"{path.relative_to(lessons)}: {path.stat().st_size / 1e3:.0f} kB")


def record_anew(loaded: LoadedModel, folder: Path, session_id: str, prompt: str, **told: Any) -> None:
    """Record under this id, in place of what has it. `told`: name, config and sampling as of `record_generation`."""
    record_generation(loaded, prompt, sessions=folder, session_id=fresh(folder, session_id), **told)


def fresh(folder: Path, session_id: str) -> str:
    """The id, with no session of it left in the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{session_id}.h5").unlink(missing_ok=True)
    return session_id
