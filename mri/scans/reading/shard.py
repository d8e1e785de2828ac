"""One shard read by a model: the pass, and what is kept of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mri.capture.attention import AttentionCall, AttentionTap
from mri.capture.hooks import HookSet, Tap
from mri.errors import ModelError
from mri.nanochat.checkpoint import LoadedModel
from mri.scans.fields import HEAD_SUMS, KEYS, Part, Sizes
from mri.scans.reading.batches import Batch, Reading, batches_of, reading_of
from mri.scans.reading.heads import sums_over_repeats, sums_over_text, weights_of
from mri.scans.reading.neurons import BlockSums, Placed
from mri.scans.reading.repeats import repeated
from mri.scans.settings import Settings


def sizes_of(loaded: LoadedModel) -> Sizes:
    """Raises ModelError where its MLPs are not alike."""
    blocks: Any = loaded.model.transformer["h"]
    widths = {block.mlp.c_proj.weight.shape[1] for block in blocks}
    if len(widths) != 1:
        raise ModelError("The MLPs of this model are not of one width: a scan reads models whose blocks are alike.")
    return Sizes(len(blocks), int(min(widths)), loaded.config.n_head, loaded.config.vocab_size)


@contextmanager
def one_thread() -> Iterator[None]:
    """Sums come out the same, bit for bit, however many work at a scan."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


@torch.inference_mode()
def read_shard(
    loaded: LoadedModel, texts: Sequence[tuple[str, bool]], first_document: int, settings: Settings, *, repeats: bool
) -> Part:
    """What the model did over these documents; `repeats`: over the lists of repeats.py, too, for induction."""
    most = min(settings.max_tokens, loaded.config.sequence_len)
    tokenizer = loaded.tokenizer
    readings = [
        reading_of(first_document + n, text, has_names, tokenizer, most) for n, (text, has_names) in enumerate(texts)
    ]
    shard = _Shard(loaded, [reading for reading in readings if reading.ids], settings)
    for batch in batches_of(shard.readings, settings.batch_tokens):
        shard.read(batch)
    if repeats:
        shard.read_repeats()
    return shard.part()


class _Shard:
    def __init__(self, loaded: LoadedModel, readings: list[Reading], settings: Settings) -> None:
        self._loaded, self._settings, self.readings = loaded, settings, readings
        self._sizes, device = sizes_of(loaded), loaded.device
        self._tokens, self._documents = (np.zeros(2, np.int64) for _ in range(2))
        this = [i for reading in readings for i in reading.ids]
        following = [i for reading in readings for i in [*reading.ids[1:], reading.following] if i >= 0]
        self._seen = {
            key: np.bincount(np.array(ids, np.int64), minlength=self._sizes.n_vocab)
            for key, ids in zip(KEYS, (this, following), strict=True)
        }
        self._ids = {key: torch.from_numpy(seen.nonzero()[0]).to(device) for key, seen in self._seen.items()}
        self._blocks = [
            BlockSums(self._sizes.n_neuron, self._ids, settings, device) for _ in range(self._sizes.n_layer)
        ]
        shape = self._sizes.n_layer, self._sizes.n_head
        self._heads = {name: np.zeros(shape) for name in HEAD_SUMS}

    def read(self, batch: Batch) -> None:
        placed = Placed(batch, self._ids, self._loaded.device)

        def on_value(key: str, value: Any) -> None:
            self._blocks[int(key)].add(value.float(), placed)

        points = [Tap(str(i), f"transformer.h.{i}.mlp.c_proj", "input") for i in range(self._sizes.n_layer)]
        with HookSet(self._loaded.model, points, on_value):
            calls = self._pass(batch.ids)
        for layer, call in enumerate(calls):
            self._add_heads(layer, sums_over_text(weights_of(call), placed.is_read))
        for half in (0, 1):
            self._tokens[half] += batch.lengths[batch.documents % 2 == half].sum()
            self._documents[half] += (batch.documents % 2 == half).sum()

    def read_repeats(self) -> None:
        for ids, length in repeated(self._loaded.tokenizer, self._loaded.config.sequence_len):
            for layer, call in enumerate(self._pass(np.array([ids], np.int64))):
                self._add_heads(layer, sums_over_repeats(weights_of(call), length))

    def part(self) -> Part:
        counts = {
            key: torch.from_numpy(self._seen[key][self._ids[key].cpu().numpy()]).to(self._loaded.device) for key in KEYS
        }
        blocks = [block.found(counts) for block in self._blocks]
        neurons = {name: np.stack([block[name] for block in blocks]) for name in blocks[0]}
        return Part(neurons, self._heads, self._seen, self._tokens, self._documents)

    def _pass(self, ids: np.ndarray) -> list[AttentionCall]:
        """Attention calls of every block, of a pass over rows (B, T)."""
        calls: list[AttentionCall] = []
        idx: Tensor = torch.from_numpy(ids).to(self._loaded.device)
        with AttentionTap(self._loaded.model, calls.append):
            self._loaded.model(idx)
        if len(calls) != self._sizes.n_layer:
            raise ModelError("This model does not call attention once a block: a scan reads those of nanochat.")
        return calls

    def _add_heads(self, layer: int, sums: dict[str, np.ndarray]) -> None:
        for name, values in sums.items():
            self._heads[name][layer] += values
