"""Where the project keeps its data, and what a person means by a path. Knows nothing else."""

import os
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

ROOT = Path(__file__).resolve().parents[1]
ASSETS = ROOT / "assets"
DATA = ROOT / "data"
EMBEDDED = DATA / "nanochat"
"""Base directory of the model that comes along."""
SESSIONS = DATA / "sessions"
"""The sessions folder unless another is named: what `python app.py` shows."""
DEMOS = ("demo-*.h5", "pair-*.h5")
"""Of SESSIONS, those that came with the project."""
LESSONS = DATA / "lessons"
"""The lessons of /learn, with their recordings."""


def demos() -> list[Path]:
    """The files of the sessions that came with the project."""
    return sorted(path for pattern in DEMOS for path in SESSIONS.glob(pattern))


def as_path(text: Path | str) -> Path:
    """What is meant by a path that a person wrote: `~`, `$HOME` and `file://` are understood, whoever did not expand
    them (a service's environment, a .env file, a notebook)."""
    if isinstance(text, str):
        text = text.strip()
        if text.startswith("file://"):
            return Path(url2pathname(urlsplit(text).path))
    return Path(os.path.expandvars(text)).expanduser()
