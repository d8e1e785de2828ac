"""Sessions out and in on the command line: `python -m mri export`, `python -m mri import`.

Part of the command line (cli.py), which says what went wrong.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeRemainingColumn

from mri.console import console, printable
from mri.errors import ConfigError, StoreError
from mri.paths import SESSIONS, as_path
from mri.store.files import disk_error, partial, shown
from mri.store.intake.intake import import_file
from mri.store.library import Library, whole_library
from mri.store.opening import open_session
from mri.store.reader import SessionReader
from mri.store.writer import seal_in_child

Sessions = Annotated[Path, typer.Option("--sessions", help="Folder of the sessions.")]


def export(
    ids: Annotated[list[str], typer.Argument(metavar="ID…", help="Sessions, by id.")],
    what: Annotated[str, typer.Option(help="stats, topk, attention, logits, tokens, or all of them.")] = "all",
    kind: Annotated[
        str,
        typer.Option(
            "--format", help="parquet, csv, json; h5: the whole session; html: a page that opens by double click."
        ),
    ] = "parquet",
    out: Annotated[Path, typer.Option(help="Folder to write to; of one page also its path, ending in .html.")] = Path(
        "."
    ),
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Of html: say what it would weigh, write nothing.")
    ] = False,
    max_mb: Annotated[float, typer.Option("--max-mb", help="Of html: refuse a page of more megabytes.")] = 50,
    sessions: Sessions = SESSIONS,
) -> None:
    """Write tables of sessions as files, one for each table: ID.stats.parquet and so on."""
    if kind == "html":
        return _pages(ids, library_of(sessions), as_path(out), dry_run, max_mb)
    from mri.export import files  # pandas and pyarrow: only this command needs them

    files.check(what, kind)
    library, out = library_of(sessions), as_path(out)
    paths = [library.path(session_id) for session_id in ids]  # raises before anything is written
    tables = files.TABLES if what == files.ALL and kind != "h5" else (what,)
    with _progress() as progress:
        for session_id, path in zip(ids, paths, strict=True):
            with open_session(_packed(library, session_id, path) if kind == "h5" else path) as reader:
                for table in tables:
                    target = out / files.file_name(session_id, table, kind)
                    _write(target, reader, table, kind, progress)
                    console().print(shown(target), markup=False, soft_wrap=True)


def _pages(ids: list[str], library: Library, out: Path, is_dry_run: bool, max_mb: float) -> None:
    from mri.web.postcard import page  # Dash and Plotly

    is_file = out.suffix == ".html"
    if is_file and len(ids) > 1:
        raise ConfigError(f"{shown(out)} is one file for {len(ids)} sessions: give --out a folder.")
    for session_id, path in [(session_id, library.path(session_id)) for session_id in ids]:
        target = out if is_file else out / f"{session_id}.html"
        with open_session(path) as reader:
            name = library.info(session_id).name
            if is_dry_run:
                parts = page.postcard(reader, name).num_bytes
                told = ", ".join(f"{part} {size / 1e6:.2f}" for part, size in parts.items())
                console().print(f"{target.name}: {sum(parts.values()) / 1e6:.2f} MB ({told})", markup=False)
            else:
                page.write(reader, target, name=name, max_mb=max_mb)
                size = target.stat().st_size / 1e6
                console().print(f"{shown(target)}  {size:.2f} MB", markup=False, soft_wrap=True)


def take_in(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH…", help="Session files (.h5) from someone else.")],
    sessions: Sessions = SESSIONS,
) -> None:
    """Check session files from someone else and take them in. Each gets an id of its own here."""
    library = Library(sessions)
    for path in paths:
        with _progress() as progress:
            task = progress.add_task(path.name, total=1.0)

            def on_progress(what: str, share: float, task: TaskID = task, name: str = path.name) -> None:
                progress.update(task, description=f"{what} {name}", completed=share)

            session_id = import_file(library, path, on_progress=on_progress)
        info = library.info(session_id)
        taken = f"{session_id}  {info.num_steps:,} steps of {printable(info.model_id)}"
        console().print(taken, markup=False, soft_wrap=True)


def library_of(sessions: Path) -> Library:
    """For commands that read: with what came with the project. Raises StoreError where the folder that was named is not
    there."""
    library = whole_library(sessions)
    if not library.folder.exists() and library.folder != SESSIONS:
        raise StoreError(f"The folder {shown(library.folder)} does not exist: check --sessions, or record into it.")
    return library


def _write(target: Path, reader: SessionReader, table: str, kind: str, progress: Progress) -> None:
    """All of the file or none. Raises StoreError."""
    from mri.export import files

    total = reader.path.stat().st_size if kind == "h5" else files.rows_about(reader, table)
    task = progress.add_task(f"writing {target.name}", total=max(1, total))
    written = partial(target)

    def advance(number: int) -> None:
        progress.advance(task, number)

    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with open(written, "xb") as file:
            if kind == "h5":
                for piece in files.session_pieces(reader):
                    file.write(piece)
                    advance(len(piece))
            else:
                file.writelines(files.table_pieces(reader, table, kind, advance))
        os.replace(written, target)
    except OSError as error:
        raise disk_error("write", target, error) from error
    finally:
        with contextlib.suppress(OSError):
            written.unlink(missing_ok=True)
        progress.remove_task(task)


def _packed(library: Library, session_id: str, path: Path) -> Path:
    """The .h5 of a session, made of its journal where there is none yet. Raises StoreError."""
    if not path.is_dir():
        return path
    if library.is_recording(session_id):
        raise StoreError(f"Session {session_id} is being recorded: wait for its end, or export its tables.")
    if error := seal_in_child(path):
        raise StoreError(error)
    return library.path(session_id)


@contextlib.contextmanager
def _progress() -> Iterator[Progress]:
    columns = TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn()
    is_seen = sys.stderr.isatty()
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=not is_seen) as progress:
        yield progress
