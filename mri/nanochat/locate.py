"""Finds checkpoints in nanochat's base directories, and reads what can be known without loading one.

Knows file names and meta files. Imports neither torch nor tiktoken, so that a server can list models
that only its worker loads.
"""

import json
import os
import re
from dataclasses import dataclass, fields
from pathlib import Path

from mri.errors import ModelError
from mri.nanochat.config import GPTConfig
from mri.paths import EMBEDDED, as_path

SOURCES = ("chatsft", "chatrl", "mid", "base")
"""Kinds of checkpoints in the order of choice: what can chat goes first, and nanochat's own chat takes chatsft."""

_MODEL_FILE = re.compile(r"model_(\d+)\.pt")
_MAX_META_BYTES = 1 << 20


@dataclass(frozen=True)
class CheckpointFiles:
    """One checkpoint: its files and what their names say."""

    model: Path
    meta: Path
    tokenizer: Path
    source: str  # "chatsft", "base", ...; the folder's own name where it is not nanochat's
    tag: str  # "d12"
    step: int

    @classmethod
    def of(cls, model: Path) -> "CheckpointFiles":
        """The files that belong to a `model_<step>.pt`, whether they exist or not."""
        match = _MODEL_FILE.fullmatch(model.name)
        if not match:
            raise ModelError(f"{model} is not named model_<step>.pt: give a checkpoint as nanochat names it.")
        checkpoints = model.parent.parent
        return cls(
            model=model,
            meta=model.with_name(f"meta_{match[1]}.json"),
            tokenizer=checkpoints.parent / "tokenizer" / "tokenizer.pkl",
            source=checkpoints.name.removesuffix("_checkpoints"),
            tag=model.parent.name,
            step=int(match[1]),
        )


@dataclass(frozen=True)
class Offer:
    """A base directory that can be chosen from, with its default checkpoint."""

    label: str
    base_dir: Path
    checkpoint: CheckpointFiles


def find_checkpoint(path: Path) -> CheckpointFiles:
    """The checkpoint that a base directory, a `*_checkpoints` folder, a checkpoint folder or a `model_*.pt` means.

    In a base directory the first of SOURCES that has a model; then nanochat's own choice: the tag d<number> with
    the largest number (so d20_x counts as 20), else the folder changed last; the largest step. Folders without a
    model are passed over. Raises ModelError where there is none.
    """
    path = Path(os.path.abspath(as_path(path)))  # not resolved: a linked checkpoint keeps its place beside a tokenizer
    if path.is_file():
        return CheckpointFiles.of(path)
    if not path.is_dir():
        raise ModelError(f"{path} does not exist: give a nanochat base directory, a checkpoint folder or a model_*.pt.")
    model = _last_step(path) or _default_tag(path) or _default_source(path)
    if model is None:
        raise ModelError(
            f"{path} holds no checkpoint (no model_*.pt here, in a tag folder, or in "
            f"{', '.join(f'{source}_checkpoints' for source in SOURCES)}): give a nanochat base directory."
        )
    return CheckpointFiles.of(model)


def discover(extra: Path | None = None) -> list[Offer]:
    """The base directories on offer: `extra`, the embedded one, $NANOCHAT_BASE_DIR and ~/.cache/nanochat.

    Those without a checkpoint, and repetitions, are left out; but `extra` was asked for, so it raises ModelError.
    """
    candidates = [("embedded", EMBEDDED), ("~/.cache/nanochat", Path("~/.cache/nanochat").expanduser())]
    if named := os.environ.get("NANOCHAT_BASE_DIR"):
        candidates.insert(1, ("$NANOCHAT_BASE_DIR", as_path(named)))
    offers = [Offer(str(extra), extra, find_checkpoint(extra))] if extra else []
    for label, base_dir in candidates:
        model = _default_source(base_dir)
        if model and model not in [offer.checkpoint.model for offer in offers]:
            offers.append(Offer(label, base_dir, CheckpointFiles.of(model)))
    return offers


def read_config(files: CheckpointFiles) -> GPTConfig:
    """The model_config of a checkpoint's meta file. Raises ModelError naming the file where it is none."""
    try:
        if files.meta.stat().st_size > _MAX_META_BYTES:
            raise ModelError(f"{files.meta} is larger than 1 MB, so it is no nanochat meta file: {_META_CURE}.")
        meta = json.loads(files.meta.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ModelError(f"{files.meta} is missing beside {files.model.name}: {_META_CURE}.") from error
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"{files.meta} cannot be read as JSON ({type(error).__name__}): {_META_CURE}.") from error
    sizes = meta.get("model_config") if isinstance(meta, dict) else None
    if not isinstance(sizes, dict):
        raise ModelError(f"{files.meta} has no 'model_config': {_META_CURE}.")
    known = {field.name for field in fields(GPTConfig)}
    required = known - {"window_pattern"}
    if wrong := sorted((set(sizes) - known) | (required - set(sizes))):
        raise ModelError(f"The model_config of {files.meta} lacks or should not have {', '.join(wrong)}: {_META_CURE}.")
    try:
        return GPTConfig(**sizes)
    except ModelError as error:
        raise ModelError(f"{files.meta}: {error}") from error


_META_CURE = "copy the meta file that nanochat wrote with this model"


def _last_step(folder: Path) -> Path | None:
    """The model file with the largest step in a checkpoint folder."""
    steps = {int(match[1]): path for path in _children(folder) if (match := _MODEL_FILE.fullmatch(path.name))}
    return steps[max(steps)] if steps else None


def _default_tag(checkpoints: Path) -> Path | None:
    """The model file of the default tag in a `*_checkpoints` folder."""
    models = {path: model for path in _children(checkpoints) if (model := _last_step(path))}
    depths = {path: int(match[1]) for path in models if (match := re.match(r"d(\d+)", path.name))}
    if depths:
        return models[max(depths, key=lambda path: (depths[path], path.name))]
    return models[max(models, key=lambda path: path.stat().st_mtime)] if models else None


def _default_source(base_dir: Path) -> Path | None:
    """The model file of the default source in a base directory."""
    folders = (base_dir / f"{source}_checkpoints" for source in SOURCES)
    return next((model for folder in folders if (model := _default_tag(folder))), None)


def _children(folder: Path) -> list[Path]:
    """What is in a folder, sorted; nothing where it is not a folder or may not be read."""
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []
