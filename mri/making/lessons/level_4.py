"""Records level 4, attention: a short sentence with every value, a list that comes again with all heads and with three
of them switched off (and other threes, of which only two numbers are kept), a text longer than the sliding window; and
the weights of one head.
"""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np

from mri.format.config import Sampling, TraceConfig
from mri.format.events import Array
from mri.making.lessons.ablation import read_without, without_heads
from mri.making.lessons.level_3 import EVERY_VALUE, array
from mri.making.lessons.record import record_anew
from mri.nanochat.chat import ids_from_prompt
from mri.nanochat.checkpoint import LoadedModel, load_model

LAYER, HEAD = 2, 2
"""The head that the level takes apart: it looks at the token before, and its block has no value embedding."""

SWITCHED_OFF = ((2, 1), (2, 2), (4, 2))
"""Block and head: those that look back by one the most on the list below."""

INDUCTION = (5, 1)
"""Block and head: the one that finds what followed the same word before."""

NUM_CONTROLS, CONTROL_SEED = 40, 0
"""Other threes of heads that are switched off for comparison."""

SENTENCE = "The dog saw a red ball"
WORDS = " lamp duck kite pen coat cup bed drum box key"
LONG = (
    "Once there was a girl named Mia. She lived in a small house near the park. One day Mia found a red ball in the "
    "garden. She gave the ball to Tom. Tom was happy. Tom and Mia went to the park. They played with the ball all day. "
    "Then it was late. The sun went down. Tom said thank you. Mia went home. The next day Mia lost her hat. She looked "
    "in the kitchen and in the garden. Tom helped her. They found the hat under the bed. Mia was happy. Once there was "
    "a boy named Leo. He lived in a big house near the farm. Leo gave some tomatoes to"
)
"""More tokens than the short window of 128."""

LIGHT = TraceConfig(topk=16, attention_tier="full_row", prefill="stepwise")
AT_ONCE = TraceConfig(topk=16, attention_tier="full_row")


def record(folder: Path) -> None:
    """Makes lesson-dog, lesson-list, lesson-list-off and lesson-long (.h5), and weights.npz, in the lesson's folder."""
    loaded = load_model(device="cpu")
    model = loaded.model

    def make(session_id: str, name: str, text: str, config: TraceConfig, max_new_tokens: int = 1) -> None:
        sampling = Sampling(max_new_tokens=max_new_tokens, temperature=0.0)
        record_anew(loaded, folder, session_id, text, name=name, config=config, sampling=sampling)

    make("lesson-dog", "A dog and a red ball", SENTENCE, EVERY_VALUE)
    make("lesson-list", "A list that comes again", WORDS + WORDS, LIGHT)
    with without_heads(model, SWITCHED_OFF):
        make("lesson-list-off", "The same list, three heads switched off", WORDS + WORDS, LIGHT)
    make("lesson-long", "Longer than the window", LONG, AT_ONCE, max_new_tokens=16)
    np.savez_compressed(folder / "weights.npz", **weights_of(loaded), **controls(loaded))  # type: ignore[arg-type]


def controls(loaded: LoadedModel) -> dict[str, Array]:
    """The same list without NUM_CONTROLS other threes, drawn among the heads below INDUCTION's block (its own and those
    beside it come too late to change where it looks).

    control_heads (n, 3, 2) block and head; control_induction (n,) mean weight of the head INDUCTION from each word of
    the second round to what followed it in the first; control_right (n,) words of the second round guessed right.
    """
    ids = ids_from_prompt(loaded.tokenizer, WORDS + WORDS)
    n_words = (len(ids) - 1) // 2  # behind <|bos|>
    targets = [(n_words + k, k + 1) for k in range(1, n_words + 1)]  # (query, key), as head_scores has them
    queries, keys = np.array(targets).T
    below = itertools.product(range(INDUCTION[0]), range(loaded.config.n_head))
    others = [head for head in below if head not in SWITCHED_OFF]
    rng = np.random.default_rng(CONTROL_SEED)
    drawn = [[others[i] for i in rng.choice(len(others), 3, replace=False)] for _ in range(NUM_CONTROLS)]
    induction, right = [], []
    for heads in drawn:
        logits, rows = read_without(loaded.model, ids, heads)
        induction.append(float(rows[INDUCTION[0]][INDUCTION[1], queries, keys].mean()))
        guesses = logits.argmax(-1).tolist()
        right.append(sum(guesses[query] == ids[query + 1] for query in queries.tolist() if query + 1 < len(ids)))
    return {
        "control_heads": np.array(drawn, np.float32),
        "control_induction": np.array(induction, np.float32),
        "control_right": np.array(right, np.float32),
    }


def weights_of(loaded: LoadedModel) -> dict[str, Array]:
    """float32 by name: c_q, c_k, c_v (head_dim, n_embd) of the head; c_proj (n_embd, head_dim), what it writes with."""
    width = loaded.config.head_dim
    attn = loaded.model.transformer["h"][LAYER].attn  # type: ignore[index]
    rows = slice(HEAD * width, (HEAD + 1) * width)
    return {name: array(getattr(attn, name).weight[rows]) for name in ("c_q", "c_k", "c_v")} | {
        "c_proj": array(attn.c_proj.weight[:, rows])
    }
