"""One browser for each file of browser tests."""

import pytest
from playwright.sync_api import sync_playwright

from tests.browser.ensure_browser import launch


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()
