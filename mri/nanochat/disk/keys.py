"""Names of parameters: nanochat's own, whatever wrapper or port wrote the file.

Knows names. Knows nothing of torch, shapes and files.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from mri.errors import ModelError

_WRAPPERS = ("_orig_mod.", "module.")
_IGNORED = re.compile(r"(.*\.)?(rotary_emb\.inv_freq|attn\.bias|attn\.masked_bias)")  # buffers that are computed anew
_QUANTISED = (".scales", ".biases", ".qweight", ".qzeros", ".weight_scale", ".weight_packed", ".absmax")
_NATIVE_ROOTS = ("transformer.", "lm_head.", "value_embeds.", "resid_lambdas", "x0_lambdas", "smear_", "backout_lambda")

PORT_EMBEDDING = "model.embed_tokens.weight"
_PORT = {
    PORT_EMBEDDING: "transformer.wte.weight",
    "lm_head.weight": "lm_head.weight",
}
_PORT_BLOCK = {
    "self_attn.q_proj": "attn.c_q",
    "self_attn.k_proj": "attn.c_k",
    "self_attn.v_proj": "attn.c_v",
    "self_attn.o_proj": "attn.c_proj",
    "mlp.fc1": "mlp.c_fc",
    "mlp.fc2": "mlp.c_proj",
}
_PORT_KEY = re.compile(r"model\.layers\.(\d{1,4})\.(\w+\.\w+)\.weight")


@dataclass(frozen=True)
class Named:
    """keys     nanochat's name of each parameter -> the file's
    is_port  whether the names are those of Hugging Face's NanoChatForCausalLM, which has no place for what came later
    """

    keys: dict[str, str]
    is_port: bool = False


def named_as_nanochat(keys: Iterable[str]) -> Named:
    """Raises ModelError for quantised weights, for names that no nanochat has, and where two names become one."""
    keys = [key for key in keys if not _IGNORED.fullmatch(key)]
    if quantised := [key for key in keys if key.endswith(_QUANTISED)]:
        raise ModelError(f"{quantised[0]!r:.80} belongs to quantised weights: give the model as it was trained.")
    plain = {key: _unwrapped(key) for key in keys}
    inner = {key: name.removeprefix("model.") for key, name in plain.items()}
    if "transformer.wte.weight" in inner.values() and all(name.startswith(_NATIVE_ROOTS) for name in inner.values()):
        plain = inner
    names = set(plain.values())
    is_port = bool(names & {PORT_EMBEDDING, PORT_EMBEDDING.removeprefix("model.")})
    if is_port and PORT_EMBEDDING not in names:  # a NanoChatModel saved without its head
        plain = {key: name if name.startswith("lm_head.") else f"model.{name}" for key, name in plain.items()}
    found: dict[str, str] = {}
    for key, name in plain.items():
        name = _of_port(name) if is_port else name
        if name in found:
            raise ModelError(
                f"It holds some parameters twice, as {key!r:.80} and {found[name]!r:.80} (with and without "
                "'_orig_mod.' or another wrapper's name): save it from one model."
            )
        found[name] = key
    return Named(found, is_port)


def _unwrapped(key: str) -> str:
    while key.startswith(_WRAPPERS):
        for wrapper in _WRAPPERS:
            key = key.removeprefix(wrapper)
    return key.replace("._orig_mod.", ".")


def _of_port(name: str) -> str:
    match = _PORT_KEY.fullmatch(name)
    if name in _PORT:
        return _PORT[name]
    if match and match[2] in _PORT_BLOCK:
        return f"transformer.h.{int(match[1])}.{_PORT_BLOCK[match[2]]}.weight"
    raise ModelError(
        f"The parameter {name!r:.80} is none of Hugging Face's NanoChat port: give a NanoChatForCausalLM, or the "
        "checkpoint that nanochat wrote."
    )
