"""Other people's engines and forks: what is recorded is what was, what cannot be is refused, and nothing breaks."""

from __future__ import annotations

import copy
import gc
import io
import os
import pickle
import threading
import warnings
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mri.config import PRESETS, TraceConfig
from mri.errors import ConfigError, ModelError, StoreError, UnknownHookPoint
from mri.events import StepFrame
from mri.nanochat.checkpoint import LoadedModel
from mri.nanochat.model import GPT, MLP, KVCache
from mri.store.library import Library
from mri.store.reader import open_session
from mri.tracer.recorder import GenerationRecorder, ListSink, layout_of_model
from mri.tracer.watch import watch
from tests.nanochat.capture import captured
from tests.tracer import forks
from tests.tracer.forks import fork, greedy, greedy_without_cache, nothing_left, same

PROMPT = [5, 9, 2, 44, 7, 9, 2]
EXACT = TraceConfig(capture_mode="full", quantization="f32", attention_tier="full_row", max_bytes_per_step=10**7)
STEPWISE = TraceConfig(
    capture_mode="full", quantization="f32", attention_tier="full_row", max_bytes_per_step=10**7, prefill="stepwise"
)


@pytest.fixture(scope="module")
def model() -> GPT:
    return forks.small()


def frames_of(model: nn.Module, run: Callable[[], object], config: TraceConfig = EXACT) -> list[StepFrame]:
    sink = ListSink()
    with GenerationRecorder(model, layout_of_model(model, config), sink) as recorder:
        run()
    assert recorder.stopped == ""
    return sink.frames


def test_a_foreign_engine_is_recorded_as_a_session(golden: LoadedModel, tmp_path: Path) -> None:
    ids = golden.tokenizer.encode("ab ab")
    with watch(golden.model, tokenizer=golden.tokenizer._encoding, name="theirs", sessions=tmp_path) as scan:
        said = [int(logits.argmax()) for logits in greedy(golden.model, ids, 6)][:6]
    assert scan.path is not None
    with open_session(scan.path) as reader:
        assert reader.num_steps == 7  # such an engine reads its last token too
        assert reader.token_ids().tolist() == [*ids, *said]
        assert reader.session.prompt == "ab ab"
        assert reader.session.response == golden.tokenizer.decode(said)
        assert (reader.session.name, reader.session.end_reason) == ("theirs", "finished")
        assert reader.session.provenance["softcap"] == 15


# Values of the pass they claim


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
                np.testing.assert_allclose(frame.values(layout, key), truth[key].numpy(), atol=1e-5, err_msg=key)


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
        after, read = (frame.values(layout, key) for key in ("block.0.resid_post", "block.1.resid_pre"))
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


# Copies of the model, threads, processes


def test_a_recorded_model_can_be_copied_and_saved_and_the_copy_is_not_recorded(model: GPT, tmp_path: Path) -> None:
    plain = greedy(model, PROMPT, 2)
    with watch(model, sessions=tmp_path) as scan:
        first = greedy(model, PROMPT, 2)
        twins = [copy.deepcopy(model), pickle.loads(pickle.dumps(model))]
        file = io.BytesIO()
        torch.save(model, file)
        twins.append(torch.load(io.BytesIO(file.getvalue()), weights_only=False))
        averaged = torch.optim.swa_utils.AveragedModel(model)
        assert same(greedy(averaged.module, PROMPT, 2), plain)
        for twin in twins:
            twin.transformer["h"][0].mlp.c_proj.weight.data.zero_()
            assert not same(greedy(twin, PROMPT, 2), plain)
    assert same(first, plain)
    assert scan.path is not None
    with open_session(scan.path) as reader:
        assert reader.num_steps == 3
    for twin in twins:  # and nothing of the recording is left in a copy
        with watch(twin, sessions=tmp_path) as scan:
            greedy(twin, PROMPT, 1)
        assert len(scan.paths) == 1
    assert nothing_left(model)


