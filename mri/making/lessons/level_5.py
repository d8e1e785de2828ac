"""Records lesson 5, "A block": two short sentences read word by word, every value kept.

The capital is exact (float32), because the lesson computes with it down to the weights; the gift is for looking at.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mri.format.config import Sampling, TraceConfig
from mri.format.vocabulary import Vocabulary
from mri.making.lessons.ablation import read_without
from mri.making.lessons.level_3 import EVERY_VALUE, array
from mri.making.lessons.record import record_anew
from mri.nanochat.chat import ids_from_prompt
from mri.nanochat.checkpoint import LoadedModel, load_model

CAPITAL, GIFT = "The capital of France is", "When Mia and Tom went to the park, Tom gave a ball to"
ROUNDED = TraceConfig(capture_mode="full", attention_tier="full_row", prefill="stepwise", max_bytes_per_step=200_000)


def record(folder: Path) -> None:
    """The sessions lesson-capital and lesson-gift and the weights that lesson 5's formulas need."""
    loaded = load_model(device="cpu")
    for session_id, name, prompt, config in (
        ("lesson-capital", "The capital of France", CAPITAL, EVERY_VALUE),
        ("lesson-gift", "Who gets the ball?", GIFT, ROUNDED),
    ):
        record_anew(loaded, folder, session_id, prompt, name=name, config=config, sampling=greedy(4))
    arrays: dict[str, Any] = weights(loaded) | switched_off(loaded)
    np.savez_compressed(folder / "weights.npz", **arrays)


def greedy(max_new_tokens: int) -> Sampling:
    return Sampling(max_new_tokens=max_new_tokens, temperature=0.0, top_k=None)


def weights(loaded: LoadedModel) -> dict[str, npt.NDArray[Any]]:
    """What the formulas read beyond the recording, by the names of the state dict (`h5` is the last block)."""
    model = loaded.model
    state = model.state_dict()
    last = model.config.n_layer - 1
    ids = ids_from_prompt(loaded.tokenizer, CAPITAL)
    block = f"transformer.h.{last}"
    vocabulary = Vocabulary.from_sequence(loaded.tokenizer.vocabulary(), loaded.tokenizer.special.values())
    return {
        **{f"vocabulary_{name}": part for name, part in vocabulary.arrays().items()},
        "lm_head": array(state["lm_head.weight"][: model.config.vocab_size]),
        "c_fc": array(state[f"{block}.mlp.c_fc.weight"]),
        "c_proj": array(state[f"{block}.mlp.c_proj.weight"]),
        "ve_gate": array(state[f"{block}.attn.ve_gate.weight"]),
        "wte": array(state["transformer.wte.weight"][ids]),  # rows of the prompt's tokens, in their order
        "smear_gate": array(state["smear_gate.weight"][0]),
        "resid_lambdas": array(state["resid_lambdas"]),
        "x0_lambdas": array(state["x0_lambdas"]),
        "smear_lambda": array(state["smear_lambda"]),
        "backout_lambda": array(state["backout_lambda"]),
    }


def switched_off(loaded: LoadedModel) -> dict[str, npt.NDArray[Any]]:
    """The capital once more with every two heads off, numbered block by block; the diagonal: with one.

    off_share (n, n) probability of the answer that the whole model gives; off_first (n, n) the token in front instead.
    """
    config, ids = loaded.config, ids_from_prompt(loaded.tokenizer, CAPITAL)
    heads = [(layer, head) for layer in range(config.n_layer) for head in range(config.n_head)]
    answer = int(read_without(loaded.model, ids, [])[0][-1].argmax())
    share = np.zeros((len(heads), len(heads)), np.float32)
    first = np.zeros(share.shape, np.int64)
    for i, one in enumerate(heads):
        for j, other in enumerate(heads[: i + 1]):
            logits = read_without(loaded.model, ids, [one, other])[0][-1]
            share[i, j] = share[j, i] = float(logits.softmax(-1)[answer])
            first[i, j] = first[j, i] = int(logits.argmax())
    return {"off_share": share, "off_first": first}
