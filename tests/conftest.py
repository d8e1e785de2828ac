"""Sessions for every test: one with known values, and random ones of any shape and configuration.

The functions are importable too: `from tests.conftest import write_random_session`, say for a benchmark.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dash import Dash
from flask.testing import FlaskClient
from hypothesis import settings

from mri.format.config import ATTENTION_TOPK, TraceConfig
from mri.format.events import StepFrame, TraceSession
from mri.format.hook_points import nanochat_points
from mri.format.layout import LAYERS_DROPPED_BIT, PAYLOADS, Layout
from mri.format.run import Model, Run
from mri.format.wire import iter_records
from mri.nanochat.locate import ModelRef
from mri.store.reader import SessionReader
from mri.store.seal import seal as seal_here  # in this process: a child takes half a second
from mri.store.writer import SessionWriter
from mri.web.server import create_app
from mri.web.services import EXTENSION
from mri.worker.handle import GenerationWorker
from tests.tiers import IS_LONG_RUN

settings.register_profile("mri", deadline=None)  # a busy machine is slow, not wrong
settings.load_profile("mri")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if not IS_LONG_RUN and item.get_closest_marker("long"):
            item.add_marker(pytest.mark.skip(reason="a long run: make test-all"))


TINY_VOCABULARY = [*(bytes([97 + i]) for i in range(26)), b" ", b"\xff", " é".encode(), b"<|bos|>", b"<|python_end|>"]
"""a … z, a space, a lone byte that is no UTF-8, two bytes that are, and two special tokens."""
SPECIAL_IDS = (29, 30)


def dropped_names(frame: StepFrame) -> list[str]:
    """What was left out of a frame, in words."""
    names = [name for bit, name in enumerate(PAYLOADS) if frame.dropped >> bit & 1]
    return names + ([f"layers {list(frame.dropped_layers)}"] if frame.dropped >> LAYERS_DROPPED_BIT & 1 else [])


def stored_bytes(reader: SessionReader, step: int) -> bytes:
    """The bytes of a step's frame, as they are sent."""
    [record] = iter_records(reader.records(step, step + 1))
    return bytes(record.payload)


A_MODEL = ModelRef(Path("/models/base_checkpoints/d2/model_000007.pt"))
"""For who needs no files of it."""

FAKE_WORKER = [sys.executable, str(Path(__file__).parent / "worker" / "fake_worker.py")]

NAN, INF = float("nan"), float("inf")
HANDMADE_VALUES = (
    (NAN, -INF, 2.0, -1.0),
    (65504.0, -0.5, 0.25, -0.125),
    (4.0, -3.0, 2.0, 0.0),
    (0.0, 0.0, 0.0, 0.0),
    (1.0, -1.0, 0.5, -0.5),
)
"""By step: the four values kept of each point, at the neurons 6, 1, 7, 0; the other four of eight were not captured.
65504 is the largest float16: a clipped value."""


