"""What a session says about itself: the text of session.json and of the .h5's attribute, and its way back.

Every field has its type before anybody sees it: lists, pages and exports count on it. Knows no journals and no HDF5.
"""

from __future__ import annotations

import json
import math
import re
import zlib
from pathlib import Path
from typing import Any

from mri.errors import BadSession, ConfigError
from mri.format.checks import is_number, is_whole
from mri.format.events import TraceSession
from mri.format.layout import Layout

FORMAT = "nanochat-mri"
FORMAT_VERSION = 1

MAX_BYTES = 64_000_000
"""Of a description: thousands of hook points have a few hundred bytes each."""

MOST = (1 << 40) - 1
"""Of anything that is counted."""

TEXTS = ("id", "kind", "name", "prompt", "response", "model_id", "start_time", "state", "end_reason")
TABLES = ("model_config", "facts", "sampling")

_CRC32 = re.compile(rb', "vocabulary_crc32": (\d{1,10}), "crc32": (\d{1,10})\}')


def session_json(session: TraceSession) -> str:
    """The description as one JSON object. Raises UnicodeEncodeError where a text in it is none."""
    text = json.dumps({"format": FORMAT, "format_version": FORMAT_VERSION, **session.to_json()}, ensure_ascii=False)
    text.encode()  # half a surrogate pair is no text: better known now than when it is written
    return text


def session_from_json(text: str | bytes, path: Path) -> TraceSession:
    """Inverse of `session_json`, every field checked. Raises BadSession."""
    try:
        fields: dict[str, Any] = json.loads(text)
        if fields.pop("format") != FORMAT:
            raise ValueError("another format")
        if (version := fields.pop("format_version")) != FORMAT_VERSION:
            raise BadSession(
                f"{path.name} has trace format version {version}, this program reads version {FORMAT_VERSION}: "
                "open it with the program that recorded it."
            )
        session = TraceSession.from_json(fields)
        _check(session)
        if b"\\ud" in (text.encode() if isinstance(text, str) else text).lower():  # ours writes no escapes
            session_json(session)
        return session
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, ConfigError) as error:
        raise BadSession(f"{path} holds no session of this program ({error}): delete it or restore a copy.") from error


def journal_json(session: TraceSession, vocabulary_crc32: int) -> bytes:
    """session.json: the description, the checksum of the vocabulary beside it, and its own over all before it."""
    start = f'{session_json(session)[:-1]}, "vocabulary_crc32": {vocabulary_crc32}'.encode()
    return start + f', "crc32": {zlib.crc32(start)}}}'.encode()


def session_from_journal_json(content: bytes, path: Path) -> tuple[TraceSession, int | None]:
    """Inverse of `journal_json`. -> session, and its vocabulary's checksum (None: recorded before there were any).
    Raises BadSession."""
    found = re.search(_CRC32.pattern + rb"$", content)
    session = session_from_json(content, path) if found is None else None
    if session is not None and not {"vocabulary_crc32", "crc32"} & {*session.unknown}:
        return session, None
    if found is None or zlib.crc32(content[: found.end(1)]) != int(found[2]):
        raise BadSession(f"{path} is damaged: delete it or restore a copy.")
    return session_from_json(content[: found.start()] + b"}", path), int(found[1])


def _check(session: TraceSession) -> None:
    """Raises ValueError on the first field that has another type than its own."""
    for name in TEXTS:
        _want(isinstance(getattr(session, name), str), f"its {name} is no text")
    for name in TABLES:
        _want(isinstance(getattr(session, name), dict), f"its {name} is no table of names and values")
    for name in ("num_steps", "num_prompt_tokens"):
        _want(is_whole(getattr(session, name), 0, MOST), f"its {name} is no whole number")
    seconds = session.duration_s
    _want(is_number(seconds) and math.isfinite(seconds), "its duration_s is no number")
    messages = session.messages
    is_chat = isinstance(messages, list) and all(
        isinstance(message, dict) and all(isinstance(text, str) for text in message.values()) for message in messages
    )
    _want(is_chat, "its messages are no chat")
    _want(is_whole(session.sampling.get("max_new_tokens", 0), 0, MOST), "its max_new_tokens is no whole number")
    _check_layout(session.layout)


def _check_layout(layout: Layout) -> None:
    _want(len(layout.rows) == len(layout.points), "two of its hook points have the same name")
    for point in layout.points:
        texts = (point.key, point.layer_type, point.payload, point.unit)
        if not all(isinstance(text, str) for text in texts) or not is_whole(point.width, 1, MOST):
            raise ValueError(f"{str(point.key)[:60]!r} is no hook point")
        _want(isinstance(point.layer_index, int), f"the layer of {point.key[:60]!r} is no whole number")
    for name in ("n_layer", "n_head", "n_ctx", "n_vocab", "topk"):
        _want(is_whole(getattr(layout, name), 0, MOST), f"its {name} is no whole number")


def _want(condition: bool, what_is_wrong: str) -> None:
    if not condition:
        raise ValueError(what_is_wrong)
