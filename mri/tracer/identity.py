"""Builds the Run of every recorder: the model as it is in memory, its era, type and device.

Knows modules, and what was loaded from a checkpoint. Refuses to know what is recorded.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass, replace
from typing import Any

import safetensors
import tiktoken
import torch
from torch import nn

from mri.errors import ModelError
from mri.events import TraceSession
from mri.nanochat.checkpoint import LoadedModel
from mri.nanochat.eras import era_from_keys
from mri.nanochat.tokenizer import Tokenizer
from mri.nanochat.weights import hash_under, named_weights, weights_hash
from mri.paths import DATA
from mri.run import Model, Run, hash_of_config


def run_of(model: nn.Module, tokenizer: Tokenizer | None = None) -> Run:
    """Of any module. `era`, and `config_hash` where there is a config, are of nanochat models; `softcap` where the
    module carries one: otherwise its passes show it, see `as_seen`."""
    weights = named_weights(model)
    config = getattr(model, "config", None)
    era = ""
    if "transformer.wte.weight" in dict(weights):
        with contextlib.suppress(ModelError):  # a fork with parameters of its own
            era = era_from_keys({name: tuple(tensor.shape) for name, tensor in weights}).name
    softcap = getattr(model, "softcap", None)
    told = asdict(config) if is_dataclass(config) and not isinstance(config, type) else None
    return Run(
        Model(
            weights_hash=weights_hash(model),
            config_hash=hash_of_config(told, era, softcap) if told is not None else "",
            tokenizer_hash=tokenizer.hash if tokenizer is not None else "",
            era=era,
            softcap=softcap,
            device=", ".join(sorted({str(tensor.device) for _, tensor in weights})),
            dtype=", ".join(sorted({str(tensor.dtype).removeprefix("torch.") for _, tensor in weights})),
        )
    )


def run_of_loaded(loaded: LoadedModel) -> Run:
    """Of a model that came from a checkpoint."""
    path, checkout = loaded.path.absolute(), DATA.parent
    run = run_of(loaded.model, loaded.tokenizer)
    is_as_loaded = hash_under(loaded.checksum) == run.model.weights_hash  # read once: all of the weights
    path = path.relative_to(checkout) if path.is_relative_to(checkout) else path
    model = replace(run.model, model_path=str(path), file_hash=loaded.file_hash if is_as_loaded else "")
    return replace(run, model=model)


def as_seen(session: TraceSession, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of a generation's session, now that its passes showed `facts` (GenerationRecorder.facts): the softcap is
    part of what was run."""
    model, softcap = session.run.model, facts["softcap"]
    config_hash = hash_of_config(session.model_config, model.era, softcap) if model.config_hash else ""
    run = replace(session.run, model=replace(model, softcap=softcap, config_hash=config_hash))
    others = {name: fact for name, fact in facts.items() if name != "softcap" or fact is None}
    return {"run": run, "facts": session.facts | others}


def versions() -> dict[str, Any]:
    """The fact that every recording begins with."""
    found = {"torch": torch.__version__, "tiktoken": tiktoken.__version__, "safetensors": safetensors.__version__}
    return {"versions": found}
