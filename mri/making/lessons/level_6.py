"""Records lesson 6, "The whole nanochat": a story that the model writes, and one that it only reads and guesses at."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from mri.format.config import Sampling, TraceConfig
from mri.making.corpus import document
from mri.making.lessons.record import record_anew
from mri.nanochat.checkpoint import load_model

LEO = "Once there was a boy named Leo."
LEO_TOKENS = 42  # up to the full stop after the second "tea, honey and rice"
LEO_SAMPLING = Sampling(max_new_tokens=LEO_TOKENS, temperature=0.8, top_k=50, seed=5)
LEO_CAPTURE = TraceConfig(
    attention_tier="full_row", logits_topk=50, max_bytes_per_step=100_000
)  # all that could be drawn

GUESS_SEED = "guess-the-next-token/15"  # of a story; training drew its documents with other seeds
GUESS_CAPTURE = TraceConfig(prefill="stepwise")
SOFTCAPPED = " is"  # the row of lm_head that the softcap's moment computes with


def record(folder: Path) -> None:
    """The sessions lesson-leo and lesson-guess and the row of weights that lesson 6's formula needs."""
    loaded = load_model(device="cpu")
    told: dict[str, Any] = {"name": "Leo goes to the market", "config": LEO_CAPTURE, "sampling": LEO_SAMPLING}
    record_anew(loaded, folder, "lesson-leo", LEO, **told)
    one_token = Sampling(max_new_tokens=1, temperature=0.0)
    told = {"name": "Guess the next word", "config": GUESS_CAPTURE, "sampling": one_token}
    record_anew(loaded, folder, "lesson-guess", document(GUESS_SEED).text, **told)
    (token_id,) = loaded.tokenizer.encode(SOFTCAPPED)
    row = loaded.model.lm_head.weight[token_id].detach().float().cpu().numpy()
    np.savez_compressed(
        folder / "weights.npz", softcapped_id=np.int64(token_id), lm_head_row=np.asarray(row, np.float32)
    )
