"""What is recorded of somebody's model is what was in the pass: values, softcap, attention."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mri.capture.recorder import GenerationRecorder, layout_of_model
from mri.capture.watch import watch
from mri.errors import ConfigError
from mri.format.captured import Captured
from mri.nanochat.model import GPT, KVCache
from mri.store.opening import open_session
from tests.capture import forks
from tests.capture.forks import (
    EXACT,
    PROMPT,
    STEPWISE,
    fork,
    frames_of,
    greedy,
    greedy_without_cache,
    same,
)
from tests.capture.sinks import ListSink
from tests.conftest import dropped_names
from tests.nanochat.capture import captured


@pytest.mark.parametrize("changed", [{"block": forks.InPlaceBlock}, {"mlp": forks.InPlaceMLP}], ids=["stream", "mlp"])
def test_what_a_model_changes_in_place_is_recorded_as_it_was(model: GPT, changed: dict[str, type]) -> None:
    layout, theirs = layout_of_model(model, EXACT), fork(model, **changed)
    seen: list[dict[str, Tensor]] = []
    cache, token = KVCache(model), PROMPT[0]
    with captured(model) as values, torch.inference_mode():
        for _ in range(4):
            token = int(model(torch.tensor([[token]]), cache)[0, -1].argmax())
            seen.append(dict(values))
    frames = frames_of(theirs, lambda: greedy(theirs, PROMPT[:1], 3), STEPWISE)
    for frame, truth in zip(frames, seen, strict=True):
        for key in layout.rows:
            if key in truth and key != "final.logits":
                values = Captured(frame, layout).values(key)
                np.testing.assert_allclose(values, truth[key].numpy(), atol=1e-5, err_msg=key)


def zero_in_place(_module: nn.Module, args: tuple[Tensor, ...]) -> None:
    args[0][..., :8].zero_()


def test_what_somebody_elses_hook_changes_in_place_is_recorded_as_it_was(model: GPT) -> None:
    """An ablation in place, on our own model: the stream after block 0 is another one than block 1 reads."""
    layout, theirs = layout_of_model(model, EXACT), copy.deepcopy(model)
    plain = frames_of(theirs, lambda: greedy(theirs, PROMPT, 3))
    theirs.transformer["h"][1].register_forward_pre_hook(zero_in_place)
    for frame, before in zip(frames_of(theirs, lambda: greedy(theirs, PROMPT, 3)), plain, strict=True):
        if frame.arrays["tokens"].tolist() != before.arrays["tokens"].tolist() or frame.phase == "prefill":
            continue
        after, read = (Captured(frame, layout).values(key) for key in ("block.0.resid_post", "block.1.resid_pre"))
        assert np.abs(after[:8]).min() > 0
        assert (read[:8] == 0).all()


def test_a_cache_that_is_used_again_changes_nothing_recorded(model: GPT) -> None:
    """The keys of steps that wait to be reduced may be overwritten by the next pass."""
    cache, alone = KVCache(model), []

    def again() -> None:
        greedy(model, PROMPT, 4, cache)
        cache.pos, cache.last_embedding = 0, None
        greedy(model, [44, 3], 1, cache)

    frames = frames_of(model, again)
    alone = frames_of(model, lambda: greedy(model, PROMPT, 4))
    for a, b in zip(frames, alone, strict=False):
        np.testing.assert_array_equal(a.arrays["attention/rows"], b.arrays["attention/rows"])


def test_a_token_buffer_that_is_used_again_changes_nothing_recorded(model: GPT) -> None:
    def run() -> None:
        cache, buffer = KVCache(model), torch.zeros(1, 1, dtype=torch.int64)
        with torch.inference_mode():
            for token in PROMPT:
                buffer[0, 0] = token
                model.forward(buffer, cache)

    assert [frame.arrays["tokens"].tolist() for frame in frames_of(model, run)] == [[token] for token in PROMPT]


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (lambda x: 20 * torch.tanh(x / 20), 20.0),
        (lambda x: 7.5 * torch.tanh(x / 7.5), 7.5),
        (lambda x: 15 * torch.tanh(x / 15), 15.0),
        (lambda x: x.div_(30).tanh_().mul_(30), 30.0),
        (lambda x: x, None),
    ],
    ids=["20", "7.5", "15", "in place", "none"],
)
def test_the_softcap_is_read_from_the_models_own_logits(
    model: GPT, tmp_path: Path, head: Callable[[Tensor], Tensor], expected: float | None
) -> None:
    theirs = forks.with_head(model, head)
    with watch(theirs, sessions=tmp_path) as scan:
        logits = greedy(theirs, PROMPT, 3)
    assert scan.path is not None
    with open_session(scan.path) as reader:
        assert reader.session.provenance["softcap"] == expected
        for step, truth in enumerate(logits):
            arrays = reader.frame(step).arrays
            kept = truth[torch.from_numpy(arrays["logits/token_ids"].astype(np.int64))].numpy()
            np.testing.assert_allclose(arrays["logits/values"], kept, rtol=1e-6)
            assert arrays["logits/logsumexp"] == pytest.approx(float(torch.logsumexp(truth, 0)), rel=1e-6)
            if step < 3:
                assert arrays["logits/chosen_logprob"] == pytest.approx(float(truth.log_softmax(0).max()), abs=1e-5)


def test_logits_that_no_softcap_explains_are_left_out_and_said(model: GPT, tmp_path: Path) -> None:
    theirs = forks.with_head(model, lambda x: 2 * x + 1)
    with pytest.warns(RuntimeWarning, match="No predictions were recorded"), watch(theirs, sessions=tmp_path) as scan:
        greedy(theirs, PROMPT, 3)
    assert scan.path is not None
    with open_session(scan.path) as reader:
        assert "for any softcap" in reader.session.provenance["logits"]
        assert reader.session.provenance["softcap"] is None
        for step in range(4):
            frame = reader.frame(step)
            assert "logits/values" not in frame.arrays
            assert dropped_names(frame) == ["logits", "ledger", "lens"]
            assert np.isnan(Captured(frame, reader.session.layout).stats("final.logits")["mean"])
            assert np.isfinite(Captured(frame, reader.session.layout).stats("final.ln_f")["mean"])
        reader.verify()


def test_a_loss_alone_shows_no_softcap_and_the_one_given_counts(model: GPT, tmp_path: Path) -> None:
    theirs = copy.deepcopy(model)
    forward = theirs.forward
    theirs.forward = lambda idx: F.cross_entropy(forward(idx)[0, :-1], idx[0, 1:])  # type: ignore[method-assign]
    for constants, softcap in ((None, 15), ({"softcap": 20}, 20)):
        with watch(theirs, sessions=tmp_path, constants=constants) as scan, torch.inference_mode():
            theirs.forward(torch.tensor([PROMPT]))
        assert scan.path is not None
        with open_session(scan.path) as reader:
            assert reader.session.provenance["softcap"] == softcap
            assert reader.session.provenance["softcap_is_assumed"]
    with (
        pytest.warns(RuntimeWarning, match="softcap of 15, not the 20"),
        watch(model, sessions=tmp_path, constants={"softcap": 20}),
    ):
        greedy(model, PROMPT, 1)


def test_constants_are_known_ones(model: GPT, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no constant 'rope'.*softcap"):
        watch(model, constants={"rope": 1}, sessions=tmp_path)
    assert not list(tmp_path.iterdir())


def test_attention_that_reaches_no_kernel_is_left_out_and_said(model: GPT, tmp_path: Path) -> None:
    theirs = fork(model, attention=forks.HandWrittenAttention)
    plain = greedy_without_cache(theirs, PROMPT, 2)
    with pytest.warns(RuntimeWarning, match="No attention weights"), watch(theirs, sessions=tmp_path) as scan:
        assert same(greedy_without_cache(theirs, PROMPT, 2), plain)
    assert scan.path is not None
    with open_session(scan.path) as reader:
        assert "flash_attn once in each block" in reader.session.provenance["attention"]
        assert reader.steps()["pos0"].tolist() == [0, 7, 8]
        assert all(dropped_names(reader.frame(i)) == ["attention"] for i in range(3))
        assert "logits/values" in reader.frame(0).arrays
        reader.verify()


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float32])
@pytest.mark.parametrize("autocast", [False, True])
@pytest.mark.parametrize("precision", ["highest", "medium"])
def test_attention_rows_are_those_of_the_q_and_k_that_reach_the_kernel(
    model: GPT, dtype: torch.dtype, autocast: bool, precision: str
) -> None:
    if autocast and dtype == torch.float16:
        pytest.skip("torch's CPU autocast does not take float16")
    theirs = copy.deepcopy(model).to(dtype)
    truth: list[Tensor] = []
    kernel = F.scaled_dot_product_attention

    def spy(q: Tensor, k: Tensor, v: Tensor, **kwargs: object) -> Tensor:
        k64 = k[0].double().repeat_interleave(q.shape[1] // k.shape[1], 0)
        truth.append((torch.einsum("hd,hkd->hk", q[0, :, -1].double(), k64) / q.shape[-1] ** 0.5).softmax(-1))
        return kernel(q, k, v, **kwargs)  # type: ignore[arg-type]

    sink, before = ListSink(), torch.get_float32_matmul_precision()
    F.scaled_dot_product_attention = spy
    torch.set_float32_matmul_precision(precision)
    try:
        recorder = GenerationRecorder(theirs, layout_of_model(theirs, EXACT), sink)
        with recorder, torch.autocast("cpu", torch.bfloat16, enabled=autocast):
            greedy(theirs, PROMPT, 9)
    finally:
        F.scaled_dot_product_attention = kernel
        torch.set_float32_matmul_precision(before)
    assert recorder.stopped == ""
    assert recorder.facts()["matmul_precision"] == precision
    assert recorder.facts().get("autocast") == ("bfloat16" if autocast else None)
    rows = [frame.arrays["attention/rows"][layer] for frame in sink.frames for layer in range(2)]
    worst = max(float(np.abs(row - exact.numpy()).max()) for row, exact in zip(rows, truth, strict=True))
    print(f"{dtype}, autocast {autocast}, {precision}: worst error of an attention weight {worst:.1e}")
    assert worst < 1e-6
