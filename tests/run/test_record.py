from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch

from mri.capture.nanochat_hooks import NanochatHooks
from mri.errors import ConfigError, ModelError, PromptError, StoreError
from mri.format.config import Sampling, TraceConfig
from mri.nanochat.checkpoint import LoadedModel, load_model
from mri.run.control import Control
from mri.run.engine import Step, generate
from mri.run.record import Recording, record_generation
from mri.store.library import Library
from mri.store.opening import open_session
from tests.capture import forks
from tests.capture.conftest import GOLDEN

GREEDY = Sampling(max_new_tokens=12, temperature=0)


@pytest.mark.parametrize("prefill", ["stats", "stepwise"])
def test_a_recording_is_the_generation(golden: LoadedModel, tmp_path: Path, prefill: str) -> None:
    seen: list[tuple[int, list[int]]] = []
    recording = record_generation(
        golden,
        "ab ab",
        sampling=GREEDY,
        config=TraceConfig(prefill=prefill),
        sessions=tmp_path,  # type: ignore[arg-type]
        name="twice",
        on_step=lambda step, said: seen.append((step.next_id, [*said])),
    )
    assert recording.path == tmp_path / f"{recording.id}.h5"
    assert recording.problem == ""
    with open_session(recording.path) as reader:
        session = reader.session
        ids = [golden.tokenizer.bos_id, *golden.tokenizer.encode("ab ab")]
        steps = list(generate(golden.model, ids, GREEDY, golden.tokenizer, stepwise=prefill == "stepwise"))
        assert reader.num_steps == recording.num_steps == len(steps) == len(seen)
        assert reader.steps()["chosen_id"].tolist() == [step.next_id for step in steps]
        assert reader.token_ids().tolist() == [*ids, *(step.next_id for step in steps if not step.from_prompt)]
        said = [step.next_id for step in steps if not step.from_prompt]
        assert seen[-1] == (said[-1], said)
        assert session.response == golden.tokenizer.decode(said) == recording.response
        assert (session.prompt, session.name, session.end_reason) == ("ab ab", "twice", steps[-1].end_reason)
        assert session.num_prompt_tokens == len(ids)
        assert session.provenance["era"] == golden.era
        assert not Path(session.provenance["model_path"]).is_absolute(), "the same on every machine"
        assert session.provenance["weights_hash"] == golden.weights_hash
        assert session.sampling["temperature"] == 0
        assert session.duration_s > 0
        assert all(reader.token_bytes[i] == golden.tokenizer.token_bytes(i) for i in set(reader.token_ids().tolist()))


