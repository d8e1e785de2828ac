"""Makes the README's picture of a demo: `python -m tests.browser.screenshots` (or `make screenshots`)."""

from __future__ import annotations

import logging
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

from mri.server import create_app
from tests.browser.ensure_browser import launch
from tests.browser.serving import clean_page, served

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "img"
SIZE = {"width": 1440, "height": 900}
STEP = 24


def main() -> None:
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    FOLDER.mkdir(exist_ok=True)
    with sync_playwright() as playwright, served(create_app()) as address:
        browser = launch(playwright)
        with clean_page(browser, address, SIZE) as page:
            page.goto(f"/?session=demo-story&step={STEP}")
            expect(page.locator(".main-svg").first).to_be_attached()
            page.wait_for_load_state("networkidle")
            page.screenshot(path=FOLDER / "scanner.png")
        browser.close()
    print(FOLDER / "scanner.png")


if __name__ == "__main__":
    main()
