"""A scan from words to numbers: which shards there are, which are to do, who does them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from mri.capture.identity import run_of_loaded
from mri.errors import ConfigError, ModelError
from mri.nanochat.checkpoint import LoadedModel, load_model
from mri.nanochat.locate import ModelRef
from mri.paths import as_path
from mri.scans.executors import in_process, spawned
from mri.scans.fields import bytes_per_neuron
from mri.scans.folder import Folder, Manifest, begin
from mri.scans.opened import Scan, open_scan
from mri.scans.reading.shard import one_thread, read_shard, sizes_of
from mri.scans.settings import Settings
from mri.scans.shards import Shard, cut, texts_of
from mri.scans.sources import sources_of

Texts = str | Path | Iterable[str | Path]
TRIED_DOCUMENTS = 200
"""Read to say how long a scan will take."""


@dataclass(frozen=True)
class Progress:
    """Of the shards that were to do; tokens read in this run; seconds left if all texts are alike."""

    shards_done: int
    shards: int
    tokens: int
    tokens_per_s: float
    seconds_left: float


@dataclass(frozen=True)
class Plan:
    """What a scan would be: `bytes_on_disk` before its files are packed, seconds in one process by `tried` tokens."""

    shards: int
    documents: int
    text_bytes: int
    tokens: int
    bytes_per_neuron: int
    bytes_on_disk: int
    seconds: float
    tokens_per_s: float
    tried: int


def manifest_of(texts: Texts, loaded: LoadedModel, settings: Settings) -> Manifest:
    """Reads all texts once. Raises ConfigError, ModelError."""
    run = run_of_loaded(loaded)
    if not run.hash:
        raise ModelError("The weights of this model cannot be read here, so that nobody could say what was scanned.")
    sources = sources_of(texts)
    return Manifest(
        model=run.model.to_json() | {"model_id": loaded.ref.id},
        run_hash=run.hash,
        tokenizer_hash=loaded.tokenizer.hash,
        dtype=run.model.dtype,
        device=loaded.device.type,
        sizes=sizes_of(loaded),
        settings=settings,
        sources=tuple(source.name for source in sources),
        shards=tuple(cut(sources, settings)),
    )


def scan(
    texts: Texts,
    *,
    model: Path | str | LoadedModel | None = None,
    out: Path | str,
    workers: int = 1,
    shard: tuple[int, int] = (0, 1),
    settings: Settings | None = None,
    on_progress: Callable[[Progress], None] | None = None,
) -> Scan:
    """Have a model read many documents, and keep what each neuron and head did, in the folder `out`.

    texts     files (.txt, .md, .jsonl, .parquet), folders of them, "embedded" or "embedded:3357" (documents)
    model     as of `mri.record`; with several workers a checkpoint, which each of them loads
    workers   processes; the numbers are the same, bit for bit, however many there are
    shard     (i, n): every n-th shard from i on, where n machines share the folder

    What is done in `out` is not done again. Raises ConfigError, ModelError, StoreError, WorkerError.
    """
    if type(workers) is not int or workers < 1:
        raise ConfigError(f"A scan cannot have {workers!r} workers: give 1 or more.")
    if not 0 <= shard[0] < shard[1]:
        raise ConfigError(f"There is no share {shard[0]} of {shard[1]}: the first is 0/{shard[1]}.")
    loaded = model if isinstance(model, LoadedModel) else load_model(model)
    folder = begin(as_path(out), manifest_of(texts, loaded, settings or Settings()))
    to_do = folder.to_do(shard)
    execute = in_process(loaded) if workers == 1 else spawned(_as_file(loaded), workers)
    watch = _Watch(folder, shard[1], to_do)
    for receipt in execute(folder, to_do):
        progress = watch.after(receipt.num_tokens, receipt.num_bytes)
        if on_progress is not None:
            on_progress(progress)
    return open_scan(folder.path)


def plan(manifest: Manifest, loaded: LoadedModel) -> Plan:
    """Reads some documents of the first shard to measure."""
    sizes, settings = manifest.sizes, manifest.settings
    texts = texts_of(manifest.shards[0], sources_of(manifest.sources))[:TRIED_DOCUMENTS]
    began = time.perf_counter()
    with one_thread():
        part = read_shard(loaded, texts, 0, settings, repeats=False)
    seconds, tried = time.perf_counter() - began, int(part.tokens.sum())
    text_bytes = sum(shard.num_bytes for shard in manifest.shards)
    tokens = round(tried * text_bytes / sum(len(text.encode("utf-8", "surrogatepass")) for text, _ in texts))
    of_neuron, num_shards = bytes_per_neuron(settings), len(manifest.shards)
    return Plan(
        shards=num_shards,
        documents=manifest.num_documents,
        text_bytes=text_bytes,
        tokens=tokens,
        bytes_per_neuron=of_neuron,
        bytes_on_disk=of_neuron * sizes.n_layer * sizes.n_neuron * num_shards,
        seconds=tokens / tried * seconds,
        tokens_per_s=tried / seconds,
        tried=tried,
    )


def _as_file(loaded: LoadedModel) -> ModelRef:
    if not loaded.is_as_loaded:
        raise ConfigError("The weights are not those of the file any more, and workers load it: scan with 1 worker.")
    return loaded.ref


class _Watch:
    def __init__(self, folder: Folder, shares: int, to_do: list[int]) -> None:
        shards: tuple[Shard, ...] = folder.manifest.shards
        self._left = sum(shards[number].num_bytes for number in to_do)
        self._shards = len(to_do)
        self._done = self._tokens = self._bytes = 0
        self._began = time.perf_counter()

    def after(self, num_tokens: int, num_bytes: int) -> Progress:
        self._done, self._tokens, self._bytes = self._done + 1, self._tokens + num_tokens, self._bytes + num_bytes
        seconds = time.perf_counter() - self._began
        left = seconds / self._bytes * (self._left - self._bytes)
        return Progress(self._done, self._shards, self._tokens, self._tokens / seconds, left)
