"""What a person asks the generation worker to record: prompt, sampling, capture preset; checked before it is queued.

Knows a model as what was found: whether the prompt fits the context is the worker's business, which has the model.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from mri.errors import ConfigError, PromptError
from mri.format.config import Sampling
from mri.format.presets import PRESETS
from mri.nanochat.locate import DTYPES, ModelRef

Prompt = str | list[dict[str, str]]

MAX_PROMPT_CHARS = 20_000
"""Far over any nanochat context; keeps a command within what a pipe takes at once."""


@dataclass(frozen=True, kw_only=True)
class RecordRequest(Sampling):
    """One recording to make: how to generate, and

    prompt   plain text, or a chat as a list of {"role", "content"}; a str with `chat` is one user turn
    preset   name in config.PRESETS
    model    id of one of GET /models; "" is the server's own
    device, dtype   where and as what it runs; "" as it was given with --device, --dtype

    Raises PromptError or ConfigError.
    """

    prompt: Prompt
    chat: bool = False
    preset: str = "standard"
    model: str = ""
    device: str = ""
    dtype: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_prompt(self.prompt)
        if not isinstance(self.chat, bool):
            raise PromptError(f"chat={self.chat!r} must be true or false.")
        if not isinstance(self.preset, str) or self.preset not in PRESETS:
            raise ConfigError(f"preset={self.preset!r} is not known: use one of {', '.join(PRESETS)}.")
        if not isinstance(self.model, str):
            raise ConfigError(f"model={self.model!r} must be the id of a model: GET /models lists them.")

        checked_place(self.device, self.dtype)

    @classmethod
    def from_json(cls, fields: object) -> RecordRequest:
        """Raises PromptError or ConfigError on anything that is not a request."""
        if not isinstance(fields, Mapping):
            raise ConfigError("A recording is asked for with a JSON object: send at least a prompt.")
        unknown = sorted(set(fields) - set(cls.__dataclass_fields__))
        if unknown:
            raise ConfigError(f"Unknown setting {unknown[0]!r}: known are {', '.join(cls.__dataclass_fields__)}.")
        return cls(**{"prompt": "", **fields})

    def command(self, session_id: str, ref: ModelRef) -> dict[str, Any]:
        """The worker's `record` command; `ref` is the model that the id stands for."""
        fields = asdict(self) | {"model": placed(ref, self.device, self.dtype).to_json()}
        del fields["device"], fields["dtype"]
        sampling = {name: fields.pop(name) for name in Sampling.__dataclass_fields__}
        config = fields.pop("preset")  # which needs the model to be decided
        return {"cmd": "record", "id": session_id, "config": config, "sampling": sampling, **fields}


def checked_place(device: object, dtype: object) -> tuple[str, str]:
    """Raises ConfigError. Whether the machine has that device is the worker's business."""
    if not isinstance(device, str) or not re.fullmatch(r"([a-z]{1,20}(:\d{1,3})?)?", device):
        raise ConfigError(f"device={device!r:.60} is none: use cpu, cuda or mps.")
    if dtype not in ("", *DTYPES):
        raise ConfigError(f"dtype={dtype!r:.60} is not known: use one of {', '.join(DTYPES)}.")
    return device, str(dtype)


def placed(ref: ModelRef, device: str, dtype: str) -> ModelRef:
    """The model there and so, "" as it was."""
    loading = ref.loading
    return replace(ref, loading=replace(loading, device=device or loading.device, dtype=dtype or loading.dtype))


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
