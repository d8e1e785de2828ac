"""Weights to begin a training with."""

from __future__ import annotations

import torch

from mri.nanochat.model import GPT


@torch.no_grad()
def init_weights(model: GPT, seed: int) -> None:
    """Set every weight for training from scratch: nanochat's distributions, from `seed`.

    One difference: output projections start small where nanochat's start at zero, so that a random model has
    something to show at every hook point.
    """
    generator = torch.Generator(model.device).manual_seed(seed)
    bound = (3 / model.config.n_embd) ** 0.5  # uniform within ±bound has the deviation 1/sqrt(n_embd)
    scales = {"c_fc": 0.4, "c_proj": 0.1}
    for name, parameter in model.named_parameters():
        parts = name.split(".")
        if parts[-1] != "weight":
            continue
        if parts[-2] == "wte":
            parameter.normal_(0, 0.8, generator=generator)
        elif parts[-2] == "lm_head":
            parameter.normal_(0, 0.001, generator=generator)
        elif parts[-2] in ("ve_gate", "smear_gate"):
            parameter.uniform_(0, 0.02, generator=generator)
        else:
            scale = scales.get(parts[-2], 1.0)
            parameter.uniform_(-bound * scale, bound * scale, generator=generator)
    if model.era.has_resid_lambdas:
        n_layer = model.config.n_layer
        depth = torch.arange(n_layer, device=model.resid_lambdas.device) / max(n_layer - 1, 1)
        model.resid_lambdas.copy_(1.15 - 0.10 * depth)
        model.x0_lambdas.copy_(0.20 - 0.15 * depth)
    if model.era.has_smear:
        model.smear_lambda.zero_()
    if model.era.has_backout:
        model.backout_lambda.fill_(0.2)
