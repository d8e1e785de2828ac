"""A corpus read by a model: `python -m mri scan`. Part of the command line: cli.py says what went wrong."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
from rich.progress import Progress as Bar

from mri.commands.models import ConstantsSet, DeviceOf, DtypeOf, TokenizerOf
from mri.console import console, printable
from mri.errors import ConfigError
from mri.nanochat.locate import need_torch

if TYPE_CHECKING:
    from mri.scans.scan import Plan, Progress


def scan(
    texts: Annotated[
        list[str],
        typer.Argument(
            metavar="TEXT…",
            help="Files (.txt, .md: blank lines part documents; .jsonl, .parquet: their `text`), folders of them, or "
            "`embedded`: the corpus of the embedded model, `embedded:3357` so many documents of it.",
        ),
    ],
    out: Annotated[Path, typer.Option(help="Folder of the scan. What is done there is not done again.")],
    model: Annotated[
        Path | None,
        typer.Option(help="Base directory, checkpoint folder or file of weights. [default: the embedded model]"),
    ] = None,
    workers: Annotated[int, typer.Option(help="Processes. The result is the same, bit for bit.", min=1)] = 1,
    shard: Annotated[
        str, typer.Option(metavar="I/N", help="Do share I of N (from 0), where N jobs have one folder.")
    ] = "0/1",
    max_tokens: Annotated[int, typer.Option(help="Most tokens of a document; the rest is cut.")] = 512,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say size and time, and write nothing.")] = False,
    tokenizer: TokenizerOf = None,
    constants: ConstantsSet = None,
    device: DeviceOf = None,
    dtype: DtypeOf = "float32",
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for programs.")] = False,
) -> None:
    """Read TEXT with a model, and keep what every neuron and head did. Ctrl-C loses one shard of a worker at most: the
    same command goes on."""
    share = share_of(shard)
    need_torch()
    from mri.nanochat.checkpoint import load_model  # torch: only this command needs it
    from mri.nanochat.constants import constants_from_text
    from mri.scans import scan as scans
    from mri.scans.settings import Settings

    told = constants_from_text(constants or [])
    loaded = load_model(model, tokenizer=tokenizer, device=device, dtype=dtype, constants=told)
    settings = Settings(max_tokens=max_tokens)
    if dry_run:
        plan = scans.plan(scans.manifest_of(texts, loaded, settings), loaded)
        _print(asdict(plan), as_json, _sentence_of(plan, workers * share[1]))
        return
    columns = BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}")
    with Bar(*columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task("reading the texts", total=None)

        def on_progress(progress: Progress) -> None:
            bar.update(task, completed=progress.shards_done, total=progress.shards, description=_rate(progress))
            if not sys.stderr.isatty():
                print(f"{progress.shards_done} of {progress.shards} shards, {_rate(progress)}", file=sys.stderr)

        found = scans.scan(
            texts, model=loaded, out=out, workers=workers, shard=share, settings=settings, on_progress=on_progress
        )
    manifest, missing = found.manifest, found.missing
    facts: dict[str, object] = {"path": str(found.path), "run": manifest.run_hash, "corpus": manifest.corpus_hash}
    facts |= {"documents": manifest.num_documents, "shards": len(manifest.shards), "missing": len(missing)}
    rest = f"; {len(missing)} are left to others" if missing else ""
    what = f"{manifest.num_documents:,} documents in {len(manifest.shards)} shards"
    _print(facts, as_json, f"{found.path}: {what}{rest}.")


def share_of(text: str) -> tuple[int, int]:
    """`0/4` as (0, 4). Raises ConfigError."""
    match = re.fullmatch(r"(\d{1,6})/(\d{1,6})", text)
    if match is None or int(match[1]) >= int(match[2]):
        raise ConfigError(f"--shard {text} is no share: the first of four is 0/4, the last 3/4.")
    return int(match[1]), int(match[2])


def _print(facts: dict[str, object], as_json: bool, sentence: str) -> None:
    if as_json:
        print(json.dumps(facts, indent=2))
    else:
        console().print(printable(sentence), markup=False, soft_wrap=True)


def _sentence_of(plan: Plan, workers: int) -> str:
    text = f"{plan.documents:,} documents, about {plan.tokens:,} tokens, {plan.shards} shards"
    size = f"{plan.bytes_per_neuron:,} bytes a neuron and shard, {plan.bytes_on_disk / 1e6:,.0f} MB before packing"
    speed = f"{_time(plan.seconds / min(workers, plan.shards))} at {plan.tokens_per_s:,.0f} tokens a second and process"
    return f"{text}; {size}; {speed} (measured on {plan.tried:,})."


def _rate(progress: Progress) -> str:
    return f"{progress.tokens_per_s:,.0f} tokens a second, {_time(progress.seconds_left)} left"


def _time(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{seconds:.0f} s" if seconds < 90 else f"{minutes} min" if minutes < 90 else f"{seconds / 3600:.1f} h"
