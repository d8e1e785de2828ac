"""What a session says of the model it was recorded from: its weights as they are in memory, its era, type and device.

Knows modules, and what was loaded from a checkpoint. Refuses to know what is recorded.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
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
    weights, and `config_hash` where there is a config; of a nanochat model `era`, and `softcap` where it carries one:
    where it does not there is no `config_hash` before `with_facts`."""
    weights = named_weights(model)
    era = ""
    is_nanochat = "transformer.wte.weight" in dict(weights)
    if is_nanochat:
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
    if softcap is not None or not is_nanochat:
        facts |= _config_hash(model, era, softcap)
    versions = {"torch": torch.__version__, "tiktoken": tiktoken.__version__, "safetensors": safetensors.__version__}
    known = {name: fact for name, fact in facts.items() if fact}
    return known | ({} if softcap is None else {"softcap": softcap}) | {"versions": versions}


def with_facts(provenance: Mapping[str, Any], model: nn.Module, facts: Mapping[str, Any]) -> dict[str, Any]:
    """`provenance_of` the model with a recorder's `facts` of its passes: `config_hash` is of the softcap that they
    showed, and is left out where they showed none that the model does not carry."""
    found = {**provenance, **facts}
    found.pop("config_hash", None)
    is_carried = facts["softcap"] == getattr(model, "softcap", None)
    if "logits" in facts or ("softcap_is_assumed" in facts and not is_carried):
        return found
    return found | _config_hash(model, found.get("era", ""), facts["softcap"])


def _config_hash(model: nn.Module, era: str, softcap: float | None) -> dict[str, str]:
    config = getattr(model, "config", None)
    if not is_dataclass(config) or isinstance(config, type):
        return {}
    return {"config_hash": hash_of_config(asdict(config), era, softcap)}


def provenance_of_loaded(loaded: LoadedModel) -> dict[str, Any]:
    """Of a model that came from a checkpoint; `file_hash`, the file's sha256, only while its weights are the file's."""
    path, checkout = loaded.path.absolute(), DATA.parent
    facts = provenance_of(loaded.model, loaded.tokenizer) | {
        "model_path": str(path.relative_to(checkout) if path.is_relative_to(checkout) else path)
    }
    is_as_loaded = hash_under(loaded.checksum) == facts["weights_hash"]  # read once: all of the weights
    return facts | ({"file_hash": loaded.file_hash} if is_as_loaded else {})
