"""Loads a checkpoint that nobody vouches for, in whatever layout it lies on disk.

What the file holds is told first, without reading a number (contents.py); then its names become nanochat's (keys.py),
its sizes are taken from its files and shapes (sizes.py), and its tensors are read one at a time. Knows nothing of
generation or tracing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path

import torch
from torch import Tensor

from mri.errors import ConfigError, ModelError
from mri.format.run import hash_of_config
from mri.nanochat.config import GPTConfig
from mri.nanochat.constants import SOFTCAP, Constants, constants_of
from mri.nanochat.disk.contents import Contents, read_contents
from mri.nanochat.disk.describe import names_and_told, shapes_of
from mri.nanochat.disk.english import BitsPerByte, alarm_of, bits_per_byte
from mri.nanochat.disk.plain_tokenizers import TokenIds
from mri.nanochat.disk.sizes import fitted
from mri.nanochat.disk.tensors import OnProgress, hash_of_files, read_tensors
from mri.nanochat.disk.tensors import load_state as load_state  # also by this name
from mri.nanochat.disk.tokenizer_of import tokenizer_of
from mri.nanochat.eras import ERAS, NANOGPT, Era, era_from_keys
from mri.nanochat.locate import ModelRef, find_checkpoint
from mri.nanochat.model import GPT
from mri.nanochat.nanogpt import NanoGPT
from mri.nanochat.tokenizer import Tokenizer
from mri.nanochat.weights import checksum, weights_hash
from mri.paths import as_path


@dataclass(frozen=True)
class LoadedModel:
    """A model that is ready to run, and where it comes from.

    notes   what a person should know of its files, a sentence each: what was ignored, what the weights knew better
    alarm   "" or why this is probably not the model that was trained, in one sentence
    """

    model: GPT
    tokenizer: Tokenizer
    ref: ModelRef
    file_hash: str  # sha256 hex of the file, or of its shards one after the other
    checksum: str  # of the weights as they were loaded
    device: torch.device
    notes: tuple[str, ...] = ()
    can_lack_parts: bool = False  # the format or the keys have no place for what later eras added

    @property
    def config(self) -> GPTConfig:
        return self.model.config

    @property
    def era(self) -> str:
        return self.model.era.name

    @property
    def constants(self) -> Constants:
        """All that are in force."""
        model = self.model
        eps = torch.finfo(torch.float32).eps if model.era.norm_eps is None else model.era.norm_eps
        scale, base = (None, None) if model.era.name == NANOGPT.name else (model.era.qk_scale, model.era.rotary_base)
        return Constants(model.softcap, base, scale, eps, self.config.window_pattern)

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
        """sha256 hex of model_config, era, softcap and the constants that are not the era's."""
        return hash_of_config(asdict(self.config), self.era, told_softcap(self.model), constants_beside_era(self.model))

    @cached_property
    def bits_per_byte(self) -> BitsPerByte | None:
        """On a kilobyte of English; None where no tokenizer can write it. One pass of the model."""
        return bits_per_byte(self.model, self.tokenizer)

    @cached_property
    def alarm(self) -> str:
        return alarm_of(self.bits_per_byte, self.model.era) if self.can_lack_parts else ""

    @property
    def remarks(self) -> list[str]:
        """What a person should know of it, a sentence each: the alarm or bits per byte, then the notes."""
        found = self.bits_per_byte
        first = self.alarm or (found.words if found is not None else "")
        return [sentence for sentence in (first, *self.notes) if sentence]


def load_model(
    path: ModelRef | Path | str | None = None,
    *,
    tokenizer: Path | str | None = None,
    device: str | torch.device | None = None,
    dtype: str | torch.dtype | None = None,
    softcap: float | None = None,
    constants: Mapping[str, object] | None = None,
    on_progress: OnProgress | None = None,
) -> LoadedModel:
    """Load a checkpoint that was found, or that `path` means (see `find_checkpoint`); None is the embedded model.

    tokenizer   a tokenizer.pkl or tokenizer.json, where none lies near the weights; without any, tokens are ids
    device      None picks cuda, mps or cpu
    dtype       of weights and cache: "float32" (the default) or "bfloat16"
    constants   what no file says, {"softcap": 20, "rotary_base": 1e5, "qk_scale": 1.2, "eps": 1e-6,
                "window_pattern": "SSSL"}; `softcap=20` for short. See `Constants`

    Raises ModelError with one sentence for whatever is missing, broken, hostile or does not fit together, and
    ConfigError for a device, type or constant that cannot be.
    """
    ref = path if isinstance(path, ModelRef) else find_checkpoint(path)
    told = constants_of({**(constants or {}), **({} if softcap is None else {"softcap": softcap})})
    loading = replace(
        ref.loading,
        constants=told.over(ref.loading.constants),
        tokenizer=as_path(tokenizer) if tokenizer is not None else ref.loading.tokenizer,
        device=str(device) if device is not None else ref.loading.device,
        dtype=str(dtype).removeprefix("torch.") if dtype is not None else ref.loading.dtype,
    )
    ref = replace(ref, loading=loading)
    return _load(ref, on_progress or (lambda words, share: None))


