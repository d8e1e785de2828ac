"""Sees to a browser for the tests: an installed Chrome or Chromium, else Playwright's own, else Debian's package.

    python tests/browser/ensure_browser.py      exit code 1 and a sentence where none can be had

A browser counts when Playwright can start it. Tests use `launch`.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from playwright.sync_api import Browser, BrowserContext, Error, Playwright, sync_playwright

LAUNCH_ARGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--enable-unsafe-swiftshader",  # WebGL2 in software, where there is no graphics card
]

OPTIONS: dict[str, Any] = {"args": LAUNCH_ARGS, "timeout": 60_000}

Started = TypeVar("Started", Browser, BrowserContext)

NAMES = ("google-chrome", "google-chrome-stable", "chromium", "chromium-browser", "chrome", "microsoft-edge")
MAC_APPS = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
NONE_FOUND = (
    "No browser for the tests: install Google Chrome or Chromium (Debian: apt install chromium; "
    "or python -m playwright install --with-deps chromium), then run this again."
)


def launch(playwright: Playwright) -> Browser:
    """The first installed browser that starts, else Playwright's own. Raises playwright's Error where none does."""
    return _first_that_starts(lambda path: playwright.chromium.launch(executable_path=path, **OPTIONS))


def launch_with_profile(playwright: Playwright, folder: Path, base_url: str) -> BrowserContext:
    """The same browser with a profile on disk: what it compiled for a page in one file of tests, it has in the next."""
    return _first_that_starts(
        lambda path: playwright.chromium.launch_persistent_context(
            folder, executable_path=path, base_url=base_url, reduced_motion="reduce", color_scheme="dark", **OPTIONS
        )
    )


def _first_that_starts(start: Callable[[str | None], Started]) -> Started:
    """Of the installed browsers, else Playwright's own. Raises playwright's Error where none does."""
    for path in _installed():
        with contextlib.suppress(Error):
            return start(path)
    return start(None)


def there_is_a_browser() -> bool:
    with sync_playwright() as playwright:
        try:
            launch(playwright).close()
        except Error:
            return False
        return True


def ensure() -> bool:
    """Try what is installed, then Playwright's download, then Debian's package. Whether there is a browser now."""
    if there_is_a_browser():
        return True
    print("No browser found for the tests: trying Playwright's own.", flush=True)
    _run(sys.executable, "-m", "playwright", "install", *(["--with-deps"] if _debian_root() else []), "chromium")
    if there_is_a_browser():
        return True
    if not _debian_root():
        return False
    print("Playwright has none for this machine: trying Debian's package.", flush=True)
    _run("apt-get", "update", "--quiet=2")
    _run("apt-get", "install", "--yes", "--quiet=2", "--no-install-recommends", "chromium")
    return there_is_a_browser()


def _installed() -> Iterator[str]:
    yield from filter(None, map(shutil.which, NAMES))
    yield from (path for path in MAC_APPS if Path(path).exists())


def _debian_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0 and Path("/etc/debian_version").exists()


def _run(*command: str) -> None:
    """Run to its end, whatever that is: what counts is whether a browser starts afterwards."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "PLAYWRIGHT_DOWNLOAD_CONNECTION_TIMEOUT": "20000"}
    subprocess.run(command, env=environment, check=False)


if __name__ == "__main__":
    if not ensure():
        sys.exit(NONE_FOUND)
