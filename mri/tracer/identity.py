"""What a session says of the model it was recorded from: its weights as they are in memory, its era, type and device.

Knows modules, and what was loaded from a checkpoint. Refuses to know what is recorded.
"""

from __future__ import annotations

import contextlib
from dataclasses import asdict, is_dataclass
from typing import Any

import safetensors
import tiktoken
import torch
from torch import nn

from mri.errors import ModelError
from mri.nanochat.checkpoint import LoadedModel, hash_of_config
from mri.nanochat.eras import era_from_keys
from mri.nanochat.tokenizer import Tokenizer
from mri.nanochat.weights import hash_under, named_weights, weights_hash
from mri.paths import DATA


def provenance_of(model: nn.Module, tokenizer: Tokenizer | None = None) -> dict[str, Any]:
    """Of any module: `weights_hash` (see nanochat/weights.py), device, dtype and versions, the first where there are
    weights; of a nanochat model `era`, `softcap` where it carries one, and `config_hash` too."""
    weights = named_weights(model)
    config = getattr(model, "config", None)
    era = ""
    if "transformer.wte.weight" in dict(weights):
        with contextlib.suppress(ModelError):  # a fork with parameters of its own
            era = era_from_keys({name: tuple(tensor.shape) for name, tensor in weights}).name
    facts: dict[str, Any] = {
        "era": era,
        "weights_hash": weights_hash(model),
        "device": ", ".join(sorted({str(tensor.device) for _, tensor in weights})),
        "dtype": ", ".join(sorted({str(tensor.dtype).removeprefix("torch.") for _, tensor in weights})),
        "tokenizer_hash": tokenizer.hash if tokenizer is not None else "",
    }
    softcap = getattr(model, "softcap", None)
    if is_dataclass(config) and not isinstance(config, type):
        facts["config_hash"] = hash_of_config(asdict(config), era, softcap)
    versions = {"torch": torch.__version__, "tiktoken": tiktoken.__version__, "safetensors": safetensors.__version__}
    known = {name: fact for name, fact in facts.items() if fact}
    return known | ({} if softcap is None else {"softcap": softcap}) | {"versions": versions}


def provenance_of_loaded(loaded: LoadedModel) -> dict[str, Any]:
    """Of a model that came from a checkpoint; `file_hash`, the file's sha256, only while its weights are the file's."""
    path, checkout = loaded.path.absolute(), DATA.parent
    facts = provenance_of(loaded.model, loaded.tokenizer) | {
        "model_path": str(path.relative_to(checkout) if path.is_relative_to(checkout) else path)
    }
    is_as_loaded = hash_under(loaded.checksum) == facts["weights_hash"]  # read once: all of the weights
    return facts | ({"file_hash": loaded.file_hash} if is_as_loaded else {})
