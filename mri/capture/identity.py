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
from mri.format.events import TraceSession
from mri.format.run import Model, Run, hash_of_config
from mri.nanochat.checkpoint import LoadedModel, constants_beside_era, told_softcap
from mri.nanochat.eras import era_from_keys
from mri.nanochat.tokenizer import Tokenizer
from mri.nanochat.weights import hash_under, named_weights, weights_hash
from mri.paths import ROOT


def run_of(model: nn.Module, tokenizer: Tokenizer | None = None) -> Run:
    """Of any module. `era` is a nanochat model's; `softcap` where it carries one: where it does not, there is no
    `config_hash` before `as_seen`."""
    weights = named_weights(model)
    era = ""
    is_nanochat = "transformer.wte.weight" in dict(weights)
    if is_nanochat:
        with contextlib.suppress(ModelError):  # a fork with parameters of its own
            era = era_from_keys({name: tuple(tensor.shape) for name, tensor in weights}).name
    softcap = told_softcap(model)
    is_told = hasattr(model, "softcap")
    return Run(
        Model(
            weights_hash=weights_hash(model),
            config_hash="" if is_nanochat and not is_told else _config_hash(model, era, softcap),
            tokenizer_hash=tokenizer.hash if tokenizer is not None else "",
            era=era,
            softcap=softcap,
            constants=constants_beside_era(model),  # type: ignore[arg-type]
            device=", ".join(sorted({str(tensor.device) for _, tensor in weights})),
            dtype=", ".join(sorted({str(tensor.dtype).removeprefix("torch.") for _, tensor in weights})),
        )
    )


def run_of_loaded(loaded: LoadedModel) -> Run:
    """Of a model that came from a checkpoint."""
    path = loaded.ref.file.absolute()
    run = run_of(loaded.model, loaded.tokenizer)
    is_as_loaded = hash_under(loaded.checksum) == run.model.weights_hash  # read once: all of the weights
    path = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
    model = replace(run.model, model_path=str(path), file_hash=loaded.file_hash if is_as_loaded else "")
    return replace(run, model=model)


def as_seen(session: TraceSession, model: nn.Module, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of a generation's session, now that its passes showed `facts` (GenerationRecorder.facts): the softcap is
    part of what was run. No `config_hash` where they showed none that the model does not carry."""
    told, softcap = session.run.model, facts["softcap"]
    is_carried = hasattr(model, "softcap") and softcap == told_softcap(model)
    is_unknown = "logits" in facts or ("softcap_is_assumed" in facts and not is_carried)
    config_hash = "" if is_unknown else _config_hash(model, told.era, softcap)
    run = replace(session.run, model=replace(told, softcap=softcap, config_hash=config_hash))
    others = {name: fact for name, fact in facts.items() if name != "softcap" or fact is None}
    return {"run": run, "facts": versions() | others}


def _config_hash(model: nn.Module, era: str, softcap: float | None) -> str:
    config = getattr(model, "config", None)
    is_told = is_dataclass(config) and not isinstance(config, type)
    if not is_told:
        return ""
    return hash_of_config(asdict(config), era, softcap, constants_beside_era(model))  # type: ignore[arg-type]


def versions() -> dict[str, Any]:
    """The fact that every recording begins with."""
    found = {"torch": torch.__version__, "tiktoken": tiktoken.__version__, "safetensors": safetensors.__version__}
    return {"versions": found}
