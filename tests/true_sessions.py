"""Sessions whose statistics, top-k, bounds, rows and logits are those of whole values that the test knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from mri.format.config import ATTENTION_TOPK, TraceConfig, sampled_indices
from mri.format.events import Q8_NAN, TraceSession
from mri.format.hook_points import STATS
from mri.format.run import Model, Run
from mri.store.seal import seal
from mri.store.writer import SessionWriter
from tests.conftest import SPECIAL_IDS, TINY_VOCABULARY, random_frame, random_layout, write_random_session

SOFTCAP = 15.0


def write_true_session(
    folder: Path,
    session_id: str,
    ids: Sequence[int],
    *,
    seed: int = 0,
    config: TraceConfig | None = None,
    n_layer: int = 2,
    n_embd: int = 12,
    n_head: int = 2,
    num_prompt_tokens: int = 2,
    weights_hash: str = "same",
    values: Mapping[str, np.ndarray] | None = None,
    with_nan: Sequence[str] = (),
    scale: float = 1.0,
    concentration: float = 0.4,
) -> dict[str, np.ndarray]:
    """One step for each id but the last, which is chosen last. -> truth: hook point -> (num_steps, width) float32,
    "logits" -> (num_steps, n_vocab), "attention" -> (num_steps, n_layer, n_head, num_steps), 0 behind a step's keys.
    values: truth of some hook points, (num_steps, width); the others' is random.
    with_nan: hook points whose values are all NaN in step 2.  scale: of the random values;
    concentration: of the Dirichlet distribution that attention is drawn from."""
    config = config or TraceConfig(topk=4, prefill="stepwise", logits_topk=6)
    layout = random_layout(n_layer, n_embd, n_head, config, n_ctx=64)
    rng, others = np.random.default_rng(seed), np.random.default_rng(seed)  # the same truth, whatever is captured
    num_steps = len(ids) - 1
    truth = {p.key: scale * rng.standard_normal((num_steps, p.width)).astype(np.float32) for p in layout.points}
    truth |= values or {}
    for key in with_nan:
        truth[key][2] = np.nan
    truth["logits"] = rng.normal(0, 3, (num_steps, layout.n_vocab)).clip(-SOFTCAP, SOFTCAP).astype(np.float32)
    truth["attention"] = np.zeros((num_steps, n_layer, n_head, num_steps), np.float32)
    run = Run(Model(weights_hash, tokenizer_hash="tiny", softcap=SOFTCAP))
    session = TraceSession(
        session_id,
        layout,
        prompt="a b",
        model_id="true",
        num_prompt_tokens=num_prompt_tokens,
        run=run,
        start_time=f"2026-01-02T03:04:{seed:02d}+00:00",
        model_config={"n_layer": n_layer, "n_embd": n_embd},
    )
    with SessionWriter(folder, session, vocabulary=TINY_VOCABULARY, special_ids=SPECIAL_IDS) as writer:
        for step in range(num_steps):
            phase = "prefill" if step < num_prompt_tokens else "decode"
            chosen = ids[step + 1] if step + 1 >= num_prompt_tokens else -1
            frame = random_frame(layout, others, step, phase, step, 1, chosen_id=chosen)
            frame.arrays["tokens"][:] = ids[step]
            _put_points(frame, layout, truth, step)
            _put_attention(frame, truth["attention"][step], rng, step + 1, concentration)
            _put_logits(frame, truth["logits"][step], ids[step + 1])
            writer.append(frame)
        folder_of_session = writer.finish("max_new_tokens", seal=False)
    seal(folder_of_session)
    return truth


def _put_points(frame, layout, truth, step):
    for row, point in enumerate(layout.points):
        x = truth[point.key][step]
        length = np.sqrt(np.sum(x.astype(np.float64) ** 2))
        frame.arrays["stats"][row, STATS.index("l2")] = length
    for group, keys in layout.groups.items():
        for row, key in enumerate(keys):
            x = truth[key][step]
            order = np.argsort(-np.abs(x), kind="stable")
            if group.startswith("topk/"):
                k = frame.arrays[f"{group}/indices"].shape[-1]
                frame.arrays[f"{group}/indices"][row] = order[:k]
                frame.arrays[f"{group}/bound"][row] = np.abs(x[order[k]]) if k < len(x) else 0
                x = x[order[:k]]
            elif group.startswith("sampled/"):
                x = x[sampled_indices(layout.config, len(x))]
            if layout.config.quantization == "q8":
                scale = np.float32(np.abs(np.nan_to_num(x)).max() / 126)
                frame.arrays[f"{group}/scale"][row] = scale
                x = np.where(np.isnan(x), Q8_NAN, np.round(x / (scale or 1)))
            frame.arrays[f"{group}/values"][row] = x


def _put_attention(frame, truth, rng, n_keys, concentration):
    weights = rng.dirichlet(np.full(n_keys, concentration), truth.shape[:2]).astype(np.float32)
    truth[..., :n_keys] = weights
    order = np.argsort(-weights, axis=-1)[..., :ATTENTION_TOPK]
    frame.arrays["attention/keys"][:] = order
    frame.arrays["attention/weights"][:] = np.take_along_axis(weights, order, -1)
    if "attention/rows" in frame.arrays:
        scale = 255 if frame.arrays["attention/rows"].dtype == np.uint8 else 1
        frame.arrays["attention/rows"][:] = np.rint(weights * scale) if scale > 1 else weights


def _put_logits(frame, logits, chosen):
    n = len(frame.arrays["logits/token_ids"])
    order = np.argsort(-logits, kind="stable")
    logsumexp = np.log(np.exp(logits.astype(np.float64)).sum())
    frame.arrays["logits/token_ids"][:] = order[:n]
    frame.arrays["logits/values"][:] = logits[order[:n]]
    frame.arrays["logits/logsumexp"][...] = logsumexp
    frame.arrays["logits/chosen_logprob"][...] = logits[chosen] - logsumexp
    frame.arrays["logits/chosen_rank"][...] = np.flatnonzero(order == chosen)[0]


def write_one_of_each(folder: Path) -> None:
    """What pages can show without a recorder: `demo-long` of random numbers, and `one` and `two`, which part after two
    tokens."""
    write_random_session(folder, session_id="demo-long", num_steps=20, config=TraceConfig(prefill="stepwise", edu=True))
    write_true_session(folder, "one", [0, 26, 1, 2, 3, 5, 4], seed=1)
    write_true_session(folder, "two", [0, 26, 6, 1, 2, 5, 4], seed=2)
