"""What tells recordings of the same title apart: the fewest and shortest of time, seed, temperature and capture.

Lines of the library in, text out. Knows no pages.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from itertools import combinations

from mri.format.config import TraceConfig
from mri.format.presets import LEAN, PRESETS
from mri.store.library import Library, SessionInfo
from mri.web.parts.labels import MOST_TITLE_CHARS, session_title

MOST_FACTS = 3
"""Named beside a title; where more would be needed, the id says it."""
LOOK_S = 0.3
"""So long a title may wait for files that are new."""

MODES = {"stats": "statistics", "sampled": "a sample", "topk": "strongest neurons", "full": "every neuron"}


def told_apart(infos: Iterable[SessionInfo], of: Collection[str] | None = None) -> dict[str, str]:
    """id -> what tells it apart from the others of its title, for those that have namesakes; `of` these ids only."""
    by_title: dict[tuple[str, bool], list[SessionInfo]] = defaultdict(list)
    for info in infos:
        text = info.name or info.prompt or info.id
        by_title[text[:MOST_TITLE_CHARS], len(text) > MOST_TITLE_CHARS].append(info)
    found: dict[str, str] = {}
    for namesakes in by_title.values():
        if len(namesakes) > 1 and (of is None or any(info.id in of for info in namesakes)):
            found |= zip((info.id for info in namesakes), _shortest(namesakes), strict=True)
    return found


def titles(infos: Sequence[SessionInfo]) -> list[str]:
    """Of each: its title, and what tells it apart."""
    apart = told_apart(infos)
    return [with_apart(info, apart) for info in infos]


def with_apart(info: SessionInfo, apart: dict[str, str]) -> str:
    return f"{session_title(info)} · {apart[info.id]}" if info.id in apart else session_title(info)


def title_in(library: Library, info: SessionInfo) -> str:
    """Its title beside those of the whole library."""
    return with_apart(info, told_apart(library.listed(LOOK_S)[0], {info.id}))


def capture_words(config: TraceConfig | None) -> str:
    """A preset's name, else which values were kept."""
    if config is None:
        return ""
    presets = [name for name, preset in [*PRESETS.items(), ("standard", LEAN)] if _kept(preset) == _kept(config)]
    return presets[0] if presets else MODES[config.capture_mode]


def _kept(config: TraceConfig) -> tuple[object, ...]:
    """What tells the presets apart, whatever else later versions record with them."""
    return config.capture_mode, config.attention_tier, config.prefill, config.edu, config.quantization


def _shortest(namesakes: Sequence[SessionInfo]) -> list[str]:
    columns = [column for column in _facts(namesakes) if all(column)]
    for number in range(1, MOST_FACTS + 1):
        texts = [
            [" · ".join(parts) for parts in zip(*some, strict=True)]
            for some in combinations(columns, number)
            if len(set(zip(*some, strict=True))) == len(namesakes)
        ]
        if texts:
            return min(texts, key=lambda each: sum(map(len, each)))
    return [info.id for info in namesakes]


def _facts(namesakes: Sequence[SessionInfo]) -> list[list[str]]:
    """Columns of what may be said; "" where it is not known."""
    times = [_time(info.start_time) for info in namesakes]
    is_one_day = len({f"{time:%Y-%m-%d}" if time else "" for time in times}) == 1
    forms = ["%H:%M", "%H:%M:%S"] if is_one_day else ["%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S"]
    return [
        *([time.strftime(form) if time else "" for time in times] for form in forms),
        [_said("seed", info) for info in namesakes],
        [_said("temperature", info) for info in namesakes],
        [capture_words(info.capture) for info in namesakes],
    ]


def _said(name: str, info: SessionInfo) -> str:
    value = info.sampling.get(name)
    return f"{name} {value:g}" if isinstance(value, int | float) else ""


def _time(start_time: str) -> datetime | None:
    try:
        return datetime.fromisoformat(start_time).astimezone()
    except (ValueError, OverflowError):
        return None
