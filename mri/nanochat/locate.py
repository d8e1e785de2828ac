"""Finds checkpoints: in nanochat's base directories, in folders that were downloaded, in single files.

Knows file names. Imports neither torch nor tiktoken, so that a server can list models that only its worker loads.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from importlib.util import find_spec
from os.path import isfile
from pathlib import Path
from typing import Any

from mri.errors import ConfigError, ModelError, NoTorch
from mri.nanochat.constants import Constants
from mri.nanochat.disk.contents import INDEX
from mri.nanochat.disk.sizes import META_CURE
from mri.paths import EMBEDDED, as_path

SOURCES = ("chatsft", "chatrl", "mid", "base")
"""Kinds of checkpoints in the order of choice: what can chat goes first, and nanochat's own chat takes chatsft."""

IN_TRAINING = ("base", "mid", "chatsft", "chatrl")
"""The same in the order in which they are trained, and are offered."""

DTYPES = ("float32", "bfloat16")

MOST_OFFERED = 1000
"""Checkpoints of one place."""

_MODEL_FILE = re.compile(r"model_(\d{1,12})\.pt")
_WEIGHTS = (".pt", ".pth", ".bin", ".safetensors")
_FLAT = (
    f"model.safetensors{INDEX}",
    "model.safetensors",
    f"pytorch_model.bin{INDEX}",
    "pytorch_model.bin",
    "model.pt",
    "ckpt.pt",
)
"""Names that others give the one checkpoint of a folder, by choice."""
_TOKENIZERS = ("tokenizer.pkl", "tokenizer/tokenizer.pkl", "tokenizer.json", "tokenizer/tokenizer.json", "meta.pkl")


@dataclass(frozen=True)
class Loading:
    """How a checkpoint is to be loaded, as a person set it; what is left open follows from its files.

    tokenizer   a tokenizer.pkl or tokenizer.json, or the folder of one
    device      "cuda", "mps", "cpu"; "" picks the best there is
    dtype       of weights and cache, one of DTYPES

    Raises ConfigError for another type.
    """

    constants: Constants = field(default_factory=Constants)
    tokenizer: Path | None = None
    device: str = ""
    dtype: str = "float32"

    def __post_init__(self) -> None:
        if self.dtype not in DTYPES:
            raise ConfigError(f"A model cannot be run in {self.dtype!r}: choose from {', '.join(DTYPES)}.")

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "tokenizer": str(self.tokenizer or "")}

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Loading:
        tokenizer = Path(told["tokenizer"]) if told["tokenizer"] else None
        return cls(Constants(**told["constants"]), tokenizer, told["device"], told["dtype"])


