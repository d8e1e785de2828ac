"""What can be known of a checkpoint without its numbers: sizes, era, constants that stand in its files.

Imports neither torch nor tiktoken.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mri.errors import ConfigError, ModelError
from mri.nanochat.config import GPTConfig
from mri.nanochat.disk.contents import Contents, read_contents
from mri.nanochat.disk.keys import Named, named_as_nanochat
from mri.nanochat.disk.sizes import META_CURE, Told, fitted, told_by, told_in
from mri.nanochat.eras import era_from_keys
from mri.nanochat.locate import ModelRef


def read_config(ref: ModelRef) -> GPTConfig:
    """The sizes of a checkpoint, as its meta file tells them, else as the shapes of its tensors show them. Raises
    ModelError naming the file that does not say."""
    told = told_of(ref)
    try:
        return GPTConfig(**{name: told.sizes.get(name) for name in GPTConfig.__dataclass_fields__})  # type: ignore[arg-type]
    except ModelError as error:
        if ref.step is not None:
            raise ModelError(f"{ref.meta}: {error}") from error
    contents = read_contents(ref.file)
    named, told = names_and_told(ref, contents)
    shapes = shapes_of(contents, named)
    era_from_keys(shapes)
    return fitted(told.sizes, shapes, ref.meta.name if ref.metas else ref.file.name)[0]


def names_and_told(ref: ModelRef, contents: Contents) -> tuple[Named, Told]:
    """nanochat's names of the parameters, the head that is tied to the embedding too; what the files say."""
    named, told = named_as_nanochat(contents.tensors), told_of(ref)
    if not told.sizes:
        told = _told_inside(told, contents.others, ref)
    embedding = named.keys.get("transformer.wte.weight")
    is_tied = told.is_tied or "transformer.wpe.weight" in named.keys
    if is_tied and embedding is not None:
        named.keys.setdefault("lm_head.weight", embedding)
    return named, told


def shapes_of(contents: Contents, named: Named) -> dict[str, tuple[int, ...]]:
    return {name: contents.tensors[key].shape for name, key in named.keys.items()}


def told_of(ref: ModelRef) -> Told:
    """What the files beside the weights say. Raises ModelError where there is none beside a checkpoint that is named
    as nanochat's."""
    if ref.metas:
        return told_by(ref.metas[0])
    if ref.step is not None:
        raise ModelError(f"{ref.meta} is missing beside {ref.file.name}: {META_CURE}.")
    return Told({})


def _told_inside(told: Told, others: Mapping[str, Any], ref: ModelRef) -> Told:
    """What the file of weights says itself: nanoGPT's `model_args`, or a `config`."""
    table = others.get("model_args") or others.get("config")
    if not isinstance(table, dict):
        return told
    try:
        return told_in(table, ref.file.name)
    except ConfigError as error:
        raise ModelError(f"{ref.file}: {error}") from error


def dataset_of(contents: Contents) -> str:
    """The folder of nanoGPT's `data/` that a checkpoint was trained on, "" where it does not say."""
    config = contents.others.get("config")
    name = config.get("dataset") if isinstance(config, dict) else None
    return name if isinstance(name, str) and name.replace("_", "").replace("-", "").isalnum() else ""
