"""The proof on one's own model: `python -m mri check`. Part of the command line: cli.py says what went wrong."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from mri.commands.models import ConstantsSet, DeviceOf, DtypeOf, TokenizerOf
from mri.console import console, printable
from mri.nanochat.locate import need_torch

if TYPE_CHECKING:
    from mri.proof.report import Line, Report


def check(
    model: Annotated[
        Path | None,
        typer.Argument(
            metavar="[MODEL]",
            help="Base directory, checkpoint folder or weights. [default: the embedded model]",
        ),
    ] = None,
    upstream: Annotated[
        Path | None,
        typer.Option(
            help="Your own checkout of nanochat, of the model's era: its code is run and its logits compared."
        ),
    ] = None,
    tokenizer: TokenizerOf = None,
    constants: ConstantsSet = None,
    device: DeviceOf = None,
    dtype: DtypeOf = "float32",
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for programs.")] = False,
) -> None:
    """Prove that what is recorded of MODEL is true: each line of a table compares two ways to the same numbers.

    Takes up to two minutes. Exit code 1 where a line is wrong.
    """
    need_torch()
    from mri.nanochat.checkpoint import load_model  # torch: only this command needs it
    from mri.nanochat.constants import constants_from_text
    from mri.proof.check import check as checked

    with Console(stderr=True).status("loading") as status:

        def on_progress(words: str, share: float) -> None:
            status.update(f"{words} {share:.0%}")

        told = constants_from_text(constants or [])
        loaded = load_model(
            model, tokenizer=tokenizer, device=device, dtype=dtype, constants=told, on_progress=on_progress
        )

        def on_line(line: Line) -> None:
            status.update(f"{line.name} {line.figure_text} …")

        report = checked(loaded, upstream=upstream, on_line=on_line)
    if as_json:
        typer.echo(json.dumps(report.to_json(), indent=2))
    else:
        _show(report)
    if not report.is_right:
        sys.exit(1)


def _show(report: Report) -> None:
    out = console()
    out.print(printable(report.model), markup=False, soft_wrap=True)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("line", "", "worst", "at most", "what was compared"):
        table.add_column(
            column, justify="right" if column in ("worst", "at most") else "left", no_wrap=column == "line"
        )
    colours = {"right": "green", "wrong": "red", "not judged": "yellow"}
    for line in report.lines:
        most = "" if line.tolerance is None else f"{line.tolerance:g}"
        state = f"[{colours[line.state]}]{line.state}[/]"
        table.add_row(line.name, state, line.figure_text, most, escape(printable(line.compared)))
        if line.cause:
            table.add_row("", "", "", "", escape(printable(line.cause)))
    out.print(table)
    out.print(report.verdict, markup=False)
