"""What browser tests share: a browser for each file, the app over the file's `folder` of sessions, a clean page."""

import pytest
from playwright.sync_api import sync_playwright

from mri.server import create_app
from tests.browser.ensure_browser import launch
from tests.browser.serving import clean_page, served


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def site(folder):
    """Address of the app that shows the sessions of `folder`, a fixture of each file."""
    with served(create_app(folder)) as address:
        yield address


@pytest.fixture
def page(browser, site):
    with clean_page(browser, site) as page:
        yield page