def write_handmade_session(
    folder: Path,
    session_id: str = "handmade",
    *,
    seal: bool = True,
    values: Sequence[Sequence[float]] = HANDMADE_VALUES,
) -> Path:
    """Two layers × 8 neurons × 2 heads, five steps of one token: the prompt "a b", then two decode steps.

    stats[p, c] = step + p + c/8. Top-k (4 of 8) of every point: `values` at the neurons 6, 1, 7, 0 in step k;
    bound 0.0625·row. Attention rows: all weight on the key 0 (head 0), spread evenly (head 1). -> the session's path
    """
    points = nanochat_points(2, 8, len(TINY_VOCABULARY))
    config = TraceConfig(topk=4, attention_tier="full_row", logits_topk=5, prefill="stepwise")
    layout = Layout(points, config, 4, n_layer=2, n_head=2, n_ctx=16, n_vocab=len(TINY_VOCABULARY))
    session = TraceSession(
        session_id,
        layout,
        name="Handmade",
        prompt="a b",
        model_id="handmade 2 × 8",
        response="cd",
        start_time="2026-01-02T03:04:05+00:00",
        num_prompt_tokens=3,
        sampling={"temperature": 0.0, "seed": 1},
    )
    token_ids = [0, 26, 1, 2, 3]  # "a", " ", "b", "c", "d"; "e" is chosen last
    with SessionWriter(folder, session, vocabulary=TINY_VOCABULARY, special_ids=SPECIAL_IDS) as writer:
        for step, token_id in enumerate(token_ids):
            n_keys = step + 1
            rows = np.zeros((2, 2, n_keys), np.float16)
            rows[:, 0, 0] = 1
            rows[:, 1] = 1 / n_keys
            kept = np.arange(min(ATTENTION_TOPK, n_keys), dtype=np.uint16)
            arrays = {
                "stats": (step + np.arange(21)[:, None] + np.arange(7) / 8).astype(np.float32),
                "tokens": np.array([token_id], np.uint32),
                "topk/8/indices": np.tile(np.uint16([6, 1, 7, 0]), (12, 1)),
                "topk/8/values": np.tile(np.float16(values[step]), (12, 1)),
                "topk/8/bound": (np.arange(12) / 16).astype(np.float32),
                "attention/keys": np.tile(kept, (2, 2, 1)),
                "attention/weights": rows[:, :, : len(kept)],
                "attention/entropy": np.tile(np.float32([0, np.log2(n_keys)]), (2, 1)),
                "attention/max_weight": np.tile(np.float32([1, 1 / n_keys]), (2, 1)),
                "attention/rows": rows,
                "logits/token_ids": np.array([step, 26, 27, 28, 29], np.uint32),
                "logits/values": np.float32([5, 4, 3, 2, -INF]),
                "logits/logsumexp": np.array(5.5, np.float32),
                "logits/entropy": np.array(1.25, np.float32),
                "logits/chosen_logprob": np.array(-0.5, np.float32),
                "logits/chosen_rank": np.array(0, np.uint32),
            }
            phase = "prefill" if step < 3 else "decode"
            chosen_id = step if step >= 2 else -1
            writer.append(StepFrame(step, phase, step, 1, arrays, chosen_id=chosen_id, time_us=1000 * step))
        folder_of_session = writer.finish("max_new_tokens", seal=False, duration_s=0.5)
    return seal_here(folder_of_session) if seal else folder_of_session


def random_layout(n_layer: int, n_embd: int, n_head: int, config: TraceConfig, n_ctx: int = 2048) -> Layout:
    """A nanochat model's layout; `max_bytes_per_step` is not held against it."""
    points = nanochat_points(n_layer, n_embd, len(TINY_VOCABULARY))
    topk = min(config.topk or 16, n_embd)
    return Layout(points, config, topk, n_layer, n_head, n_ctx, n_vocab=len(TINY_VOCABULARY))