def test_threads_record_each_its_own(model: GPT, tmp_path: Path) -> None:
    plain = {i: greedy(model, [i, 3, 7], 6) for i in range(6)}

    def record(i: int) -> tuple[list[Tensor], Path | None]:
        with watch(model, sessions=tmp_path) as scan:
            return greedy(model, [i, 3, 7], 6), scan.path or scan

    with ThreadPoolExecutor(3) as pool:
        runs = list(pool.map(record, range(6)))
    for i, (logits, scan) in enumerate(runs):
        assert same(logits, plain[i])
        with open_session(scan.path) as reader:  # type: ignore[union-attr]
            assert reader.token_ids().tolist()[:3] == [i, 3, 7]
            assert reader.num_steps == 7
    assert nothing_left(model)


def test_passes_of_another_thread_are_not_recorded(model: GPT, tmp_path: Path) -> None:
    with watch(model, sessions=tmp_path) as scan:
        greedy(model, PROMPT, 1)
        thread = threading.Thread(target=greedy, args=(model, [1, 2, 3], 4))
        thread.start()
        thread.join()
        greedy(model, PROMPT, 1)
    assert len(scan.paths) == 2


def test_blocks_may_overlap_and_end_in_any_order(model: GPT, tmp_path: Path) -> None:
    other, plain = forks.small(n_layer=3), greedy(model, PROMPT, 3)
    a, b = watch(model, sessions=tmp_path), watch(other, sessions=tmp_path)
    c = watch(model, sessions=tmp_path)
    a.__enter__()
    b.__enter__()
    c.__enter__()
    assert same(greedy(model, PROMPT, 3), plain)
    a.__exit__(None, None, None)
    assert same(greedy(model, PROMPT, 3), plain)
    greedy(other, PROMPT, 3)
    b.__exit__(None, None, None)
    c.__exit__(None, None, None)
    assert [len(x.paths) for x in (a, b, c)] == [1, 1, 2]
    assert nothing_left(model)
    assert nothing_left(other)


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_child_leaves_its_parents_session_alone(model: GPT, tmp_path: Path) -> None:
    scan = watch(model, sessions=tmp_path)
    with scan:
        greedy(model, PROMPT, 2)
        if os.fork() == 0:
            greedy(model, PROMPT, 2)
            scan.__exit__(None, None, None)
            os._exit(0)
        os.wait()
        assert Library(tmp_path).list()[0].state == "recording"
    assert scan.path is not None
    with open_session(scan.path) as reader:
        assert reader.num_steps == 3
        reader.verify()


# Several tokens in one pass


@pytest.mark.parametrize("name", ["rows", "everything"])
@pytest.mark.parametrize("mode", ["topk", "sampled", "full"])
@pytest.mark.parametrize("tier", ["full_row", "full_matrix"])
def test_of_a_pass_of_several_tokens_the_last_ones_values_are_kept(model: GPT, name: str, mode: str, tier: str) -> None:
    fields = {"capture_mode": mode, "attention_tier": tier, "quantization": "f32", "max_bytes_per_step": 10**7}
    config = TraceConfig(**{**PRESETS[name].to_json(), **fields})
    layout = layout_of_model(model, config)

    def in_chunks() -> None:
        cache = KVCache(model)
        with torch.inference_mode():
            for chunk in (PROMPT[:4], PROMPT[4:], [3], [1, 8]):
                model.forward(torch.tensor([chunk]), cache)

    frames = frames_of(model, in_chunks, config)
    one_by_one = frames_of(model, lambda: [greedy_through(model, [*PROMPT, 3, 1, 8])], config)
    for frame, end in zip(frames, (3, 6, 7, 9), strict=True):
        specs = layout.specs(frame.phase, frame.t_add, frame.pos0 + frame.t_add)
        assert {n: (a.dtype, a.shape) for n, a in frame.arrays.items()} == {
            n: (np.dtype(dtype), shape) for n, (dtype, shape) in specs.items()
        }
        for key in layout.rows:
            np.testing.assert_allclose(frame.values(layout, key), one_by_one[end].values(layout, key), atol=1e-4)
    assert [frame.phase for frame in frames] == ["prefill", "prefill", "decode", "decode"]
    assert [frame.chosen_id for frame in frames] == [7, 3, 1, -1]


