"""Routes of the lessons on words: a reader's own text cut by the embedded model's tokenizer, and a word's row of wte
with its neighbours.

Computed here, from files that lie beside the code; no model runs. Errors leave as {"error": sentence}.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from mri.errors import PromptError
from mri.format.token_text import display
from mri.paths import EMBEDDED
from mri.web.routes.sessions import revalidated_json
from mri.web.services import services

if TYPE_CHECKING:
    from mri.nanochat.tokenizer import Tokenizer

lesson_words_routes = Blueprint("lesson_words_routes", __name__)

MOST_LETTERS = 160


@lesson_words_routes.get("/lessons/tokens")
def tokens() -> ResponseReturnValue:
    """Tokens of `text`: for each piece, id, string and the parts after every merge."""
    text = request.args.get("text", "")
    if len(text) > MOST_LETTERS:
        raise PromptError(f"This text has {len(text)} letters: send at most {MOST_LETTERS}.")
    ids = iter(_tokenizer().encode(text))
    pieces = []
    for history in _tokenizer().merges(text):
        parts = [[display(part) for part in parts] for parts in history]
        found = [{"id": next(ids), "text": token} for token in parts[-1]]
        pieces.append({"text": display(b"".join(history[0])), "tokens": found, "merges": parts})
    return revalidated_json({"pieces": pieces})


@lesson_words_routes.get("/lessons/words/<word>")
def word(word: str) -> ResponseReturnValue:
    """A word's id and row of wte, its length, and the words with the largest cosine."""
    return revalidated_json(services().lessons.word_space.about(word))


@cache
def _tokenizer() -> Tokenizer:
    """Of the embedded model, which is the same for every app of the process."""
    from mri.nanochat.disk.tokenizer_files import (
        load_tokenizer,
    )  # tiktoken takes 0.1 s to import: not while the server starts

    return load_tokenizer(EMBEDDED / "tokenizer" / "tokenizer.pkl")