def test_a_prompt_that_cannot_be_read_leaves_no_session(golden: LoadedModel, tmp_path: Path) -> None:
    for prompt in ("", "word " * 600, [100_000]):
        with pytest.raises(PromptError):
            record_generation(golden, prompt, sampling=GREEDY, config=TraceConfig(), sessions=tmp_path)
    with pytest.raises(ConfigError, match="max_bytes_per_step is 100"):
        record_generation(golden, "a", sampling=GREEDY, config=TraceConfig(max_bytes_per_step=100), sessions=tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("ctrl_c")
def test_stopping_and_interrupting_keep_what_there_is(golden: LoadedModel, tmp_path: Path) -> None:
    control = Control()

    def stop_at_third(step: Step, said: list[int]) -> None:
        if step.index == 2:
            control.stop()

    def interrupt(step: Step, said: list[int]) -> None:
        if step.index == 4:
            raise KeyboardInterrupt

    def interrupt_soon(step: Step, said: list[int]) -> None:
        if step.index == 1:
            signal.raise_signal(signal.SIGINT)

    common = {"sampling": GREEDY, "config": TraceConfig(), "sessions": tmp_path}
    stopped = record_generation(golden, "ab", on_step=stop_at_third, control=control, **common)  # type: ignore[arg-type]
    interrupted = record_generation(golden, "ab", on_step=interrupt, **common)  # type: ignore[arg-type]
    after_its_step = record_generation(golden, "ab", on_step=interrupt_soon, **common)  # type: ignore[arg-type]
    assert (stopped.end_reason, stopped.num_steps) == ("stopped", 3)
    assert (after_its_step.end_reason, after_its_step.num_steps) == ("interrupted", 2)
    assert (interrupted.end_reason, interrupted.num_steps) == ("interrupted", 5)
    assert [info.state for info in Library(tmp_path).list()] == ["finished"] * 3


def test_a_failure_of_the_model_is_named_in_the_session(golden: LoadedModel, tmp_path: Path) -> None:
    def fail(step: Step, said: list[int]) -> None:
        if step.index == 2:
            raise RuntimeError("the model broke")

    with pytest.raises(RuntimeError, match="the model broke"):
        record_generation(golden, "ab", sampling=GREEDY, config=TraceConfig(), sessions=tmp_path, on_step=fail)
    [info] = Library(tmp_path).list()
    with open_session(Library(tmp_path).path(info.id)) as reader:
        assert reader.session.end_reason == "error: the model broke"
        assert reader.num_steps == 3


def test_the_context_ends_a_generation(golden: LoadedModel, tmp_path: Path) -> None:
    sampling = Sampling(max_new_tokens=10_000, temperature=0)
    ids = [5] * 500
    recording = record_generation(golden, ids, sampling=sampling, config=TraceConfig(), sessions=tmp_path)
    if recording.end_reason != "stop_token":
        assert recording.end_reason == "context_full"
        with open_session(recording.path) as reader:
            assert recording.num_steps == reader.session.max_steps == 13


def test_chat_is_recorded_as_messages(golden: LoadedModel, tmp_path: Path) -> None:
    common = {"sampling": Sampling(max_new_tokens=2), "config": TraceConfig(), "sessions": tmp_path}
    recording = record_generation(golden, "ab", chat=True, **common)  # type: ignore[arg-type]
    with open_session(recording.path) as reader:
        assert reader.session.messages == [{"role": "user", "content": "ab"}]
        assert reader.session.prompt == "ab"
        assert reader.token_ids()[1] == golden.tokenizer.special["<|user_start|>"]


def test_a_folder_that_cannot_be_written_is_one_sentence(golden: LoadedModel, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    with pytest.raises(StoreError):
        record_generation(golden, "ab", sampling=GREEDY, config=TraceConfig(), sessions=blocked)


def test_attention_keys_are_absolute_positions(golden: LoadedModel, tmp_path: Path) -> None:
    ids = [5, 7] * 150  # longer than the short windows of E2 to E5
    config = TraceConfig(attention_tier="full_row", quantization="f32", max_bytes_per_step=10**6)
    recording = record_generation(
        golden, ids, sampling=Sampling(max_new_tokens=3, temperature=0), config=config, sessions=tmp_path
    )
    with open_session(recording.path) as reader:
        frame = reader.frame(reader.num_steps - 1)
    rows, keys = frame.arrays["attention/rows"], frame.arrays["attention/keys"].astype(int)
    assert rows.shape[-1] == frame.pos0 + 1
    np.testing.assert_array_equal(np.take_along_axis(rows, keys, -1), frame.arrays["attention/weights"])
    np.testing.assert_allclose(rows.sum(-1), 1, atol=1e-5)


def arrays_of(recording: Recording) -> list[dict[str, np.ndarray]]:
    with open_session(recording.path) as reader:
        return [dict(frame.arrays) for frame in reader.frames(0, reader.num_steps)]


@contextmanager
def default_dtype(dtype: torch.dtype) -> Iterator[None]:
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


@contextmanager
def default_device(device: str) -> Iterator[None]:
    torch.set_default_device(device)
    try:
        yield
    finally:
        torch.set_default_device(None)


@contextmanager
def deterministic() -> Iterator[None]:
    torch.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(False)


SURROUNDINGS = {
    "float64": lambda: default_dtype(torch.float64),
    "bfloat16": lambda: default_dtype(torch.bfloat16),
    "float16": lambda: default_dtype(torch.float16),
    "set device": lambda: default_device("meta"),  # stands for cuda
    "with device": lambda: torch.device("meta"),
    "autocast": lambda: torch.autocast("cpu", torch.bfloat16),
    "grad": torch.enable_grad,
    "deterministic": deterministic,
}


@pytest.mark.parametrize("sampling", [GREEDY, Sampling(max_new_tokens=12, seed=3)], ids=["greedy", "sampled"])
@pytest.mark.parametrize("surroundings", SURROUNDINGS.values(), ids=SURROUNDINGS.keys())
def test_torchs_settings_change_no_number(
    tmp_path: Path, surroundings: Callable[[], AbstractContextManager[None]], sampling: Sampling
) -> None:
    config = TraceConfig(attention_tier="full_row", prefill="positions", edu=True, max_bytes_per_step=10**6)
    together = 1e9  # ms, so that a slow machine does not reduce other steps together
    common = {"sampling": sampling, "config": config, "sessions": tmp_path, "seal": False, "max_delay_ms": together}
    plain = record_generation(load_model(GOLDEN / "E5", device="cpu"), "ab ab", **common)  # type: ignore[arg-type]
    with surroundings():
        other = record_generation(load_model(GOLDEN / "E5", device="cpu"), "ab ab", **common)  # type: ignore[arg-type]
    assert plain.response == other.response
    for a, b in zip(arrays_of(plain), arrays_of(other), strict=True):
        for name, array in a.items():
            np.testing.assert_array_equal(array, b[name], err_msg=name)


def test_threads_may_record_at_once(golden: LoadedModel, tmp_path: Path) -> None:
    common = {"sampling": GREEDY, "config": TraceConfig(), "sessions": tmp_path, "seal": False}
    alone = arrays_of(record_generation(golden, "ab ab", **common))  # type: ignore[arg-type]
    with ThreadPoolExecutor(3) as pool:
        runs = list(pool.map(lambda _: record_generation(golden, "ab ab", **common), range(6)))  # type: ignore[arg-type]
    for run in runs:
        for a, b in zip(arrays_of(run), alone, strict=True):
            for name, array in a.items():
                np.testing.assert_allclose(array, b[name], rtol=1e-3, atol=1e-4, err_msg=name)
    assert forks.nothing_left(golden.model)


def test_a_pass_of_another_thread_may_meet_hooks_half_registered(golden: LoadedModel) -> None:
    """torch adds a hook first and says that it takes keywords second; between the two another thread may run."""
    said: list[object] = []
    with NanochatHooks(golden.model, said.append, said.append):
        flags = [module._forward_pre_hooks_with_kwargs for module in golden.model.modules()]
        kept = [dict(flag) for flag in flags]
        for flag in flags:
            flag.clear()
        with ThreadPoolExecutor(1) as pool:
            pool.submit(golden.model, torch.tensor([[1, 2]])).result()
        for flag, before in zip(flags, kept, strict=True):
            flag.update(before)
        golden.model(torch.tensor([[3]]))
    assert [type(step).__name__ for step in said] == ["RawStep"]


def test_half_a_character_is_refused_with_nothing_left(golden: LoadedModel, tmp_path: Path) -> None:
    common = {"sampling": GREEDY, "config": TraceConfig(), "sessions": tmp_path}
    for prompt in ("Hi \ud83d there", "caf\udce9", [{"role": "user", "content": "\udce9"}]):
        with pytest.raises(PromptError, match="half a surrogate pair"):
            record_generation(golden, prompt, **common)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="The name holds half a surrogate pair"):
        record_generation(golden, "ab", name="\ud83d", **common)  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())


