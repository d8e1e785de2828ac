"""The list of sessions as the Sessions page shows it: search, order, and each line as the words that stand there.

Lines of the library in, JSON out. What others wrote leaves here as text that is safe to show. Knows no files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from mri.errors import ConfigError, SessionNotFound
from mri.format.token_text import display
from mri.store.library import Library, SessionInfo
from mri.web.parts.apart import LOOK_S, capture_words
from mri.web.parts.labels import excerpt, session_title

STATES = {
    "recording": ("recording", "Being recorded now."),
    "unsealed": ("not packed yet", "Its recorder ended early; every step on disk is here."),
    "finished": ("finished", "Complete, one file."),
    "broken": ("broken", "Cannot be read."),
}
"""state -> words, meaning"""

ORDERS: dict[str, Callable[[SessionInfo], Any]] = {
    "session": lambda info: (info.name or info.prompt or info.id).casefold(),
    "model": lambda info: info.model_id.casefold(),
    "how": lambda info: how(info),
    "steps": lambda info: info.num_steps,
    "size": lambda info: info.bytes_on_disk,
    "recorded": lambda info: info.start_time,
    "state": lambda info: [*STATES].index(info.state),
}
"""What the list can be ordered by."""


def readable(library: Library) -> list[SessionInfo]:
    """Sessions that can be opened, newest first; in a folder full of new files those that LOOK_S allow."""
    return [*filter(is_readable, library.listed(LOOK_S)[0])]


def is_readable(info: SessionInfo) -> bool:
    return info.state != "broken" and info.num_steps > 0


def is_there(library: Library, session_id: str) -> bool:
    try:
        library.path(session_id)
    except SessionNotFound:
        return False
    return True


FIRST = "demo-gift"


def first_session(infos: Sequence[SessionInfo]) -> SessionInfo:
    """What a first visit shows: the demo with one word to choose, else another demo, else the newest recording."""
    demos = [info for info in infos if info.id.startswith("demo-")]
    return min(demos, key=lambda info: (info.id != FIRST, info.id)) if demos else infos[0]


def found(infos: Iterable[SessionInfo], search: str) -> list[SessionInfo]:
    return [info for info in infos if matches(info, search)]


def matches(info: SessionInfo, search: str) -> bool:
    """Whether every word of the search occurs in name, prompt, model, id, date, or in how it was recorded."""
    text = f"{info.name} {info.prompt} {info.model_id} {info.id} {when(info.start_time)} {how(info)}".casefold()
    return all(word in text for word in search.casefold().split())


def ordered(infos: Sequence[SessionInfo], by: str) -> list[SessionInfo]:
    """by: one of ORDERS, with "-" before it from the largest down; equal ones stay as they were. Raises ConfigError."""
    name = by.removeprefix("-")
    if name not in ORDERS:
        raise ConfigError(f"by={by!r} is no order of sessions: use one of {', '.join(ORDERS)}, or - and one of them.")
    return sorted(infos, key=ORDERS[name], reverse=by != name)


BUNDLED = ("bundled", "Came with nanochat MRI: it cannot be renamed or deleted, but copied, and the copy is yours.")


def row(info: SessionInfo, apart: str = "") -> dict[str, Any]:
    """One line as JSON: texts, and `can`, what can be done with it. apart: from those of the same title."""
    words, meaning = BUNDLED if info.is_bundled and info.state == "finished" else STATES[info.state]
    title, prompt = session_title(info), excerpt(info.prompt)
    can = [] if info.state == "broken" else ["compare", "export", *(["copy"] if info.is_bundled else []), "rename"]
    return {
        "id": info.id,
        "title": title,
        "apart": apart,
        "prompt": prompt if prompt != title else "",
        "model": display(info.model_id.encode("utf-8", "replace")) or "–",
        "how": how(info),
        "steps": f"{info.num_steps:,}",
        "size": size(info.bytes_on_disk),
        "recorded": when(info.start_time),
        "state": info.state,
        "words": words,
        "meaning": info.error or meaning,
        "can": can if info.state == "recording" else [*can, "delete"],
    }


def how(info: SessionInfo) -> str:
    """How it was recorded: temperature, seed where dice were thrown, and capture, as far as it is known."""
    temperature, seed = (info.sampling.get(name) for name in ("temperature", "seed"))
    drawn = f"temperature {temperature:g}" if isinstance(temperature, int | float) else ""
    dice = f"seed {seed}" if isinstance(seed, int) and temperature else ""
    return " · ".join(filter(None, [drawn, dice, capture_words(info.capture)]))


def size(num_bytes: int) -> str:
    """`1.3 MB`, decimal units."""
    if num_bytes < 1000:
        return f"{num_bytes} B"
    for unit, scale in (("KB", 1e3), ("MB", 1e6)):
        if num_bytes < 1000 * scale:
            return f"{num_bytes / scale:.1f} {unit}"
    return f"{num_bytes / 1e9:.1f} GB"


def when(start_time: str) -> str:
    """`2026-07-03 14:05` in the server's time zone, of an ISO 8601 time."""
    try:
        return datetime.fromisoformat(start_time).astimezone().strftime("%Y-%m-%d %H:%M")
    except (ValueError, OverflowError):
        return "–"
