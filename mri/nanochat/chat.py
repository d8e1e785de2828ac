"""Prompts to token ids: plain text, a conversation, or ids as they are.

Writes conversations as nanochat's fine-tuning does. Knows nothing of models or sampling.
"""

from collections.abc import Mapping, Sequence

from mri.errors import PromptError
from mri.format.events import refuse_half_characters
from mri.nanochat.tokenizer import Tokenizer

Prompt = str | Sequence[Mapping[str, str]] | Sequence[int]


def ids_from_prompt(tokenizer: Tokenizer, prompt: Prompt, chat: bool = False) -> list[int]:
    """Token ids of a prompt.

    A str is a document, `<|bos|>` and the text; with `chat` it is a user's only message. A list of
    {"role", "content"} is a conversation that ends with a user's message and gets `<|assistant_start|>` at its end,
    ready to be completed. A list of ids is checked and taken as it is. Raises PromptError.
    """
    if isinstance(prompt, str):
        if not prompt:
            raise PromptError("The prompt is empty: write at least one character.")
        refuse_half_characters("prompt", prompt, PromptError)
        if chat:
            return _ids_from_conversation(tokenizer, [{"role": "user", "content": prompt}])
        return tokenizer.begun(tokenizer.encode(prompt))
    items = list(prompt)
    if not items:
        raise PromptError("The prompt is empty: give at least one message or one token id.")
    if all(isinstance(item, Mapping) for item in items):
        return _ids_from_conversation(tokenizer, items)  # type: ignore[arg-type]  # mypy does not follow all()
    return _checked_ids(tokenizer, items)


def _checked_ids(tokenizer: Tokenizer, items: Sequence[object]) -> list[int]:
    ids: list[int] = []
    for item in items:
        if not isinstance(item, int) or isinstance(item, bool):
            raise PromptError(
                f"A prompt cannot hold {item!r:.60}: give a text, messages with role and content, or ids."
            )
        if not 0 <= item < tokenizer.n_vocab:
            raise PromptError(f"Token id {item} does not exist: this model's ids go from 0 to {tokenizer.n_vocab - 1}.")
        ids.append(item)
    return ids


def _ids_from_conversation(tokenizer: Tokenizer, messages: Sequence[Mapping[str, str]]) -> list[int]:
    ids = [tokenizer.bos_id]
    for role, content in _checked_messages(messages):
        ids += [
            tokenizer.special[f"<|{role}_start|>"],
            *tokenizer.encode(content),
            tokenizer.special[f"<|{role}_end|>"],
        ]
    return [*ids, tokenizer.special["<|assistant_start|>"]]


def _checked_messages(messages: Sequence[Mapping[str, str]]) -> list[tuple[str, str]]:
    """(role, content) with a system message merged into the first user message, roles alternating from user to user."""
    for message in messages:
        if set(message) != {"role", "content"} or not all(isinstance(value, str) for value in message.values()):
            raise PromptError(f"A message needs a role and a content, both text, not {dict(message)!r:.80}.")
        if not message["content"]:
            raise PromptError(f"A message of the {message['role']} is empty: write at least one character.")
        refuse_half_characters("prompt", message["content"], PromptError)
    turns = [(message["role"], message["content"]) for message in messages]
    if turns[0][0] == "system":
        if len(turns) < 2 or turns[1][0] != "user":
            raise PromptError("A system message must be followed by a user's message: add one.")
        turns[:2] = [("user", f"{turns[0][1]}\n\n{turns[1][1]}")]
    for i, (role, _) in enumerate(turns):
        expected = "user" if i % 2 == 0 else "assistant"
        if role != expected:
            raise PromptError(
                f"Message {i + 1} is from {role!r} where {expected!r} is due: user and assistant alternate."
            )
    if turns[-1][0] != "user":
        raise PromptError("The conversation ends with the assistant: end it with the user's message to be answered.")
    return turns
