"""What browser tests share: a browser for each file, the app over the file's `folder` of sessions, a clean page."""

import pytest
from playwright.sync_api import sync_playwright

from mri.web.server import create_app
from tests.browser.ensure_browser import launch_with_profile
from tests.browser.serving import clean_page, served, usual_address


@pytest.fixture(scope="session")
def profile(tmp_path_factory):
    """Where the browsers of all files keep what they compiled, one after the other."""
    return tmp_path_factory.mktemp("profile")


@pytest.fixture(scope="module")
def browser(profile):
    with sync_playwright() as playwright:
        context = launch_with_profile(playwright, profile, usual_address())
        yield context.browser
        context.close()


@pytest.fixture(scope="module")
def site(folder):
    """Address of the app that shows the sessions of `folder`, a fixture of each file."""
    with served(create_app(folder)) as address:
        yield address


@pytest.fixture
def page(browser, site):
    with clean_page(browser, site) as page:
        yield page
