"""Prompts to token ids: plain text, a conversation, or ids as they are.

Writes conversations as nanochat's fine-tuning does. Knows nothing of models or sampling.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from mri.errors import PromptError
from mri.format.events import refuse_half_characters
from mri.nanochat.tokenizer import Tokenizer

Message = Mapping[str, Any]
Prompt = str | Sequence[Message] | Sequence[int] | Message | Any
"""A text; messages; {"messages": […]} as nanochat's data has a conversation; ids: a list, a numpy array, a tensor."""

PARTS: dict[str, tuple[str, ...]] = {
    "text": (),
    "python": ("<|python_start|>", "<|python_end|>"),
    "python_output": ("<|output_start|>", "<|output_end|>"),
}
"""Types of the parts of an assistant's message, and what stands around each."""


def ids_from_prompt(tokenizer: Tokenizer, prompt: Prompt, chat: bool = False) -> list[int]:
    """Token ids of a prompt.

    A str is a document, `<|bos|>` and the text; with `chat` it is a user's only message. A list of
    {"role", "content"} is a conversation that ends with a user's message and gets `<|assistant_start|>` at its end,
    ready to be completed; an assistant's content may be nanochat's list of parts, {"type", "text"} with a type of
    PARTS. A list or array of ids is checked and taken as it is. Raises PromptError.
    """
    if isinstance(prompt, str):
        if not prompt:
            raise PromptError("The prompt is empty: write at least one character.")
        refuse_half_characters("prompt", prompt, PromptError)
        if chat:
            return _ids_from_conversation(tokenizer, [{"role": "user", "content": prompt}])
        return tokenizer.begun(tokenizer.encode(prompt))
    items = items_of(prompt)
    if not items:
        raise PromptError("The prompt is empty: give at least one message or one token id.")
    if all(isinstance(item, Mapping) for item in items):
        return _ids_from_conversation(tokenizer, items)
    return _checked_ids(tokenizer, items)


def items_of(prompt: Any) -> list[Any]:
    """Messages or ids of what is no text: of a conversation's table, of an array (n,) or (1, n). Raises PromptError."""
    if isinstance(prompt, Mapping):
        messages = prompt.get("messages")
        if not isinstance(messages, list):
            raise PromptError("A conversation is {'messages': [...]}: give such, or the messages alone.")
        return messages
    if hasattr(prompt, "tolist"):  # numpy, torch
        shape = tuple(prompt.shape)
        if len([n for n in shape if n != 1]) > 1 or "int" not in str(prompt.dtype):
            raise PromptError(f"Token ids are whole numbers in a row, not {prompt.dtype} of the shape {shape}.")
        return list(prompt.reshape(-1).tolist())
    return [item.item() if hasattr(item, "item") and getattr(item, "ndim", 1) == 0 else item for item in prompt]


def text_of(message: Message) -> str:
    """A message's content as one text, with the special tokens around parts that are no text."""
    content = message["content"]
    if isinstance(content, str):
        return content
    around = [(*PARTS[part["type"]], "", "")[:2] for part in content]
    return "".join(f"{before}{part['text']}{after}" for part, (before, after) in zip(content, around, strict=True))


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


def _ids_from_conversation(tokenizer: Tokenizer, messages: Sequence[Message]) -> list[int]:
    if not tokenizer.can_chat:
        raise PromptError("This model's tokenizer has no tokens for conversations: give a text to go on with.")
    ids = [tokenizer.bos_id]
    for role, parts in _checked_messages(messages):
        ids.append(tokenizer.special[f"<|{role}_start|>"])
        for kind, text in parts:
            around = [tokenizer.special[token] for token in PARTS[kind]]
            ids += [*around[:1], *tokenizer.encode(text), *around[1:]]
        ids.append(tokenizer.special[f"<|{role}_end|>"])
    return [*ids, tokenizer.special["<|assistant_start|>"]]


Parts = list[tuple[str, str]]


def _checked_parts(message: Message) -> Parts:
    """(type, text) of each part of a message's content; a text is one part."""
    content = message.get("content")
    parts = [{"type": "text", "text": content}] if isinstance(content, str) else content
    if set(message) != {"role", "content"} or not isinstance(message["role"], str) or not isinstance(parts, list):
        raise PromptError(f"A message needs a role and a content, both text, not {dict(message)!r:.80}.")
    if not isinstance(content, str) and message["role"] != "assistant":
        raise PromptError(f"Only an assistant's message has parts, not one of the {message['role']}: write its text.")
    found: Parts = []
    for part in parts:
        kind = part.get("type") if isinstance(part, Mapping) else None
        text = part.get("text") if isinstance(part, Mapping) else None
        if kind not in PARTS or not isinstance(text, str):
            raise PromptError(f"A part of a message is a type ({', '.join(PARTS)}) and a text, not {part!r:.60}.")
        refuse_half_characters("prompt", text, PromptError)
        found.append((kind, text))
    if not any(text for _, text in found):
        raise PromptError(f"A message of the {message['role']} is empty: write at least one character.")
    return found


def _checked_messages(messages: Sequence[Message]) -> list[tuple[str, Parts]]:
    """Role and parts, with a system message merged into the first user message, roles alternating from user to user."""
    turns = [(message.get("role", ""), _checked_parts(message)) for message in messages]
    if turns[0][0] == "system":
        if len(turns) < 2 or turns[1][0] != "user":
            raise PromptError("A system message must be followed by a user's message: add one.")
        turns[:2] = [("user", [("text", f"{turns[0][1][0][1]}\n\n{turns[1][1][0][1]}")])]
    for i, (role, _) in enumerate(turns):
        expected = "user" if i % 2 == 0 else "assistant"
        if role != expected:
            raise PromptError(
                f"Message {i + 1} is from {role!r} where {expected!r} is due: user and assistant alternate."
            )
    if turns[-1][0] != "user":
        raise PromptError("The conversation ends with the assistant: end it with the user's message to be answered.")
    return turns
