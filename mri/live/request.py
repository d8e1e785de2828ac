"""What a person asks the generation worker to record: prompt, sampling, capture preset; checked before it is queued.

Knows nothing of models: whether the prompt fits the context is the worker's business, which has the model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from mri.config import PRESETS
from mri.errors import ConfigError, PromptError

Prompt = str | list[dict[str, str]]

MAX_PROMPT_CHARS = 20_000
"""Far over any nanochat context; keeps a command within what a pipe takes at once."""
MAX_SEED = 2**63 - 1


@dataclass(frozen=True)
class RecordRequest:
    """One recording to make.

    prompt           plain text, or a chat as a list of {"role", "content"}; a str with `chat` is one user turn
    max_new_tokens   at least 1; the context's length ends the recording earlier
    temperature      0 takes the most likely token
    top_k            choose among the k most likely tokens; None: among all
    preset           name in config.PRESETS
    model            id of one of GET /models; "" is the server's own

    Raises PromptError or ConfigError.
    """

    prompt: Prompt
    chat: bool = False
    max_new_tokens: int = 64
    temperature: float = 0.6
    top_k: int | None = 50
    seed: int = 42
    preset: str = "standard"
    model: str = ""

    def __post_init__(self) -> None:
        _check_prompt(self.prompt)
        if not isinstance(self.chat, bool):
            raise PromptError(f"chat={self.chat!r} must be true or false.")
        _check_whole("max_new_tokens", self.max_new_tokens, 1, 1_000_000)
        if self.top_k is not None:
            _check_whole("top_k", self.top_k, 1, 10_000_000)
        _check_whole("seed", self.seed, 0, MAX_SEED)
        number = isinstance(self.temperature, int | float) and not isinstance(self.temperature, bool)
        if not number or not 0 <= self.temperature <= 100:
            raise ConfigError(f"temperature={self.temperature!r} must be a number from 0 to 100.")
        if not isinstance(self.preset, str) or self.preset not in PRESETS:
            raise ConfigError(f"preset={self.preset!r} is not known: use one of {', '.join(PRESETS)}.")
        if not isinstance(self.model, str):
            raise ConfigError(f"model={self.model!r} must be the id of a model: GET /models lists them.")

    @classmethod
    def from_json(cls, fields: object) -> RecordRequest:
        """Raises PromptError or ConfigError on anything that is not a request."""
        if not isinstance(fields, Mapping):
            raise ConfigError("A recording is asked for with a JSON object: send at least a prompt.")
        unknown = sorted(set(fields) - set(cls.__dataclass_fields__))
        if unknown:
            raise ConfigError(f"Unknown setting {unknown[0]!r}: known are {', '.join(cls.__dataclass_fields__)}.")
        return cls(**{"prompt": "", **fields})

    def command(self, session_id: str, model: str | None) -> dict[str, Any]:
        """The worker's `record` command; `model` is the path that the id stands for."""
        fields = asdict(self)
        del fields["model"]
        prompt, chat, preset = fields.pop("prompt"), fields.pop("chat"), fields.pop("preset")
        return {
            "cmd": "record",
            "id": session_id,
            "model": model,
            "prompt": prompt,
            "chat": chat,
            "config": preset,  # which needs the model to be decided
            "sampling": fields,
        }


def _check_prompt(prompt: object) -> None:
    turns = prompt if isinstance(prompt, list) else [{"role": "user", "content": prompt}]
    texts: list[str] = []
    for turn in turns:
        content = turn.get("content") if isinstance(turn, dict) else None
        if not isinstance(content, str) or set(turn) != {"role", "content"} or not isinstance(turn["role"], str):
            raise PromptError("A prompt is a text, or a chat as a list of turns with role and content, both text.")
        texts.append(content)
    try:
        "".join(texts).encode()
    except UnicodeEncodeError as error:
        raise PromptError("The prompt holds half a surrogate pair, which is no character: take it out.") from error
    if not any(text.strip() for text in texts):
        raise PromptError("The prompt is empty: write a few words to start from.")
    num_chars = sum(map(len, texts))
    if num_chars > MAX_PROMPT_CHARS:
        raise PromptError(f"The prompt has {num_chars:,} characters: {MAX_PROMPT_CHARS:,} are the most.")


def _check_whole(name: str, value: object, least: int, most: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise ConfigError(f"{name}={value!r} must be a whole number from {least} to {most:,}.")
