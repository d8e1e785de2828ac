"""`python -m benchmarks [NAME…]`: runs the benchmarks named, or all but the largest. Each prints a table with units."""

from __future__ import annotations

import importlib
import platform
from pathlib import Path
from typing import Annotated

import torch
import typer
from rich.console import Console

ALL = (
    "tracing store training server live compare screen scanner simple export learn neurons arrival accuracy why "
    "activations truth"
)
NAMES = ALL.split()
ONLY_BY_NAME = ["large"]
"""Takes gigabytes."""


def main(
    names: Annotated[list[str] | None, typer.Argument(help=f"Some of: {', '.join(NAMES + ONLY_BY_NAME)}.")] = None,
    upstream: Annotated[list[Path] | None, typer.Option(help="A checkout of nanochat, for truth.")] = None,
) -> None:
    console = Console(width=120, highlight=False)
    unknown = [name for name in names or () if name not in NAMES + ONLY_BY_NAME]
    if unknown:
        console.print(f"There is no benchmark {unknown[0]!r}: choose from {', '.join(NAMES + ONLY_BY_NAME)}.")
        raise typer.Exit(2)
    threads = torch.get_num_threads()
    console.print(
        f"Python {platform.python_version()}, torch {torch.__version__}, {threads} threads, {platform.machine()}"
    )
    for name in names or NAMES:
        table = importlib.import_module(f"benchmarks.{name}").table
        console.print(table(upstream or ()) if name == "truth" else table())


if __name__ == "__main__":
    typer.run(main)
