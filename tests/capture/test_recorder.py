"""Truth of whole recordings: against nanochat's golden values, and against an untraced run."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

from mri.capture.recorder import GenerationRecorder, layout_of_model
from mri.errors import StoreError
from mri.format.captured import Captured
from mri.format.config import Sampling, TraceConfig
from mri.format.events import StepFrame
from mri.format.wire import bytes_from_frame
from mri.nanochat.checkpoint import LoadedModel
from mri.nanochat.model import GPT, KVCache
from mri.run.engine import generate
from tests.capture.conftest import GOLDEN
from tests.capture.sinks import ListSink

EVERYTHING = TraceConfig(
    capture_mode="full", quantization="f32", attention_tier="full_row", prefill="stepwise", max_bytes_per_step=10**7
)
PROMPT = [5, 9, 2, 44, 7, 9, 2, 250, 31, 8]


def test_every_hook_point_of_every_era_is_within_1e_4_of_nanochats_own(golden: LoadedModel, trace: Callable) -> None:
    expected = load_file(GOLDEN / golden.era / "golden.safetensors")
    tokens = expected["tokens"].tolist()
    layout, frames, _ = trace(golden.model, tokens, EVERYTHING)
    assert [frame.chosen_id for frame in frames[len(tokens) - 1 :]][:6] == expected["greedy"].tolist()
    worst = 0.0
    for s in range(7):
        frame = frames[len(tokens) - 1 + s]
        for point in layout.points:
            if f"step{s}/{point.key}" in expected and point.key != "final.logits":
                difference = np.abs(Captured(frame, layout).values(point.key) - expected[f"step{s}/{point.key}"]).max()
                worst = max(worst, float(difference))
        for layer in range(layout.n_layer):
            row = frame.arrays["attention/rows"][layer]
            worst = max(worst, float(np.abs(row - expected[f"step{s}/block.{layer}.attn_row"]).max()))
        logits = expected[f"step{s}/final.logits"]
        kept = frame.arrays["logits/token_ids"]
        worst = max(worst, float(np.abs(frame.arrays["logits/values"] - logits[kept]).max()))
        assert np.isclose(frame.arrays["logits/logsumexp"], np.log(np.exp(logits.astype(float)).sum()), atol=1e-4)
    assert worst < 1e-4


def test_resid0_is_where_the_stream_starts(small_model: GPT, trace: Callable) -> None:
    layout, frames, _ = trace(small_model, PROMPT, EVERYTHING)
    with torch.inference_mode():
        x = torch.nn.functional.rms_norm(small_model.transformer["wte"](torch.tensor([PROMPT])), (64,))
        x = small_model._smear(x, None)[0].numpy()  # (T, n_embd)
    for i in range(len(PROMPT)):
        np.testing.assert_allclose(Captured(frames[i], layout).values("embed.resid0"), x[i], atol=1e-6)


def test_resid_mid_is_what_the_mlp_reads_before_its_norm(small_model: GPT, trace: Callable) -> None:
    layout, frames, _ = trace(small_model, PROMPT, EVERYTHING)
    for i in range(layout.n_layer):
        mid = torch.from_numpy(Captured(frames[-1], layout).values(f"block.{i}.resid_mid"))
        normed = torch.nn.functional.rms_norm(mid, (64,)).numpy()
        np.testing.assert_array_equal(normed, Captured(frames[-1], layout).values(f"block.{i}.ln2"))


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_tracing_changes_nothing(golden: LoadedModel, temperature: float) -> None:
    ids = [1, 5, 9, 13, 17, 21]
    sampling = Sampling(max_new_tokens=30, temperature=temperature, seed=3)
    plain = [(step.next_id, step.logits.clone()) for step in generate(golden.model, ids, sampling)]
    recorder = GenerationRecorder(golden.model, layout_of_model(golden.model, TraceConfig()), ListSink())
    with recorder:
        traced = [(step.next_id, step.logits.clone()) for step in generate(golden.model, ids, sampling)]
    assert [token for token, _ in plain] == [token for token, _ in traced]
    assert all(torch.equal(a, b) for (_, a), (_, b) in zip(plain, traced, strict=True))
    assert recorder.num_steps == 30


def test_nothing_is_left_behind_even_after_an_exception(small_model: GPT) -> None:
    kernel = torch.nn.functional.scaled_dot_product_attention
    layout = layout_of_model(small_model, TraceConfig())
    with pytest.raises(ZeroDivisionError), GenerationRecorder(small_model, layout, ListSink()):
        raise ZeroDivisionError
    assert torch.nn.functional.scaled_dot_product_attention is kernel
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in small_model.modules())


def test_steps_reduced_together_are_the_steps_reduced_alone(small_model: GPT, trace: Callable) -> None:
    """Sums in another order may differ in the last bits; indices, tokens and bounds may not."""
    config = TraceConfig(quantization="f32", attention_tier="full_row", edu=True)
    _, together, _ = trace(small_model, PROMPT * 14, config, max_delay_ms=1e6, n=20)  # passes the window of 128
    _, alone, _ = trace(small_model, PROMPT * 14, config, max_delay_ms=0, n=20)
    assert len(together) == len(alone) == 21
    for a, b in zip(together, alone, strict=True):
        assert a.arrays.keys() == b.arrays.keys()
        assert (a.step, a.phase, a.pos0, a.t_add, a.chosen_id) == (b.step, b.phase, b.pos0, b.t_add, b.chosen_id)
        for name, array in a.arrays.items():
            np.testing.assert_allclose(array, b.arrays[name], rtol=2e-4, atol=2e-5, err_msg=name)


def test_stepwise_prefill_equals_the_whole_prefill(small_model: GPT, trace: Callable) -> None:
    whole = TraceConfig(quantization="f32", attention_tier="full_row", max_bytes_per_step=10**6)
    stepwise = TraceConfig(quantization="f32", attention_tier="full_row", prefill="stepwise", max_bytes_per_step=10**6)
    _, first, _ = trace(small_model, PROMPT, whole)
    _, second, _ = trace(small_model, PROMPT, stepwise)
    assert [f.phase for f in second] == ["prefill"] * len(PROMPT) + ["decode"] * 6
    assert all(f.t_add == 1 and f.pos0 == i for i, f in enumerate(second))
    assert [f.chosen_id for f in second[: len(PROMPT) - 1]] == PROMPT[1:]
    for a, b in zip(first, second[len(PROMPT) - 1 :], strict=True):
        for name in ("attention/rows", "logits/values", "logits/logsumexp"):
            np.testing.assert_allclose(a.arrays[name], b.arrays[name], atol=1e-4)
        if a.step:
            np.testing.assert_allclose(a.arrays["stats"], b.arrays["stats"], atol=1e-4)


def test_a_foreign_engine_needs_not_say_what_it_chose(small_model: GPT) -> None:
    sink = ListSink()
    with (
        GenerationRecorder(small_model, layout_of_model(small_model, TraceConfig()), sink),
        torch.inference_mode(),
    ):
        cache, token, read = KVCache(small_model), 0, []
        for ids in (PROMPT, *([None] * 5)):
            ids = ids or [token]
            read.append(ids)
            token = int(small_model(torch.tensor([ids]), cache)[0, -1].argmax())
    assert [frame.arrays["tokens"].tolist() for frame in sink.frames] == read
    assert [frame.chosen_id for frame in sink.frames] == [ids[0] for ids in read[1:]] + [-1]
    assert [frame.phase for frame in sink.frames] == ["prefill"] + ["decode"] * 5
    assert np.isnan(sink.frames[-1].arrays["logits/chosen_logprob"])
    assert not np.isnan(sink.frames[0].arrays["logits/chosen_logprob"])


def test_of_a_batch_the_first_sequence_is_recorded(small_model: GPT) -> None:
    layout, frames = layout_of_model(small_model, TraceConfig()), []
    other = [token + 1 for token in PROMPT]
    for batch in ([PROMPT], [PROMPT, other, PROMPT]):
        sink = ListSink()
        with GenerationRecorder(small_model, layout, sink), torch.inference_mode():
            cache = KVCache(small_model, batch_size=len(batch))
            small_model(torch.tensor(batch), cache)
            small_model(torch.tensor([[3]] * len(batch)), cache)
        frames.append(sink.frames)
    for a, b in zip(*frames, strict=True):
        for name, array in a.arrays.items():
            np.testing.assert_allclose(array, b.arrays[name], rtol=1e-3, atol=1e-5, err_msg=name)


class FullDisk:
    """Takes three frames, then has no room."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []

    def append(self, frame: StepFrame) -> None:
        if len(self.frames) == 3:
            raise StoreError("No space left on the disk: free some.")
        self.frames.append(bytes_from_frame(frame))


def test_generation_goes_on_when_the_disk_is_full(small_model: GPT) -> None:
    sink = FullDisk()
    with GenerationRecorder(small_model, layout_of_model(small_model, TraceConfig()), sink) as recorder:
        steps = list(generate(small_model, PROMPT, Sampling(max_new_tokens=20)))
    assert len(steps) == 20
    assert len(sink.frames) == recorder.num_steps == 3
    assert recorder.stopped == "error: No space left on the disk: free some."


def test_stop_trace_ends_the_recording_and_not_the_generation(small_model: GPT) -> None:
    config = TraceConfig(attention_tier="full_row", drop_policy="stop_trace", max_bytes_per_step=10_000)
    with GenerationRecorder(small_model, layout_of_model(small_model, config), ListSink()) as recorder:
        steps = list(generate(small_model, PROMPT, Sampling(max_new_tokens=300, temperature=0)))
    assert len(steps) == 300
    assert recorder.stopped == "budget"
    assert 0 < recorder.num_steps < 300
