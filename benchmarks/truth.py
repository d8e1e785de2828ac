"""Whether the numbers are true: recordings held against an independent computation in float64.

Of a float32 model values, attention and logits are held against `reference.forward`. A bfloat16 model rounds its own
way, which nothing else can foretell: there the reference is what its modules gave and its kernel was given, as
bfloat16, and all that is computed from it, in float64. Statistics are held against the values themselves everywhere.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch.nn.functional as F
from rich.table import Table
from torch import Tensor, nn

from benchmarks import reference
from mri.arrays import Doubles
from mri.format.captured import Captured
from mri.format.config import Sampling, TraceConfig
from mri.nanochat.checkpoint import LoadedModel, load_model
from mri.nanochat.tokenizer import Tokenizer
from mri.run.record import record_generation
from mri.store.opening import open_session
from mri.store.reader import SessionReader

ROOT = Path(__file__).parents[1]
GOLDEN = ROOT / "tests" / "golden"
KINDS = ("values", "statistics", "attention", "logits", "ledger")
CONFIG = TraceConfig(
    capture_mode="full",
    quantization="f32",
    attention_tier="full_matrix",
    edu=True,
    ledger="direct",
    max_bytes_per_step=10**8,
)
PROMPT_TOKENS, NEW_TOKENS = 200, 8
"""The short windows of 128 keys bind."""
RANDOM_IDS: list[int] = np.random.default_rng(0).integers(1, 256, PROMPT_TOKENS).tolist()
STORY = "Once there was a girl named Mia. One day Mia found a red ball in the garden. She gave the ball to Tom. " * 12


@dataclass
class SeenPass:
    """What a pass of the model was seen to compute: hook point -> (T, width) as they were; the kernel's (q, k, mask,
    is_causal) of every block."""

    values: dict[str, Tensor] = field(default_factory=dict)
    calls: list[tuple[Tensor, Tensor, Tensor | None, bool]] = field(default_factory=list)


def table(upstream: Sequence[Path] = ()) -> Table:
    """upstream: unmodified checkouts of nanochat, each watched in float32 and in bfloat16, in a process of its own."""
    out = Table(title="Truth: worst relative error against float64", title_justify="left")
    out.add_column("model")
    for kind in KINDS:
        out.add_column(kind, justify="right")

    def add(name: str, errors: Mapping[str, float]) -> None:
        out.add_row(name, *(f"{errors[kind]:.1e}" if kind in errors else "" for kind in KINDS))

    for era in ("E1", "E2", "E3", "E4", "E5"):
        add(f"golden {era}", errors_of_loaded(load_model(GOLDEN / era, device="cpu"), RANDOM_IDS))
    embedded = load_model(device="cpu")
    add("embedded", errors_of_loaded(embedded, story_ids(embedded.tokenizer)))
    for path in upstream:
        for dtype in ("float32", "bfloat16"):
            for name, errors in _watched_elsewhere(path, dtype).items():
                add(name, errors)
    if not upstream:
        out.add_row("an unmodified upstream checkout", "not run:", "name one", "with", "--upstream PATH")
    out.caption = (
        "values: relative to the largest of the vector; attention: to the largest weight of the row; "
        "logits: to the largest, and logsumexp; ledger: to the largest before the softcap; statistics: each to itself"
    )
    return out


def errors_of_loaded(loaded: LoadedModel, ids: list[int]) -> dict[str, float]:
    """Kind -> worst relative error of a recording of the model, made as `mri.record` makes it."""
    with tempfile.TemporaryDirectory() as folder, seen(loaded.model) as passes:
        sampling = Sampling(max_new_tokens=NEW_TOKENS, temperature=0.0)
        recording = record_generation(loaded, ids, sampling=sampling, config=CONFIG, sessions=Path(folder))
        with open_session(recording.path) as reader:
            weights = as_doubles(loaded.model)
            truth = reference.forward(weights, asdict(loaded.config), reader.token_ids())
            return errors_of(reader, passes, truth, weights)


def story_ids(tokenizer: Tokenizer) -> list[int]:
    """A prompt of PROMPT_TOKENS that a trained model goes on with."""
    return [tokenizer.bos_id, *tokenizer.encode(STORY)][:PROMPT_TOKENS]


def as_doubles(model: nn.Module) -> dict[str, Doubles]:
    return {name: tensor.detach().double().numpy() for name, tensor in model.state_dict().items()}


@contextmanager
def seen(model: Any) -> Iterator[list[SeenPass]]:
    """Yields a list that gets a SeenPass from every pass. Hooks and a patch of its own, apart from the tracer's."""
    passes: list[SeenPass] = []
    kernel = F.scaled_dot_product_attention

    def watched(q: Tensor, k: Tensor, v: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        mask = kwargs.get("attn_mask", args[0] if args else None)
        passes[-1].calls.append((q.clone(), k.clone(), mask, kwargs.get("is_causal", False)))
        return kernel(q, k, v, *args, **kwargs)

    with ExitStack() as stack:

        def before(module: nn.Module, key: str) -> None:
            def keep(_: nn.Module, given: tuple[Any, ...]) -> None:
                passes[-1].values[key] = given[0][0].detach().clone()

            stack.callback(module.register_forward_pre_hook(keep).remove)

        def after(module: nn.Module, key: str) -> None:
            def keep(_: nn.Module, __: Any, out: Any) -> None:
                passes[-1].values[key] = (out[0] if isinstance(out, tuple) else out)[0].detach().clone()

            stack.callback(module.register_forward_hook(keep).remove)

        wte = model.transformer["wte"]
        stack.callback(wte.register_forward_pre_hook(lambda *_: passes.append(SeenPass())).remove)
        for i, block in enumerate(model.transformer["h"]):
            for module, name in (
                (block, "resid_pre"),
                (block.attn, "ln1"),
                (block.mlp, "ln2"),
                (block.mlp.c_proj, "mlp_act"),
            ):
                before(module, f"block.{i}.{name}")
            written = {"attn_out": block.attn, "mlp_pre": block.mlp.c_fc, "mlp_out": block.mlp, "resid_post": block}
            for name, module in written.items():
                after(module, f"block.{i}.{name}")
        before(model.lm_head, "final.ln_f")
        after(model.lm_head, "final.logits")
        F.scaled_dot_product_attention = watched
        stack.callback(setattr, F, "scaled_dot_product_attention", kernel)
        yield passes


def errors_of(
    reader: SessionReader, passes: Sequence[SeenPass], truth: reference.Pass | None, weights: Mapping[str, Doubles]
) -> dict[str, float]:
    """Kind -> worst relative error of a session.  truth: None takes `passes` for it, as of a bfloat16 model."""
    assert len(passes) == reader.num_steps > NEW_TOKENS // 2, (len(passes), reader.num_steps)
    worst = dict.fromkeys(KINDS, 0.0)

    def note(kind: str, got: Any, want: Any, scale: Any) -> None:
        error = float(np.max(np.abs(np.asarray(got, float) - want) / np.maximum(scale, 1e-300)))
        assert np.isfinite(error), kind
        worst[kind] = max(worst[kind], error)

    layout = reader.session.layout
    for s, one in enumerate(passes):
        frame = reader.frame(s)
        captured = Captured(frame, layout)
        last = frame.pos0 + frame.t_add - 1
        at_hand = _values_of(one, layout.n_vocab, layout.n_layer)
        attention = (
            _rows_of(one, last + 1) if truth is None else truth.attention[:, :, last - frame.t_add + 1 : last + 1]
        )
        for point in layout.points:
            if point.key not in at_hand:  # resid0, which no module gives: see the test of the recorder
                continue
            x = at_hand[point.key]
            want = x[-1] if truth is None else truth.values[point.key][last]
            neurons, got = captured.captured(point.key)
            if len(neurons):
                note("values", got, want[neurons], np.abs(want).max())
            note("statistics", *_comparable(captured.stats(point.key), x, point.counts_exact_zeros))
        rows = attention[:, :, -1, : last + 1]
        note("attention", frame.arrays["attention/rows"], rows, rows.max(-1, keepdims=True))
        if "attention/matrix" in frame.arrays:
            note(
                "attention",
                frame.arrays["attention/matrix"],
                attention[..., : last + 1],
                attention.max(-1, keepdims=True),
            )
        own = one.values["final.logits"][-1, : layout.n_vocab].double().numpy()
        ends = at_hand if truth is None else {key: x[: last + 1] for key, x in truth.values.items()}
        for got, want in _ledger(captured, {key: x[-1] for key, x in ends.items()}, own, weights):
            note("ledger", got, want, np.abs(own).max())
        logits = 15 * np.tanh(own / 15)
        logits = logits if truth is None else truth.logits[last]
        note("logits", frame.arrays["logits/values"], logits[frame.arrays["logits/token_ids"]], np.abs(logits).max())
        logsumexp = np.log(np.exp(logits).sum())
        note("logits", frame.arrays["logits/logsumexp"], logsumexp, abs(logsumexp))
    return worst


def _ledger(
    captured: Captured, ends: Mapping[str, Doubles], own: Doubles, weights: Mapping[str, Doubles]
) -> Iterator[tuple[Doubles, Doubles]]:
    """What was recorded of the parts, and what it is: their sum what `lm_head` gave; what each block's heads and MLP
    wrote its additions, with what the lambdas and the backout leave of them, found by adding a unit to each."""
    wrote = captured.ledger()
    assert wrote is not None
    yield wrote.total - wrote.left_over, own[wrote.token_ids]
    n_layer, rows = len(wrote.mlp), weights["lm_head.weight"][wrote.token_ids]
    scales, backout = weights.get("resid_lambdas", np.ones(n_layer)), weights.get("backout_lambda", np.zeros(1))
    middle = ends[f"block.{n_layer // 2}.resid_post"]
    z = ends[f"block.{n_layer - 1}.resid_post"] - backout * middle
    rms = np.sqrt(np.mean(z**2) + np.finfo(np.float32).eps)
    for i in range(n_layer):
        unit = at_middle = 0.0
        for k in range(n_layer):
            unit = scales[k] * unit + (k == i)
            at_middle = unit if k == n_layer // 2 else at_middle
        reaches = unit - backout * at_middle
        for got, name in ((wrote.heads[i].sum(0), "attn_out"), (wrote.mlp[i], "mlp_out")):
            yield got, reaches * (rows @ ends[f"block.{i}.{name}"]) / rms


def _values_of(one: SeenPass, n_vocab: int, n_layer: int) -> dict[str, Doubles]:
    values = dict(one.values)
    for i in range(n_layer):  # added in the model's own dtype
        values[f"block.{i}.resid_mid"] = values[f"block.{i}.resid_pre"] + values[f"block.{i}.attn_out"]
    values["final.logits"] = 15 * (values["final.logits"][..., :n_vocab].float() / 15).tanh()  # in float32, as nanochat
    return {key: value.double().numpy() for key, value in values.items()}


def _comparable(got: Mapping[str, float], x: Doubles, counts_zeros: bool) -> tuple[list[float], Doubles, Doubles]:
    """Recorded statistics, true ones, and what an error of each is relative to."""
    want = reference.statistics(x, counts_zeros)
    magnitudes = np.abs(x)
    scale = np.maximum(np.abs(want), 1e-12 * magnitudes.max())
    if np.isclose(magnitudes, 1e-3 * magnitudes.max(), rtol=1e-6, atol=0).any():
        scale[5] = np.inf  # rounding decides on which side of the threshold a value lies
    return list(got.values()), want, scale


def _rows_of(one: SeenPass, num_positions: int) -> Doubles:
    """Softmax weights (n_layer, n_head, T, num_positions) of what the kernel was given."""
    out = []
    for q, k, mask, is_causal in one.calls:
        queries, keys = q[0].double().numpy(), k[0].double().numpy()
        keys = keys.repeat(len(queries) // len(keys), 0)
        scores = queries @ keys.transpose(0, 2, 1) / queries.shape[-1] ** 0.5
        if is_causal:
            query, key = np.indices(scores.shape[-2:])
            scores = np.where(key <= query, scores, -np.inf)
        elif mask is not None:
            scores = np.where(mask.reshape(mask.shape[-2:]).numpy(), scores, -np.inf)
        rows = np.zeros((*scores.shape[:2], num_positions))
        rows[..., num_positions - scores.shape[-1] :] = reference.softmax(scores)
        out.append(rows)
    return np.stack(out)


def _watched_elsewhere(path: Path, dtype: str) -> dict[str, dict[str, float]]:
    """Model -> errors of what an unmodified checkout computes under `mri.watch`."""
    command = [sys.executable, "-m", "benchmarks.upstream", str(path), dtype]
    environment = {**os.environ, "NANOCHAT_DTYPE": dtype}
    done = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    errors: dict[str, dict[str, float]] = json.loads(done.stdout.splitlines()[-1])
    return errors