def random_frame(
    layout: Layout,
    rng: np.random.Generator,
    step: int,
    phase: str,
    pos0: int,
    t_add: int,
    *,
    chosen_id: int = -1,
    dropped: int = 0,
    dropped_layers: tuple[int, ...] = (),
    forced: bool = False,
) -> StepFrame:
    """Arrays as the layout lists them, with plausible values: sorted magnitudes, weights that sum to 1, known ids."""
    n_keys = pos0 + t_add
    arrays: dict[str, np.ndarray] = {}
    if layout.n_head and phase != "train":
        weights = rng.dirichlet(np.full(n_keys, 0.3), (layout.n_layer, layout.n_head))  # (L, H, n_keys)
        order = np.argsort(-weights, axis=-1)[..., :ATTENTION_TOPK]
    for name, (dtype, shape) in layout.specs(phase, t_add, n_keys).items():
        leaf = name.rpartition("/")[2]
        if name == "tokens" or name == "logits/token_ids":
            array = rng.permutation(np.resize(np.arange(layout.n_vocab), max(shape[0], layout.n_vocab)))[: shape[0]]
        elif name == "attention/keys":
            array = order
        elif name == "attention/weights":
            array = np.take_along_axis(weights, order, -1)
        elif name == "attention/rows":
            array = weights * (255 if dtype == np.uint8 else 1)
        elif leaf == "indices":
            width = int(name.split("/")[-2])
            array = np.argsort(rng.random((*shape[:-1], width)), axis=-1)[..., : shape[-1]]
        elif leaf == "positions":
            array = np.array([pos0, pos0 + t_add // 2, n_keys - 1])
        elif leaf == "values" and name != "logits/values":
            array = rng.standard_normal(shape) * (40 if dtype == np.int8 else 1)
            array = np.take_along_axis(array, np.argsort(-np.abs(array), axis=-1), -1).clip(-126, 126)
        elif leaf == "values":
            array = -np.sort(-rng.normal(0, 3, shape))
        else:
            array = rng.random(shape) * (3 if leaf == "matrix" else 1) + (leaf == "matrix")  # zeros are NaN
        arrays[name] = np.asarray(array).astype(dtype)
    if dropped_layers:
        for name, array in arrays.items():
            if (layers := layout.layer_of_rows(name)) is not None:
                arrays[name] = array[~np.isin(layers, dropped_layers)]
    return StepFrame(step, phase, pos0, t_add, arrays, chosen_id, forced, 1000 * step, dropped, dropped_layers)


def usual_extras(step: int) -> dict[str, Any]:
    rate = {"rate": step + np.arange(4).reshape(2, 2)} if step % 2 == 0 else {}
    return {"loss": np.nan if step == 2 else 4 / (1 + step)} | rate


def write_random_session(
    folder: Path,
    *,
    n_layer: int = 2,
    n_embd: int = 16,
    n_head: int = 2,
    num_steps: int = 8,
    config: TraceConfig | None = None,
    session_id: str = "random",
    seed: int = 0,
    num_prompt_tokens: int = 4,
    seal: bool = True,
    provenance: dict[str, str] | None = None,
    extras: Callable[[int], dict[str, Any]] | bool = False,
    words: str = "random",
) -> Path:
    """A generation of `num_steps` steps: the prompt in one pass, or token by token with prefill="stepwise". -> path

    extras: what a training script added to a step; True: `loss`, NaN in the third, and in every other `rate` (2, 2).
    words: its prompt, and what the model is called, with its size; others than usual are what its tokens say, too
    """
    config = config or TraceConfig()
    rng = np.random.default_rng(seed)
    layout = random_layout(n_layer, n_embd, n_head, config)
    session = TraceSession(
        session_id,
        layout,
        prompt=words,
        model_id=f"{words} {n_layer} × {n_embd}",
        num_prompt_tokens=num_prompt_tokens,
        start_time=f"2026-01-02T03:04:{seed % 60:02d}+00:00",
        run=Run(Model(**(provenance or {}))),
    )
    stepwise = config.prefill == "stepwise"
    vocabulary = TINY_VOCABULARY if words == "random" else [words.encode()] * len(TINY_VOCABULARY)
    with SessionWriter(folder, session, vocabulary=vocabulary, special_ids=SPECIAL_IDS) as writer:
        pos0, chosen = 0, -1
        for step in range(num_steps):
            t_add = num_prompt_tokens if step == 0 and not stepwise else 1
            phase = "prefill" if pos0 + t_add <= num_prompt_tokens else "decode"
            next_id = -1 if pos0 + t_add < num_prompt_tokens else int(rng.integers(layout.n_vocab))
            frame = random_frame(layout, rng, step, phase, pos0, t_add, chosen_id=next_id)
            if phase == "decode":
                frame.arrays["tokens"][:] = chosen
            if extras:
                for name, value in (usual_extras if extras is True else extras)(step).items():
                    frame.arrays[f"extra/{name}"] = np.array(value, np.float32)
            writer.append(frame)
            pos0, chosen = pos0 + t_add, next_id
        folder_of_session = writer.finish("max_new_tokens", seal=False, response="…", duration_s=0.001 * num_steps)
    return seal_here(folder_of_session) if seal else folder_of_session


@pytest.fixture
def handmade_session() -> Callable[..., Path]:
    """The function `handmade_session(folder, session_id="handmade", seal=True) -> path`."""
    return write_handmade_session


@pytest.fixture
def random_session() -> Callable[..., Path]:
    """The function `random_session(folder, n_layer=…, n_embd=…, n_head=…, num_steps=…, config=…) -> path`."""
    return write_random_session


@pytest.fixture
def ctrl_c() -> Iterator[None]:
    """SIGINT interrupts here and in children started, even where a shell's "&" had it ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Dash]:
    """The web app over an empty folder; what generates for it is `live/fake_worker.py`."""
    app = create_app(tmp_path, worker=GenerationWorker(tmp_path, program=FAKE_WORKER, max_waiting=1))
    yield app
    app.server.extensions[EXTENSION].worker.close()


@pytest.fixture
def client(app: Dash) -> FlaskClient:
    return app.server.test_client()


@pytest.fixture(scope="module")
def sessions_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One finished session, "handmade", for all tests of a module."""
    folder = tmp_path_factory.mktemp("sessions")
    write_handmade_session(folder)
    return folder


@pytest.fixture(scope="module")
def reader_client(sessions_folder: Path) -> FlaskClient:
    return create_app(sessions_folder).server.test_client()


@pytest.fixture
def quick_check(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A check that times as little as it can, on one thread."""
    import torch

    from mri.proof import runs

    monkeypatch.setattr(runs, "TIMED_RUNS", 1)
    monkeypatch.setattr(runs, "TIMED_STEPS", 2)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
