"""Finds checkpoints in nanochat's base directories, and reads what can be known without loading one.

Knows file names and meta files. Imports neither torch nor tiktoken, so that a server can list models
that only its worker loads.
"""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from mri.errors import ModelError, NoTorch
from mri.nanochat.config import GPTConfig
from mri.nanochat.constants import softcap_of
from mri.paths import EMBEDDED, as_path

SOURCES = ("chatsft", "chatrl", "mid", "base")
"""Kinds of checkpoints in the order of choice: what can chat goes first, and nanochat's own chat takes chatsft."""

_MODEL_FILE = re.compile(r"model_(\d+)\.pt")
_MAX_META_BYTES = 1 << 20


@dataclass(frozen=True)
class ModelRef:
    """A checkpoint that was found. Made where a person's words come in, and passed on as it is from there.

    file      the model_<step>.pt; what else belongs to it follows from its place
    asked     what was asked for: a path as it was given, or the name of a place, as "embedded"
    softcap   as it was set, since no file says it (constants.py); None leaves it to nanochat's

    Raises ModelError where nanochat would not name a checkpoint so, ConfigError for a softcap that cannot be.
    """

    file: Path
    asked: str = ""
    softcap: float | None = None

    def __post_init__(self) -> None:
        if not _MODEL_FILE.fullmatch(self.file.name):
            raise ModelError(f"{self.file} is not named model_<step>.pt: give a checkpoint as nanochat names it.")
        softcap_of({"softcap": self.softcap})

    @property
    def meta(self) -> Path:
        return self.file.with_name(f"meta_{self.file.stem.removeprefix('model_')}.json")

    @property
    def tokenizer(self) -> Path:
        return self.file.parent.parent.parent / "tokenizer" / "tokenizer.pkl"

    @property
    def source(self) -> str:
        """ "chatsft", "base", …; the folder's own name where it is not nanochat's."""
        return self.file.parent.parent.name.removesuffix("_checkpoints")

    @property
    def tag(self) -> str:
        """ "d12"."""
        return self.file.parent.name

    @property
    def step(self) -> int:
        return int(self.file.stem.removeprefix("model_"))

    @property
    def id(self) -> str:
        """The `model_id` of what it records: "chatsft/d12/650"."""
        return f"{self.source}/{self.tag}/{self.step}"

    @property
    def title(self) -> str:
        """For people: "chatsft d12, step 650"."""
        return f"{self.source} {self.tag}, step {self.step:,}"

    @property
    def label(self) -> str:
        """What a person chooses by."""
        return f"{self.title} ({self.asked})"

    def to_json(self) -> dict[str, Any]:
        return {"file": str(self.file), "asked": self.asked, "softcap": self.softcap}

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> "ModelRef":
        return cls(Path(told["file"]), told["asked"], told["softcap"])


def need_torch() -> None:
    """Raises NoTorch where PyTorch is not installed. Does not import it."""
    try:
        is_there = find_spec("torch") is not None
    except ImportError:
        is_there = False
    if not is_there:
        raise NoTorch


def find_checkpoint(path: Path | str | None, softcap: float | None = None) -> ModelRef:
    """The checkpoint that a base directory, a `*_checkpoints` folder, a checkpoint folder or a `model_*.pt` means;
    None is the embedded model.

    In a base directory the first of SOURCES that has a model; then nanochat's own choice: the tag d<number> with
    the largest number (so d20_x counts as 20), else the folder changed last; the largest step. Folders without a
    model are passed over. Raises ModelError where there is none.
    """
    asked = "embedded" if path is None else str(path)
    path = EMBEDDED if path is None else as_path(path)
    path = Path(os.path.abspath(path))  # not resolved: a linked checkpoint keeps its place beside a tokenizer
    if path.is_file():
        return ModelRef(path, asked, softcap)
    if not path.is_dir():
        raise ModelError(f"{path} does not exist: give a nanochat base directory, a checkpoint folder or a model_*.pt.")
    file = _last_step(path) or _default_tag(path) or _default_source(path)
    if file is None:
        raise ModelError(
            f"{path} holds no checkpoint (no model_*.pt here, in a tag folder, or in "
            f"{', '.join(f'{source}_checkpoints' for source in SOURCES)}): give a nanochat base directory."
        )
    return ModelRef(file, asked, softcap)


def discover(asked: Path | None = None, softcap: float | None = None) -> list[ModelRef]:
    """The models on offer: what was `asked` for, the embedded one, those of $NANOCHAT_BASE_DIR and ~/.cache/nanochat.

    Places without a checkpoint, and repetitions, are left out; but what was asked for raises ModelError. `softcap` is
    that model's, or the embedded one's where nothing was asked for.
    """
    places = [("embedded", EMBEDDED), ("~/.cache/nanochat", Path("~/.cache/nanochat").expanduser())]
    if named := os.environ.get("NANOCHAT_BASE_DIR"):
        places.insert(1, ("$NANOCHAT_BASE_DIR", as_path(named)))
    found = [find_checkpoint(asked, softcap)] if asked else []
    for name, base_dir in places:
        file = _default_source(base_dir)
        if file and file not in [ref.file for ref in found]:
            found.append(ModelRef(file, name, softcap if name == "embedded" and not asked else None))
    return found


def read_config(ref: ModelRef) -> GPTConfig:
    """The model_config of a checkpoint's meta file. Raises ModelError naming the file where it is none."""
    try:
        if ref.meta.stat().st_size > _MAX_META_BYTES:
            raise ModelError(f"{ref.meta} is larger than 1 MB, so it is no nanochat meta file: {_META_CURE}.")
        meta = json.loads(ref.meta.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ModelError(f"{ref.meta} is missing beside {ref.file.name}: {_META_CURE}.") from error
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"{ref.meta} cannot be read as JSON ({type(error).__name__}): {_META_CURE}.") from error
    sizes = meta.get("model_config") if isinstance(meta, dict) else None
    if not isinstance(sizes, dict):
        raise ModelError(f"{ref.meta} has no 'model_config': {_META_CURE}.")
    known = {field.name for field in fields(GPTConfig)}
    required = known - {"window_pattern"}
    if wrong := sorted((set(sizes) - known) | (required - set(sizes))):
        raise ModelError(f"The model_config of {ref.meta} lacks or should not have {', '.join(wrong)}: {_META_CURE}.")
    try:
        return GPTConfig(**sizes)
    except ModelError as error:
        raise ModelError(f"{ref.meta}: {error}") from error


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
