"""Loads a nanochat checkpoint that nobody vouches for.

The archive and its pickle are looked at first, then read by torch with weights_only=True and nothing else, then
held against the shapes that the meta file demands. Knows nothing of generation or tracing.
"""

import hashlib
import re
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from mri.errors import ConfigError, ModelError
from mri.format.run import hash_of_config
from mri.nanochat.config import GPTConfig
from mri.nanochat.constants import SOFTCAP, softcap_of
from mri.nanochat.eras import Era, era_from_keys
from mri.nanochat.locate import ModelRef, find_checkpoint, read_config
from mri.nanochat.model import GPT
from mri.nanochat.pickles import TENSOR_OPS, check_pickle
from mri.nanochat.tokenizer import Tokenizer, load_tokenizer
from mri.nanochat.weights import checksum, weights_hash

_CURE = "copy the file again from where nanochat wrote it"
_ENTRY = re.compile(r"[^/]+/(data\.pkl|data/\d+|byteorder|version|\.format_version|\.storage_alignment|\.data/\w+)")
_MAX_PICKLE_BYTES = 16 << 20
_TENSOR_NAMES = frozenset(
    {
        "collections OrderedDict",
        "torch._utils _rebuild_tensor_v2",
        "torch._utils _rebuild_parameter",
        "torch FloatStorage",
        "torch BFloat16Storage",
        "torch HalfStorage",
    }
)


@dataclass(frozen=True)
class LoadedModel:
    """A model that is ready to run, and where it comes from."""

    model: GPT
    tokenizer: Tokenizer
    ref: ModelRef
    file_hash: str  # sha256 hex of the file
    checksum: str  # of the weights as they were loaded
    device: torch.device

    @property
    def config(self) -> GPTConfig:
        return self.model.config

    @property
    def era(self) -> str:
        return self.model.era.name

    @property
    def weights_hash(self) -> str:
        """sha256 hex of the weights as they are now (see weights.py)."""
        return weights_hash(self.model)

    @property
    def is_as_loaded(self) -> bool:
        """Whether not a bit of the weights was changed since."""
        return checksum(self.model) == self.checksum

    def has_weights(self, recorded_hash: str) -> bool:
        """Whether a session that names its weights so was recorded from these: until 2026-11 it named the file."""
        if self.weights_hash == recorded_hash:
            return True
        return self.file_hash == recorded_hash and self.is_as_loaded

    @property
    def config_hash(self) -> str:
        """sha256 hex of model_config, era and softcap."""
        return hash_of_config(asdict(self.config), self.era, self.model.softcap)


def load_model(
    path: ModelRef | Path | str | None = None,
    *,
    device: str | torch.device | None = None,
    softcap: float | None = None,
    constants: Mapping[str, object] | None = None,
) -> LoadedModel:
    """Load a checkpoint that was found, or that `path` means (see `find_checkpoint`); None is the embedded model.

    Weights become float32 on any device; `device` None picks cuda, mps or cpu. `constants`, {"softcap": 20}, are what
    no file says: only the checkpoints of one week in March 2026 need another softcap than 15 (`softcap=20` for short).
    Raises ModelError with one sentence for whatever is missing, broken, hostile or does not fit together, and
    ConfigError for a device or constant that cannot be.
    """
    target = choose_device(device)
    softcap = softcap_of({**(constants or {}), **({} if softcap is None else {"softcap": softcap})})
    ref = path if isinstance(path, ModelRef) else find_checkpoint(path)
    if softcap is not None:
        ref = replace(ref, softcap=softcap)
    config = read_config(ref)
    tokenizer = load_tokenizer(ref.tokenizer)
    if tokenizer.n_vocab != config.vocab_size:
        raise ModelError(
            f"{ref.tokenizer} has {tokenizer.n_vocab} tokens and {ref.meta.name} says {config.vocab_size}: "
            "copy the tokenizer that this model was trained with."
        )
    state = load_state(ref.file)
    try:
        model = model_from_state(state, config, SOFTCAP if ref.softcap is None else ref.softcap)
    except ModelError as error:
        raise ModelError(f"{ref.file}: {error}") from error
    model.to(target).eval()
    return LoadedModel(
        model=model,
        tokenizer=tokenizer,
        ref=ref,
        file_hash=_hash_of_file(ref.file),
        checksum=checksum(model),
        device=model.device,
    )


def choose_device(device: str | torch.device | None = None) -> torch.device:
    """The device asked for, or the best there is. Raises ConfigError for one that this machine has not."""
    available = ["cpu"]
    if torch.backends.mps.is_available():
        available.insert(0, "mps")
    if torch.cuda.is_available():
        available.insert(0, "cuda")
    if device is None:
        return torch.device(available[0])
    try:
        chosen = torch.device(device)
        if chosen.type in available:
            torch.empty(0, device=chosen)  # cuda:7 exists as a name on any machine
            return chosen
    except (RuntimeError, AssertionError):
        pass
    raise ConfigError(f"There is no device {str(device)!r} here: choose from {', '.join(available)}.")


