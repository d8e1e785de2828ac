"""Makes the pictures of the README and of docs/: `python -m tests.browser.screenshots` (or `make screenshots`)."""

from __future__ import annotations

import logging
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

from mri.server import create_app
from tests.browser.ensure_browser import launch
from tests.browser.scanner_page import open_scanner
from tests.browser.serving import clean_page, served

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "img"
DESKTOP = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
VIEWS = {
    "scanner": (DESKTOP, "?session=demo-story&step=24"),
    "flat": (DESKTOP, "?session=demo-story&step=24&picture=flat&tab=statistics"),
    "attention": (DESKTOP, "?session=demo-gift&step=18&tab=attention&layer=5&head=1"),
    "predictions": (DESKTOP, "?session=demo-calculator&step=16&tab=predictions&point=block.2.mlp_out"),
    "phone": (PHONE, "?session=demo-story&step=24"),
    "phone-flat": (PHONE, "?session=demo-story&step=24&picture=flat"),
    "phone-attention": (PHONE, "?session=demo-gift&step=18&tab=attention&layer=5&head=1"),
    "phone-predictions": (PHONE, "?session=demo-calculator&step=16&tab=predictions&point=block.2.mlp_out"),
}


def main() -> None:
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    FOLDER.mkdir(exist_ok=True)
    with sync_playwright() as playwright, served(create_app()) as address:
        browser = launch(playwright)
        for name, (size, query) in VIEWS.items():
            with clean_page(browser, address, size) as page:
                open_scanner(page, f"/{query}")
                expect(page.locator(".main-svg").first).to_be_attached()
                page.wait_for_load_state("networkidle")
                if size is PHONE and "tab=" in query:  # the panels stand below the stage
                    page.evaluate("document.querySelector('.mri-inspector').scrollIntoView()")
                    page.wait_for_timeout(500)
                page.screenshot(path=FOLDER / f"{name}.png")
            print(FOLDER / f"{name}.png")
        browser.close()


if __name__ == "__main__":
    main()
