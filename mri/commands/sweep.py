"""Sweeps on the command line: `python -m mri sweep`. Part of the command line (cli.py), which says what went wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, cast

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from mri.commands.transfer import Sessions, library_of
from mri.console import console, printable
from mri.errors import ConfigError, StoreError
from mri.paths import SESSIONS

TOKEN_HELP = "Text that is one token, or # and its id, as #17."
KIND_HELP = "ablate: each head and MLP off; patch: values of another session put in; knockout: looks of heads cut."
WRITERS = {".csv": "to_csv", ".parquet": "to_parquet"}
MOST_ROWS = 12
MOST_TEXT_BYTES = 1_000_000


def sweep(
    session_id: Annotated[str, typer.Argument(metavar="ID")],
    step: Annotated[int, typer.Option(help="Whose prediction it is about; negative ones from the end.")],
    kind: Annotated[str, typer.Option(help=f"{KIND_HELP} [default: ablate, with --base patch]")] = "",
    base: Annotated[str | None, typer.Option(help="Of a patch: the session whose values are put in.")] = None,
    token: Annotated[str | None, typer.Option(help=f"{TOKEN_HELP} [default: the chosen one]")] = None,
    against: Annotated[str | None, typer.Option(help=f"{TOKEN_HELP} [default: the strongest other]")] = None,
    exact: Annotated[
        bool | None, typer.Option("--exact/--approximate", help="[default: exact where that takes at most 20 s]")
    ] = None,
    model: Annotated[
        Path | None, typer.Option(help="The model that it was recorded from. [default: the embedded model]")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write the table there: .csv or .parquet.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for programs.")] = False,
    sessions: Sessions = SESSIONS,
) -> None:
    """Measure which parts of the model, and which tokens read, a prediction's lead hangs on."""
    from mri.export.trace import Trace  # pandas and torch: only this command needs them

    if out is not None and out.suffix not in WRITERS:
        raise ConfigError(f"{out} is no table: name a file ending in {' or '.join(WRITERS)}.")
    library = library_of(sessions)
    trace = Trace(library.open(session_id))
    how: dict[str, Any] = {"token": token_of(token), "against": token_of(against), "model": model, "exact": exact}
    how |= {"base": None if base is None else Trace(library.open(base))}
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    shown = Console(stderr=True)
    with Progress(*columns, console=shown, transient=True, disable=not shown.is_terminal) as progress:
        task = progress.add_task("cells", total=None)
        how["on_progress"] = lambda done, of: progress.update(task, completed=done, total=of)
        found = trace.sweep(step, kind or ("patch" if base is not None else "ablate"), **how)
    facts = {str(name): fact for name, fact in found.attrs.items() if name != "units"}
    if out is not None:
        getattr(found, WRITERS[out.suffix])(out, index=False)
    if as_json:
        # what is NaN has no value, and JSON has no NaN
        rows = cast("list[dict[str, Any]]", found.astype(object).where(found.notna(), None).to_dict("records"))
        typer.echo(json.dumps(facts | {"parts": rows}, ensure_ascii=False, allow_nan=False))
        return
    _say(found, facts)
    if out is not None:
        console().print(str(out), markup=False, soft_wrap=True)


def organs(
    session_id: Annotated[str, typer.Argument(metavar="ID")],
    text: Annotated[Path | None, typer.Option(help="A text file (UTF-8) to try it on as well.")] = None,
    model: Annotated[
        Path | None, typer.Option(help="The model that it was recorded from. [default: the embedded model]")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for programs.")] = False,
    sessions: Sessions = SESSIONS,
) -> None:
    """Switch nanochat's own parts off, each for all of a text: what that costs, and the first word that changes."""
    from mri.export.trace import Trace

    found = Trace(library_of(sessions).open(session_id)).organs(_text_of(text), model=model)
    facts = {str(name): fact for name, fact in found.attrs.items() if name != "units"}
    rows = cast("list[dict[str, Any]]", found.astype(object).where(found.notna(), None).to_dict("records"))
    if as_json:
        typer.echo(json.dumps(facts | {"organs": rows}, ensure_ascii=False, allow_nan=False))
        return
    told = f"Bits more for each token with one part off; {facts['bits_before']:.3f} of {facts['tokens']} with all on"
    told += f", {facts['text_bits_before']:.3f} of {facts['text_tokens']} of the text." if text is not None else "."
    console().print(told, markup=False, soft_wrap=True)
    console().print(_organs(rows))


def _organs(rows: list[dict[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("organ", "here", "on the text", "first changed", ""):
        table.add_column(title, justify="right" if title in ("here", "on the text") else "left", no_wrap=True)
    for row in sorted(rows, key=lambda row: -row["bits"]):
        change = f"{row['first_changed']}: {row['was']!r} → {row['now']!r}" if row["first_changed"] >= 0 else "nowhere"
        more = "" if row["text_bits"] is None else f"{row['text_bits']:.2f}"
        table.add_row(row["organ"], f"{row['bits']:.2f}", more, escape(printable(change)), row["note"])
    return table


def _text_of(path: Path | None) -> str | None:
    """Raises StoreError, ConfigError."""
    if path is None:
        return None
    try:
        with path.open("rb") as file:
            content = file.read(MOST_TEXT_BYTES + 1)
        text = content.decode()
    except OSError as error:
        raise StoreError(f"{path} cannot be read ({error.strerror}): check its name.") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is no text in UTF-8: save it as such.") from error
    if len(content) > MOST_TEXT_BYTES:
        raise ConfigError(f"{path} is larger than {MOST_TEXT_BYTES:,} bytes: give a part of it.")
    return text


def _say(found: Any, facts: dict[str, Any]) -> None:
    out, most = console(), found.nlargest(MOST_ROWS, "restored" if facts["kind"] == "patch" else "lost")
    rows = cast("list[dict[str, Any]]", (found if facts["kind"] == "ablate" else most).to_dict("records"))
    title = "Step {step}: {token!r} against {against!r}: {difference:.2f} logits, before the softcap; "
    title += {
        "ablate": "most lost first.",
        "patch": "{base_difference:.2f} in {base}. What gives most of that back, put in alone:",
        "knockout": "the looks that cost most, cut alone:",
    }[facts["kind"]]
    out.print(printable(title.format(step=int(found["step"].iloc[0]), **facts)), markup=False, soft_wrap=True)
    out.print(_table(rows) if facts["kind"] == "ablate" else _cells(rows, facts["kind"]))
    if facts.get("approximate"):
        words = "Approximate, by the gradient; {checked} cells measured as well: off by {error:.3f} on average, "
        words += "{worst:.3f} at most, {same_sign:.0%} of their signs right."
        out.print(words.format(**facts), markup=False, soft_wrap=True)


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


def _cells(rows: list[dict[str, Any]], kind: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    titles = ("restored",) if kind == "patch" else ("weight", "lost", "bits more")
    for title in ("part", "position", "token", *titles):
        table.add_column(title, justify="left" if title in ("part", "token") else "right", no_wrap=True)
    for row in rows:
        numbers = [row["restored"]] if kind == "patch" else [row["weight"], row["lost"], row["bits"]]
        told = (f"{number:.2f}" for number in numbers)
        table.add_row(escape(row["part"]), str(row["position"]), escape(printable(repr(row["token"]))), *told)
    return table
