"""The tokens that a neuron speaks for: its direct path through the residual stream to `lm_head`.

Knows weights. Refuses to know sessions, steps and who asks. It is an approximation with a name: what later blocks
make of the neuron's contribution is left out, and so is all that depends on the context (see `direct_effect`).
"""

from __future__ import annotations

import re

import torch
from torch import Tensor

from mri.arrays import Floats
from mri.errors import ConfigError, UnknownHookPoint
from mri.nanochat.model import GPT
from mri.nanochat.nanogpt import NanoGPT
from mri.nanochat.reach import Reach, reach

ADDED = ("attn_out", "mlp_out", "mlp_act", "resid_mid", "resid_post")
STREAM = ("resid_pre",)
HAVE = "block.{i}." + ", ".join(("mlp_act", "mlp_out", "attn_out", "resid_pre, resid_mid, resid_post")) + ", final.ln_f"
_POINT = re.compile(r"block\.(\d+)\.(\w+)")


@torch.inference_mode()
def direct_effect(model: GPT, point: str, neuron: int) -> Floats:
    """(vocab_size,) logits per unit of the neuron's value, less their mean over the vocabulary.

    w = lm_head · (c · d): d is what one unit of the neuron adds to the stream where it enters (for `mlp_act` its column
    of c_proj, for points of the stream itself one coordinate), c what `resid_lambdas` of the later blocks and the
    backout make of it. The last norm divides by the stream's root mean square, which the context decides: w is for a
    root mean square of 1, so it ranks tokens and does not say how much. Softcap keeps the order. The mean is taken out
    because adding one number to all logits changes no probability. For `final.ln_f` the norm is already behind.

    Where c is below `reach.ERASED_BELOW`, w says nothing of what the neuron does: in the embedded model the backout
    takes out all but 2 % of what blocks 0 to 3 add.

    Raises ConfigError for a hook point without a direct path, UnknownHookPoint and IndexError for what is not there.
    """
    direction = _direction(model, point, neuron)
    logits = (model.lm_head.weight[: model.config.vocab_size].float() @ direction.float()).cpu()  # (vocab_size,)
    found: Floats = (logits - logits.mean()).numpy()
    return found


def _direction(model: GPT, point: str, neuron: int) -> Tensor:
    """(n_embd,) what one unit of the neuron adds to the stream before the last norm (`final.ln_f`: after it)."""
    if isinstance(model, NanoGPT):
        raise ConfigError("A neuron's tokens are told through nanochat's last norm, and nanoGPT's is another.")
    n_embd, layer = model.config.n_embd, _block_of(model, point)
    if layer is not None and point.endswith(".mlp_act"):
        column: Tensor = model.transformer["h"][layer].mlp.c_proj.weight[:, _checked(neuron, 4 * n_embd)]  # type: ignore[index]
        return path_factor(model, layer) * column
    unit = torch.zeros(n_embd, device=model.device)
    unit[_checked(neuron, n_embd)] = factor_at(model, point)
    return unit


def path_factor(model: GPT, layer: int) -> float:
    """What is left at the last norm of one unit that block `layer` added to the stream (see reach.py)."""
    return reach_of(model).blocks[layer]


def factor_at(model: GPT, point: str) -> float:
    """c of `direct_effect`: what is left of one unit at the hook point; 1 behind the last norm. Raises as it does."""
    layer = _block_of(model, point)
    return 1.0 if layer is None else path_factor(model, layer)


def reach_of(model: GPT) -> Reach:
    """Of a nanochat model, ours or an unmodified checkout's."""
    n_layer = model.config.n_layer
    lambdas = [1.0] * n_layer, [0.0] * n_layer
    if hasattr(model, "resid_lambdas"):
        lambdas = model.resid_lambdas.tolist(), model.x0_lambdas.tolist()
    return reach(*lambdas, model.backout_lambda.item() if hasattr(model, "backout_lambda") else 0.0)


def _block_of(model: GPT, point: str) -> int | None:
    """The block whose addition or stream it is, None for `final.ln_f`."""
    if point == "final.ln_f":
        return None
    match = _POINT.fullmatch(point)
    if not match or match[2] not in (*ADDED, *STREAM):
        raise ConfigError(f"{point} has no direct path to the predictions: those that have one are {HAVE}.")
    if int(match[1]) >= model.config.n_layer:
        raise UnknownHookPoint(f"There is no {point}: the model has {model.config.n_layer} blocks.")
    return int(match[1])


def _checked(neuron: int, width: int) -> int:
    if not 0 <= neuron < width:
        raise IndexError(f"There is no neuron {neuron}: this hook point has {width}.")
    return neuron
