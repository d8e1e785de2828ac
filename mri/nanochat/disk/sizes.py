"""The sizes of a model and the constants written beside it: meta files, config.json, the shapes of the weights.

Where a file and the shapes differ, the shapes are right. Imports neither torch nor tiktoken.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mri.errors import ConfigError, ModelError
from mri.nanochat.config import GPTConfig
from mri.nanochat.constants import Constants
from mri.nanochat.disk.contents import read_json

MOST_META_BYTES = 1 << 20
META_CURE = "copy the meta file that nanochat wrote with this model"
Shapes = Mapping[str, tuple[int, ...]]

_OTHER_NAMES = {
    "hidden_size": "n_embd",
    "num_hidden_layers": "n_layer",
    "num_attention_heads": "n_head",
    "num_key_value_heads": "n_kv_head",
    "max_position_embeddings": "sequence_len",
    "block_size": "sequence_len",
}
"""Hugging Face's and nanoGPT's."""
_REQUIRED = ("sequence_len", "vocab_size", "n_layer", "n_head", "n_kv_head", "n_embd")
_CONSTANTS = {
    "softcap": ("softcap", "final_logit_softcapping", "logits_soft_cap", "logits_softcap"),
    "rotary_base": ("rotary_base", "rope_theta"),
    "qk_scale": ("qk_scale",),
    "eps": ("eps", "rms_norm_eps"),
}
_PORT_EPS = 1e-6
"""transformers' own where a config does not say."""
_HF_COMPATIBLE = Constants(rotary_base=100_000.0, qk_scale=1.2)
"""Of a fork's option that keeps the first era's keys with later constants: its meta files say `hf_compatible`."""
_SILENT = frozenset(
    """architectures model_type torch_dtype dtype transformers_version auto_map use_cache bos_token_id eos_token_id
    pad_token_id initializer_range attention_dropout attention_bias qkv_bias hidden_act intermediate_size
    rope_parameters rope_scaling tie_word_embeddings dropout bias head_dim""".split()  # noqa: SIM905 (a table to read)
)


@dataclass(frozen=True)
class Told:
    """What a meta or config file says: sizes in nanochat's names, constants, and what it has that is of no use here."""

    sizes: Mapping[str, Any]
    constants: Constants = field(default_factory=Constants)
    notes: tuple[str, ...] = ()
    is_tied: bool = False


def told_by(path: Path) -> Told:
    """Of a meta_<step>.json or config.json. Raises ModelError naming the file where it is none."""
    table = read_json(path, MOST_META_BYTES)
    is_meta = path.name.startswith("meta")
    table = table.get("model_config") if is_meta and isinstance(table, dict) else table
    if not isinstance(table, dict):
        raise ModelError(f"{path} has no 'model_config': {META_CURE}.")
    try:
        return told_in(table, path.name)
    except ConfigError as error:
        raise ModelError(f"{path}: {error}") from error


def told_in(table: Mapping[str, Any], where: str) -> Told:
    """Of the table itself; `where` it stands. Raises ConfigError for a constant that cannot be."""
    sizes: dict[str, Any] = {}
    for name, value in table.items():
        name = _OTHER_NAMES.get(name, name)
        if name in (*_REQUIRED, "window_pattern"):
            sizes.setdefault(name, value)
    if "n_head" in sizes and sizes.get("n_kv_head") is None:
        sizes["n_kv_head"] = sizes["n_head"]
    constants = _constants_in(table)
    if table.get("hf_compatible") is True:
        constants = constants.over(_HF_COMPATIBLE)
    read = {name for names in _CONSTANTS.values() for name in names} | {"hf_compatible", "window_pattern", *_REQUIRED}
    strange = sorted(str(name) for name in table if name not in {*read, *_OTHER_NAMES, *_SILENT})
    notes = (f"{where} also has {', '.join(strange)[:200]}, which nothing here reads.",) if strange else ()
    return Told(sizes, constants, notes, table.get("tie_word_embeddings") is True)


def _constants_in(table: Mapping[str, Any]) -> Constants:
    nested = table.get("rope_parameters")
    table = {**(nested if isinstance(nested, dict) else {}), **table}
    found: dict[str, Any] = {}
    for constant, names in _CONSTANTS.items():
        for name in names:
            if name in table and constant not in found:
                value = table[name]
                found[constant] = math.inf if constant == "softcap" and value is None else value
    if table.get("model_type") == "nanochat" and "hidden_size" in table:
        found.setdefault("eps", _PORT_EPS)
    return Constants(**found)


def fitted(told: Mapping[str, Any], shapes: Shapes, where: str) -> tuple[GPTConfig, list[str]]:
    """The sizes that the shapes show, and for what they do not show those that were told; what differed, in sentences.

    Raises ModelError where neither says it, or where the shapes are no model's.
    """
    shown = _shown_by(shapes, told)
    sizes = {**told, **shown}
    if missing := [name for name in _REQUIRED if sizes.get(name) is None]:
        raise ModelError(f"{where} does not say {', '.join(missing)}: {META_CURE}.")
    rows = shapes["transformer.wte.weight"][0]
    if type(sizes["vocab_size"]) is int and sizes["vocab_size"] > rows:
        shown["vocab_size"] = sizes["vocab_size"] = rows
    notes = [
        f"{where} says {name} {told[name]!r:.20} and the weights have {value}: the weights count."
        for name, value in shown.items()
        if told.get(name) not in (None, value)
    ]
    try:
        return GPTConfig(**{name: sizes.get(name) for name in (*_REQUIRED, "window_pattern")}), notes  # type: ignore[arg-type]
    except ModelError as error:
        raise ModelError(f"{where}: {error}") from error


def _shown_by(shapes: Shapes, told: Mapping[str, Any]) -> dict[str, int]:
    """Sizes that follow from shapes alone, or with the number of heads."""
    wte = shapes.get("transformer.wte.weight", ())
    blocks = {int(key.split(".")[2]) for key in shapes if key.startswith("transformer.h.")}
    if len(wte) != 2 or not blocks or blocks != set(range(len(blocks))):
        raise ModelError("The weights have no transformer.wte and blocks 0, 1, …: give a checkpoint of nanochat.")
    shown = {"n_layer": len(blocks), "n_embd": wte[1]}
    if wpe := shapes.get("transformer.wpe.weight"):
        n_head = told.get("n_head")
        return shown | {"sequence_len": wpe[0]} | ({"n_kv_head": n_head} if type(n_head) is int else {})
    kv_dim = next(iter(shapes.get("transformer.h.0.attn.c_k.weight", ())), 0)
    gates = {shape[0] for key, shape in shapes.items() if key.endswith("ve_gate.weight") and shape}
    n_head = told.get("n_head")
    if len(gates) == 1 and (groups := gates.pop()) and kv_dim % groups == 0 and kv_dim >= groups:
        n_head = wte[1] // (kv_dim // groups)
    if type(n_head) is int and 0 < n_head <= wte[1] and wte[1] % n_head == 0:
        head_dim = wte[1] // n_head
        if kv_dim and kv_dim % head_dim == 0:
            shown |= {"n_head": n_head, "n_kv_head": kv_dim // head_dim}
    return shown