@torch.inference_mode()
def greedy_through(model: GPT, ids: list[int]) -> None:
    cache = KVCache(model)
    for token in ids:
        model.forward(torch.tensor([[token]]), cache)


def test_rejected_drafts_are_read_over(model: GPT, tmp_path: Path) -> None:
    """Speculative decoding: a chunk of drafts, then the position goes back to the first that was rejected."""
    with watch(model, sessions=tmp_path) as scan, torch.inference_mode():
        cache = KVCache(model)
        for pos, chunk in ((0, PROMPT), (7, [1]), (8, [2, 3, 4]), (9, [5])):
            cache.pos = pos
            model.forward(torch.tensor([chunk]), cache)
    assert scan.path is not None
    with open_session(scan.path) as reader:
        assert reader.num_steps == 4
        assert reader.token_ids().tolist()[:10] == [*PROMPT, 1, 2, 5]
        assert reader.session.num_prompt_tokens == len(PROMPT)


def test_each_generation_is_a_session(model: GPT, tmp_path: Path) -> None:
    with watch(model, sessions=tmp_path) as scan:
        said = [[int(x.argmax()) for x in greedy(model, ids, 3)] for ids in (PROMPT, [8, 1], PROMPT)]
    assert [path.suffix for path in scan.paths] == [".h5"] * 3
    for path, prompt, tokens in zip(scan.paths, (PROMPT, [8, 1], PROMPT), said, strict=True):
        with open_session(path) as reader:
            assert reader.token_ids().tolist() == [*prompt, *tokens[:3]]
            assert reader.steps()["step"].tolist() == [0, 1, 2, 3]
            assert reader.session.num_prompt_tokens == len(prompt)


def test_an_engine_without_a_cache_is_recorded_as_one_with_it(model: GPT, tmp_path: Path) -> None:
    with watch(model, sessions=tmp_path, config=EXACT) as without:
        again = greedy_without_cache(model, PROMPT, 3)
        greedy_without_cache(model, [9, 9, 4], 2)
    with watch(model, sessions=tmp_path, config=EXACT) as with_cache:
        once = greedy(model, PROMPT, 3)
    assert len(without.paths) == 2
    assert with_cache.path is not None
    with open_session(without.paths[0]) as a, open_session(with_cache.path) as b:
        assert a.token_ids().tolist() == b.token_ids().tolist()
        assert a.session.num_prompt_tokens == len(PROMPT)
        for step in range(4):
            x, y = a.frame(step), b.frame(step)
            assert (x.phase, x.pos0, x.t_add, x.chosen_id) == (y.phase, y.pos0, y.t_add, y.chosen_id)
            for name, array in x.arrays.items():
                np.testing.assert_allclose(array, y.arrays[name], rtol=1e-3, atol=1e-4, err_msg=name)
    assert same(again, greedy_without_cache(model, PROMPT, 3))
    assert len(once) == len(again)


# Softcap and kernel


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
            assert frame.dropped_names == ["logits"]
            assert np.isnan(frame.stats(reader.session.layout, "final.logits")["mean"])
            assert np.isfinite(frame.stats(reader.session.layout, "final.ln_f")["mean"])
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
        assert all(reader.frame(i).dropped_names == ["attention"] for i in range(3))
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


# What cannot be recorded, and what goes wrong later


class WideMLP(MLP):
    def __init__(self) -> None:
        nn.Module.__init__(self)
        self.c_fc, self.c_proj = nn.Linear(64, 96, bias=False), nn.Linear(96, 64, bias=False)


