"""What surrounds every page in a real browser: theme, menu, the list of keys."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.scanner_page import open_scanner, step, until, write_two


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_two(tmp_path_factory.mktemp("sessions"))


def test_the_list_of_keys(page):
    open_scanner(page, "/?session=demo-long&step=5")
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keys")
    expect(dialog).to_contain_text("one layer up")
    for word in ("plate", "dot", "resid_post", "ln_f", "‖x‖", "p99", "surprise", "entropy"):
        assert dialog.locator("dt", has_text=re.compile(rf"(^|, ){re.escape(word)}($|,)")).count() == 1, word
    assert dialog.evaluate("it => it.scrollTop") == 0, "it opens at the words"
    expect(dialog).to_contain_text("docs/hook-points.md")
    assert dialog.get_by_role("link").count() == 0
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    assert step(page) == 5, "keys belong to the dialog while it is open"


def test_the_theme_is_kept(page):
    open_scanner(page, "/?session=demo-long&step=3")
    assert page.locator("html").get_attribute("data-bs-theme") == "dark"
    page.get_by_role("button", name="Switch between dark and light theme").click()
    assert page.locator("html").get_attribute("data-bs-theme") == "light"
    page.reload()
    until(page, "window.mri?.timings.draw.length > 0")
    assert page.locator("html").get_attribute("data-bs-theme") == "light"


def test_the_menu_goes_back_to_where_one_was(page):
    open_scanner(page, "/?session=demo-long&step=5")
    page.keyboard.press("ArrowRight")
    until(page, "window.mri.player.step === 6")
    page.get_by_role("link", name="Recordings", exact=True).click()
    until(page, "location.pathname === '/sessions'")
    page.get_by_role("link", name="Scan", exact=True).click()
    until(page, "window.mri?.timings.draw.length > 0 && window.mri.player.step === 6")
    assert page.evaluate("window.mri.session") == "demo-long"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_theme_is_the_systems_until_one_is_chosen(page, scheme):
    page.emulate_media(color_scheme=scheme)
    open_scanner(page, "/?session=demo-long&step=5")
    assert page.evaluate("document.documentElement.dataset.bsTheme") == scheme
    other = "dark" if scheme == "light" else "light"
    page.emulate_media(color_scheme=other)
    until(page, f"document.documentElement.dataset.bsTheme === '{other}'")
    page.get_by_role("button", name="Switch between dark and light theme").click()
    page.reload()
    until(page, f"document.documentElement.dataset.bsTheme === '{scheme}'")
