"""A scan that is done, as tables. Needs no model and no torch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mri.errors import ConfigError, UnknownHookPoint
from mri.paths import as_path
from mri.scans.fields import BINS, FIRST_OCTAVE, HALVES, MAGNITUDES, OCTAVES_PER_MAGNITUDE, STEPS_PER_OCTAVE, Part
from mri.scans.folder import Folder, Manifest, open_folder
from mri.scans.shards import texts_of

POINT = "mlp_act"


def open_scan(path: Path | str) -> Scan:
    """The scan in a folder. Raises StoreError where there is none; its tables do where shards are missing or torn."""
    return Scan(open_folder(as_path(path)))


class Scan:
    """What a model did over a corpus: `.neuron(hook_point, i)`, `.heads()`, `.blocks()`, `.text(document)`."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder

    def __repr__(self) -> str:
        told = self.manifest
        return f"Scan({str(self._folder.path)!r}, {told.num_documents:,} documents, {len(told.shards)} shards)"

    @property
    def path(self) -> Path:
        return self._folder.path

    @property
    def manifest(self) -> Manifest:
        return self._folder.manifest

    @property
    def missing(self) -> list[int]:
        """Shards that are not done."""
        return self._folder.missing

    @cached_property
    def part(self) -> Part:
        """Everything that was kept, as arrays (fields.py): merged from all shards when first asked for."""
        return self._folder.whole()

    def blocks(self) -> pd.DataFrame:
        """A row a block: live (neurons that were ever above 0), above_zero (of them a token, on average), max, mean."""
        neurons, tokens = self.part.neurons, self.part.tokens.sum()
        fires = neurons["fires"].sum(-1)
        columns = {
            "block": np.arange(len(fires)),
            "live": (fires > 0).sum(1),
            "neurons": fires.shape[1],
            "above_zero": fires.sum(1) / tokens,
            "max": neurons["max"].max((1, 2)),
            "mean": neurons["sum"].sum((1, 2)) / tokens / fires.shape[1],
        }
        return pd.DataFrame(columns)

    def heads(self) -> pd.DataFrame:
        """A row a head: mean weight on the token before, on the first, on itself, and how many tokens back on average,
        over all tokens behind the first of a document; induction over lists of random words that come twice."""
        sums = self.part.heads
        n_layer, n_head = sums["queries"].shape
        with np.errstate(invalid="ignore"):
            means = {name: sums[name] / sums["queries"] for name in ("previous", "first", "self", "distance")}
            means["induction"] = sums["induction"] / sums["repeats"]
        places = {"block": np.repeat(np.arange(n_layer), n_head), "head": np.tile(np.arange(n_head), n_layer)}
        return pd.DataFrame(places | {name: values.ravel() for name, values in means.items()})

    def neuron(self, hook_point: str, i: int) -> Neuron:
        """One of them, as "block.3.mlp_act", 487. Raises UnknownHookPoint, ConfigError."""
        sizes = self.manifest.sizes
        block = next((n for n in range(sizes.n_layer) if hook_point == f"block.{n}.{POINT}"), None)
        if block is None:
            raise UnknownHookPoint(f"A scan has no {hook_point!r}: it has block.0.{POINT} to {sizes.n_layer - 1}.")
        if not 0 <= i < sizes.n_neuron:
            raise ConfigError(f"There is no neuron {i} at {hook_point}: they go from 0 to {sizes.n_neuron - 1}.")
        return Neuron(hook_point, i, self.part, block)

    def text(self, document: int) -> str:
        """Read again from where it lies. Raises ConfigError where it is not there, or has changed."""
        for shard in self.manifest.shards:
            if 0 <= document - shard.first_document < shard.num_documents:
                return texts_of(shard, self._folder.sources)[document - shard.first_document][0]
        raise ConfigError(f"There is no document {document}: they go from 0 to {self.manifest.num_documents - 1}.")


@dataclass(frozen=True)
class Neuron:
    """What was kept of one neuron. By half: index 0 of the documents with even numbers, 1 of the odd ones."""

    hook_point: str
    index: int
    part: Part
    block: int

    def kept(self, name: str) -> Any:
        """By a name of `neuron_fields`."""
        return self.part.neurons[name][self.block, self.index]

    @property
    def mean(self) -> float:
        return float(self.kept("sum").sum() / self.part.tokens.sum())

    @property
    def std(self) -> float:
        """Population."""
        return float(np.sqrt(max(self.kept("sum_sq").sum() / self.part.tokens.sum() - self.mean**2, 0)))

    def halves(self) -> pd.DataFrame:
        """A row a half: documents, tokens, fires (above 0), max, mean."""
        columns = {"documents": self.part.documents, "tokens": self.part.tokens, "fires": self.kept("fires")}
        columns |= {"max": self.kept("max"), "mean": self.kept("sum") / self.part.tokens}
        return pd.DataFrame({"half": HALVES} | columns)

    def moments(self) -> pd.DataFrame:
        """value, document, position: the strongest of a document, the strongest documents."""
        return self._entries("moment", {})

    def samples(self) -> pd.DataFrame:
        """low, high, value, document, position: drawn at random from each bin of magnitude."""
        low = 2.0 ** (FIRST_OCTAVE + OCTAVES_PER_MAGNITUDE * np.arange(MAGNITUDES))
        edges = {"low": low, "high": low * 2.0**OCTAVES_PER_MAGNITUDE}
        most = self.kept("sample_value").shape[-1]
        return self._entries("sample", {name: np.repeat(each, most) for name, each in edges.items()})

    def _entries(self, prefix: str, columns: dict[str, Any]) -> pd.DataFrame:
        found = {name: self.kept(f"{prefix}_{name}").ravel() for name in ("value", "document", "position")}
        frame = pd.DataFrame(columns | found)
        return frame[frame["value"] > 0].reset_index(drop=True)

    def histogram(self) -> pd.DataFrame:
        """low, find, count: how often it was above 0 and between `low` and the next; the outermost bins are open."""
        octave, step = np.divmod(np.arange(BINS), STEPS_PER_OCTAVE)
        low = 2.0 ** (FIRST_OCTAVE + octave) * (1 + step / STEPS_PER_OCTAVE)
        return pd.DataFrame({"low": low} | dict(zip(HALVES, self.kept("histogram"), strict=True)))

    def tokens(self, key: str = "this") -> pd.DataFrame:
        """id, seen, mean, most, r of the tokens with the largest means: those read ("this"), or those that follow
        ("next"). `most` is what the mean could be with what single shards did not keep; r is the point-biserial
        correlation of the activation with "it is this token"."""
        return pd.DataFrame(self._tokens(key))

    def _tokens(self, key: str) -> Iterator[dict[str, Any]]:
        n, mean, std = int(self.part.tokens.sum()), self.mean, self.std
        kept = (self.kept(f"{key}_{name}").tolist() for name in ("id", "sum", "missed"))
        for token_id, total, missed in zip(*kept, strict=True):
            if token_id >= 0:
                seen = int(self.part.seen[key][token_id])
                rest = n - seen
                spread = std * np.sqrt(rest / seen) if rest else 0
                r = (total / seen - mean) / spread if spread else float("nan")
                r *= 1 if rest else float("nan")
                yield {"id": token_id, "seen": seen, "mean": total / seen, "most": (total + missed) / seen, "r": r}