def test_other_widths_and_calls_by_keyword_are_recorded(model: GPT, tmp_path: Path) -> None:
    theirs = fork(model, block=forks.KeywordBlock)
    theirs.transformer["h"][1].mlp = WideMLP()
    with watch(theirs, sessions=tmp_path, config=STEPWISE) as scan:
        greedy(theirs, PROMPT, 2)
    assert scan.stopped == ""
    assert scan.path is not None
    with open_session(scan.path) as reader:
        layout = reader.session.layout
        assert (layout.width("block.0.mlp_act"), layout.width("block.1.mlp_act")) == (256, 96)
        assert np.isfinite(reader.frame(2).values(layout, "block.1.mlp_pre")).all()


def swiglu(model: GPT) -> GPT:
    model = copy.deepcopy(model)
    mlp = model.transformer["h"][1].mlp
    mlp.w1 = mlp.c_fc
    del mlp.c_fc
    return model


def test_what_is_no_nanochat_is_refused_with_nothing_left(model: GPT, tmp_path: Path, golden: LoadedModel) -> None:
    with pytest.raises(ModelError, match="name the points"):
        watch(nn.Linear(2, 2), sessions=tmp_path)
    with pytest.raises(UnknownHookPoint, match=r"'transformer.h.1.mlp.c_fc'.*has c_proj, w1"):
        watch(swiglu(model), sessions=tmp_path)
    with pytest.raises(ModelError, match="tokenizer has 300 tokens and the model 512"):
        watch(forks.small(vocab_size=512), tokenizer=golden.tokenizer._encoding, sessions=tmp_path)
    with pytest.raises(ConfigError, match="surrogate"):
        watch(model, name="caf\udce9", sessions=tmp_path)
    assert not list(tmp_path.iterdir())
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    with pytest.raises(StoreError):
        watch(model, sessions=blocked).__enter__()
    assert nothing_left(model)


class SkippingBlock(forks.Block):
    def forward(self, x: Tensor, value_embed: Tensor | None, read: object) -> Tensor:
        return x + self.attn(forks.norm(x), value_embed, read)  # type: ignore[no-any-return]


class TwiceBlock(forks.Block):
    def forward(self, x: Tensor, value_embed: Tensor | None, read: object) -> Tensor:
        x = x + self.mlp(forks.norm(x))
        return super().forward(x, value_embed, read)


@pytest.mark.parametrize(
    ("block", "sentence"),
    [(SkippingBlock, "ln2 was not computed"), (TwiceBlock, "computed twice")],
    ids=["not", "twice"],
)
def test_a_pass_that_is_not_nanochats_ends_the_recording_and_not_the_work(
    model: GPT, tmp_path: Path, block: type, sentence: str
) -> None:
    theirs = fork(model, block=block)
    plain = greedy(theirs, PROMPT, 3)
    with pytest.warns(RuntimeWarning, match=sentence), watch(theirs, sessions=tmp_path) as scan:
        assert same(greedy(theirs, PROMPT, 3), plain)
    assert sentence in scan.stopped
    assert scan.path is None
    assert not list(tmp_path.iterdir())
    assert nothing_left(theirs)


