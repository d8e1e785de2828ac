"""What a recording would read and keep, told before it is made: tokens, words that are read in pieces, and of each
preset what it keeps, what it will not show and how much that weighs.

Knows tokenizers, sizes and presets; no torch, no files.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from mri.errors import ConfigError, MriError
from mri.format.config import ATTENTION_TOPK, TraceConfig
from mri.format.hook_points import nanochat_points
from mri.format.layout import Layout
from mri.format.presets import PRESETS, config_of_preset, not_shown
from mri.format.token_text import display
from mri.nanochat.chat import ids_from_prompt
from mri.nanochat.config import GPTConfig
from mri.nanochat.tokenizer import Tokenizer
from mri.web.types import PresetOffer, RecordPlan, UnknownWord

READING_BYTES = 100_000
"""So much a step of `standard` may weigh to be called Reading: it then keeps all that the pages read."""

FILE_BYTES = 60_000
"""What a file has beside its steps: 38 to 53 KB of the embedded model's, which HDF5 and the description take."""

MOST_UNKNOWN = 100
"""Words that are told of; the others are counted."""

MOST_PIECES = 24
"""Of a word."""

TITLES = {"light": "Light", "standard": "Standard", "rows": "Rows", "everything": "Everything"}

PLAIN = {
    "any neuron": "single neurons (the tower stays dark)",
    "the prompt token by token": "the prompt word by word",
    "the MLP's neurons": "memory neurons",
    "neurons that are not among the strongest": "numbers weaker than the {topk} strongest",
    f"looks beyond each head's {ATTENTION_TOPK} strongest": "whole looks",
    "what each part wrote": "who wrote the answer",
    "the best guess of each layer": "the best guess of each layer",
}
"""What `not_shown` says, in the words of the page, and in the order in which it is missed."""


def plan_of(tokenizer: Tokenizer, config: GPTConfig, prompt: str, chat: bool, most: int) -> RecordPlan:
    """Of a prompt as it is being typed, empty ones too; what speaks against it stands in `problem`. most: tokens to be
    written."""
    tokens, problem, words = 0, "", []
    try:
        tokens = len(ids_from_prompt(tokenizer, prompt, chat)) if prompt.strip() else 0
        words = list(islice(_unknown(tokenizer, prompt), MOST_UNKNOWN + 1)) if tokens else []
    except MriError as error:
        problem = str(error)
    room = config.sequence_len
    if tokens > room:
        problem = f"The prompt has {tokens:,} tokens and the model's context holds {room:,}: shorten it."
    presets = [_preset(name, config, min(max(tokens, 1), room), most) for name in PRESETS]
    return {"tokens": tokens, "problem": problem, "unknown": words, "presets": presets}


def _unknown(tokenizer: Tokenizer, prompt: str) -> Iterator[UnknownWord]:
    """Words with letters or digits of which the tokenizer has no token."""
    at = 0
    for text, tokens in tokenizer.cut(prompt):
        word = text.strip()
        if len(tokens) > 1 and any(map(str.isalnum, word)):
            lead = text[: len(text) - len(text.lstrip())]
            start = at + _units(lead)
            pieces = [display(token.removeprefix(lead.encode())) for token in tokens if token != lead.encode()]
            pieces[MOST_PIECES:] = ["…"] if len(pieces) > MOST_PIECES else []
            yield {"at": start, "length": _units(word), "text": display(word.encode()), "pieces": pieces}
        at += _units(text)


def _units(text: str) -> int:
    """Its length in JavaScript."""
    return len(text.encode("utf-16-le")) // 2


def _preset(name: str, config: GPTConfig, tokens: int, most: int) -> PresetOffer:
    points = nanochat_points(config.n_layer, config.n_embd, config.vocab_size)
    sizes = {"n_layer": config.n_layer, "n_head": config.n_head}
    sizes |= {"n_ctx": config.sequence_len, "n_vocab": config.vocab_size}
    offer: PresetOffer = {
        "name": name,
        "title": TITLES[name],
        "keeps": "",
        "lacks": [],
        "steps": 0,
        "bytes": 0,
        "is_stepwise": False,
        "problem": "",
    }
    try:
        kept = config_of_preset(name, points, longest_row=tokens + most, **sizes)
        layout = Layout.plan(points, kept, **sizes)
    except ConfigError as error:
        return {**offer, "problem": str(error)}
    steps = steps_of(layout, tokens, most)
    stepwise = kept.prefill == "stepwise"
    longest = layout.num_bytes("decode", 1, min(tokens + most, layout.n_ctx))
    is_reading = name == "standard" and stepwise and kept.edu and longest <= READING_BYTES
    return {
        **offer,
        "title": "Reading" if is_reading else TITLES[name],
        "keeps": _keeps(kept, layout.topk),
        "lacks": [(PLAIN[lack].format(topk=layout.topk), lack) for lack in sorted(not_shown(kept), key=[*PLAIN].index)],
        "steps": steps,
        "bytes": bytes_of(layout, tokens, steps),
        "is_stepwise": stepwise,
    }


def _keeps(config: TraceConfig, topk: int) -> str:
    """In words; what all presets keep is said of the lightest alone, how many numbers where nothing else is added."""
    if config.capture_mode == "stats":
        return "Statistics, looks back, predictions"
    if config.capture_mode == "full":
        return "Every number at every step"
    adds = {"every prompt word": config.prefill == "stepwise", "whole looks": config.attention_tier != "summary"}
    kept = [words for words, is_kept in (adds | {"memory neurons": config.edu}).items() if is_kept]
    return f"Also {', '.join(kept) or f'the {topk} strongest numbers of every point'}"


def steps_of(layout: Layout, tokens: int, most: int) -> int:
    """Forward passes of a generation at most: the last chosen token is never read."""
    read = tokens if layout.config.prefill == "stepwise" else 1
    return read + min(most - 1, layout.n_ctx - tokens)


def bytes_of(layout: Layout, tokens: int, steps: int) -> int:
    """Of a file of so many steps, at most: frames are compressed in it."""
    budget = layout.config.max_bytes_per_step
    if layout.config.prefill == "stepwise":
        first, begin = 0, 1
    else:
        first, begin, steps = min(budget, layout.num_bytes("prefill", tokens, tokens)), tokens + 1, steps - 1

    def one(n_keys: int) -> int:
        return layout.num_bytes("decode", 1, n_keys)

    end = begin + steps  # up to ATTENTION_TOPK keys each counts for itself, from there on a step grows evenly
    few = [one(n_keys) for n_keys in range(begin, min(end, ATTENTION_TOPK + 1))]
    rest = steps - len(few)
    even = (one(end - rest) + one(end - 1)) * rest // 2 if rest > 0 else 0
    return FILE_BYTES + first + min(sum(few) + even, steps * budget)