@dataclass(frozen=True)
class ModelRef:
    """A checkpoint that was found. Made where a person's words come in, and passed on as it is from there.

    file      of the weights, or the index of its shards; what else belongs to it follows from its place
    asked     what was asked for: a path as it was given, or the name of a place, as "embedded"
    loading   what was set by hand
    note      what was passed over where it was looked for, in one sentence

    Raises ModelError where no file of weights is named so.
    """

    file: Path
    asked: str = ""
    loading: Loading = field(default_factory=Loading)
    note: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        if self.file.suffix not in _WEIGHTS and not self.file.name.endswith(INDEX):
            raise ModelError(
                f"{self.file} is no file of weights (model_<step>.pt, ckpt.pt, *.safetensors, *.bin): give one, or the "
                "folder that it lies in."
            )

    @property
    def metas(self) -> list[Path]:
        """The files that may say the sizes of the model, those that are there, the first counts."""
        names = ["meta.json", "config.json"]
        if match := _MODEL_FILE.fullmatch(self.file.name):
            names = [f"meta_{match[1]}.json", f"config_{match[1]}.json", *names]
        return [path for name in names if isfile(path := self.file.with_name(name))]

    @property
    def meta(self) -> Path:
        """The file that says the sizes, or that would in a checkpoint of nanochat."""
        return next(iter(self.metas), self.file.with_name(f"meta_{self.file.stem.removeprefix('model_')}.json"))

    @property
    def tokenizer(self) -> Path | None:
        """As it was set, or the nearest: beside the weights, in `tokenizer/`, one or two folders up; None of none."""
        if self.loading.tokenizer is not None:
            return _tokenizer_at(self.loading.tokenizer)
        beside, *above = [*self.file.parents][:3]
        places = [beside / name for name in _TOKENIZERS]
        places += [folder / "tokenizer" / name for folder in above for name in ("tokenizer.pkl", "tokenizer.json")]
        return next((path for path in places if isfile(path)), None)

    @property
    def source(self) -> str:
        """ "chatsft", "base", …; the folder's own name where it is not nanochat's."""
        return self.file.parent.parent.name.removesuffix("_checkpoints")

    @property
    def tag(self) -> str:
        """ "d12"."""
        return self.file.parent.name

    @property
    def step(self) -> int | None:
        """None where the file's name does not say it."""
        match = _MODEL_FILE.fullmatch(self.file.name)
        return int(match[1]) if match else None

    @property
    def id(self) -> str:
        """The `model_id` of what it records: "chatsft/d12/650", "nanochat-d20/model.safetensors"."""
        return f"{self.tag}/{self.file.name}" if self.step is None else f"{self.source}/{self.tag}/{self.step}"

    @property
    def title(self) -> str:
        """For people: "chatsft d12, step 650"."""
        if self.step is None:
            return f"{self.tag}, {self.file.name}"
        return f"{self.source} {self.tag}, step {self.step:,}"

    @property
    def label(self) -> str:
        """What a person chooses by."""
        return f"{self.title} ({self.asked})"

    def to_json(self) -> dict[str, Any]:
        return {"file": str(self.file), "asked": self.asked, "loading": self.loading.to_json()}

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> ModelRef:
        return cls(Path(told["file"]), told["asked"], Loading.from_json(told["loading"]))


def need_torch() -> None:
    """Raises NoTorch where PyTorch is not installed. Does not import it."""
    try:
        is_there = find_spec("torch") is not None
    except ImportError:
        is_there = False
    if not is_there:
        raise NoTorch


def find_checkpoint(path: Path | str | None, loading: Loading = Loading()) -> ModelRef:
    """The checkpoint that a base directory, a `*_checkpoints` folder, a checkpoint folder or a file of weights means;
    None is the embedded model.

    In a base directory the first of SOURCES that has a model; then nanochat's own choice: the tag d<number> with
    the largest number (so d20_x counts as 20), else the folder changed last; the largest step that has its meta file.
    Folders without a model are passed over. Raises ModelError where there is none.
    """
    asked = "embedded" if path is None else str(path)
    path = EMBEDDED if path is None else as_path(path)
    path = Path(os.path.abspath(path))  # not resolved: a linked checkpoint keeps its place beside a tokenizer
    if path.is_file():
        return ModelRef(path, asked, loading)
    if not path.is_dir():
        raise ModelError(f"{path} does not exist: give a nanochat base directory, a checkpoint folder or a model_*.pt.")
    file = _last_step(path) or _flat(path) or _default_tag(path) or _default_source(path) or _only_file(path)
    if file is None:
        raise ModelError(
            f"{path} holds no checkpoint (no model_*.pt here, in a tag folder, or in "
            f"{', '.join(f'{source}_checkpoints' for source in SOURCES)}; no {', '.join(_FLAT)}): give a nanochat base "
            "directory or the folder of a model."
        )
    return ModelRef(file, asked, loading, _passed_over(file))


