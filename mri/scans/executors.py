"""Who does the shards of a scan: this process, or several that are spawned. Each takes numbers of shards and gives a
receipt when one is on disk; whatever else is to work at a scan does the same.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing.connection import wait
from pathlib import Path

from mri.capture.identity import run_of_loaded
from mri.errors import StoreError, WorkerError
from mri.nanochat.checkpoint import LoadedModel, load_model
from mri.nanochat.locate import ModelRef
from mri.scans.folder import Folder, open_folder
from mri.scans.reading.shard import one_thread, read_shard
from mri.scans.shards import texts_of


@dataclass(frozen=True)
class Receipt:
    """Of a shard that is on disk; `num_bytes` of its texts."""

    shard: int
    num_tokens: int
    num_bytes: int


Executor = Callable[[Folder, Sequence[int]], Iterator[Receipt]]


def do_shard(folder: Folder, loaded: LoadedModel, number: int) -> Receipt:
    """Reads one shard and keeps what was found. Raises ConfigError where its texts have changed, StoreError."""
    shard, manifest = folder.manifest.shards[number], folder.manifest
    texts = texts_of(shard, folder.sources)
    with one_thread():
        part = read_shard(loaded, texts, shard.first_document, manifest.settings, repeats=number == 0)
    folder.keep(number, part)
    return Receipt(number, int(part.tokens.sum()), shard.num_bytes)


def in_process(loaded: LoadedModel) -> Executor:
    """Here, one after the other."""

    def execute(folder: Folder, numbers: Sequence[int]) -> Iterator[Receipt]:
        for number in numbers:
            yield do_shard(folder, loaded, number)

    return execute


def spawned(model: ModelRef, workers: int) -> Executor:
    """In `workers` processes, each with the model. Raises WorkerError where one of them is killed."""

    def execute(folder: Folder, numbers: Sequence[int]) -> Iterator[Receipt]:
        context = multiprocessing.get_context("spawn")
        given = folder.path, folder.manifest.run_hash, model
        pool = ProcessPoolExecutor(min(workers, max(len(numbers), 1)), context, _begin, given)
        try:
            for done in as_completed([pool.submit(_do, number) for number in numbers]):
                yield done.result()
        except BrokenProcessPool as error:
            raise WorkerError(
                "A process of the scan was killed, perhaps for its memory: run it again, with fewer --workers."
            ) from error
        finally:
            pool.shutdown(cancel_futures=True)

    return execute


_mine: tuple[Folder, LoadedModel]
"""Of a spawned process."""


def _begin(path: Path, run_hash: str, model: ModelRef) -> None:
    global _mine
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches every process: the shard under way is finished
    threading.Thread(target=_end_with_parent, daemon=True).start()
    loaded = load_model(model)
    _mine = open_folder(path), loaded
    if run_of_loaded(loaded).hash != run_hash:
        raise StoreError(f"The model in {model.file} is another than the scan was begun with: give that one.")


def _do(number: int) -> Receipt:
    return do_shard(*_mine, number)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
