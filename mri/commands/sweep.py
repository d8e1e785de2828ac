"""Sweeps on the command line: `python -m mri sweep`. Part of the command line (cli.py), which says what went wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, cast

import typer
from rich.markup import escape
from rich.table import Table

from mri.commands.transfer import Sessions, library_of
from mri.console import console, printable
from mri.paths import SESSIONS

TOKEN_HELP = "Text that is one token, or # and its id, as #17."


def sweep(
    session_id: Annotated[str, typer.Argument(metavar="ID")],
    step: Annotated[int, typer.Option(help="Whose prediction it is about; negative ones from the end.")],
    kind: Annotated[str, typer.Option(help="ablate: each head and MLP switched off at this step only.")] = "ablate",
    token: Annotated[str | None, typer.Option(help=f"{TOKEN_HELP} [default: the chosen one]")] = None,
    against: Annotated[str | None, typer.Option(help=f"{TOKEN_HELP} [default: the strongest other]")] = None,
    model: Annotated[
        Path | None, typer.Option(help="The model that it was recorded from. [default: the embedded model]")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for programs.")] = False,
    sessions: Sessions = SESSIONS,
) -> None:
    """Measure what is lost of a prediction's lead with each part of the model switched off."""
    from mri.export.trace import Trace  # pandas and torch: only this command needs them

    trace = Trace(library_of(sessions).open(session_id))
    found = trace.sweep(step, kind, token=token_of(token), against=token_of(against), model=model)
    facts = {str(name): fact for name, fact in found.attrs.items() if name != "units"}
    rows = cast("list[dict[str, Any]]", found.to_dict("records"))
    if as_json:
        typer.echo(json.dumps(facts | {"parts": rows}, ensure_ascii=False))
        return
    title = "Step {step}: {token!r} against {against!r}: {difference:.2f} logits, before the softcap; most lost first."
    console().print(printable(title.format(step=rows[0]["step"], **facts)), markup=False, soft_wrap=True)
    console().print(_table(rows))


def token_of(text: str | None) -> str | int | None:
    is_id = text is not None and text.startswith("#") and text[1:].isdecimal()
    return int(text[1:]) if text is not None and is_id else text


def _table(rows: list[dict[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    columns = {"part": "part", "wrote": "wrote", "lost": "lost if off", "bits": "bits more"}
    columns |= {"answered_by_norm": "answered by norm", "answered_by_parts": "by later parts"}
    for name, title in columns.items():
        table.add_column(title, justify="left" if name == "part" else "right", no_wrap=True)
    for row in sorted(rows, key=lambda row: -row["lost"]):
        numbers = (f"{row[name]:+.2f}" if name == "wrote" else f"{row[name]:.2f}" for name in [*columns][1:])
        table.add_row(escape(row["part"]), *numbers)
    return table
