"""Small models and recorders for the tracer's tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from mri.capture.recorder import GenerationRecorder, layout_of_model
from mri.format.config import Sampling, TraceConfig
from mri.format.events import StepFrame
from mri.format.layout import Layout
from mri.making.initial import init_weights
from mri.nanochat.checkpoint import LoadedModel, load_model
from mri.nanochat.model import GPT, GPTConfig
from mri.run.engine import Step, generate
from tests.capture import forks
from tests.capture.sinks import ListSink

GOLDEN = Path(__file__).parents[1] / "golden"
ERAS = ("E1", "E2", "E3", "E4", "E5")

torch.set_num_threads(1)


@pytest.fixture(scope="session", params=ERAS)
def golden(request: pytest.FixtureRequest) -> LoadedModel:
    return load_model(GOLDEN / request.param, device="cpu")


@pytest.fixture(scope="session")
def small_model() -> GPT:
    """Three blocks, grouped queries, a window of 128 keys, value embeddings, smear."""
    model = GPT(GPTConfig(512, 300, 3, 4, 2, 64, "SL"))
    init_weights(model, seed=1)
    torch.nn.init.normal_(model.lm_head.weight, generator=torch.Generator().manual_seed(2))
    return model.eval()


@pytest.fixture(scope="module")
def model() -> GPT:
    return forks.small()


Recorded = tuple[Layout, list[StepFrame], list[Step]]


@pytest.fixture(scope="session")
def trace() -> Callable[..., Recorded]:
    def trace(model: GPT, ids: list[int], config: TraceConfig, *, max_delay_ms: float = 100.0, n: int = 6) -> Recorded:
        layout, sink = layout_of_model(model, config), ListSink()
        stepwise = config.prefill == "stepwise"
        steps = []
        recorder = GenerationRecorder(model, layout, sink, max_delay_ms=max_delay_ms, cache_only_grows=True)
        with recorder:
            for step in generate(model, ids, Sampling(max_new_tokens=n + 1, temperature=0), stepwise=stepwise):
                recorder.choose(step.next_id, forced=step.forced, phase=step.phase)
                steps.append(step)
        return layout, sink.frames, steps

    return trace