def _load(ref: ModelRef, on_progress: OnProgress) -> LoadedModel:
    target, dtype = choose_device(ref.loading.device or None), getattr(torch, ref.loading.dtype)
    on_progress("checking the file", 0.0)
    contents = read_contents(ref.file)
    try:
        named, told = names_and_told(ref, contents)
        shapes = shapes_of(contents, named)
        era = era_from_keys(shapes)
        constants = ref.loading.constants.over(told.constants)
        config, notes = fitted(told.sizes, shapes, ref.meta.name if ref.metas else ref.file.name)
        era, config = _with_constants(era, config, constants)
    except ModelError as error:
        raise ModelError(str(error) if str(ref.file.parent) in str(error) else f"{ref.file}: {error}") from error
    tokenizer, n_vocab, more = _tokenizer_of(ref, contents, config)
    config = replace(config, vocab_size=n_vocab)
    stored = {name: contents.tensors[key] for name, key in named.keys.items()}
    state = read_tensors(stored, target, dtype, on_progress)
    try:
        model = model_from_state(state, config, SOFTCAP if constants.softcap is None else constants.softcap, era)
    except ModelError as error:
        raise ModelError(f"{ref.file}: {error}") from error
    del state
    model.to(target).eval()
    is_native = ref.step is not None and ref.file.suffix == ".pt" and not named.is_port
    return LoadedModel(
        model=model,
        tokenizer=tokenizer,
        ref=ref,
        file_hash=hash_of_files(contents.files, on_progress),
        checksum=checksum(model),
        device=model.device,
        notes=tuple(note for note in (ref.note, *told.notes, *notes, *more) if note),
        can_lack_parts=not is_native and era.name in ERAS and bool([*ERAS.values()][-1].keys - era.keys),
    )


def available_devices() -> list[str]:
    """What a model can run on here, the best first."""
    found = ["cpu"]
    if torch.backends.mps.is_available():
        found.insert(0, "mps")
    if torch.cuda.is_available():
        found.insert(0, "cuda")
    return found


def choose_device(device: str | torch.device | None = None) -> torch.device:
    """The device asked for, or the best there is. Raises ConfigError for one that this machine has not."""
    available = available_devices()
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


def model_from_state(
    state: Mapping[str, Tensor], config: GPTConfig, softcap: float = SOFTCAP, era: Era | None = None
) -> GPT:
    """The model of the era that the keys show, or of `era`, on these very tensors. Raises ModelError where a shape
    differs."""
    shapes = {key: tuple(tensor.shape) for key, tensor in state.items()}
    era = era or era_from_keys(shapes)
    padded_vocab_size = max(config.vocab_size, *shapes.get("transformer.wte.weight", ())[:1], 0)
    with torch.device("meta"):
        if era.name == NANOGPT.name:
            model: GPT = NanoGPT(
                config, era, padded_vocab_size, has_biases=any(key.endswith(".bias") for key in shapes)
            )
        else:
            model = GPT(config, era, padded_vocab_size, softcap)
    _check_shapes(shapes, {key: tuple(tensor.shape) for key, tensor in model.state_dict().items()}, era)
    model.load_state_dict(dict(state), assign=True)
    model.tie_weights()
    return model


def constants_beside_era(model: object) -> dict[str, object]:
    """What a person or a file set otherwise than the model's era has it, softcap and windows apart: they stand in the
    run and in the config. {} of a model that is not ours."""
    era = getattr(model, "era", None)
    usual = {**ERAS, NANOGPT.name: NANOGPT}.get(era.name) if isinstance(era, Era) else None
    if era is None or usual is None:
        return {}
    pairs = {"rotary_base": "rotary_base", "qk_scale": "qk_scale", "eps": "norm_eps"}
    return {name: getattr(era, at) for name, at in pairs.items() if getattr(era, at) != getattr(usual, at)}


def told_softcap(model: object) -> float | None:
    """As a run tells it: None of a model that has none."""
    softcap = getattr(model, "softcap", None)
    return None if softcap is None or softcap == math.inf else float(softcap)


def _with_constants(era: Era, config: GPTConfig, constants: Constants) -> tuple[Era, GPTConfig]:
    """Raises ConfigError for a constant that this era has no place for."""
    told = constants.told()
    if era is NANOGPT and (strange := [name for name in told if name != "eps"]):
        raise ConfigError(f"nanoGPT has no {strange[0]}: leave it out.")
    if constants.window_pattern is not None:
        if era.short_window_share is None and "S" in constants.window_pattern.upper():
            raise ConfigError(f"Era {era.name} has no windows: leave window_pattern out.")
        config = replace(config, window_pattern=constants.window_pattern)
    eps = constants.eps if constants.eps is not None else era.norm_eps
    return (
        replace(
            era,
            rotary_base=era.rotary_base if constants.rotary_base is None else constants.rotary_base,
            qk_scale=era.qk_scale if constants.qk_scale is None else constants.qk_scale,
            norm_eps=None if eps == torch.finfo(torch.float32).eps else eps,
        ),
        config,
    )


def _tokenizer_of(ref: ModelRef, contents: Contents, config: GPTConfig) -> tuple[Tokenizer, int, list[str]]:
    """The tokenizer, the size of its vocabulary (ports and nanoGPT count the rows that pad it, too), and notes. Raises
    ModelError for a broken one and for that of another model."""
    found, most = tokenizer_of(ref, contents), config.vocab_size
    if found is None:
        note = f"No tokenizer lies near {ref.file}, so tokens are shown as ids: name one with --tokenizer."
        return TokenIds(most), most, [note]
    n_vocab = found.tokenizer.n_vocab
    if n_vocab == most or (ref.step is None and n_vocab < most <= -(-n_vocab // 128) * 128):
        return found.tokenizer, n_vocab, [found.note]
    raise ModelError(
        f"{found.path} has {n_vocab} tokens and {ref.meta.name if ref.metas else ref.file.name} says {most}: "
        "copy the tokenizer that this model was trained with, or name it with --tokenizer."
    )


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
