"""Records level 3, words into vectors: one short sentence with every value, and the embedding rows of words.

Rows are those of the embedded model. A word is one that the model's corpus uses and that is a single token.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from mri.format.config import Sampling, TraceConfig
from mri.format.events import Array
from mri.making.corpus import vocabulary
from mri.making.lessons.record import record_anew
from mri.nanochat.checkpoint import LoadedModel, load_model
from mri.nanochat.tokenizer import Tokenizer

SENTENCE = "The opposite of hot is"
SENTENCE_ID = "lesson-opposite"
SAID = ("hot", "cold", "boy", "girl")
"""Words whose rows of the other table, lm_head, the lesson compares."""

EVERY_VALUE = TraceConfig(
    capture_mode="full", quantization="f32", attention_tier="full_row", prefill="stepwise", max_bytes_per_step=200_000
)
"""Exact float32 values of every neuron: sums over them can be checked to the last digit."""


def record(folder: Path) -> None:
    """Makes `lesson-opposite.h5` and `weights.npz` in the lesson's folder."""
    loaded = load_model(device="cpu")
    one_token = Sampling(max_new_tokens=1, temperature=0.0)
    told: dict[str, Any] = {"name": "The opposite of hot", "config": EVERY_VALUE, "sampling": one_token}
    record_anew(loaded, folder, SENTENCE_ID, SENTENCE, **told)
    np.savez_compressed(folder / "weights.npz", **weights_of(loaded))  # type: ignore[arg-type]


def weights_of(loaded: LoadedModel) -> dict[str, Array]:
    """float32 by name.

    word_ids (n,) tokens that are a blank and a word; word_letters (n, longest) the words as Unicode numbers, filled up
    with 0; word_rows (n, n_embd) their rows of wte; said_rows (4, n_embd) rows of lm_head of the words in SAID;
    sentence_rows (6, n_embd) rows of wte of the sentence; smear_gate (24,), smear_lambda, backout_lambda (),
    resid_lambdas and x0_lambdas (n_layer,).
    """
    model = loaded.model
    rows = array(model.transformer["wte"].weight)  # type: ignore[arg-type]
    word_ids = ids_of_words(loaded.tokenizer)
    sentence = [loaded.tokenizer.bos_id, *loaded.tokenizer.encode(SENTENCE)]
    return {
        "word_ids": np.array(word_ids, np.float32),
        "word_letters": letters([loaded.tokenizer.decode([word_id])[1:] for word_id in word_ids]),
        "word_rows": rows[word_ids],
        "said_rows": array(model.lm_head.weight)[[loaded.tokenizer.encode(f" {word}")[0] for word in SAID]],
        "sentence_rows": rows[sentence],
        "smear_gate": array(model.smear_gate.weight)[0],
        "smear_lambda": array(model.smear_lambda)[0],
        "backout_lambda": array(model.backout_lambda)[0],
        "resid_lambdas": array(model.resid_lambdas),
        "x0_lambdas": array(model.x0_lambdas),
    }


def ids_of_words(tokenizer: Tokenizer) -> list[int]:
    """Tokens that are a blank and a whole word of the corpus, by id."""
    encoded = (tokenizer.encode(f" {word}") for word in vocabulary())
    return sorted(ids[0] for ids in encoded if len(ids) == 1)


def letters(words: list[str]) -> Array:
    """(n, longest) float32: Unicode numbers, 0 behind a word's end."""
    table = np.zeros((len(words), max(map(len, words))), np.float32)
    for row, word in zip(table, words, strict=True):
        row[: len(word)] = [ord(letter) for letter in word]
    return table


def array(tensor: Tensor) -> Array:
    """float32, on its own."""
    return tensor.detach().float().cpu().numpy().copy()
