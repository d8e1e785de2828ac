"""Models of every era, and steps of plain forward passes as a recording would have them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

from mri.explain.asked import AskedStep
from mri.making.initial import init_weights
from mri.nanochat.checkpoint import LoadedModel, load_model
from mri.nanochat.model import GPT, GPTConfig

GOLDEN = Path(__file__).parents[1] / "golden"
torch.set_num_threads(1)
ERAS = ("E1", "E2", "E3", "E4", "E5")


def tokens_of(loaded: LoadedModel) -> list[int]:
    return load_file(GOLDEN / loaded.era / "golden.safetensors")["tokens"].tolist()


@torch.inference_mode()
def asked(model: GPT, ids: list[int], positions: list[int], kept: int = 20) -> list[AskedStep]:
    """Steps at these positions, the strongest token chosen."""
    logits = model(torch.tensor([ids]))[0].numpy()
    found = []
    for i, position in enumerate(positions):
        top = np.argsort(-logits[position])[:kept]
        found.append(AskedStep(i, position, int(top[0]), top, logits[position][top]))
    return found


@pytest.fixture(scope="session", params=ERAS)
def golden(request: pytest.FixtureRequest) -> LoadedModel:
    return load_model(GOLDEN / request.param, device="cpu")


@pytest.fixture(scope="session")
def embedded() -> LoadedModel:
    return load_model(device="cpu")


@pytest.fixture(scope="session")
def small_model() -> GPT:
    """Three blocks, grouped queries, a window of 128 keys in two of them, value embeddings, smear."""
    model = GPT(GPTConfig(512, 300, 3, 4, 2, 64, "SL"))
    init_weights(model, seed=1)
    torch.nn.init.normal_(model.lm_head.weight, generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        model.smear_lambda.fill_(0.5)
    return model.eval()
