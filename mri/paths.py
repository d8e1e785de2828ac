"""Where things lie, in a checkout and in an installed package, and what a person means by a path."""

import os
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

PACKAGE = Path(__file__).resolve().parent
IS_INSTALLED = (PACKAGE / "assets").is_dir()
"""An installed package has pages, assets and data in itself; a checkout has them beside it."""
ROOT = PACKAGE if IS_INSTALLED else PACKAGE.parent
"""What came with the project lies below it. Nothing is written there where it is installed."""
ASSETS = ROOT / "assets"
DATA = ROOT / "data"
EMBEDDED = DATA / "nanochat"
"""Base directory of the model that comes along."""
LESSONS = DATA / "lessons"
"""The lessons of /learn, with their recordings."""
DEMOS = ("demo-*.h5", "pair-*.h5")
"""Of data/sessions, those that came with the project."""

SERVE = "nanochat-mri" if IS_INSTALLED else "python app.py"
"""The command that shows the pages."""


def _own(kind: str) -> Path:
    """A person's own folder for "data" or "cache", as the system has it. Makes none."""
    from platformdirs import user_cache_path, user_data_path  # a checkout does without it

    return (user_data_path if kind == "data" else user_cache_path)("nanochat-mri", appauthor=False)


SESSIONS = _own("data") / "sessions" if IS_INSTALLED else DATA / "sessions"
"""One's own recordings, unless another folder is named: what the pages show beside those that came with the project."""
COMPRESSED = _own("cache") / "compressed" if IS_INSTALLED else DATA / ".compressed"
"""Files for the browser, packed."""


def demos() -> list[Path]:
    """The files of the sessions that came with the project."""
    return sorted(path for pattern in DEMOS for path in (DATA / "sessions").glob(pattern))


def as_path(text: Path | str) -> Path:
    """What is meant by a path that a person wrote: `~`, `$HOME` and `file://` are understood, whoever did not expand
    them (a service's environment, a .env file, a notebook)."""
    if isinstance(text, str):
        text = text.strip()
        if text.startswith("file://"):
            return Path(url2pathname(urlsplit(text).path))
    return Path(os.path.expandvars(text)).expanduser()