def test_a_failure_before_the_first_step_leaves_nothing(golden: LoadedModel, tmp_path: Path) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("the model broke")

    common = {"sampling": GREEDY, "config": TraceConfig(), "sessions": tmp_path}
    with pytest.raises(RuntimeError, match="broke"):
        record_generation(golden, "ab", on_start=fail, **common)  # type: ignore[arg-type]
    handle = golden.model.lm_head.register_forward_pre_hook(fail)
    try:
        with pytest.raises(RuntimeError, match="broke"):
            record_generation(golden, "ab", **common)  # type: ignore[arg-type]
    finally:
        handle.remove()
    assert not list(tmp_path.iterdir())
    assert forks.nothing_left(golden.model)


def test_logits_that_are_no_numbers_are_one_sentence_and_what_was_recorded_is_kept(tmp_path: Path) -> None:
    loaded = load_model(GOLDEN / "E5", device="cpu")
    handle = loaded.model.transformer["h"][1].register_forward_hook(
        lambda _module, _args, out: out * torch.nan if out.shape[1] == 1 else None
    )
    with pytest.raises(ModelError, match="NaN or infinity"):
        record_generation(loaded, "ab", sampling=Sampling(seed=1), config=TraceConfig(), sessions=tmp_path)
    handle.remove()
    [info] = Library(tmp_path).list()
    with open_session(Library(tmp_path).path(info.id)) as reader:
        assert reader.num_steps == 2
        assert reader.session.end_reason.startswith("error: The model's logits hold NaN")


def test_the_softcap_is_in_the_provenance(tmp_path: Path) -> None:
    loaded = load_model(GOLDEN / "E5", device="cpu", constants={"softcap": 20})
    recording = record_generation(loaded, "ab", sampling=GREEDY, config=TraceConfig(), sessions=tmp_path)
    with open_session(recording.path) as reader:
        assert reader.session.provenance["softcap"] == 20
        assert reader.session.provenance["matmul_precision"] == "highest"
