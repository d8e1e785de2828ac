"""Models that can record: which there are, what their files say, loading one before it is needed; and what a prompt
would be for it.

Reads no weights: the generation worker does. Errors leave as {"error": sentence}.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from mri.errors import ConfigError, PromptError
from mri.format.checks import is_whole
from mri.format.token_text import display
from mri.nanochat.config import GPTConfig
from mri.nanochat.disk.describe import read_config
from mri.nanochat.locate import DTYPES, ModelRef
from mri.paths import EMBEDDED
from mri.web.routes.sessions import revalidated_json
from mri.web.services import services
from mri.worker.attribution import Attribution, loading_of
from mri.worker.request import MAX_PROMPT_CHARS, checked_place, placed

if TYPE_CHECKING:
    from mri.nanochat.tokenizer import Tokenizer

MOST_LETTERS = 400

SMALL_WORLD = "Reads the English of a small world: 1,668 words; names, capitals, sums, stories."
"""Of the embedded model: docs/embedded-model.md."""

model_routes = Blueprint("model_routes", __name__)


@model_routes.get("/models")
def models() -> ResponseReturnValue:
    """The models that can record, the default first. `id` is what POST /record takes as `model`."""
    return revalidated_json(
        [{"id": model_id, "label": ref.label} for model_id, ref in services().models.offers().items()]
    )


@model_routes.get("/models/words")
def words() -> ResponseReturnValue:
    """The words of `text` with the pieces that the recording model reads of each: one, where it knows the word."""
    text = request.args.get("text", "")
    if len(text) > MOST_LETTERS:
        raise PromptError(f"This text has {len(text)} letters: send at most {MOST_LETTERS}.")
    tokenizer = _tokenizer(services().models.own())
    cut = tokenizer.merges(text) if tokenizer is not None else []  # without one, ids are read
    found = [{"text": display(b"".join(parts[0])), "pieces": [display(part) for part in parts[-1]]} for parts in cut]
    return revalidated_json({"words": found})


@model_routes.get("/models/<model_id>")
def model(model_id: str) -> ResponseReturnValue:
    """What the files of a model say."""
    ref = services().models.chosen(model_id)
    config = read_config(ref)
    services().worker.warm()  # torch loads while the prompt is being written
    sizes = f"{config.n_layer} layers, {config.n_head} looks each, {config.n_embd} numbers for a word"
    return revalidated_json(
        {
            "id": model_id,
            "title": ref.title,
            "reads": SMALL_WORLD if EMBEDDED in ref.file.parents else "",
            "sizes": f"{sizes}; {config.sequence_len:,} words (pieces) at most, of {config.vocab_size:,} it knows.",
            "field": f"n_layer {config.n_layer}, n_head {config.n_head}, n_embd {config.n_embd}, "
            f"context {config.sequence_len:,} tokens, vocabulary {config.vocab_size:,}",
            "dtype": ref.loading.dtype,
            "dtypes": list(DTYPES),
        }
    )


@model_routes.get("/models/<model_id>/loaded")
def loaded(model_id: str) -> ResponseReturnValue:
    """`?device=&dtype=`: has the model loaded there and so; 202 and how far it is until it is. What nobody asks after
    for ten seconds is given up."""
    status = services().worker.explained(_loading(model_id))
    assert status is not None
    return revalidated_json(status), 202 if status["status"] == "running" else 200


@model_routes.post("/models/<model_id>/cancel")
def cancel(model_id: str) -> ResponseReturnValue:
    """`?device=&dtype=`: it need not be loaded. What records with it loads it then."""
    services().worker.forget(_loading(model_id).id)
    return revalidated_json({})


def _loading(model_id: str) -> Attribution:
    ref = services().models.chosen(model_id)
    return loading_of(placed(ref, *checked_place(request.args.get("device", ""), request.args.get("dtype", ""))))


@model_routes.post("/record/check")
def check() -> ResponseReturnValue:
    """What {"prompt", "chat", "max_new_tokens", "model"} would read and keep; nothing is recorded."""
    from mri.web.plan import plan_of  # with tiktoken, as below

    fields = request.get_json()
    told = fields if isinstance(fields, dict) else {}
    prompt, chat, most = told.get("prompt", ""), told.get("chat", False), told.get("max_new_tokens", 64)
    model_id = told.get("model", "")
    if not isinstance(prompt, str) or not isinstance(chat, bool) or not isinstance(model_id, str):
        raise PromptError("A prompt is looked at as {prompt: text, chat: true or false, max_new_tokens, model}.")
    if len(prompt) > MAX_PROMPT_CHARS:
        raise PromptError(f"The prompt has {len(prompt):,} characters: {MAX_PROMPT_CHARS:,} are the most.")
    if not is_whole(most, 1, 1_000_000):
        raise ConfigError(f"max_new_tokens={most!r:.60} must be a whole number from 1 to 1,000,000.")
    ref = services().models.chosen(model_id)
    config = read_config(ref)
    return revalidated_json(plan_of(_tokenizer_of(ref, config), config, prompt, chat, most))


def _tokenizer_of(ref: ModelRef, config: GPTConfig) -> Tokenizer:
    from mri.nanochat.disk.plain_tokenizers import TokenIds

    return _tokenizer(ref) or TokenIds(config.vocab_size)


@lru_cache(maxsize=2)
def _tokenizer(model: ModelRef) -> Tokenizer | None:
    # tiktoken takes 0.1 s to import: not while the server starts
    from mri.nanochat.disk.tokenizer_of import tokenizer_of

    found = tokenizer_of(model)
    return None if found is None else found.tokenizer
