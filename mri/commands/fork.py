"""Forks on the command line: `python -m mri fork` and `control`. Part of the command line (cli.py), which says what
went wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from mri.commands.sweep import TOKEN_HELP, token_of
from mri.commands.transfer import Sessions, library_of
from mri.console import console, printable
from mri.paths import SESSIONS

EditTexts = Annotated[
    list[str] | None,
    typer.Option("--edit", metavar="TEXT", help='What is changed, as "block.3.head.1 = 0": docs/edits.md. Repeatable.'),
]
ModelOf = Annotated[
    Path | None, typer.Option(help="The model that it was recorded from. [default: the embedded model]")
]
AsJson = Annotated[bool, typer.Option("--json", help="As JSON, for programs.")]


def fork(
    session_id: Annotated[str, typer.Argument(metavar="ID")],
    step: Annotated[int, typer.Option(help="The first that may differ; negative ones from the end.")],
    edit: EditTexts = None,
    token: Annotated[str | None, typer.Option(help=f"Say this there instead. {TOKEN_HELP}")] = None,
    scope: Annotated[str, typer.Option(help="from_here, or as_if_always: all is read again.")] = "from_here",
    max_new_tokens: Annotated[int | None, typer.Option(help="[default: as recorded, and so below]")] = None,
    temperature: Annotated[float | None, typer.Option(help="0 always takes the strongest token.")] = None,
    top_k: Annotated[int | None, typer.Option(help="Choose among the k strongest; 0 among all.")] = None,
    seed: Annotated[int | None, typer.Option(help="Of the random generator.")] = None,
    model: ModelOf = None,
    name: Annotated[str, typer.Option(help="Name of the new session.")] = "",
    as_json: AsJson = False,
    sessions: Sessions = SESSIONS,
) -> None:
    """Go on from a step of a session with something changed, and record that."""
    from mri.export.trace import Trace  # pandas and torch: only this command needs them

    base = Trace(library_of(sessions).open(session_id))
    how: dict[str, Any] = {"max_new_tokens": max_new_tokens, "temperature": temperature, "top_k": top_k, "seed": seed}
    how |= {"token": token_of(token), "scope": scope, "model": model, "name": name, "sessions": sessions}
    new = base.fork(step, edits=edit or (), **how)
    told = {"id": new.session.id, "path": str(new.path), "edits": [*new.run.edits], "fork_step": new.run.fork_step}
    texts = {"base": base.session.response, "response": new.session.response}
    if as_json:
        typer.echo(json.dumps(told | texts, ensure_ascii=False))
        return
    said = "The text stays the same:" if texts["base"] == texts["response"] else "Now it says:"
    out = console()
    for line in (f"Before: {texts['base']}", f"{said} {texts['response']}"):
        out.print(printable(line), markup=False, soft_wrap=True)
    out.print(f"{new.num_steps} steps in {new.path}", markup=False, soft_wrap=True)
    if new.session.end_reason == "interrupted":
        raise typer.Exit(130)


def control(
    session_id: Annotated[str, typer.Argument(metavar="ID", help="A fork.")],
    draws: Annotated[int, typer.Option(help="Random changes, each as large as the fork's.")] = 20,
    seed: Annotated[int, typer.Option(help="Of the draws.")] = 0,
    model: ModelOf = None,
    as_json: AsJson = False,
    sessions: Sessions = SESSIONS,
) -> None:
    """Try whether random changes of the same size, at the same place, do what a fork does."""
    from mri.export.trace import Trace

    found = Trace(library_of(sessions).open(session_id)).control(draws=draws, seed=seed, model=model)
    rows = found.to_dict("records")
    if as_json:
        facts = {str(name): fact for name, fact in found.attrs.items() if name != "units"}
        typer.echo(json.dumps(facts | {"rows": rows}, ensure_ascii=False))
        return
    parted, most = found.attrs["parted"], found["bits"][2:].max()
    did = "The text stays the same." if parted is None else f"{parted or 'None'} of {draws} random changes did that."
    lines = [f"Before: {rows[0]['text']}", f"Now: {rows[1]['text']}", did]
    cost = "The first word costs {:.2f} bits, {:.2f} with the fork, {:.2f} at most with a random change."
    for line in (*lines, cost.format(rows[0]["bits"], rows[1]["bits"], most)):
        console().print(printable(line), markup=False, soft_wrap=True)