FAULTS = [
    OSError(28, "No space left on device"), OSError(5, "Input/output error"), OSError(116, "Stale file handle"),
    FileNotFoundError(2, "gone"), PermissionError(13, "read-only"), MemoryError(), ValueError("array"),
    RuntimeError("cuda"), StoreError("The disk is full: free some."), KeyError("x"), RecursionError(),
]  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS, ids=repr)
@pytest.mark.parametrize("at", [0, 2])
def test_whatever_goes_wrong_ends_the_recording_and_not_the_work(
    model: GPT, tmp_path: Path, fault: Exception, at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = greedy(model, PROMPT, 12)
    scan, append = watch(model, sessions=tmp_path), watch.append

    def broken(self: watch, frame: StepFrame) -> None:
        if frame.step == at:
            raise fault
        append(self, frame)

    monkeypatch.setattr(watch, "append", broken)
    with pytest.warns(RuntimeWarning, match="stopped recording"), scan:
        assert same(greedy(model, PROMPT, 12), plain)
    assert scan.stopped.startswith("error: ")
    infos = Library(tmp_path).list()
    assert [info.num_steps for info in infos] == ([at] if at else [])
    assert len(list(tmp_path.iterdir())) == len(infos)
    assert nothing_left(model)


def test_a_folder_that_goes_away_ends_the_recording_and_not_the_work(model: GPT, tmp_path: Path) -> None:
    import shutil

    plain = greedy(model, PROMPT, 20)
    scan = watch(model, sessions=tmp_path / "s")

    def run() -> bool:
        with scan:
            greedy(model, PROMPT, 5)
            shutil.rmtree(tmp_path / "s")
            return same(greedy(model, PROMPT, 20), plain)

    with pytest.warns(RuntimeWarning):
        assert run()
    assert scan.stopped
    assert nothing_left(model)


def test_a_block_without_a_pass_leaves_no_session(model: GPT, tmp_path: Path) -> None:
    with pytest.warns(RuntimeWarning, match="saw no pass"), watch(model, sessions=tmp_path) as scan:
        pass
    assert scan.path is None
    assert not list(tmp_path.iterdir())


def test_an_exception_keeps_what_was_recorded(golden: LoadedModel, tmp_path: Path) -> None:
    scan = watch(golden.model, sessions=tmp_path)

    def script() -> None:
        with scan:
            greedy(golden.model, [5, 6, 7], 3)
            raise ZeroDivisionError("oops")

    with pytest.raises(ZeroDivisionError):
        script()
    assert scan.path is not None
    with open_session(scan.path) as reader:
        assert reader.session.end_reason == "error: ZeroDivisionError: oops"
        assert reader.num_steps == 4
    assert nothing_left(golden.model)


def test_an_exception_in_the_model_is_the_models_own(model: GPT, tmp_path: Path) -> None:
    theirs = copy.deepcopy(model)
    handle = theirs.transformer["h"][1].mlp.register_forward_pre_hook(lambda *_: 1 / 0)
    with watch(theirs, sessions=tmp_path) as scan:
        with pytest.raises(ZeroDivisionError):
            greedy(theirs, PROMPT, 1)
        handle.remove()
        greedy(theirs, PROMPT, 2)
    assert len(scan.paths) == 1
    assert nothing_left(theirs)


def test_a_compiled_or_wrapped_model_is_watched_under_its_own_name(model: GPT, tmp_path: Path) -> None:
    class Wrapper(nn.Module):
        def __init__(self, module: nn.Module) -> None:
            super().__init__()
            self.module = module

    compiled = torch.compile(copy.deepcopy(model), backend="eager")
    ids = torch.tensor([PROMPT])
    with torch.inference_mode():
        plain = model(ids)
        with watch(Wrapper(compiled), sessions=tmp_path) as scan:
            assert torch.equal(compiled(ids), plain)
            assert torch.equal(compiled(ids[:, :4]), plain[:, :4])
            greedy(compiled._orig_mod, PROMPT, 2)
    assert scan.stopped == ""
    assert len(scan.paths) == 3
    for path, num_steps in zip(scan.paths, (1, 1, 3), strict=True):
        with open_session(path) as reader:
            assert reader.session.model_id == "mri.nanochat.model.GPT"
            assert reader.num_steps == num_steps


def test_memory_of_a_recording_ends_with_it(model: GPT, tmp_path: Path) -> None:
    with watch(model, sessions=tmp_path) as scan:
        greedy(model, PROMPT, 2)
    alive = weakref.ref(scan)
    del scan
    gc.collect()
    assert alive() is None


def test_warnings_as_errors_do_not_reach_the_model(model: GPT, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: watch, frame: StepFrame) -> None:
        raise StoreError("The disk is full: free some.")

    monkeypatch.setattr(watch, "append", full)
    plain, scan, runs = greedy(model, PROMPT, 3), watch(model, sessions=tmp_path), []
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(RuntimeWarning), scan:
            runs.append(greedy(model, PROMPT, 3))
    assert same(runs[0], plain)
