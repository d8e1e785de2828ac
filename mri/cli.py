"""The command line: record, ls, show, verify, lessons and bench; the larger commands are in commands/.

Shows what the stages return and turns their errors into one sentence and an exit code: 0 done, 1 refused or failed,
2 wrong usage, 130 interrupted. With `--json`, `ls` and `show` write what they know for programs. Does nothing else.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from mri.commands import check as check_model
from mri.commands import fork, scan, sweep, transfer
from mri.commands.fork import EditTexts
from mri.commands.models import ConstantsSet, DeviceOf, DtypeOf, TokenizerOf, what_it_is
from mri.commands.transfer import Sessions
from mri.console import console, printable, replace_what_cannot_be_shown, say
from mri.errors import ConfigError, MriError
from mri.format.config import Sampling
from mri.format.layout import Layout
from mri.format.presets import PRESETS, checked_preset, not_shown
from mri.nanochat.locate import need_torch
from mri.paths import IS_INSTALLED, LESSONS, ROOT, SERVE, SESSIONS, as_path
from mri.store.library import SessionInfo
from mri.store.opening import open_session
from mri.store.reader import SessionReader

if TYPE_CHECKING:
    from mri.format.events import TraceSession
    from mri.run.engine import Step

app = typer.Typer(
    help=f"Record, list and check scans of a nanochat model. `{SERVE}` shows them in the browser.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
AsJson = Annotated[bool, typer.Option("--json", help="As JSON, for programs.")]


@app.command()
def record(
    prompt: Annotated[str, typer.Argument(help="What the model is to continue, or with --chat to answer.")],
    model: Annotated[
        Path | None,
        typer.Option(help="Base directory, checkpoint folder or file of weights. [default: the embedded model]"),
    ] = None,
    tokenizer: TokenizerOf = None,
    max_new_tokens: Annotated[int, typer.Option(help="Most tokens to generate.")] = Sampling.max_new_tokens,
    temperature: Annotated[float, typer.Option(help="0 always takes the strongest token.")] = Sampling.temperature,
    top_k: Annotated[int, typer.Option(help="Choose among the k strongest; 0 among all.")] = Sampling.top_k or 0,
    seed: Annotated[int, typer.Option(help="Of the random generator.")] = Sampling.seed,
    chat: Annotated[bool, typer.Option("--chat", help="Send the prompt as a user's message.")] = False,
    edit: EditTexts = None,
    capture: Annotated[str, typer.Option(help=f"How much to record: {', '.join(PRESETS)}.")] = "standard",
    name: Annotated[str, typer.Option(help="Name of the session.")] = "",
    constants: ConstantsSet = None,
    device: DeviceOf = None,
    dtype: DtypeOf = "float32",
    sessions: Sessions = SESSIONS,
) -> None:
    """Generate from PROMPT and record every step. Ctrl-C keeps what was recorded."""
    checked_preset(capture)
    need_torch()
    from mri.nanochat.checkpoint import load_model  # torch takes seconds to import: only this command needs it
    from mri.nanochat.constants import constants_from_text
    from mri.run.record import record_generation

    sampling = Sampling(max_new_tokens, temperature, top_k or None, seed)
    told_constants = constants_from_text(constants or [])
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task("loading")

        def on_progress(words: str, share: float) -> None:
            progress.update(task, description=words, total=100, completed=round(100 * share))

        loaded = load_model(
            model, tokenizer=tokenizer, device=device, dtype=dtype, constants=told_constants, on_progress=on_progress
        )
        sentences = what_it_is(loaded)
        progress.update(task, description="recording", completed=0)

        def on_start(session: TraceSession) -> None:
            progress.update(task, total=session.max_steps)
            kept, where = _what_is_kept(capture, session.layout), _where_to_watch(session.id, sessions)
            for sentence in (*sentences, kept, where):
                progress.console.print(printable(sentence), markup=False, soft_wrap=True)

        def on_step(step: Step, said: list[int]) -> None:
            progress.update(task, completed=step.index + 1)

        told: dict[str, Any] = {"on_start": on_start, "on_step": on_step}
        told |= {
            "sampling": sampling,
            "config": capture,
            "sessions": sessions,
            "chat": chat,
            "name": name,
            "edits": edit or (),
        }
        recording = record_generation(loaded, prompt, **told)
    console().print(printable(recording.response), markup=False)
    where = f"\n{recording.num_steps} steps ({recording.end_reason}) in {recording.path}"
    console().print(where, markup=False, soft_wrap=True)
    if recording.problem:
        say(recording.problem)
        raise typer.Exit(1)
    if recording.end_reason == "interrupted":
        raise typer.Exit(130)


@app.command()
def ls(sessions: Sessions = SESSIONS, as_json: AsJson = False) -> None:
    """List the sessions, newest first. Where no folder is named, those that came with the project are among them."""
    library = transfer.library_of(sessions)
    infos = [info for info in library.list() if sessions == SESSIONS or not info.is_bundled]
    if as_json:
        _print_json([asdict(info) | {"path": str(library.place(info))} for info in infos])
        return
    out = console()
    if not infos:
        empty = f'No sessions in {library.folder} yet: record one with `python -m mri record "Once there was"`.'
        out.print(empty, markup=False, soft_wrap=True)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("id", "steps", "size", "model", "prompt"):
        is_number = column in ("steps", "size")
        table.add_column(column, justify="right" if is_number else "left", no_wrap=column != "prompt")
    for info in infos:
        cells = info.id, str(info.num_steps), _size(info.bytes_on_disk), escape(printable(info.model_id))
        table.add_row(*cells, _title(info, 70 if out.is_terminal else None))
    out.print(table)


@app.command()
def show(
    session_id: Annotated[str, typer.Argument(metavar="ID")], sessions: Sessions = SESSIONS, as_json: AsJson = False
) -> None:
    """Show what a session is: prompt, response, model, settings, what was captured and dropped."""
    library = transfer.library_of(sessions)
    reader, info = library.open(session_id), library.info(session_id)
    if as_json:
        steps = reader.steps()
        facts: dict[str, object] = {"path": str(reader.path), "session": reader.session.to_json()}
        facts["bytes_of_steps"] = int(steps["num_bytes"].sum())
        facts["steps_with_drops"] = int((steps["dropped"] != 0).sum())
        _print_json(asdict(info) | facts)
        return
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for label, value in _facts(reader, info.name):
        table.add_row(label, escape(printable(value)))
    console().print(table)


@app.command()
def verify(
    targets: Annotated[
        list[str], typer.Argument(metavar="ID|PATH…", help="Sessions: ids, or paths to an .h5 or its folder.")
    ],
    sessions: Sessions = SESSIONS,
) -> None:
    """Read all of sessions, compare their checksums, and hold every step against what the session says of it."""
    wrong = 0
    for target in targets:
        path = as_path(target)
        try:
            with open_session(path if path.exists() else transfer.library_of(sessions).path(target)) as reader:
                reader.verify()
                right = f"{reader.path}: {reader.num_steps} steps, all checksums right."
            console().print(printable(right), markup=False, soft_wrap=True)
        except MriError as error:
            say(str(error))
            wrong += 1
    if wrong:
        raise typer.Exit(1)


app.command()(transfer.export)
app.command(name="import")(transfer.take_in)
app.command()(sweep.sweep)
app.command()(sweep.organs)
app.command()(fork.fork)
app.command()(fork.control)
app.command()(check_model.check)
app.command()(scan.scan)


lessons = typer.Typer(help="The lessons of /learn.", no_args_is_help=True)
app.add_typer(lessons, name="lessons")


@lessons.command()
def check(folder: Annotated[Path, typer.Argument(help="Folder of the lessons.")] = LESSONS) -> None:
    """Compare the lessons with their recordings, the parts of the screen and the words: docs/writing-lessons.md."""
    from mri.lessons.check import check_folder  # Markdown and YAML: only this command needs them

    wrong = check_folder(folder)
    for sentence in wrong:
        say(sentence)
    if wrong:
        raise typer.Exit(1)
    console().print(f"{folder}: nothing is wrong.", markup=False, soft_wrap=True)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def bench(context: typer.Context) -> None:
    """Measure what tracing costs, the store and the server; needs a checkout with its benchmarks folder."""
    if not (ROOT / "benchmarks").is_dir():
        raise ConfigError("There is no benchmarks folder here: run it in a checkout of the project.")
    raise typer.Exit(subprocess.run([sys.executable, "-m", "benchmarks", *context.args], cwd=ROOT).returncode)


def main() -> None:
    """Entry of `python -m mri`: errors of this project become one sentence."""
    replace_what_cannot_be_shown()
    try:
        app()
    except MriError as error:
        say(str(error))
        sys.exit(1)
    except ModuleNotFoundError as error:
        name = (error.name or "mri").partition(".")[0]
        if name == "mri":
            raise
        cure = "pip install nanochat-mri" if IS_INSTALLED else "pip install -r requirements.txt"
        say(f"This command needs {name}, which is not installed here: `{cure}`.")
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


def _where_to_watch(session_id: str, sessions: Path) -> str:
    server = SERVE + (f" --sessions {sessions}" if sessions != SESSIONS else "")
    return f"Live at http://127.0.0.1:8050/live?session={session_id} where `{server}` runs."


def _print_json(data: object) -> None:
    print(json.dumps(data, indent=2))  # ASCII only: every encoding has it


def _what_is_kept(preset: str, layout: Layout) -> str:
    lacks, most = ", ".join(not_shown(layout.config)), layout.most_bytes_per_step / 1000
    return f"Capture {preset}: at most {most:,.1f} KB a step" + (f"; it will not show {lacks}." if lacks else ".")


def _title(info: SessionInfo, most: int | None) -> str:
    """Name or prompt in one line, of at most so many characters."""
    if info.state == "broken":
        return f"[red]broken: {escape(printable(info.error))}[/red]"
    marks = {"recording": "[green]recording…[/green] ", "unsealed": "[yellow]unsealed[/yellow] "}
    if info.is_bundled:
        marks["finished"] = "[dim]bundled[/dim] "
    text = printable(" ".join((info.name or info.prompt).split()))
    return marks.get(info.state, "") + escape(text if most is None or len(text) <= most else text[: most - 1] + "…")


def _size(num_bytes: int) -> str:
    return f"{num_bytes / 1e6:.1f} MB" if num_bytes >= 1e6 else f"{num_bytes / 1e3:.0f} kB"


def _facts(reader: SessionReader, name: str) -> list[tuple[str, str]]:
    session, config = reader.session, reader.session.layout.config
    steps = reader.steps()
    dropped = int((steps["dropped"] != 0).sum())
    sampling = ", ".join(f"{key} {value}" for key, value in session.sampling.items())
    capture = (
        f"{config.capture_mode} (k = {session.layout.topk}), attention {config.attention_tier}, {config.quantization}"
    )
    return [
        ("session", session.id + (f"  {name}" if name else "")),
        ("prompt", session.prompt),
        ("response", session.response),
        ("model", f"{session.model_id}, era {session.run.model.era or 'unknown'}"),
        ("sampling", sampling or "none"),
        ("capture", f"{capture}, prefill {config.prefill}"),
        ("steps", f"{reader.num_steps} ({session.state}{', ' + session.end_reason if session.end_reason else ''})"),
        (
            "bytes per step",
            f"{steps['num_bytes'].mean():,.0f} of {config.max_bytes_per_step:,}" if len(steps["step"]) else "",
        ),
        ("steps with drops", str(dropped)),
        ("recorded", f"{session.start_time}, {session.duration_s:.1f} s"),
        ("weights", session.run.model.weights_hash[:16]),
        ("file", str(reader.path)),
    ]