def load_state(path: Path) -> dict[str, Tensor]:
    """The state dict of a `model_*.pt`, keys without `_orig_mod.`, all float32. Raises ModelError."""
    _check_archive(path)
    try:
        raw = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a broken archive raises nearly anything
        raise ModelError(f"{path} cannot be read by torch ({type(error).__name__}): {_CURE}.") from error
    if not isinstance(raw, dict) or not all(isinstance(k, str) and isinstance(v, Tensor) for k, v in raw.items()):
        raise ModelError(f"{path} is not a state dict of tensors: give a model_*.pt as nanochat writes it.")
    if sum(tensor.numel() * tensor.element_size() for tensor in raw.values()) > path.stat().st_size:
        raise ModelError(f"{path} claims tensors larger than the file: {_CURE}.")  # stride 0 makes gigabytes of a byte
    state: dict[str, Tensor] = {}
    for key, tensor in raw.items():
        state[key.removeprefix("_orig_mod.")] = tensor.detach().float()
    if len(state) != len(raw):
        raise ModelError(f"{path} holds some parameters with and without '_orig_mod.': save it from one model.")
    for key, tensor in state.items():
        if not torch.isfinite(tensor).all():
            raise ModelError(f"{path}: {key!r} holds NaN or infinity, the training diverged: use an earlier step.")
    return state


def model_from_state(state: Mapping[str, Tensor], config: GPTConfig, softcap: float = SOFTCAP) -> GPT:
    """The model of the era that the keys show, on these very tensors. Raises ModelError where a shape differs."""
    shapes = {key: tuple(tensor.shape) for key, tensor in state.items()}
    era = era_from_keys(shapes)
    padded_vocab_size = max(config.vocab_size, *shapes.get("transformer.wte.weight", ())[:1], 0)
    with torch.device("meta"):
        model = GPT(config, era, padded_vocab_size, softcap)
    _check_shapes(shapes, {key: tuple(tensor.shape) for key, tensor in model.state_dict().items()}, era)
    model.load_state_dict(dict(state), assign=True)
    return model


def _check_shapes(found: Mapping[str, tuple[int, ...]], demanded: Mapping[str, tuple[int, ...]], era: Era) -> None:
    """Same keys and same shapes, or a ModelError naming the first that differs."""
    cure = "use the meta file that belongs to these weights"
    if missing := [key for key in demanded if key not in found]:
        raise ModelError(f"{len(missing)} parameters are missing, as {missing[0]!r} (era {era.name}): {cure}.")
    if surplus := [key for key in found if key not in demanded]:
        raise ModelError(f"{len(surplus)} parameters are too many, as {surplus[0]!r} (era {era.name}): {cure}.")
    for key, shape in demanded.items():
        if found[key] != shape:
            raise ModelError(f"{key!r} has the shape {found[key]} and the meta file demands {shape}: {cure}.")


def _check_archive(path: Path) -> None:
    """Raise ModelError unless this is a torch archive that unpacks to no more than itself and names only tensors."""
    try:
        size = path.stat().st_size
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            if any(entry.compress_type != zipfile.ZIP_STORED or entry.file_size > size for entry in entries):
                raise ModelError(f"{path} holds compressed entries, which torch never writes: {_CURE}.")
            if sum(entry.file_size for entry in entries) > size or len({e.filename for e in entries}) != len(entries):
                raise ModelError(f"{path} holds overlapping or repeated entries: {_CURE}.")
            foreign = [entry.filename for entry in entries if not _ENTRY.fullmatch(entry.filename)]
            if foreign:
                raise ModelError(f"{path} holds {foreign[0][:60]!r}, which is no part of a state dict: {_CURE}.")
            pickles = [entry for entry in entries if entry.filename.endswith("/data.pkl")]
            if len(pickles) != 1 or pickles[0].file_size > _MAX_PICKLE_BYTES:
                raise ModelError(f"{path} does not hold one state dict: {_CURE}.")
            if damaged := archive.testzip():  # torch does not look at checksums
                raise ModelError(f"{path} is damaged (at {damaged}): {_CURE}.")
            data = archive.read(pickles[0])
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError, RuntimeError, EOFError) as error:
        reason = "truncated or not a torch checkpoint" if isinstance(error, zipfile.BadZipFile) else str(error)
        raise ModelError(f"{path} cannot be read ({reason}): {_CURE}.") from error
    check_pickle(data, str(path), "use only a model_*.pt as nanochat writes it", TENSOR_OPS, _TENSOR_NAMES)


def _hash_of_file(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