def discover(asked: Path | None = None, loading: Loading = Loading()) -> list[ModelRef]:
    """The models on offer: what was `asked` for, the embedded one, the defaults of $NANOCHAT_BASE_DIR and
    ~/.cache/nanochat; then every other step of every tag of these, in the order of training, the newest first.

    Places without a checkpoint, and repetitions, are left out; but what was asked for raises ModelError. `loading` is
    that model's, or the embedded one's where nothing was asked for.
    """
    places = [("embedded", EMBEDDED), ("~/.cache/nanochat", Path("~/.cache/nanochat").expanduser())]
    if named := os.environ.get("NANOCHAT_BASE_DIR"):
        places.insert(1, ("$NANOCHAT_BASE_DIR", as_path(named)))
    found = [find_checkpoint(asked, loading)] if asked else []
    for name, base_dir in places:
        if file := _default_source(base_dir):
            found.append(ModelRef(file, name, loading if name == "embedded" and not asked else Loading()))
    if asked:
        folder = Path(os.path.abspath(as_path(asked)))
        found += [ModelRef(file, str(asked), loading) for file in _all_of(folder)]
    for name, base_dir in places:
        found += [ModelRef(file, name) for file in _all_of(base_dir)]
    first: dict[Path, ModelRef] = {}
    for ref in found:
        first.setdefault(ref.file, ref)
    return [*first.values()]


def _tokenizer_at(path: Path) -> Path:
    """A tokenizer that was set by hand: the file, or the first in the folder. Raises ModelError."""
    if path.is_dir():
        found = next((file for name in _TOKENIZERS if isfile(file := path / name)), None)
        if found is None:
            raise ModelError(f"{path} holds no tokenizer.pkl and no tokenizer.json: name the file.")
        return found
    return path


def _steps(folder: Path) -> list[Path]:
    """The model files of a checkpoint folder, the largest step first."""
    found = [(int(match[1]), path) for path in _children(folder) if (match := _MODEL_FILE.fullmatch(path.name))]
    return [path for _, path in sorted(found, reverse=True)]


def _last_step(folder: Path) -> Path | None:
    """The model file with the largest step in a checkpoint folder that has its meta file, or that lacks it as all."""
    steps = _steps(folder)
    return next((path for path in steps if ModelRef(path).metas), next(iter(steps), None))


def _passed_over(file: Path) -> str:
    newer = [path.name for path in _steps(file.parent) if _MODEL_FILE.fullmatch(file.name)]
    newer = newer[: newer.index(file.name)] if file.name in newer else []
    return f"{newer[0]} has no meta file, so {file.name} is taken: {META_CURE}." if newer else ""


def _flat(folder: Path) -> Path | None:
    """The one checkpoint of a folder that somebody else's program wrote, or that was downloaded."""
    return next((path for name in _FLAT if isfile(path := folder / name)), None)


def _only_file(folder: Path) -> Path | None:
    """Of weights, by whatever name."""
    files = [path for path in _children(folder) if path.suffix in _WEIGHTS and not path.name.startswith("optim")]
    return files[0] if len(files) == 1 and isfile(files[0]) else None


def _default_tag(checkpoints: Path) -> Path | None:
    """The model file of the default tag in a `*_checkpoints` folder."""
    models = {path: model for path in _children(checkpoints) if (model := _last_step(path))}
    depths = {path: int(match[1]) for path in models if (match := re.match(r"d(\d{1,9})", path.name))}
    if depths:
        return models[max(depths, key=lambda path: (depths[path], path.name))]
    return models[max(models, key=lambda path: path.stat().st_mtime)] if models else None


def _default_source(base_dir: Path) -> Path | None:
    """The model file of the default source in a base directory."""
    folders = (base_dir / f"{source}_checkpoints" for source in SOURCES)
    return next((model for folder in folders if (model := _default_tag(folder))), None)


def _all_of(place: Path) -> list[Path]:
    """Every step of every tag of a base directory, a `*_checkpoints` folder or a checkpoint folder, in the order of
    training, the newest first."""

    def found() -> Iterator[Path]:
        yield from _steps(place)
        for folder in (place, *(place / f"{source}_checkpoints" for source in IN_TRAINING)):
            tags = [(_depth(path), path.name, path) for path in _children(folder)]
            for _, _, tag in sorted(tags, reverse=True):
                yield from (path for path in _steps(tag) if ModelRef(path).metas)

    return [path for path, _ in zip(found(), range(MOST_OFFERED), strict=False)]


def _depth(tag: Path) -> int:
    match = re.match(r"d(\d{1,9})", tag.name)
    return int(match[1]) if match else -1


def _children(folder: Path) -> list[Path]:
    """What is in a folder, sorted; nothing where it is not a folder or may not be read."""
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []
